"""How much memory readers take of inputs of megabytes, up to the longest that each may be given.

`python -m tests.fuzz.large [CASE]` prints the table and fails where a case takes more than its bound. Each
runs in a process of its own, and what is measured is how far that process grew at its highest, as the system
counts it: memory that C holds counts too. Inputs come in pieces or from a file, so that they are no part of
it.
"""

import argparse
import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path

from analysis.findings.control import auditfile
from analysis.findings.control.errors import BadAuditFile
from analysis.spreadsheet import MAX_CELL, read_rows
from intake.app import page_code
from intake.attachments import Attachments
from intake.crypto.attachment import MAX_ATTACHMENT
from intake.crypto.errors import Malformed
from intake.crypto.shard import BLOCK
from intake.forms.workbook import _MAX_UNPACKED
from intake.multipart import BrokenForm, TooMuchText, read_fields
from intake.sqlite import Sqlite
from intake.unpack import Unpacker
from intake.upload import FormFiles
from tests.batching import GOOD
from tests.fuzz import memory
from tests.fuzz.keys import HYBRID
from tests.fuzz.target import ROOT
from tests.fuzz.targets import spreadsheet, xlsform, xlsx
from tests.fuzz.targets.multipart import KIND, MOST_TEXT

MB = 1024 * 1024
PIECE = 64 * 1024
SECONDS = 300
_TYPES = ("application/pdf",)


@dataclass(frozen=True, slots=True)
class Case:
    """An input of so many megabytes, what reads it, and how many it may take at most.

    `make` is called before anything is measured and gives what is called then.
    """

    length: int
    most: int
    make: Callable[[], Callable[[], object]]


