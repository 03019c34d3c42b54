"""Writes the findings as a static site: the same bytes for the same database and the same words.

There is no clock and no chance in here. The site is built aside and renamed, so a refusal or a
failure leaves nothing behind.
"""

import datetime
import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from analysis.cipher import Database
from analysis.findings.codebook import read_codebook
from analysis.findings.disclosure import THRESHOLD, check_threshold, protect
from analysis.findings.errors import RefusedRelease
from analysis.findings.export import write_csv
from analysis.findings.pages import Imprint, render
from analysis.findings.period import read_period
from analysis.findings.safe import Status
from analysis.findings.table import count_acts
from analysis.storage import built_aside, sync_directory, write_file
from templates import SOURCE_LANGUAGE

CSV = "tables/F02.csv"
SUMS = "SHA256SUMS"
LICENCE = "CC BY 4.0"
_RELEASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,39}")
_PUBLIC_DIRECTORY, _PUBLIC_FILE = 0o755, 0o644


@dataclass(frozen=True, slots=True)
class Release:
    """What was written: n reports counted, cells shown and withheld, SHA-256 of the SHA256SUMS file."""

    path: Path
    reports: int
    shown: int
    withheld: int
    digest: str


def publish(
    database: Database,
    out: Path,
    *,
    organization: str,
    release: str,
    date: datetime.date,
    k: int = THRESHOLD,
    lang: str = SOURCE_LANGUAGE,
    licence: str = LICENCE,
) -> Release:
    """Writes the release `release` of `organization` into the new folder `out`.

    Raises FindingsError where publishing would expose somebody or the words are not usable, and
    Unwritable where the disk refuses; `out` is then as it was.
    """
    imprint = _imprint(organization, release, date, lang, licence)
    check_threshold(k)
    _check_new(out)
    codebook = read_codebook(database, lang)
    table = protect(count_acts(database, codebook), k)
    csv = write_csv(table)
    period = read_period(database, codebook.only(table.publications), k)
    pages = render(table, period, imprint, hashlib.sha256(csv).hexdigest())
    files = pages | {CSV: csv}
    files[SUMS] = _sums(files)
    _write(out, files)
    digest = hashlib.sha256(files[SUMS]).hexdigest()
    return Release(out, table.reports, table.count(Status.SHOWN), table.count(Status.WITHHELD), digest)


def _imprint(organization: str, release: str, date: datetime.date, lang: str, licence: str) -> Imprint:
    if not organization.strip():
        raise RefusedRelease("a release needs the name of the organization", "use --organization NAME")
    if not _RELEASE.fullmatch(release):
        raise RefusedRelease(
            "the name of a release has letters, digits, dots and hyphens only, 40 at most",
            "use a name such as 2026-11",
        )
    return Imprint(" ".join(organization.split()), release, date, lang, licence)


def _check_new(out: Path) -> None:
    # A rename would silently replace an empty folder, so this is asked before anything is written.
    if os.path.lexists(out):
        raise RefusedRelease(
            f"{out}: exists already", "a release is never overwritten: choose another folder"
        )


def _sums(files: Mapping[str, bytes]) -> bytes:
    """The format of sha256sum: digest, two spaces, path."""
    lines = (f"{hashlib.sha256(data).hexdigest()}  {path}\n" for path, data in sorted(files.items()))
    return "".join(lines).encode()


def _write(out: Path, files: Mapping[str, bytes]) -> None:
    # The desk's own files are for its owner alone; these are for everybody.
    with built_aside(out) as aside:
        for path, data in sorted(files.items()):
            folder = (aside / path).parent
            folder.mkdir(exist_ok=True)
            folder.chmod(_PUBLIC_DIRECTORY)
            write_file(aside / path, data)
            (aside / path).chmod(_PUBLIC_FILE)
        for folder in {(aside / path).parent for path in files}:
            sync_directory(folder)
