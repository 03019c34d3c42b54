"""Change over time, with the channel mix beside it, because a new channel looks like a new wave.

All of it is descriptive: reports are self-chosen, so a rise in reports is not a rise in what happens.
Where the mix of channels changed, or a week stands out, that is said; nothing is corrected for it.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from analysis.bitmaps import Bits, count
from analysis.patterns.reading import Choice, Counted, choices, is_small
from analysis.patterns.together import any_of

MONTH = "when"
# Who says so, of a month or of what happened, tells nothing.
UNSURE = "not_sure"
# How many periods before one it is compared with.
BEFORE = 8
# A mix counts as changed when more than a fifth of the reports would have to come by another channel,
# and when that is three times what chance alone moves between so few reports.
SHIFT = 0.2
CHANCE = 3
# A burst: at least SMALL reports, and four standard deviations of a Poisson count over the usual.
DEVIATIONS = 4
# Empty periods are shown between others, but not thousands of them where somebody wrote a wrong year.
MOST = 2000


@dataclass(frozen=True, slots=True)
class Period:
    """A week ("2026-W21"), a month ("2026-05"), a year, "not_sure", or None for no answer.

    `channels` has the reports of each channel; `shift` is the share of reports that would have to come by
    another channel for the mix of the periods before (None for the first), `changed` whether that is
    more than chance. `burst` says that far more came than `usual`, the median of the periods before.
    """

    name: str | None
    n: int
    channels: Mapping[str, int]
    shift: float | None
    changed: bool
    usual: float | None
    burst: bool
    small: bool


@dataclass(frozen=True, slots=True)
class Side:
    """The reports of one side of a date, with the channels by which they came."""

    n: int
    channels: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Change:
    """An answer before and after: reports, and their share of those who answered, "none" included."""

    choice: Choice
    before: int
    after: int
    share_before: float | None
    share_after: float | None
    small: bool


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """What was told of events before the month of a date, and of those from then on.

    Events in the very month stand apart in `same_month` unless the date is its first day; those with
    no month, or only the year of the date, in `undated`. Descriptive only.
    """

    question: str
    day: date
    before: Side
    after: Side
    same_month: int
    undated: int
    answered_before: int
    answered_after: int
    mix_changed: bool
    changes: tuple[Change, ...]


def by_week(database: Counted) -> tuple[Period, ...]:
    """The weeks in which reports came, those without any between them included."""
    table = _table(database, "week")
    return _periods(table, every_week([week for week in table if week]))


def by_month(database: Counted) -> tuple[Period, ...]:
    """The months of the events, gaps included; then years alone, "not_sure" and no answer, if any."""
    table = _table(database, MONTH)
    months = _months([month for month in table if month and len(month) == len("2026-05") and month[4] == "-"])
    rest = sorted(
        table.keys() - set(months), key=lambda name: (name is None, not (name or "").isdigit(), name)
    )
    vague = tuple(_vague(name, table[name]) for name in rest)
    return _periods(table, months) + vague


def before_after(database: Counted, question: str, day: date) -> BeforeAfter:
    """The choices of a question before and after a date; the event's month decides."""
    side = _sides(database, day)
    # "None" excludes all others and is an answer: left out, a harm that became rarer would not show.
    said = [choice for choice in choices(database, question) if choice.code != UNSURE]
    ticked = database.column(question)
    answered = any_of(database, ticked, said)
    earlier, later = (_side(database, side[which]) for which in (BEFORE_IT, AFTER_IT))
    bases = [database.among(answered & side[which]) for which in (BEFORE_IT, AFTER_IT)]
    counts = [
        [database.among(ticked[one.id] & side[which]) if one.id in ticked else 0 for one in said]
        for which in (BEFORE_IT, AFTER_IT)
    ]
    changes = (
        Change(choice, a, b, _share(a, bases[0]), _share(b, bases[1]), is_small(a) or is_small(b))
        for choice, a, b in zip(said, *counts, strict=True)
        if a or b
    )
    return BeforeAfter(
        question,
        day,
        earlier,
        later,
        database.among(side[SAME]),
        database.among(side[UNKNOWN]),
        bases[0],
        bases[1],
        _is_changed(later.channels, earlier.channels),
        tuple(sorted(changes, key=lambda one: (-one.before - one.after, one.choice.id))),
    )


BEFORE_IT, AFTER_IT, SAME, UNKNOWN = range(4)


def _sides(database: Counted, day: date) -> list[Bits]:
    """The reports of each side."""
    month = f"{day.year:04d}-{day.month:02d}"
    sides = [database.bits.none() for _ in range(UNKNOWN + 1)]
    # Whoever gave no month at all is on no side that is known.
    sides[UNKNOWN] = ~sides[UNKNOWN]
    for value, bits in database.column(MONTH).items():
        side = _side_of(str(value), month, is_first=day.day == 1)
        sides[UNKNOWN] &= ~bits
        sides[side] |= bits
    return sides


