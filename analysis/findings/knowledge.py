"""What a stranger can read in the forms about the numbers of one setting.

It is what the audit attacks a table with, so whatever a form ties together has to stand here, or
the codebook has to refuse the form. Cells are pairs of a row (an act's key, or BASE) and a column.
"""

from collections.abc import Collection, Iterator
from itertools import groupby

from analysis.findings.audit import Cell, Relation
from analysis.findings.codebook import Codebook

BASE = "n"


def relations(codebook: Codebook, setting: str) -> Iterator[Relation]:
    """How the cells of a setting's column hang together.

    Where forms ask different lists of acts, nobody ticks an act of one list and an act of another.
    So each list has a column of its own, which is never published, and these add up to the setting's.
    """
    lists = codebook.lists(setting)
    if len(lists) == 1:
        yield from _list(codebook, lists[0], setting)
        return
    # No setting's code has a space in it.
    columns = {f"{setting} {number}": keys for number, keys in enumerate(lists)}
    for column, keys in columns.items():
        yield from _list(codebook, keys, column)
    for row in (BASE, *sorted(frozenset[str]().union(*lists))):
        parts = tuple((row, column) for column, keys in columns.items() if row == BASE or row in keys)
        yield Relation(parts, (row, setting), exact=True)


def _list(codebook: Codebook, keys: Collection[str], column: str) -> Iterator[Relation]:
    """No act exceeds n; and an answer that excludes the others of its question stands alone, so all
    such answers and any one other are n at most.
    """
    asked = [act for act in codebook.acts if act.key in keys]
    asked.sort(key=lambda act: act.question)
    for _, acts in groupby(asked, key=lambda act: act.question):
        alone: list[Cell] = []
        others: list[Cell] = []
        for act in acts:
            (alone if act.exclusive else others).append((act.key, column))
        for parts in [(*alone, other) for other in others] or [tuple(alone)]:
            yield Relation(parts, (BASE, column), exact=False)
