"""An XLSForm as a workbook: a ZIP of XML. The first byte says how an input is dressed.

As it is; as the XML of one part of a workbook that is right otherwise, since changes inside a ZIP only break
its sums.
"""

import io
import zipfile
from collections.abc import Iterator
from functools import cache
from random import Random

from intake.forms import xlsform_out
from tests.forms.random_forms import random_form
from tests.fuzz import memory
from tests.fuzz.target import Target, fill
from tests.fuzz.targets import xlsform

# As Excel writes them; the name of the part that an input stands for.
PARTS = (
    "xl/worksheets/sheet1.xml",
    "xl/workbook.xml",
    "xl/worksheets/sheet3.xml",
    "xl/_rels/workbook.xml.rels",
    "[Content_Types].xml",
    "xl/styles.xml",
)
AS_IT_IS = len(PARTS)


def run(data: bytes) -> None:
    if not data:
        return
    how, rest = data[0] % (AS_IT_IS + 1), data[1:]
    xlsform.check(memory.file("form.xlsx", rest if how == AS_IT_IS else packed(PARTS[how], rest)))


@cache
def _book() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(xlsform_out.xlsx_bytes(random_form(Random(1), 4)))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(name: str, part: bytes, method: int = zipfile.ZIP_STORED) -> bytes:
    """The workbook with other bytes in one part."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for each, data in (_book() | {name: part}).items():
            archive.writestr(each, data)
    return out.getvalue()


def seeds() -> Iterator[bytes]:
    yield bytes([AS_IT_IS]) + packed(PARTS[0], _book()[PARTS[0]])
    for number, name in enumerate(PARTS):
        yield bytes([number]) + _book()[name]


def _rows(row: bytes, size: int) -> bytes:
    before = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    return b"\0" + before + fill(row, size // len(row) * len(row)) + b"</sheetData></worksheet>"


TARGET = Target(
    "xlsx",
    run,
    seeds,
    shapes={
        "many rows": lambda size: _rows(b'<row><c t="inlineStr"><is><t>a</t></is></c></row>', size),
        "many cells": lambda size: _rows(b"<row>" + b"<c><v>1</v></c>" * 100 + b"</row>", size),
        "far cells": lambda size: _rows(b'<row r="1"><c r="XFD1"><v>1</v></c></row>', size // 64),
        "far rows": lambda size: _rows(b'<row r="1048576"><c r="A1048576"><v>1</v></c></row>', size),
        "nested elements": lambda size: b"\0" + b"<a>" * (size // 7) + b"</a>" * (size // 7),
        "many attributes": lambda size: b"\0<a " + b" ".join(b'a%d=""' % n for n in range(size // 9)) + b"/>",
        "a huge number": lambda size: _rows(b"<row><c><v>" + b"9" * (size - 100) + b"</v></c></row>", size),
        "zeros, compressed": lambda size: (
            bytes([AS_IT_IS]) + packed(PARTS[0], bytes(size * 50), zipfile.ZIP_DEFLATED)
        ),
        "many parts": lambda size: bytes([AS_IT_IS]) + _parts(size // 110),
    },
    tokens=(
        *(
            b"<row>",
            b'<c t="inlineStr"><is><t>',
            b"</t></is></c>",
            b"<c><v>",
            b"</row>",
            b'r="A1"',
            b't="e"',
            b't="d"',
            b"<f>",
        ),
        *(
            b"<sheetData>",
            b"<!DOCTYPE",
            b"<!ENTITY a 'b'>",
            b"&a;",
            b'r:id="rId1"',
            b'Target="',
            b"PK\x03\x04",
            b"<![CDATA[",
        ),
    ),
    seconds=1.0,
    bytes=120 * 1024 * 1024,
    longest=16 * 1024,
)


def _parts(count: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(count):
            archive.writestr(f"a{number}", b"")
    return out.getvalue()
