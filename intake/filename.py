"""The number that a sealed file is filed under, from its name alone: the file itself does not tell it.

A sealed report is saved as "<id>.age", and the name is all that tells a server where it belongs. Browsers
and people copy such files, and the name grows: "<id> (1).age", "<id>(1).age", "<id>-2.age" and
"<id> - Copy.age" say the same id. Some disks write names in capitals. Any other name has no id.

    name = 32HEXDIG [ mark 0*60any ] ".age"         ; mark = SP / "(" / "-" / "_" / "."
"""

import re

BATCH_ENDING = ".tar"

_BATCH = re.compile(r"witnessbox-batch-([0-9a-f]{16})")
_SEALED = re.compile(r"([0-9a-f]{32})(?:[ (_.-].{0,60})?\.age", re.IGNORECASE | re.ASCII | re.DOTALL)


def file_id(name: str) -> bytes | None:
    """The 16 bytes of the id that a sealed file's name begins with; None where it has none."""
    found = _SEALED.fullmatch(name)
    return bytes.fromhex(found[1]) if found else None


def is_batch(name: str) -> bool:
    """Whether a file of that name is to be read as a batch; what is in it tells whether it is one."""
    return name.lower().endswith(BATCH_ENDING)


def batch_digest(name: str) -> str | None:
    """What the name of a batch says its SHA-256 begins with, in hexadecimal; None where it does not say."""
    found = _BATCH.match(name)
    return found[1] if found else None


def base_name(path: str) -> str:
    """The last part of a path: old browsers send all of it."""
    return re.split(r"[/\\]", path)[-1]
