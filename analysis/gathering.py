"""Finds what can be imported at some paths: bundles, sealed files, batches, and folders of these.

A stick holds whatever people and systems put there. Links are not followed, what is hidden or was thrown
away is not looked at, and nothing is opened here. What has a name of ours and cannot be taken is told of.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from analysis.courier import MANIFEST
from analysis.desk import DATABASE
from analysis.desk_errors import DeskError, UnreadableFile

# Of files and folders below one path; ten thousand are an outreach group's year.
MOST_ENTRIES = 100_000
MOST_DEPTH = 8
SEALED = ".age"
BATCH = re.compile(r"witnessbox-batch-([0-9a-f]{16})(?![0-9a-f]).*\.tar", re.IGNORECASE)
_BUNDLE = re.compile(r"witnessbox-\d{6,10}")
# Where systems keep what was deleted, or what nobody but they may read.
_OF_SYSTEMS = frozenset({"lost+found", "system volume information", "$recycle.bin", "recycler"})


@dataclass(frozen=True, slots=True)
class Fault:
    """What was not taken: a file's path, and the rule that it breaks."""

    place: str
    rule: str


@dataclass(slots=True)
class Found:
    """Bundles, sealed files with batches among them, what cannot be taken, and how many files are others."""

    bundles: list[Path] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    refused: list[DeskError] = field(default_factory=list)
    others: int = 0


def gather(paths: Iterable[Path]) -> Found:
    """What lies at these paths and in the folders among them; each once."""
    found = Found()
    for path in paths:
        try:
            _gather(path, found)
        except UnreadableFile as error:
            found.refused.append(error)
    found.bundles = sorted(dict.fromkeys(found.bundles), key=lambda bundle: (bundle.name, bundle))
    found.files = sorted(dict.fromkeys(found.files))
    return found


def _gather(path: Path, found: Found) -> None:
    if _is_bundle(path) or (_BUNDLE.fullmatch(path.name) and not os.path.lexists(path)):
        found.bundles.append(path)
    elif os.path.isdir(path):
        # All of it is looked through before anything of it counts.
        for entry in list(_entries(path)):
            _sort(entry, found)
    else:
        _check_plain(path)
        found.files.append(path)


def _is_bundle(path: Path) -> bool:
    named = _BUNDLE.fullmatch(path.name) or os.path.lexists(path / MANIFEST)
    return bool(named) and os.path.isdir(path)


def _check_plain(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        hint = "give bundles, sealed files, batches, or folders of these"
        raise UnreadableFile(f"{path}: {_reason(error)}", hint) from None
    if not stat.S_ISREG(mode):
        raise UnreadableFile(f"{path}: {'a link' if stat.S_ISLNK(mode) else 'not a plain file'}")


def _entries(folder: Path) -> Iterator[Path | Fault]:
    """All below a folder that is not hidden, and bundles whole; for a folder that cannot be read or lies too
    deep, what is wrong. Raises UnreadableFile for more than MOST_ENTRIES.
    """
    seen, waiting = 0, [(folder, 0)]
    while waiting:
        here, depth = waiting.pop()
        try:
            names = sorted(os.listdir(here))
        except OSError as error:
            yield Fault(str(here), _reason(error))
            continue
        seen += len(names)
        if seen > MOST_ENTRIES:
            many = f"{folder}: holds more than {MOST_ENTRIES:,} files and folders"
            raise UnreadableFile(many, "import its folders one by one")
        for path in (here / name for name in reversed(names) if not _is_hidden(name)):
            if os.path.islink(path) or not os.path.isdir(path) or _is_bundle(path):
                yield path
            elif depth == MOST_DEPTH:
                yield Fault(str(path), f"more than {MOST_DEPTH} folders deep")
            # A desk has sealed files of its own kind.
            elif not os.path.lexists(path / DATABASE):
                waiting.append((path, depth + 1))


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in _OF_SYSTEMS


def _sort(entry: Path | Fault, found: Found) -> None:
    if isinstance(entry, Fault):
        found.faults.append(entry)
    elif _is_bundle(entry) and not entry.is_symlink():
        found.bundles.append(entry)
    elif not entry.name.lower().endswith(SEALED) and not BATCH.fullmatch(entry.name):
        found.others += 1
    else:
        try:
            _check_plain(entry)
            found.files.append(entry)
        except UnreadableFile as error:
            found.faults.append(Fault(str(entry), error.message.removeprefix(f"{entry}: ")))


def _reason(error: OSError) -> str:
    return (error.strerror or "cannot be read").lower()
