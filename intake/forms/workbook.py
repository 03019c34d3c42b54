"""Reads the cells of an .xlsx file that anybody may have made, without being worn out by it.

An .xlsx is a ZIP of XML: a small file can unpack to gigabytes, an entity can grow to billions of
letters, a row can claim a million cells. Each is refused before it is read.
"""

import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from intake.forms.errors import RefusedSource

Table: TypeAlias = list[tuple[int, Sequence[str]]]

MAX_FILE = 8 * 1024 * 1024
_MAX_UNPACKED = 64 * 1024 * 1024
_MAX_PARTS = 1000
_MAX_CELLS = 4_000_000
_ERROR, _FORMULA = "e", "f"
_INSTALL = "pip install 'witnessbox[xlsx]', or save the form as CSV in UTF-8"


def read_workbook(path: Path, wanted: Sequence[str]) -> dict[str, Table]:
    """The rows of the `wanted` sheets that the file has, by their names in lower case.

    Raises RefusedSource when the file is no .xlsx, is too large, or a cell has no value to read.
    """
    try:
        # Only organizers who edit forms in a spreadsheet need it; the server never does.
        from openpyxl import load_workbook  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        raise RefusedSource(f"{path.name} needs the package openpyxl", hint=_INSTALL) from None
    books: list[Any] = []
    try:
        _check_parts(path)
        with warnings.catch_warnings():
            # About colours and drop-down lists, which mean nothing here.
            warnings.simplefilter("ignore")
            books += (load_workbook(path, read_only=True, data_only=kept) for kept in (True, False))
            return _tables(path.name, books[0], books[1], wanted)
    except RefusedSource:
        raise
    except OSError as error:
        raise RefusedSource(f"{path.name} cannot be read: {error.strerror}") from None
    except Exception:  # openpyxl raises whatever its ZIP and XML readers raise
        raise RefusedSource(
            f"{path.name} is not an .xlsx file", hint="save it as an Excel workbook, or as CSV in UTF-8"
        ) from None
    finally:
        for book in books:
            book.close()


def _check_parts(path: Path) -> None:
    if path.stat().st_size > MAX_FILE:
        raise RefusedSource(f"{path.name} is larger than {MAX_FILE // 1024**2} MB, as no form is")
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        # A part that is longer than it says is cut off at what it says.
        if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > _MAX_UNPACKED:
            raise RefusedSource(f"{path.name} unpacks to more than any form needs")
        for part in parts:
            # No spreadsheet program writes one; it is how a few bytes grow to gigabytes.
            if b"<!DOCTYPE" in archive.read(part).replace(b"\0", b"").upper():
                raise RefusedSource(f"{path.name} has a document type in its XML, which no form needs")


def _tables(file: str, values: Any, formulas: Any, wanted: Sequence[str]) -> dict[str, Table]:
    found: dict[str, Table] = {}
    budget = _MAX_CELLS
    for sheet, written in zip(values.worksheets, formulas.worksheets, strict=True):
        name = sheet.title.strip().lower()
        if name not in wanted:
            continue
        for one in (sheet, written):
            # What the file says of its own size is often wrong, and rows would be filled up to it.
            one.reset_dimensions()
        found[name] = []
        pairs = enumerate(zip(sheet.iter_rows(), written.iter_rows(), strict=True), start=1)
        for number, (row, source) in pairs:
            budget -= len(row) + 1
            if budget < 0:
                raise RefusedSource(
                    f"{file}: sheet {name}: has more cells than a form needs; delete blank ones"
                )
            if row:
                found[name].append((number, list(_texts(f"{file}: sheet {name}, row {number}", row, source))))
    return found


def _texts(place: str, row: Iterable[Any], source: Iterable[Any]) -> Iterator[str]:
    for cell, written in zip(row, source, strict=True):
        # A program that is no spreadsheet writes formulas without their values.
        if cell.data_type == _ERROR or (cell.value is None and written.data_type == _FORMULA):
            raise RefusedSource(f"{place}: a cell holds a formula without a value; write its value there")
        yield _text(cell.value)


def _text(value: object) -> str:
    # A spreadsheet turns the code 1 into the number 1.0.
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)
