"""What a release file says of the mode with noise.

    [privacy]
    mode = "differential"
    epsilon = 1.0          # what this release spends for each report: above 0, 10 at most
    budget = 2.0           # what all releases about a batch may spend together; epsilon, if not given
    answers = 5            # in how many answers of one question a report counts at most

Settings that say which exact numbers are withheld have no place beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from analysis.findings.privacy import amounts

MODE = "differential"
ANSWERS, MOST_ANSWERS = 5, 100
# They say what exact numbers are withheld: with noise, none is.
EXACT_SETTINGS = ("k", "insider", "one_arrival", "one_site", "small_places", "named")


@dataclass(frozen=True, slots=True)
class Privacy:
    """What a release may spend, what all about one batch may, and in how many answers a report counts."""

    epsilon: Fraction
    budget: Fraction
    answers: int


class BadPrivacy(Exception):
    """The rule that the part of a release file breaks, and the way out."""

    def __init__(self, rule: str, hint: str) -> None:
        super().__init__(rule)
        self.hint = hint


def read_privacy(found: Mapping[str, object]) -> Privacy | None:
    """The part of a whole release file; None where it has none. Raises BadPrivacy."""
    if "privacy" not in found:
        return None
    part = found["privacy"]
    if not isinstance(part, dict) or not {"mode", "epsilon"} <= part.keys():
        raise BadPrivacy("privacy: a mode and an epsilon are needed", _EXAMPLE)
    unknown = sorted(part.keys() - {"mode", "epsilon", "budget", "answers"})
    if unknown:
        raise BadPrivacy(f'privacy: no setting is called "{unknown[0]}"', _EXAMPLE)
    _check_apart(found)
    if part["mode"] != MODE:
        raise BadPrivacy("privacy: there is no such mode", f'mode = "{MODE}", or no [privacy] at all')
    epsilon = _epsilon(part["epsilon"], "epsilon")
    budget = _epsilon(part.get("budget", part["epsilon"]), "budget")
    if budget < epsilon:
        raise BadPrivacy("privacy: the budget is below epsilon", "budget = epsilon, or more")
    return Privacy(epsilon, budget, _answers(part.get("answers", ANSWERS)))


def _check_apart(found: Mapping[str, object]) -> None:
    for name in EXACT_SETTINGS:
        if name in found:
            raise BadPrivacy(
                f"{name}: numbers with noise are not withheld", f"leave {name} out, or [privacy]"
            )
    if found.get("trackers"):
        raise BadPrivacy(
            "trackers: there is one for each report, so they would tell how many there are", "leave it out"
        )
    if not found.get("tables"):
        raise BadPrivacy(
            "privacy: each table makes all others less exact, so they have to be named",
            'tables = ["F02", "F05"]',
        )


_EXAMPLE = f'[privacy] with mode = "{MODE}" and epsilon = 1.0'


def _epsilon(value: object, name: str) -> Fraction:
    try:
        return amounts.parse(value) if not isinstance(value, str) else amounts.parse(None)
    except ValueError:
        raise BadPrivacy(
            f"privacy: {name} is a number above 0, {amounts.MOST} at most, in thousandths", f"{name} = 1.0"
        ) from None


def _answers(value: object) -> int:
    if type(value) is not int or not 1 <= value <= MOST_ANSWERS:
        raise BadPrivacy(
            f"privacy: answers is a whole number from 1 to {MOST_ANSWERS}", f"answers = {ANSWERS}"
        )
    return value
