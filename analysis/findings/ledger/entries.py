"""What the lines of a ledger say: releases, and claims of numbers that got out in another way.

claim = {"kind": "claim", "cell": "area=north|batch=2026-1", "reports": 12, "day": "2026-08-01", ...}
        "at_least" or "at_most" stands in the place of "reports" where that is what got out
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.findings.control.bounds import Interval
from analysis.findings.control.lattice import Cell
from analysis.findings.ledger.errors import BrokenLedger
from analysis.findings.limits import AT_LEAST, AT_MOST, merged

RELEASE, CLAIM = "release", "claim"
# A release with noise tells no number exactly (analysis/findings/privacy/account.py).
NOISED = "noised"
# How a claim is told: as the number itself, or as an end of where it lies.
REPORTS_ARE = "reports"
# As in an audit file: the solver counts in floats, and up to here no whole number is lost.
REPORTS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a ledger ever told, and the SHA-256 of the last codebook.

    `limits` are where numbers lie that got out as "at least" or "at most".
    """

    printed: Mapping[Cell, int]
    withheld: tuple[Cell, ...]
    codebook: str
    limits: Mapping[Cell, Interval]


def cell_name(cell: Cell) -> str:
    """A cell as files name it."""
    return "|".join(cell)


def parse_cell(name: str) -> Cell:
    """The cell of a name."""
    return tuple(name.split("|")) if name else ()


def claim(cell: Cell, reports: int, day: str, told: str = REPORTS_ARE) -> dict[str, Any]:
    """The entry of a number that was said in public, as it was `told`."""
    return {"kind": CLAIM, "cell": cell_name(cell), told: reports, "day": day}


def limit_of(entry: Mapping[str, Any]) -> tuple[Cell, Interval] | None:
    """The cell of a claim and where its number lies; None where an entry tells the number itself, or more."""
    if entry["kind"] != CLAIM or REPORTS_ARE in entry:
        return None
    cell = parse_cell(entry["cell"])
    if AT_LEAST in entry:
        return cell, Interval(_reports(entry[AT_LEAST]), None)
    return cell, Interval(0, _reports(entry[AT_MOST]))


def gather(entries: Iterable[Mapping[str, Any]]) -> Facts:
    """What all entries tell together. Raises BrokenLedger."""
    printed: dict[Cell, int] = {}
    withheld: dict[Cell, None] = {}
    limits: dict[Cell, Interval] = {}
    codebook = ""
    for number, entry in enumerate(entries, 1):
        try:
            for cell, reports in _told(entry):
                if printed.setdefault(cell, reports) != reports:
                    raise BrokenLedger(
                        f"line {number} of the ledger gives {cell_name(cell)} another number than before",
                        "ask whoever published it which of the two is right",
                    )
            if limit := limit_of(entry):
                limits = merged([*limits.items(), limit])
            if entry["kind"] == RELEASE:
                withheld |= dict.fromkeys(map(parse_cell, _texts(entry["withheld"])))
                codebook = str(entry["codebook"])
        except (KeyError, TypeError, ValueError, AttributeError):
            raise BrokenLedger(
                f"line {number} of the ledger is no release and no claim as this version knows them",
                "use a newer version",
            ) from None
    return Facts(printed, tuple(withheld), codebook, limits)


def _told(entry: Mapping[str, Any]) -> list[tuple[Cell, int]]:
    if entry["kind"] == RELEASE:
        return [(parse_cell(name), _reports(reports)) for name, reports in entry["printed"].items()]
    if entry["kind"] == NOISED:
        return []
    if entry["kind"] == CLAIM:
        return [] if limit_of(entry) else [(parse_cell(entry["cell"]), _reports(entry[REPORTS_ARE]))]
    raise ValueError


def _texts(found: object) -> Sequence[str]:
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise TypeError
    return found


def _reports(found: object) -> int:
    # In Python, True is a number.
    if type(found) is not int or not 0 <= found <= REPORTS:
        raise ValueError
    return found
