"""Makes the files of a release again from three of them, and finds what another one says besides.

ledger.jsonl has every number, codebook.json the places that they stand in, release.json the words around
them. All else follows from these, byte for byte, so a file that does not is one that says something of
its own: a number that the ledger does not print, above all. Where another version made the release, its
pages may be worded otherwise, and then only the numbers of its texts can be compared.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

from analysis.desk_errors import UnreadableFile
from analysis.findings import wrapping
from analysis.findings.control.audit import Audit
from analysis.findings.errors import FindingsError
from analysis.findings.ledger.entries import RELEASE
from analysis.findings.ledger.errors import BadRelease
from analysis.findings.ledger.stranger import BYTES, CODEBOOK, LEDGER, Public
from analysis.findings.privacy.checking import Checked
from analysis.findings.released import Release
from analysis.findings.site import minisign
from analysis.findings.site.site import PUBLIC_KEY, SIGNATURE, SUMS, unsigned
from analysis.storage import read_file
from intake.crypto.errors import CryptoError
from intake.crypto.signing import VerifyKey
from intake.forms.form import canonical

WORDS = "release.json"
FILES = 100_000
_NUMBER = re.compile(rb"[0-9]+")
# What a reader of the ledger is told of a release must be what its pages tell.
_ALIKE = {"release": "release", "version": "version", "day": "date", "k": "k", "campaign": "campaign"}
_NAMED = 5


@dataclass(slots=True)
class Compared:
    """`wrong` says which files tell something of their own, `notes` what else a reader should know."""

    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def compare(folder: Path, public: Public, audit: Audit) -> Compared:
    """Holds all files of a release against what follows from its ledger; `public` and `audit` are its own.

    Raises BadRelease, UnreadableFile.
    """
    entry = [one for one in map(json.loads, public.lines) if one["kind"] == RELEASE][-1]
    attacked = canonical(audit.json) + b"\n"

    def read(words: bytes, ledger: bytes, codebook: bytes) -> Release:
        return wrapping.read(words, ledger, codebook, attacked, public.known, entry)

    return _compare(folder, entry, read)


def compare_noised(folder: Path, checked: Checked) -> Compared:
    """The same of a release with noise. Raises BadRelease, UnreadableFile."""
    audit = canonical(checked.json) + b"\n"

    def read(words: bytes, ledger: bytes, codebook: bytes) -> Release:
        printer = checked.printer(codebook)
        return wrapping.read(words, ledger, codebook, audit, {}, checked.entry, printer, checked.privacy)

    return _compare(folder, checked.entry, read)


def _compare(
    folder: Path, entry: Mapping[str, Any], read: Callable[[bytes, bytes, bytes], Release]
) -> Compared:
    found, there = Compared(), sorted(_files(folder))
    if WORDS not in there:
        others = len(set(there) - {LEDGER, CODEBOOK})
        if others:
            found.wrong.append(f"{folder / WORDS} is not there: {others} files could not be compared")
        else:
            found.notes.append(f"{folder}: {LEDGER} and {CODEBOOK} are all that was there to compare")
        return found
    release = _release(folder, entry, read, found)
    key, made = _made(folder, release)
    same = json.loads(release.words)["made_with"] == wrapping.made_with()
    if not same:
        found.notes.append(f"{folder}: another version made it, so only numbers in its texts were compared")
    for path in there:
        found.wrong.extend(_compare_file(folder, path, key, made, same=same))
    if missing := sorted({*made, SIGNATURE} - set(there)):
        found.notes.append(f"{folder}: files that are not there: {len(missing)}, such as {missing[0]}")
    return found


def _made(folder: Path, release: Release) -> tuple[VerifyKey, Mapping[str, bytes]]:
    """The public key of a release, and the files that it should have."""
    try:
        key = minisign.read_public(read_file(folder / PUBLIC_KEY, BYTES))
        return key, unsigned(release, key)
    except (UnreadableFile, ValueError, IndexError):
        raise BadRelease(
            f"{folder / PUBLIC_KEY} is no public key of minisign", "get the release again"
        ) from None
    except FindingsError as error:
        raise BadRelease(f"{folder}: {error.message}", "use the version that made it") from None


def _compare_file(
    folder: Path, path: str, key: VerifyKey, made: Mapping[str, bytes], *, same: bool
) -> Iterator[str]:
    if path == SIGNATURE:
        yield from _signature(folder, key)
    elif path not in made:
        yield f"{folder / path} is no file of a release"
    elif (data := read_file(folder / path, BYTES)) != made[path]:
        yield from _differing(folder / path, data, made[path], same=same)


def _files(folder: Path) -> Iterator[str]:
    for number, path in enumerate(folder.rglob("*")):
        if number >= FILES:
            raise BadRelease(f"{folder} holds more than {FILES} files", "give the folder of one release")
        if path.is_symlink() or not path.is_dir():
            yield path.relative_to(folder).as_posix()


def _release(
    folder: Path, entry: Mapping[str, Any], read: Callable[[bytes, bytes, bytes], Release], found: Compared
) -> Release:
    words, ledger, codebook = (read_file(folder / name, BYTES) for name in (WORDS, LEDGER, CODEBOOK))
    try:
        release, told = read(words, ledger, codebook), json.loads(words)
        found.wrong.extend(
            f'{folder / WORDS} says another "{name}" than the ledger'
            for known, name in _ALIKE.items()
            # A release with noise has no threshold.
            if known in entry and told[name] != entry[known]
        )
        if release.trackers and len(release.trackers) != release.n.reports:
            found.wrong.append(f"{folder / WORDS} has another number of trackers than reports were counted")
        found.notes.extend(_own_numbers(folder, told))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise BadRelease(
            f"{folder / WORDS} is none as this version knows it", "use a newer version"
        ) from None
    return release


def _own_numbers(folder: Path, told: Mapping[str, Any]) -> Iterator[str]:
    """Numbers in words that people wrote: no ledger can tell of them, so a reader has to look at them."""
    texts = [told["title"], *told["quotes"], *(told["method"][name] for name in ("verification", "outreach"))]
    texts += [reply for *_, reply in told.get("named", [])]
    texts += [told["method"][name] for name in ("funding", "corrections")]
    numbers = _NUMBER.findall(
        json.dumps([one.get("text", one) for one in texts], ensure_ascii=False).encode()
    )
    if numbers:
        listed = _listed(dict.fromkeys(numbers))
        yield f"{folder}: numbers in the words of its title, texts and quotes, by people: {listed}"


def _signature(folder: Path, key: VerifyKey) -> Iterator[str]:
    try:
        minisign.verify(key, read_file(folder / SUMS, BYTES), read_file(folder / SIGNATURE, BYTES))
    except (CryptoError, UnreadableFile, ValueError):
        yield f"{folder / SIGNATURE} does not sign {SUMS}, or not with the key in {PUBLIC_KEY}"


def _differing(path: Path, data: bytes, made: bytes, *, same: bool) -> Iterator[str]:
    if path.suffix == ".pdf":
        # Its text stands in packed streams: it is the same, or nothing can be said of it.
        if same:
            yield f"{path} is not what its ledger makes"
        return
    foreign = Counter(_NUMBER.findall(data)) - Counter(_NUMBER.findall(made))
    pairs = enumerate(zip_longest(data.split(b"\n"), made.split(b"\n")), 1)
    line = next(number for number, (one, other) in pairs if one != other)
    if foreign and path.name != SUMS:
        yield f"{path}, line {line}: the ledger does not give these numbers: {_listed(foreign)}"
    elif same:
        yield f"{path}, line {line}: not what its ledger makes"


def _listed(numbers: Mapping[bytes, object]) -> str:
    named = ", ".join(number.decode()[:20] for number in list(numbers)[:_NAMED])
    more = len(numbers) - _NAMED
    return f"{named} and {more} more" if more > 0 else named
