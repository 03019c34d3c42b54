"""A spreadsheet that a group brings to the desk (`import-csv`), under two maps: of the organizers, and of an
export.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from analysis.desk import Desk
from analysis.desk_errors import BadRow, UnreadableFile
from analysis.mapfile import read_map
from analysis.mapping import Reading
from analysis.spreadsheet import read_rows
from intake.forms import answers
from intake.forms.form import shipped
from tests.fuzz import memory
from tests.fuzz.keys import X25519
from tests.fuzz.target import Sayings, Target, fill, only

_SAYINGS = Sayings()
_FORM = shipped("report")
# A row is made into a report with the desk's key, and asks nothing else of it.
_DESK = Desk(Path(), (X25519,), (X25519.recipient,), bytes(32), None, None)  # type: ignore[arg-type]
_MAP = b"""form = "report"
channel = "paper"
ignore = ["notes"]
[constant]
setting = "police"
count = "yes"
keep = "keep_for_legal"
[question.acts]
column = "what"
separator = "|"
[question.acts.values]
"Insulted" = "insult"
"Searched" = ["pat_down", "insult"]
[question.when]
year = "year"
month = "month"
[question.story]
column = "story"
"""


@cache
def _own_map() -> Reading:
    return read_map(memory.file("own.toml", _MAP))


@cache
def _export_map() -> Path:
    return memory.file("kobo.toml", b'form = "report"\nchannel = "web"\ntool = "kobo"\n')


def mapping(how: int) -> Reading:
    """That of an export is read anew each time: it keeps what it found in the headings of one file."""
    return read_map(_export_map()) if how & 1 else _own_map()


def read(under: Reading, data: bytes) -> list[tuple[bytes, Mapping[str, Any]]]:
    """The receipts and answers of the rows."""
    path = memory.file("list.csv", data)
    return [(row.receipt.id, row.answers) for row in read_rows(_DESK, under, path, Counter())]


def run(data: bytes) -> None:
    if not data:
        return
    # The maps are ours: what is wrong with one of them is a finding, and no refusal of the input.
    under = mapping(data[0])
    with only((BadRow, UnreadableFile), data, _SAYINGS):
        rows = read(under, data[1:])
        assert len({number for number, _ in rows}) == len(rows)
        for _, answered in rows:
            answers.check(_FORM, answered)


_OWN = b"what,year,month,story,notes\n"


def seeds() -> Iterator[bytes]:
    yield b"\0" + _OWN + b'Insulted|Searched,2026,5,"They took\nmy ""bag"".",x\n,,,,\nelse,2025,,,\n'
    yield b"\0\xef\xbb\xbf" + _OWN.replace(b",", b";") + b"Insulted;2026;12;;\r\n\r\n"
    yield b"\x01" + exported_head() + b"\n" + exported_row() + b"\n"


@cache
def exported_head() -> bytes:
    """The headings of an export with codes."""
    return ",".join(["_uuid", *(question.id for question in _FORM.asked)]).encode()


def exported_row(acts: bytes = b"insult pat_down") -> bytes:
    """One submission."""
    given = {"setting": b"police", "count": b"yes", "acts": acts}
    return b",".join([b"uuid:1", *(given.get(question.id, b"") for question in _FORM.asked)])


def _exported(acts: bytes) -> bytes:
    return b"\x01" + exported_head() + b"\n" + exported_row(acts) + b"\n"


TARGET = Target(
    "spreadsheet",
    run,
    seeds,
    shapes={
        "many rows": lambda size: b"\0" + _OWN + b"Insulted,2026,5,a,\n" * (size // 20),
        "the same row": lambda size: b"\0" + _OWN + b",,,,\n" * (size // 5),
        "blank lines": lambda size: b"\0" + _OWN + b"\n" * size,
        "one long cell": lambda size: b"\0" + _OWN + b'a,2026,5,"' + fill(b"a", size) + b'",\n',
        "one cell of many values": lambda size: b"\0" + _OWN + fill(b"Insulted|", size) + b",2026,5,,\n",
        "one cell of many codes": lambda size: _exported(fill(b"insult ", size)),
        "one cell of unknown codes": lambda size: _exported(fill(b"zz ", size)),
        "a heading of quotes": lambda size: b"\0" + fill(b'""', size) + b'"' + fill(b"a", size),
        "a heading that is never closed": lambda size: b'\0"' + fill(b"a;b ", size),
        "a heading of open quotes": lambda size: b"\0" + fill(b'a"b', size),
        "many columns": lambda size: b"\0" + fill(b"notes,", size) + b"\n",
        "many columns of an export": lambda size: b"\x01" + exported_head() + fill(b",_a", size) + b"\n",
    },
    tokens=(
        *(
            b"Insulted",
            b"Searched",
            b"|",
            b'"',
            b'""',
            b"2026",
            b"\r\n",
            b";",
            b",",
            b"_uuid",
            b"insult",
            b"police",
            b"yes",
        ),
        *(b"\xef\xbb\xbf", b"\0", b"2026-05-01", b"not_sure", _OWN),
    ),
    # Each row is an answered form: a millisecond for twenty.
    seconds=2.0,
)
