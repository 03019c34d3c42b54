"""Attacks a table as a stranger would: from its published numbers alone.

A withheld cell is a whole number that is not negative and that has to agree with everything
printed around it. The least and the greatest value it can take are found exactly, in whole numbers,
with an integer program: linear bounds are wider, and pass tables whose only whole solution gives a
cell away (FINDINGS.md, 1.2 and 2.3). Nothing here reads a report or a true count.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from highspy import Highs, HighsModelStatus, HighsVarType, ObjSense

Cell = tuple[str, str]  # row, column


@dataclass(frozen=True, slots=True)
class Relation:
    """Something everyone knows: the parts add up to the whole, or to no more than it."""

    parts: tuple[Cell, ...]
    whole: Cell
    exact: bool


@dataclass(frozen=True, slots=True)
class Publication:
    """What a stranger sees: numbers, names of withheld cells, and how the cells hang together.

    A cell that is neither shown nor withheld has no place in the table: it is unknown as well, but no
    number is ever printed or promised for it. No cell that is unknown can be more than `most`, which
    is the number of reports for who knows no better.
    """

    shown: Mapping[Cell, int]
    withheld: tuple[Cell, ...]
    relations: tuple[Relation, ...]
    most: int

    @property
    def unknown(self) -> tuple[Cell, ...]:
        """The withheld cells, and then those of the relations that have no place in the table."""
        cells = (cell for relation in self.relations for cell in (*relation.parts, relation.whole))
        others = (cell for cell in cells if cell not in self.shown)
        return tuple(dict.fromkeys((*self.withheld, *others)))


@dataclass(frozen=True, slots=True)
class Interval:
    """The least and the greatest whole number that a withheld cell can be."""

    low: int
    high: int


class Inconsistent(Exception):
    """The published numbers contradict each other: no table of whole numbers agrees with them."""


def intervals(publication: Publication, ceiling: int | None = None) -> dict[Cell, Interval]:
    """What the publication tells about each of its withheld cells; raises Inconsistent.

    With a ceiling it is what it tells to who knows that no withheld cell is more than that.
    """
    attack = _Attack(publication, publication.most if ceiling is None else ceiling)
    return {cell: attack.interval(cell) for cell in publication.withheld}


@dataclass(frozen=True, slots=True)
class _Row:
    """sum of sign * unknown = known (or <= known), over the unknown cells of one relation."""

    terms: tuple[tuple[int, int], ...]
    known: int
    exact: bool

    def holds(self, values: list[int]) -> bool:
        left = sum(values[i] * sign for i, sign in self.terms)
        return left == self.known if self.exact else left <= self.known


class _Attack:
    def __init__(self, publication: Publication, ceiling: int) -> None:
        self._index = {cell: i for i, cell in enumerate(publication.unknown)}
        withheld = len(publication.withheld)
        self._most = [ceiling if i < withheld else publication.most for i in self._index.values()]
        self._rows = [self._row(relation, publication.shown) for relation in publication.relations]
        self._model = _model(self._most, self._rows)

    def interval(self, cell: Cell) -> Interval:
        i = self._index[cell]
        self._model.changeColCost(i, 1.0)
        least = self._solve(ObjSense.kMinimize)[i]
        greatest = self._solve(ObjSense.kMaximize)[i]
        self._model.changeColCost(i, 0.0)
        return Interval(least, greatest)

    def _row(self, relation: Relation, shown: Mapping[Cell, int]) -> _Row:
        signed = [(cell, 1) for cell in relation.parts] + [(relation.whole, -1)]
        terms = tuple((self._index[cell], sign) for cell, sign in signed if cell in self._index)
        known = sum(sign * shown.get(cell, 0) for cell, sign in signed)
        return _Row(terms, -known, relation.exact)

    def _solve(self, sense: ObjSense) -> list[int]:
        self._model.changeObjectiveSense(sense)
        self._model.run()
        if self._model.getModelStatus() != HighsModelStatus.kOptimal:
            raise Inconsistent("no table of whole numbers agrees with what is published")
        witness = [round(value) for value in self._model.getSolution().col_value]
        # The solver counts in floats: a table is believed only after checking it in whole numbers.
        if not _agrees(witness, self._most, self._rows):
            raise Inconsistent("the solver found a table that does not agree with what is published")
        return witness


def _model(most: Iterable[int], rows: Iterable[_Row]) -> Highs:
    model = Highs()  # type: ignore[no-untyped-call]
    model.silent()
    # One thread and a fixed seed: the same release is refused or passed on every machine.
    for option, value in {"threads": 1, "random_seed": 0, "mip_rel_gap": 0.0, "mip_abs_gap": 0.0}.items():
        model.setOptionValue(option, value)
    for greatest in most:
        model.addVariable(lb=0, ub=greatest, type=HighsVarType.kInteger)
    for row in rows:
        columns, signs = [i for i, _ in row.terms], [float(sign) for _, sign in row.terms]
        low = row.known if row.exact else -model.inf
        model.addRow(low, row.known, len(columns), columns, signs)
    return model


def _agrees(values: list[int], most: list[int], rows: Iterable[_Row]) -> bool:
    within = all(0 <= value <= greatest for value, greatest in zip(values, most, strict=True))
    return within and all(row.holds(values) for row in rows)
