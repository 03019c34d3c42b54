"""Finds swap space that would keep on a disk what the desk holds in memory.

/proc/swaps  = a heading, then lines of: path type size used priority
/sys/dev/block/MAJOR:MINOR/dm/uuid begins with "CRYPT-" on an encrypted device; slaves/ are
the devices that it stands on
"""

import os
import stat
from pathlib import Path

SWAPS = Path("/proc/swaps")
DEVICES = Path("/sys/dev/block")


def plain_swaps(swaps: Path = SWAPS, devices: Path = DEVICES) -> list[str]:
    """The swap files and partitions that are neither in memory (zram) nor on an encrypted device."""
    try:
        lines = swaps.read_text(encoding="utf-8", errors="replace").splitlines()[1:]
    except OSError:
        return []
    paths = [line.split()[0] for line in lines if line.strip()]
    return [path for path in paths if not _is_safe(Path(path), devices)]


def _is_safe(path: Path, devices: Path) -> bool:
    if path.name.startswith("zram"):
        return True
    try:
        found = path.stat()
    except OSError:
        return False
    number = found.st_rdev if stat.S_ISBLK(found.st_mode) else found.st_dev
    return is_encrypted(devices / f"{os.major(number)}:{os.minor(number)}")


def is_encrypted(device: Path) -> bool:
    """Whether a block device of /sys is encrypted, or stands on such devices alone."""
    try:
        if (device / "dm" / "uuid").read_text().startswith("CRYPT-"):
            return True
        below = list((device / "slaves").iterdir())
    except OSError:
        return False
    return bool(below) and all(is_encrypted(one) for one in below)