def _side_of(when: str | None, month: str, *, is_first: bool) -> int:
    if when is None or not when[:4].isdigit():
        return UNKNOWN
    if when == month:
        return AFTER_IT if is_first else SAME
    if len(when) == len(month):
        return BEFORE_IT if when < month else AFTER_IT
    if when == month[:4]:
        return UNKNOWN
    return BEFORE_IT if when < month[:4] else AFTER_IT


def _side(database: Counted, chosen: Bits) -> Side:
    counts = {name: database.among(bits & chosen) for name, bits in _channels(database)}
    return Side(database.among(chosen), {name: n for name, n in counts.items() if n})


def _channels(database: Counted) -> list[tuple[str, Bits]]:
    column = database.column("channel")
    return [(str(name), column[name]) for name in sorted(column, key=str)]


def _share(part: int, base: int) -> float | None:
    return part / base if base else None


def _table(database: Counted, column: str) -> dict[str | None, dict[str, int]]:
    """Reports by period and channel."""
    channels = [(name, bits & database.which) for name, bits in _channels(database)]
    periods = database.column(column)
    table: dict[str | None, dict[str, int]] = {}
    for period in sorted(periods, key=str):
        row = {channel: count(bits & periods[period]) for channel, bits in channels}
        table[str(period)] = {channel: n for channel, n in row.items() if n}
    given = any_of(database, periods)
    row = {channel: count(bits & ~given) for channel, bits in channels}
    table[None] = {channel: n for channel, n in row.items() if n}
    return {period: row for period, row in table.items() if row}


def _periods(table: Mapping[str | None, dict[str, int]], names: Sequence[str]) -> tuple[Period, ...]:
    mixes = [table.get(name, {}) for name in names]
    totals = [sum(mix.values()) for mix in mixes]
    made = []
    for place, name in enumerate(names):
        start = max(0, place - BEFORE)
        earlier = _pooled(mixes[start:place])
        usual = float(statistics.median(totals[start:place])) if place else None
        made.append(
            Period(
                name,
                totals[place],
                mixes[place],
                shift(mixes[place], earlier),
                _is_changed(mixes[place], earlier),
                usual,
                _is_burst(totals[place], usual, place),
                is_small(totals[place]),
            )
        )
    return tuple(made)


def _vague(name: str | None, channels: Mapping[str, int]) -> Period:
    n = sum(channels.values())
    return Period(name, n, channels, None, False, None, False, is_small(n))


def _pooled(mixes: Sequence[Mapping[str, int]]) -> dict[str, int]:
    channels = sorted({channel for mix in mixes for channel in mix})
    return {channel: sum(mix.get(channel, 0) for mix in mixes) for channel in channels}


def shift(mix: Mapping[str, int], earlier: Mapping[str, int]) -> float | None:
    """The total variation distance of two mixes, 0 to 1; None where one of them is empty."""
    n, base = sum(mix.values()), sum(earlier.values())
    if not n or not base:
        return None
    return (
        sum(abs(mix.get(one, 0) / n - earlier.get(one, 0) / base) for one in sorted(mix.keys() | earlier)) / 2
    )


def _is_changed(mix: Mapping[str, int], earlier: Mapping[str, int]) -> bool:
    moved = shift(mix, earlier)
    n, base = sum(mix.values()), sum(earlier.values())
    if moved is None or is_small(n) or is_small(base):
        return False
    return moved > max(SHIFT, CHANCE * _by_chance(_pooled([mix, earlier]), 1 / n + 1 / base))


def _by_chance(mix: Mapping[str, int], spread: float) -> float:
    """About what the shift is between two samples of one mix: half the sum of mean deviations.

    The mean absolute deviation of a normal variable is sqrt(2/pi) of its standard deviation.
    """
    n = sum(mix.values())
    shares = (count / n for count in mix.values())
    return sum(math.sqrt(2 / math.pi * share * (1 - share) * spread) for share in shares) / 2


def _is_burst(n: int, usual: float | None, periods: int) -> bool:
    # Half of the periods before must be there for a median that means something.
    if usual is None or periods < BEFORE // 2 or is_small(n):
        return False
    return n > usual + DEVIATIONS * math.sqrt(max(usual, 1.0))


def every_week(names: Sequence[str]) -> list[str]:
    """These weeks and those between them, unless that would be thousands."""
    if not names:
        return []
    try:
        first, last = (_monday(name).toordinal() // 7 for name in (min(names), max(names)))
    except ValueError:
        # A week that no calendar has: its server says so, and the desk shows it.
        return sorted(names)
    if last - first > MOST:
        return sorted(names)
    days = (date.fromordinal(number * 7 + 1) for number in range(first, last + 1))
    known = ("{0.year:04d}-W{0.week:02d}".format(day.isocalendar()) for day in days)
    return sorted({*known, *names})


def _monday(week: str) -> date:
    return date.fromisocalendar(int(week[:4]), int(week[6:]), 1)


def _months(names: Sequence[str]) -> list[str]:
    if not names:
        return []
    first, last = (int(name[:4]) * 12 + int(name[5:]) - 1 for name in (min(names), max(names)))
    if last - first > MOST:
        return sorted(names)
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(first, last + 1)]
