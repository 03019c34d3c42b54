"""The ledger of noise: what was drawn for which batch, what it spent, and what all of it may spend.

A line of the kind "noised" is a release. It holds the numbers with their noise, as they were drawn, so that
every later release uses the same, and anybody can make the tables again. Nothing in it is a true count.

    drawn = {batch: {"epsilon": spent on it by this release, "budget": all that may ever be spent on it,
                     "answers": of one question in which a report counts,
                     "tables": {table: {"epsilon", "sensitivity", "scale", "grids", "numbers"}}}}
    numbers = {key: number with noise}

For each table, sensitivity / scale is at most its epsilon; those of the tables are the batch's epsilon at
most; those of all lines are its budget at most. A report is in one batch, so batches do not add up.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from analysis.findings import past
from analysis.findings.control.lattice import Cell
from analysis.findings.ledger import chain
from analysis.findings.ledger.entries import NOISED, cell_name, parse_cell
from analysis.findings.ledger.errors import BrokenLedger
from analysis.findings.privacy import amounts
from analysis.findings.privacy.asking import MODE
from analysis.findings.released import Privacy

_LARGEST = 2**62


@dataclass(frozen=True, slots=True)
class Drawn:
    """One table of one batch with its noise: what it spent, how, and the numbers."""

    epsilon: Fraction
    sensitivity: int
    scale: Fraction
    grids: tuple[tuple[str, ...], ...]
    numbers: Mapping[Cell, int]


@dataclass(frozen=True, slots=True)
class Spent:
    """What one release drew of one batch; `budget` is what all releases may spend on it."""

    epsilon: Fraction
    budget: Fraction
    answers: int
    tables: Mapping[str, Drawn]


@dataclass(frozen=True, slots=True)
class Noised:
    """One release with noise, and its place in the ledger."""

    release: str
    batches: tuple[str, ...]
    tables: tuple[str, ...]
    campaign: str | None
    codebook: str
    software: str
    drawn: Mapping[str, Spent]
    line: int


@dataclass(frozen=True, slots=True)
class Balance:
    """What was spent on a batch, and what may be."""

    epsilon: Fraction
    budget: Fraction


def to_json(drawn: Mapping[str, Spent]) -> dict[str, Any]:
    """What was drawn, as a line has it."""
    return {
        batch: {
            "epsilon": amounts.text(one.epsilon),
            "budget": amounts.text(one.budget),
            "answers": one.answers,
            "tables": {name: _table_to_json(table) for name, table in one.tables.items()},
        }
        for batch, one in drawn.items()
    }


def _table_to_json(table: Drawn) -> dict[str, Any]:
    return {
        "epsilon": amounts.text(table.epsilon),
        "sensitivity": table.sensitivity,
        "scale": amounts.text(table.scale),
        "grids": [list(trees) for trees in table.grids],
        "numbers": {cell_name(key): number for key, number in table.numbers.items()},
    }


def read(entries: Iterable[Mapping[str, Any]]) -> tuple[Noised, ...]:
    """The releases with noise, checked. Raises BrokenLedger."""
    found: list[Noised] = []
    for number, entry in enumerate(entries):
        if entry.get("kind") == NOISED:
            try:
                found.append(_parse(entry, number))
            except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError):
                raise BrokenLedger(
                    f"line {number + 1} of the ledger is no release with noise as this version knows them",
                    "use a newer version",
                ) from None
    balances(found)
    return tuple(found)


def read_desk(connection: Any) -> tuple[Noised, ...]:
    """Those of a desk's own ledger. Raises BrokenLedger."""
    data = "".join(f"{line}\n" for line in past.read_lines(connection)).encode()
    return read(chain.read(data))


def noised_batches(connection: Any) -> frozenset[str]:
    """The batches of a desk that were published with noise."""
    return frozenset(batch for one in read_desk(connection) for batch in one.drawn)


