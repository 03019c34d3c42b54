"""Local lists: one small CSV file each, which a person edits in a spreadsheet.

    areas.csv agencies.csv facilities.csv landlords.csv ethnicities.csv groups.csv
        name, label::English (en), label::Español (es)            one choice a row
        rollup, rollup_label::English (en) ...                    the bigger area that it lies in
        exclusive, content_note                                   yes or blank
    help.csv deadlines.csv
        label::English (en), text::English (en), ...              shown on the pages as they stand

The questionnaire takes its choices from the first six by XLSForm's own `select_one_from_file`.
A name is permanent, because reports hold it: a place that is gone loses its row, and its name is
never given to another.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from intake.forms.errors import RefusedSource
from intake.forms.headings import language, normalized
from intake.forms.sheets import Row, read_list

SHIPPED = Path(__file__).parent / "lists"
HELP, DEADLINES = "help.csv", "deadlines.csv"


def read_choices(folder: Path, file: str, default: str) -> list[Row]:
    """The rows of a list of choices, with headings as `label::en`; RefusedSource names every bad one."""
    refused: list[str] = []
    rows = list(normalized(read_list(folder / file), default, refused))
    if refused:
        raise RefusedSource(*refused)
    return rows


def read_notices(path: Path, languages: Sequence[str]) -> Mapping[str, tuple[tuple[str, str], ...]]:
    """The (label, text) pairs of help.csv or deadlines.csv for each language, in their order.

    Raises RefusedSource with the row that lacks one of them. A file with headings alone is an empty list.
    """
    try:
        rows = [row.holding(dict(_spoken(row))) for row in read_list(path)]
    except RefusedSource as error:
        if error.problems != (f"{path.name} has no rows",):
            raise
        rows = []
    return {tag: tuple(_pair(row, tag) for row in rows) for tag in languages}


def _spoken(row: Row) -> Iterator[tuple[str, str]]:
    for heading, text in row.cells.items():
        name, _, spoken = (part.strip() for part in heading.partition("::"))
        if name not in ("label", "text") or not language(spoken):
            raise row.refuse(f"the column {heading!r} is not accepted; name it as in text::English (en)")
        yield f"{name}::{language(spoken)}", text


def _pair(row: Row, tag: str) -> tuple[str, str]:
    for column in ("label", "text"):
        if not row.get(f"{column}::{tag}"):
            raise row.refuse(f"the column {column!r} lacks its text in {tag}")
    return row.get(f"label::{tag}"), row.get(f"text::{tag}")