def _form(front: bytes, body: bytes, size: int) -> Iterator[bytes]:
    yield b"--wall\r\nContent-Disposition: form-data; name=" + front
    yield from [body[:PIECE]] * (size // PIECE)
    yield b"\r\n--wall--\r\n"


def _multipart(front: bytes, body: bytes, size: int) -> Callable[[], Callable[[], object]]:
    """A form of one part of that size, read with the real files of a form."""

    async def read() -> None:
        with closing(Attachments(Sqlite(memory.folder() / "reports.db"), min_free_bytes=1)) as attachments:
            attachments.start()
            with ExitStack() as uploads, suppress(TooMuchText, BrokenForm):
                files = FormFiles(attachments, (HYBRID.recipient,), _TYPES, uploads, page_code)
                await read_fields(KIND.decode(), pieces(), files, MOST_TEXT)
                if not files.problem:
                    await files.finish("2026-W47")

    async def pieces() -> AsyncIterator[bytes]:
        for piece in _form(front, body, size):
            yield piece

    return lambda: lambda: asyncio.run(read())


def _batch(piece: bytes, size: int) -> Callable[[], Callable[[], object]]:
    def read() -> None:
        unpacker = Unpacker()
        with suppress(Malformed):
            for _ in range(size // PIECE):
                for _ in unpacker.feed(piece):
                    pass

    return lambda: read


def _audit(before: bytes, piece: bytes, after: bytes) -> Callable[[], Callable[[], object]]:
    """A file of the most bytes that one may have."""

    def make() -> Callable[[], object]:
        room = auditfile.BYTES - len(before) - len(after)
        path = _written("audit.json", before, piece, room // len(piece), after)

        def read() -> None:
            with suppress(BadAuditFile):
                auditfile.read(path)

        return read

    return make


def _sheet(before: bytes, piece: bytes, size: int, after: bytes) -> Callable[[], Callable[[], object]]:
    def make() -> Callable[[], object]:
        under = spreadsheet.mapping(0)
        path = _written("list.csv", before, piece, size // len(piece), after)

        def read() -> None:
            with suppress(spreadsheet.BadRow, spreadsheet.UnreadableFile):
                for _ in read_rows(spreadsheet._DESK, under, path, Counter()):
                    pass

        return read

    return make


def _workbook() -> Callable[[], object]:
    zeros = xlsx.packed(xlsx.PARTS[0], bytes(_MAX_UNPACKED - 64 * 1024), xlsx.zipfile.ZIP_DEFLATED)
    path = memory.file("form.xlsx", zeros)
    return lambda: xlsform.check(path)


def _written(name: str, before: bytes, piece: bytes, times: int, after: bytes) -> Path:
    path = memory.file(name, before)
    with path.open("ab") as file:
        for start in range(0, times, 1_000):
            file.write(piece * min(1_000, times - start))
        file.write(after)
    return path


_FILE = b'"files"; filename="a"\r\nContent-Type: application/pdf\r\n\r\n'
# What a file that is given up had written, 25 MB at most, is overwritten in memory: that is the 45.
# A heading is a list of texts, thirty times as large as a file that holds nothing else.
_HEAD = b"what,year,month,story,notes\n"
CASES = {
    "a file of the longest": Case(25, 20, _multipart(_FILE, b"a" * PIECE, MAX_ATTACHMENT - PIECE)),
    "a file that is too long": Case(80, 45, _multipart(_FILE, b"a" * PIECE, 80 * MB)),
    "a file of almost boundaries": Case(5, 20, _multipart(_FILE, b"\r\n--wal" * PIECE, 5 * MB)),
    "a story of megabytes": Case(40, 6, _multipart(b'"story"\r\n\r\n', b"a" * PIECE, 40 * MB)),
    "a file's name of megabytes": Case(40, 6, _multipart(b'"f"; filename="', b"a" * PIECE, 40 * MB)),
    "a batch of one member": Case(64, 3, _batch(GOOD[:BLOCK] * (PIECE // BLOCK), 64 * MB)),
    "a batch of zeros": Case(64, 3, _batch(bytes(PIECE), 64 * MB)),
    "audit: lists in a list": Case(32, 1_100, _audit(b'{"hidden":[', b"[],", b"[]]}")),
    "audit: lists of one": Case(32, 1_100, _audit(b'{"hidden":[', b"[0],", b"[]]}")),
    "audit: objects in a list": Case(32, 150, _audit(b'{"hidden":[', b'{"":0},', b"{}]}")),
    "audit: numbers in a list": Case(32, 450, _audit(b'{"hidden":[', b"1000,", b"1]}")),
    "audit: one text of wide letters": Case(32, 400, _audit('{"🦓'.encode(), b"a", b'":1}')),
    "audit: names": Case(32, 700, _audit(b'{"hidden":[', b'"ab",', b'""]}')),
    "a spreadsheet's longest cell": Case(16, 160, _sheet(_HEAD + b"a,2026,5,", b"a", MAX_CELL - 1, b",\n")),
    "a cell of many values": Case(16, 350, _sheet(_HEAD, b"Insulted|", MAX_CELL - 9, b"x,2026,5,,\n")),
    "a heading of megabytes": Case(16, 600, _sheet(b"", b'a"b,', MAX_CELL, b"\n")),
    "a row of many cells": Case(16, 160, _sheet(_HEAD, b"a,", MAX_CELL, b"\n")),
    "a workbook that unpacks": Case(64, 200, lambda: _workbook()),
}


def taken(name: str) -> int:
    """The megabytes by which a process grows that reads this; CalledProcessError where it fails."""
    line = [sys.executable, "-m", "tests.fuzz.large", name, "--here"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True, timeout=SECONDS)
    return int(done.stdout)


def grown(run: Callable[[], object]) -> int:
    """The megabytes by which this process is larger at its highest while this runs."""
    # Forgets how high it was before, so that what was imported does not hide what is read.
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    run()
    return -(-(_status("VmHWM") - before) // 1024)


def _status(name: str) -> int:
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines[name].split()[0])


def main() -> int:
    """Prints the table; 1 where a case takes more than its bound."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.large")
    parser.add_argument("case", nargs="?", choices=CASES)
    parser.add_argument("--here", action="store_true", help="in this process, and the number alone")
    asked = parser.parse_args()
    if asked.here:
        print(grown(CASES[asked.case].make()))
        return 0
    wrong = 0
    print(f"{'input':<34} {'MB':>5} {'MB taken':>9} {'at most':>8}")
    for name in (asked.case,) if asked.case else CASES:
        case, found = CASES[name], taken(name)
        wrong += found > case.most
        print(f"{name:<34} {case.length:>5} {found:>9} {case.most:>8}", flush=True)
    print(f"{wrong} inputs out of their bounds")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