def balances(noised: Iterable[Noised]) -> dict[str, Balance]:
    """What was spent on each batch, every sum checked. Raises BrokenLedger."""
    found: dict[str, Balance] = {}
    seen: set[tuple[str, str]] = set()
    for one in noised:
        for batch, spent in one.drawn.items():
            for problem in _problems(batch, spent, found.get(batch), seen):
                raise BrokenLedger(
                    f"line {one.line + 1} of the ledger: {problem}", "ask whoever published it what was spent"
                )
            before = found[batch].epsilon if batch in found else Fraction(0)
            found[batch] = Balance(before + spent.epsilon, spent.budget)
            seen.update((batch, name) for name in spent.tables)
    return found


def drawn_tables(before: Iterable[Noised], batch: str) -> dict[str, Drawn]:
    """All tables of a batch that have noise."""
    return {
        name: table for one in before if batch in one.drawn for name, table in one.drawn[batch].tables.items()
    }


def audit(balances: Mapping[str, Balance]) -> dict[str, Any]:
    """What stands in audit.json, and what `attack --json` says: there is nothing exact to attack."""
    spent = {
        batch: {"epsilon": amounts.text(one.epsilon), "budget": amounts.text(one.budget)}
        for batch, one in balances.items()
    }
    return {"cells": {}, "mode": MODE, "batches": spent}


def privacy_of(published: Sequence[Noised], batches: Sequence[str]) -> Privacy:
    """The most that was spent, and may be spent, for a report of any batch of a release."""
    spent = balances(published)
    answers = [one.drawn[batch].answers for one in published for batch in batches if batch in one.drawn]
    return Privacy(
        amounts.text(max(spent[batch].epsilon for batch in batches)),
        amounts.text(max(spent[batch].budget for batch in batches)),
        max(answers),
        published[-1].software,
    )


def _problems(batch: str, spent: Spent, before: Balance | None, seen: set[tuple[str, str]]) -> Iterator[str]:
    for name, table in spent.tables.items():
        if table.sensitivity / table.scale > table.epsilon:
            yield f'the noise of {name} in "{batch}" is less than its epsilon needs'
        if (batch, name) in seen:
            yield f'{name} of "{batch}" got noise a second time'
    if sum(table.epsilon for table in spent.tables.values()) > spent.epsilon:
        yield f'the tables of "{batch}" spend more than its epsilon'
    if before and before.budget != spent.budget:
        yield f'the budget of "{batch}" was changed'
    if spent.epsilon + (before.epsilon if before else 0) > spent.budget:
        yield f'"{batch}" spends more than its budget'


def _parse(entry: Mapping[str, Any], line: int) -> Noised:
    drawn = {str(batch): _spent(one) for batch, one in entry["drawn"].items()}
    campaign = entry["campaign"]
    if campaign is not None and not isinstance(campaign, str):
        raise TypeError
    names = [entry["release"], entry["codebook"], entry["software"], *entry["batches"], *entry["tables"]]
    if not all(isinstance(one, str) for one in names):
        raise TypeError
    return Noised(
        entry["release"],
        tuple(entry["batches"]),
        tuple(entry["tables"]),
        campaign,
        entry["codebook"],
        entry["software"],
        drawn,
        line,
    )


def _spent(found: Mapping[str, Any]) -> Spent:
    tables = {str(name): _drawn(table) for name, table in found["tables"].items()}
    return Spent(
        amounts.parse(found["epsilon"]), amounts.parse(found["budget"]), _whole(found["answers"]), tables
    )


def _drawn(found: Mapping[str, Any]) -> Drawn:
    epsilon, scale = Fraction(found["epsilon"]), Fraction(found["scale"])
    sensitivity = _whole(found["sensitivity"])
    if epsilon <= 0 or scale <= 0 or sensitivity <= 0:
        raise ValueError
    grids = tuple(tuple(str(tree) for tree in trees) for trees in found["grids"])
    numbers = {parse_cell(key): _whole(number) for key, number in found["numbers"].items()}
    return Drawn(epsilon, sensitivity, scale, grids, numbers)


def _whole(found: object) -> int:
    # In Python, True is a number.
    if type(found) is not int or abs(found) > _LARGEST:
        raise ValueError
    return found
