"""What the page of a report says by itself: its setting, and who was asked a question.

Questions that no table crosses hang together by the pages that ask them. Where one setting asks of `acts`
and another of `health_acts`, women are those of the one and of the other together: without this, what is
withheld in the one falls out by plain subtraction.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise, product
from typing import TypeAlias

from analysis.findings.control.lattice import Cell, Tree
from analysis.findings.dimensions import ASKED, NOT_ASKED, PAGE, Tick
from analysis.findings.model import Tie
from analysis.findings.questions import SETTING, Asked, Page, Questions
from analysis.findings.wholes import Whole

# The reports of a cell: on which pages they can be, and what else they have.
_Reports: TypeAlias = tuple[frozenset[Page], frozenset[str]]


class Paging:
    """The pages of the forms, and the trees and answers of a plan."""

    def __init__(
        self, questions: Questions, trees: Mapping[str, Tree], ticks: Mapping[str, Tick | Whole]
    ) -> None:
        self._questions, self._trees, self._ticks = questions, trees, ticks
        self._all = frozenset(questions.pages)

    def lattices(self, lattices: Iterable[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
        """What the pages are crossed by: all that some question is crossed by."""
        for lattice in lattices:
            for name in self._of_pages(lattice):
                yield tuple(sorted({PAGE, *lattice} - {name}))

    def ties(self, lattices: Iterable[tuple[str, ...]]) -> Iterator[Tie]:
        """What the pages tie together, among the cells of questions that are crossed with something.

        Numbers of the same reports are tied both ways: each is a part of the other. Cells that no report can
        be in are zero.
        """
        for (pages, _), cells in self._alike(lattices).items():
            if not pages:
                yield from (Tie(((1, cell),), True) for cell in cells)
                continue
            for one, two in pairwise(sorted(cells)):
                yield from _same(one, two)
        for tick in self._ticks.values():
            for node in (ASKED, NOT_ASKED):
                yield from _same((f"{tick.question.id}={node}",), (f"{tick.id}={node}",))

    def _alike(self, lattices: Iterable[tuple[str, ...]]) -> dict[_Reports, dict[Cell, None]]:
        """Cells by the reports that are in them."""
        found: dict[_Reports, dict[Cell, None]] = {}
        for lattice in lattices:
            for name in self._of_pages(lattice):
                for cell, reports in self._cells(name, [other for other in lattice if other != name]):
                    found.setdefault(reports, {}).setdefault(cell)
        return found

    def _of_pages(self, lattice: tuple[str, ...]) -> Iterator[str]:
        """The questions of which the page alone says who was asked, where they are crossed."""
        if len(lattice) > 1 and PAGE not in lattice:
            yield from (name for name in lattice if self._is_of_pages(name))

    def _is_of_pages(self, name: str) -> bool:
        return name in self._questions.asked and not self._questions.asked[name].given

    def _cells(self, name: str, others: list[str]) -> Iterator[tuple[Cell, _Reports]]:
        """Who was asked the question, who was not, everybody, and each page; within all that crosses it."""
        pages = [f"{PAGE}={page.id}" for page in self._questions.pages]
        for nodes in product(*(self._trees[other].nodes for other in others)):
            pairs = zip(others, nodes, strict=True)
            context = [f"{tree}={node}" for tree, node in pairs if node != self._trees[tree].root]
            for own in ([], [f"{name}={ASKED}"], [f"{name}={NOT_ASKED}"], *([page] for page in pages)):
                if cell := tuple(sorted([*context, *own])):
                    yield cell, self._reports(cell)

    def _reports(self, cell: Cell) -> _Reports:
        pages, rest = self._all, set()
        for text in cell:
            tree, _, node = text.partition("=")
            own, told = self._told(tree, node)
            pages &= own
            if not told:
                rest.add(text)
        return pages, frozenset(rest)

    def _told(self, tree: str, node: str) -> tuple[frozenset[Page], bool]:
        """The pages that the reports of a node can be on, and whether the page says all of it."""
        if tree == PAGE:
            return frozenset(page for page in self._all if page.id == node), True
        if tree == SETTING:
            return frozenset(page for page in self._all if page.setting == node), True
        question = self._question(tree)
        if question is None:
            return self._all, False
        if node == NOT_ASKED:
            return (self._all, False) if question.given else (self._all - question.pages, True)
        return question.pages, node == ASKED and not question.given

    def _question(self, tree: str) -> Asked | None:
        tick = self._ticks.get(tree)
        return tick.question if tick else self._questions.asked.get(tree)


def _same(one: Cell, two: Cell) -> Iterator[Tie]:
    yield Tie(((1, one), (-1, two)), True)
    yield Tie(((1, two), (-1, one)), True)
