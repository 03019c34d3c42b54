import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from analysis.findings.audit import Cell, Inconsistent, Interval, Publication, Relation, intervals


def _cells(*names: str) -> tuple[Cell, ...]:
    return tuple((name, "x") for name in names)


def _brute_force(publication: Publication) -> dict[Cell, Interval]:
    """Tries every table of whole numbers."""
    tables = [
        values
        for values in product(range(publication.most + 1), repeat=len(publication.unknown))
        if _agrees(publication, dict(zip(publication.unknown, values, strict=True)))
    ]
    columns = dict(zip(publication.unknown, zip(*tables, strict=True), strict=True))
    return {cell: Interval(min(columns[cell]), max(columns[cell])) for cell in publication.withheld}


def _agrees(publication: Publication, guess: dict[Cell, int]) -> bool:
    table = {**publication.shown, **guess}
    for relation in publication.relations:
        parts, whole = sum(table.get(part, 0) for part in relation.parts), table.get(relation.whole, 0)
        if parts > whole or (relation.exact and parts != whole):
            return False
    return True


def _random_publications(seed: int, number: int) -> Iterator[Publication]:
    """Tables of two or three settings with totals and n, a few cells of each withheld at random."""
    random_ = random.Random(seed)
    for _ in range(number):
        settings = [f"s{i}" for i in range(random_.choice((2, 3)))]
        rows = [f"r{i}" for i in range(random_.choice((1, 2)))]
        table = {("n", s): random_.randint(0, 4) for s in settings}
        for row, s in product(rows, settings):
            table[row, s] = random_.randint(0, table["n", s])
        relations = [Relation(((row, s),), ("n", s), exact=False) for row, s in product(rows, settings)]
        for row in ("n", *rows):
            parts = tuple((row, s) for s in settings)
            table[row, "total"] = sum(table[part] for part in parts)
            relations.append(Relation(parts, (row, "total"), exact=True))
        most = min(table["n", "total"], 7)
        hideable = [cell for cell, value in table.items() if value <= most]
        withheld = random_.sample(hideable, min(len(hideable), random_.randint(1, 5)))
        shown = {cell: value for cell, value in table.items() if cell not in withheld}
        yield Publication(shown, tuple(withheld), tuple(relations), most)


@pytest.mark.parametrize("seed", range(10))
def test_the_intervals_are_those_of_trying_every_table(seed: int) -> None:
    for publication in _random_publications(seed, 40):
        assert intervals(publication) == _brute_force(publication)


@pytest.mark.parametrize("seed", range(4))
def test_relations_that_overlap_at_random_give_the_intervals_of_trying_every_table(seed: int) -> None:
    random_ = random.Random(1000 + seed)
    for _ in range(40):
        names = _cells("a", "b", "c", "d")
        table = {cell: random_.randint(0, 3) for cell in names}
        relations, shown = [], {}
        for number in range(random_.randint(1, 4)):
            parts = tuple(random_.sample(names, random_.randint(2, 3)))
            whole = (f"sum {number}", "x")
            shown[whole] = sum(table[part] for part in parts)
            relations.append(Relation(parts, whole, exact=random_.random() < 0.7))
        publication = Publication(shown, names, tuple(relations), 6)
        assert intervals(publication) == _brute_force(publication)


def test_whole_numbers_give_away_what_linear_bounds_do_not() -> None:
    # a + b, b + c and a + c are all 31 - e, so 31 - e is even; with fractions, e could be 0.
    a, b, c, e, whole = _cells("a", "b", "c", "e", "whole")
    relations = tuple(Relation((*pair, e), whole, exact=True) for pair in ((a, b), (b, c), (a, c)))
    found = intervals(Publication({whole: 31}, (a, b, c, e), relations, 31))
    assert found[e] == Interval(1, 31)
    assert found[a] == Interval(0, 15)


def test_a_single_withheld_cell_falls_out_of_its_total() -> None:
    a, b, whole = _cells("a", "b", "whole")
    relation = Relation((a, b), whole, exact=True)
    assert intervals(Publication({a: 40, whole: 43}, (b,), (relation,), 99)) == {b: Interval(3, 3)}


def test_two_cells_that_share_nothing_are_known_to_be_zero() -> None:
    a, b, c, whole = _cells("a", "b", "c", "whole")
    relation = Relation((a, b, c), whole, exact=True)
    found = intervals(Publication({a: 40, whole: 40}, (b, c), (relation,), 99))
    assert found == {b: Interval(0, 0), c: Interval(0, 0)}


def test_a_cell_without_a_place_in_the_table_is_unknown_and_has_no_ceiling() -> None:
    a, b, whole = _cells("a", "b", "whole")
    publication = Publication({whole: 12}, (a,), (Relation((a, b), whole, exact=True),), 99)
    assert intervals(publication) == {a: Interval(0, 12)}
    assert intervals(publication, ceiling=9) == {a: Interval(0, 9)}
    assert intervals(replace(publication, most=8)) == {a: Interval(4, 8)}


def test_large_numbers_are_bounded_exactly() -> None:
    a, b, c, whole = _cells("a", "b", "c", "whole")
    relation = Relation((a, b, c), whole, exact=True)
    shown = {a: 999_983, whole: 1_000_000}
    found = intervals(Publication(shown, (b, c), (relation,), 1_000_000))
    assert found == {b: Interval(0, 17), c: Interval(0, 17)}


def test_numbers_that_contradict_each_other_are_an_error() -> None:
    a, b, whole = _cells("a", "b", "whole")
    relation = Relation((a, b), whole, exact=True)
    with pytest.raises(Inconsistent, match="no table of whole numbers"):
        intervals(Publication({a: 5, whole: 3}, (b,), (relation,), 9))
