"""Swap space that would keep the desk's memory on a disk."""

import os
import pty
from pathlib import Path

import pytest

from analysis.console import warn_of_swap
from analysis.swap import plain_swaps

HEADING = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"


@pytest.fixture
def swaps(tmp_path: Path) -> Path:
    """A list of swap space that names a file of this folder."""
    (tmp_path / "swapfile").write_bytes(b"")
    path = tmp_path / "swaps"
    path.write_text(f"{HEADING}{tmp_path / 'swapfile'} file 1048572 0 -2\n")
    return path


def device(folder: Path, of: Path, uuid: str) -> Path:
    """The device that holds a file, as /sys describes one of that kind."""
    number = of.stat().st_dev
    found = folder / f"{os.major(number)}:{os.minor(number)}"
    (found / "dm").mkdir(parents=True)
    (found / "slaves").mkdir()
    (found / "dm" / "uuid").write_text(uuid)
    return found


def test_a_swap_file_on_a_plain_disk_is_found(swaps: Path, tmp_path: Path) -> None:
    assert plain_swaps(swaps, tmp_path / "none") == [str(tmp_path / "swapfile")]


def test_a_swap_file_on_an_encrypted_disk_is_no_matter(swaps: Path, tmp_path: Path) -> None:
    device(tmp_path / "sys", swaps, "CRYPT-LUKS2-0011\n")
    assert plain_swaps(swaps, tmp_path / "sys") == []


@pytest.mark.parametrize(("below", "found"), [("CRYPT-LUKS2-0011\n", 0), ("LVM-0022\n", 1)])
def test_a_volume_is_as_safe_as_what_it_stands_on(
    swaps: Path, tmp_path: Path, below: str, found: int
) -> None:
    volume = device(tmp_path / "sys", swaps, "LVM-0011\n")
    (volume / "slaves" / "dm-0" / "dm").mkdir(parents=True)
    (volume / "slaves" / "dm-0" / "dm" / "uuid").write_text(below)
    assert len(plain_swaps(swaps, tmp_path / "sys")) == found


def test_compressed_memory_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / "swaps").write_text(f"{HEADING}/dev/zram0 partition 1048572 0 100\n")
    assert plain_swaps(tmp_path / "swaps") == []


def test_a_partition_that_cannot_be_looked_at_is_told(tmp_path: Path) -> None:
    (tmp_path / "swaps").write_text(f"{HEADING}/dev/no-such-disk partition 1048572 0 -2\n")
    assert plain_swaps(tmp_path / "swaps") == ["/dev/no-such-disk"]


def test_a_person_at_a_terminal_is_warned_in_two_lines(swaps: Path, tmp_path: Path) -> None:
    terminal, other_end = pty.openpty()
    with os.fdopen(other_end, "w") as screen:
        warn_of_swap(screen, plain_swaps(swaps, tmp_path / "none"))
        assert os.read(terminal, 1000).decode().splitlines() == [
            f"witnessbox-analysis: warning: {tmp_path}/swapfile: swap space that is not encrypted may keep "
            "what people wrote",
            "hint: turn it off before you go on: swapoff -a",
        ]
    os.close(terminal)
