"""Lays a table out in rows and columns, as pages, the PDF and the charts show it.

A table of one axis has one column without a name; one of three is as many sheets as its third axis has
categories. Nothing is counted here: what a cell has not, no sheet has.
"""

from dataclasses import dataclass, replace

from analysis.findings.released import ONLY, REST, TOTAL, UNKNOWN, Axis, Category, Cell, Kind, Status, Table
from analysis.findings.site.voice import Voice

# Axes whose order says more than the numbers do.
_ORDERED = {"month", "received", "week", "side", "stage", "age", "freq"}
# Rows of reports that do not tell, and such answers as say nothing by themselves.
_SILENT = {UNKNOWN, "blank", "year"}
_VAGUE = {"other", "elsewhere", "not_sure", "unsure", "none"}
_COUNTED = "counted"


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `group` is one that others lie in."""

    code: str
    label: str
    level: int
    group: bool
    cells: tuple[Cell, ...]

    @property
    def leaf(self) -> bool:
        """Whether it stands for answers of its own."""
        return not self.group and _last(self.code) not in {TOTAL, *_SILENT}

    @property
    def telling(self) -> bool:
        """Whether its answers say something by themselves."""
        return self.leaf and _last(self.code) not in _VAGUE and not self.code.startswith((REST, ONLY))


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `base` is its n where all its rows have the same."""

    code: str
    label: str
    base: Cell

    @property
    def telling(self) -> bool:
        """Whether it says something by itself."""
        return _last(self.code) not in _SILENT | _VAGUE


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table in two dimensions; `label` tells it from the others of its table, `first` names its rows."""

    code: str
    label: str
    first: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    ordered: bool

    @property
    def single(self) -> bool:
        """Whether there is one column only, which needs no name."""
        return len(self.columns) == 1

    @property
    def has_bases(self) -> bool:
        """Whether a row of n says anything."""
        return any(column.base.status is not Status.NOT_ASKED for column in self.columns)

    def column(self, place: int) -> list[tuple[Row, Cell]]:
        """The leaf rows with their cells of one column."""
        return [(row, row.cells[place]) for row in self.rows if row.leaf]

    @property
    def whole(self) -> int:
        """The place of the column that adds up the others, else of the first."""
        codes = [column.code for column in self.columns]
        return next((codes.index(code) for code in (TOTAL, _COUNTED) if code in codes), 0)

    @property
    def added(self) -> bool:
        """Whether there is a column that adds up the others, or is what counts of them."""
        return self.columns[self.whole].code in (TOTAL, _COUNTED)


def sheets(table: Table, voice: Voice) -> list[Sheet]:
    """The sheets of a table, the one of all reports first."""
    if table.kind is Kind.FLOW and len(table.axes) > 1:
        table = _turned(table)
    thirds: list[Category | None] = list(table.axes[2].categories) if len(table.axes) > 2 else [None]
    thirds.sort(key=lambda one: one is not None and one.code != TOTAL)
    return [_sheet(table, voice, third) for third in thirds]


def _turned(table: Table) -> Table:
    """What became of reports, told in columns; each is of those received, so columns have no n."""
    first, second = table.axes
    cells: dict[tuple[str, ...], Cell] = {(two, one): cell for (one, two), cell in table.cells.items()}
    return replace(table, axes=(second, first), cells=cells, bases={})


def _sheet(table: Table, voice: Voice, third: Category | None) -> Sheet:
    last = (third.code,) if third else ()
    label = voice.label(table.axes[2], third) if third else ""
    seconds = [(one.code,) for one in table.axes[1].categories] if len(table.axes) > 1 else [()]
    columns = tuple(_column(table, voice, (*second, *last), bool(second)) for second in seconds)
    first = table.axes[0]
    parents = {one.parent for one in first.categories}
    rows = tuple(
        Row(
            category.code,
            voice.label(first, category),
            category.level,
            category.code in parents,
            tuple(table.cells[category.code, *second, *last] for second in seconds),
        )
        for category in first.categories
    )
    return Sheet(last[0] if last else "", label, voice.axis(first), columns, rows, first.id in _ORDERED)


def _column(table: Table, voice: Voice, codes: tuple[str, ...], named: bool) -> Column:
    base = table.bases.get(codes, Cell(Status.NOT_ASKED))
    if not named:
        return Column("", voice.say("reports"), base)
    return Column(codes[0], voice.label(table.axes[1], _find(table.axes[1], codes[0])), base)


def _find(axis: Axis, code: str) -> Category:
    return next(one for one in axis.categories if one.code == code)


def has(table: Table, status: Status) -> bool:
    """Whether a cell of the table has this status."""
    return any(cell.status is status for cell in table.cells.values())


def number(voice: Voice, cell: Cell) -> str:
    """A number as people see it, wherever it stands: with noise never without how far it may be off."""
    if not cell.margin:
        return str(cell.reports)
    # No line ends between the two.
    return voice.say("give_or_take", cell.reports, cell.margin).replace(" ", "\N{NO-BREAK SPACE}")


def small(voice: Voice, cell: Cell) -> str:
    """What stands beside a number: what it is of; empty where that is not shown."""
    if cell.base is None:
        return ""
    if cell.lift is None:
        return voice.say("of", cell.base, cell.percent)
    lift = f"{cell.lift // 100}.{cell.lift % 100:02}"
    # No line ends before it.
    return voice.say("of", cell.base, cell.percent, lift).replace(f" {lift}", f"\N{NO-BREAK SPACE}{lift}")


def _last(code: str) -> str:
    """The answer in a code such as "acts.other" or ".blank"."""
    return code.rpartition(".")[2]
