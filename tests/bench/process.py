"""What a process has used: seconds of a processor, and bytes that it had written to the disk."""

import os
import resource
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
# Among the fields of /proc/PID/stat behind the name, which may hold blanks (proc(5)).
_USER, _SYSTEM, _BORN = 11, 12, 19


def seconds(pid: int) -> float:
    """Of a processor, in the program and for it in the system; 0 for one that is gone."""
    try:
        fields = _fields(pid)
    except FileNotFoundError:
        return 0.0
    return (fields[_USER] + fields[_SYSTEM]) / _TICKS


def own_seconds() -> float:
    """Of all processors, for this process and for those of its children that have ended."""
    found = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in found)


def born(pid: int) -> float:
    """When it began, in seconds since the machine did."""
    return _fields(pid)[_BORN] / _TICKS


def _fields(pid: int) -> list[int]:
    # The first is a letter: its state.
    _, *numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return [0, *map(int, numbers)]


def written(pid: int) -> int:
    """Bytes; only root may ask it of an intake, which lets nobody look into it."""
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["write_bytes"])
