"""What was to be reached, as the project wrote it down before it was measured, and whether it was."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.bench.growth import LIMIT

# A table as `tests.bench.table` keeps it.
Kept: TypeAlias = Mapping[str, Any]
Values: TypeAlias = list[tuple[str, float]]
Pick: TypeAlias = Callable[[Kept], Values]
LARGE = "1,000,000 reports"
# Two processors that do nothing but a benchmark show a load of 1 to 3.
BUSY = 4


@dataclass(frozen=True, slots=True)
class Aim:
    """One aim: what it is of, its limit and unit, and where the figure stands and how it is read.

    Rows that say nothing in the column `told` are named beside the figure.
    """

    what: str
    limit: float
    unit: str
    part: str
    title: str
    pick: Pick
    least: bool = False
    size: str = ""
    told: str = ""

    @property
    def words(self) -> str:
        """The limit as people say it."""
        return f"{'at least' if self.least else 'at most'} {_number(self.limit)}{self.unit}"


def column(head: str, rows: str = "", *, but: str = "$^") -> Pick:
    """The figures of a column, of the rows whose label `rows` matches."""

    def pick(table: Kept) -> Values:
        place = table["head"].index(head)
        return [
            (row[0], _float(row[place]))
            for row in table["rows"]
            if re.match(rows, row[0]) and not re.match(but, row[0]) and row[place] != "-"
        ]

    return pick


def together(*heads: str) -> Pick:
    """The sum of some columns, of each row."""

    def pick(table: Kept) -> Values:
        places = [table["head"].index(head) for head in heads]
        return [(row[0], sum(_float(row[place]) for place in places)) for row in table["rows"]]

    return pick


def _growth(table: Kept) -> Values:
    """That of each leg, up to the largest number of reports."""
    most = [head for head in table["head"] if re.fullmatch(r"[\d,]+", head)][-1]
    return [(f"{leg}, up to {most} reports", value) for leg, value in column("growth")(table)]


def _sum_of(head: str) -> Pick:
    """The sum of a column."""
    return lambda table: [("", sum(value for _, value in column(head)(table)))]


def _all_seconds(table: Kept) -> Values:
    return [("", sum(_float(cell) for cell in table["rows"][0][:3]))]


def _opening(table: Kept) -> Values:
    found = re.search(r"first page ([\d.]+) s", table["title"])
    return [("", float(found[1]))] if found else []


_FACETS = "several facets"
AIMS = (
    Aim("intake: durable posts a second, of those that the same application reads and drops, 32 connections",
        0.35, "", "intake", "Intake: posts", column("ratio", "32"), least=True),
    Aim("intake: durable posts a second with two processes, a file each",
        5000, "", "intake", "Intake: two processes", column("durable /s", "a file each"), least=True),
    Aim("intake: durable posts a second with two processes on one file",
        5000, "", "intake", "Intake: two processes", column("durable /s", "one file"), least=True),
    Aim("intake: p99 at half of what two processes take, a file each",
        100, " ms", "intake", "Intake at half load", column("p99 ms", "two")),
    Aim("intake: p99 at half of what one process takes",
        100, " ms", "intake", "Intake at half load", column("p99 ms", "one")),
    Aim("without script: parsing, HPKE and ChaCha20 alone, of all that a form costs until it is stored",
        0.6, "", "noscript", "Form without script", column("bare / in memory"), least=True),
    Aim("without script: parsing, HPKE and ChaCha20 alone, of all that a form costs with HTTP and the disk",
        0.6, "", "noscript", "Form without script", column("bare / server"), least=True),
    Aim("desk: reports a second into a database that is searched, of HPKE and ChaCha20 alone",
        0.7, "", "desk", "Desk:", column("ratio"), least=True),
    Aim("growth of a leg's cost a report from 1,000 reports on",
        LIMIT, " times", "legs", "Growth", _growth, size="CPU 1,000,000", told="growth"),
    Aim("workbench: from the passphrase to the first page",
        3, " s", "workbench", "Workbench", _opening, size=LARGE),
    Aim("workbench: a page for the first time", 200, " ms", "workbench", "Workbench",
        column("first visit, median", but=f"{_FACETS}|Datasette"), size=LARGE),
    Aim("workbench: several facets for the first time", 400, " ms", "workbench", "Workbench",
        column("first visit, median", _FACETS), size=LARGE),
    Aim("workbench: a page for the second time", 50, " ms", "workbench", "Workbench",
        column("second visit", but="Datasette"), size=LARGE),
    Aim("release: F1 to F17, published and attacked",
        120, " s", "release", "Release", _sum_of("seconds"), size=LARGE),
    Aim("disclosure control: 10 x 12 x 20 protected, verified and attacked",
        60, " s", "control", "Time", _all_seconds),
    Aim("disclosure control: a sparse table forced, each release with its attack",
        120, " s", "sparse", "Seconds of a forced table", together("publish, s", "attack, s")),
    Aim("page of the form with script, compressed", 60, " KB", "pages", "Pages",
        column("KB on the wire", "form, with script")),
    Aim("page of the form without script, compressed", 20, " KB", "pages", "Pages",
        column("KB on the wire", "form, without script")),
    Aim("sealing in the browser, processor slowed six times", 1, " s", "pages", "Sealing",
        column("sealed", but="whole way")),
)  # fmt: skip


def compare(parts: Mapping[str, Any]) -> Iterator[list[str]]:
    """For each aim: what it is of, the aim, what was measured, whether it was met, under which load."""
    for aim in AIMS:
        yield [aim.what, aim.words, *_measured(aim, parts.get(aim.part))]


def _measured(aim: Aim, part: Any) -> list[str]:
    table = (
        next((one for one in part["tables"] if one["title"].startswith(aim.title)), None) if part else None
    )
    values = aim.pick(table) if table else []
    if not table or not values:
        return ["not measured yet", "-", "-"]
    label, worst = (min if aim.least else max)(values, key=lambda one: one[1])
    shown = f"{_number(worst)}{aim.unit}" + (f" ({label})" if label and len(values) > 1 else "")
    if silent := _silent(aim, table):
        shown += f"; nothing can be said of: {', '.join(silent)}"
    met = worst >= aim.limit if aim.least else worst <= aim.limit
    load = f"{table['load']:.1f}"
    if not _is_of(aim.size, table):
        return [f"{shown}, with fewer reports than the aim is for", "-", load]
    missed = "**no**" if table["load"] <= BUSY else "not while others worked"
    return [shown, "yes" if met else missed, load]


def _silent(aim: Aim, table: Kept) -> list[str]:
    if not aim.told:
        return []
    place = table["head"].index(aim.told)
    return [row[0] for row in table["rows"] if row[place] == "-"]


def _is_of(size: str, table: Kept) -> bool:
    return not size or size in table["title"] or size in table["head"]


def _float(cell: str) -> float:
    return float(cell.replace(",", ""))


def _number(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".") if value < 100 else f"{value:,.0f}"
