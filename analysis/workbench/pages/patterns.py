"""The pages of patterns. What is counted stands in analysis/patterns; here it gets words and links.

Each pattern of one state of the desk is worked out once and kept.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any, TypeVar
from urllib.parse import urlencode

from analysis.bitmaps import numbers
from analysis.cipher import Database
from analysis.patterns import places, together, words
from analysis.patterns import time as times
from analysis.patterns.places import DECIDED, Group, Pool, Spelling
from analysis.patterns.reading import Choice
from analysis.patterns.time import Period
from analysis.workbench.decided import COUNTED, YES
from analysis.workbench.labels import worded
from analysis.workbench.named import NAMED, ONLY, join, join_group
from analysis.workbench.pages import counting, stacked
from analysis.workbench.pages import words as templates
from analysis.workbench.pages.view import Asked
from analysis.workbench.selection import Selection

SHOWN = 60
MOST_SETS = 20
# So many spellings are listed, and stand in an address.
SPELLINGS = 30
# Where it is decided which names are one.
NAMES = "/review/names"
# Of one week by one channel: so many of a group's reports may be one person's.
ONE_HAND = 0.5
# When so many of all reports came so, as from a spreadsheet, it says nothing of a group.
SHEET = 0.95
# What words can be typical of.
TYPICAL_OF = ("acts", "health_acts", "housing_acts", "area", "setting", "agency", "facility", "landlord")

_Found = TypeVar("_Found")


def kept(asked: Asked, find: Callable[[Database], _Found], *key: str) -> _Found:
    """What `find` finds, once for each state of the desk."""
    found: _Found | None = asked.snapshot.patterns.get(key)
    if found is None:
        found = find(Database(asked.connection))
        asked.snapshot.patterns.put(key, found)
    return found


def label(asked: Asked, choice: Choice) -> str:
    """A choice in words."""
    return asked.book.answer(choice.question, choice.id, asked.lang)


def link(*filters: tuple[str, str]) -> str:
    """Where the counted reports behind a number are shown."""
    return f"{counting.BROWSE}?{Selection((*filters, (COUNTED, YES))).query}"


def chosen(asked: Asked, option: str, among: Sequence[str]) -> str:
    """The value of an option, or the first that there is."""
    wanted = "".join(asked.options(option)[:1])
    return wanted if wanted in among else next(iter(among), "")


def read_index(asked: Asked) -> tuple[str, dict[str, Any]]:
    """The list of patterns."""
    return "patterns.html", {}


def read_places(asked: Asked) -> tuple[str, dict[str, Any]]:
    """Names that come up again."""
    pools = {pool.id: pool for pool in kept(asked, places.pools, "pools")}
    name = chosen(asked, "_of", list(pools))
    if not name:
        return "places.html", {"pools": [], "found": None, "groups": []}
    pool = pools[name]
    found = find_places(asked, pool)
    one_sheet = _came_as_one_sheet(asked)
    return "places.html", {
        "pools": [(one, counting.title(asked, one), f"?_of={one}", one == name) for one in pools],
        "found": found,
        "groups": [_place(asked, pool, group, one_sheet=one_sheet) for group in found.groups[:SHOWN]],
        "one_sheet": one_sheet,
        "shown": min(SHOWN, len(found.groups)),
        "deciding": f"{NAMES}?{urlencode({'_of': name})}",
    }


def find_places(asked: Asked, pool: Pool) -> places.Places:
    """The groups of names in a pool."""
    return kept(asked, lambda database: places.places(database, pool), "places", pool.id)


def _came_as_one_sheet(asked: Asked) -> bool:
    """Whether nearly all reports came in one week by one channel."""
    weeks = kept(asked, times.by_week, "weeks")
    largest = max((max(week.channels.values(), default=0) for week in weeks), default=0)
    return largest >= SHEET * sum(week.n for week in weeks)


def _place(asked: Asked, pool: Pool, group: Group, *, one_sheet: bool) -> dict[str, Any]:
    spelled = [
        (one, _written(asked, one.question, one.written, one.choice), link_of(asked, group, [one]))
        for one in group.spellings[:SPELLINGS]
    ]
    return {
        "group": group,
        "name": spelled[0][1] if spelled and group.name == spelled[0][0].written else group.name,
        "link": link_of(asked, group),
        "address": deciding_link(pool, group),
        "spellings": spelled,
        "one_hand": not one_sheet and group.n > 1 and group.largest / group.n >= ONE_HAND,
    }


def _written(asked: Asked, question: str, written: str, choice: int | None) -> str:
    return written if choice is None else asked.book.answer(question, choice, asked.lang)


def codes(group: Group) -> Iterator[str]:
    """What stands for a group in an address: its number, or any of its names."""
    if group.accepted:
        yield join_group(group.accepted)
    yield from (join(*one.key) for one in group.spellings)


def deciding_link(pool: Pool, group: Group) -> str:
    """The page where it is decided what a group of names is."""
    return f"{NAMES}/one?{urlencode({'_of': pool.id, '_name': next(codes(group))})}"


def link_of(asked: Asked, group: Group, spellings: Sequence[Spelling] = ()) -> str:
    """Where the reports behind a group of names are shown, or behind some of its spellings."""
    shown, named = spellings or group.spellings, list[str]()
    if group.accepted and not spellings:
        named.append(join_group(group.accepted))
        shown = [one for one in shown if one.why != DECIDED]
    named += [join(*one.key) for one in shown[:SPELLINGS]]
    return link(*((NAMED, code) for code in named))


def read_together(asked: Asked) -> tuple[str, dict[str, Any]]:
    """Acts that come together, and grounds that come with acts."""
    questions = kept(asked, together.act_questions, "questions")
    name = chosen(asked, "_of", questions)
    if not name:
        return "together.html", {"questions": [], "found": None}
    found = kept(asked, lambda database: together.together(database, name), "together", name)
    grounds = "grounds" in asked.book.questions
    cross = kept(asked, lambda d: together.cross(d, "grounds", name), "cross", name) if grounds else None
    return "together.html", {
        "questions": [(one, counting.title(asked, one), f"?_of={one}", one == name) for one in questions],
        "found": found,
        **_told(asked, "pairs", found.pairs),
        "sets": _sets(asked, found),
        "sets_n": sum(one.n for one in found.combinations[:MOST_SETS]),
        "cross": cross,
        **_told(asked, "crossed", cross.pairs if cross else ()),
    }


def _told(asked: Asked, name: str, pairs: Sequence[together.Pair]) -> dict[str, Any]:
    """Pairs above chance and below it, what differs most first; apart those of few reports, which mislead."""
    enough = [pair for pair in pairs if not pair.small]
    above = [pair for pair in enough if pair.n > pair.expected]
    below = [pair for pair in reversed(enough) if pair.n <= pair.expected]
    few = [pair for pair in pairs if pair.small]
    parts = {name: above, f"{name}_below": below, f"{name}_few": few}
    return {part: [_pair(asked, pair) for pair in them[:SHOWN]] for part, them in parts.items()}


def _pair(asked: Asked, pair: together.Pair) -> dict[str, Any]:
    two = (pair.first, pair.second)
    return {
        "pair": pair,
        "first": label(asked, pair.first),
        "second": label(asked, pair.second),
        "link": link(*((one.question, asked.book.choices[one.id].code) for one in two)),
    }


def _sets(asked: Asked, found: together.Together) -> dict[str, Any]:
    """The most frequent combinations as columns of dots, and the acts in them as rows."""
    shown = found.combinations[:MOST_SETS]
    counts = {choice.id: n for choice, n in found.counts}
    rows = {choice.id: choice for one in shown for choice in one.choices}
    ordered = sorted(rows.values(), key=lambda choice: -counts[choice.id])
    most = max((one.n for one in shown), default=1)
    return {
        "rows": [label(asked, choice) for choice in ordered],
        "columns": [
            {
                "n": one.n,
                "small": one.small,
                "height": round(90 * one.n / most, 1),
                "dots": [place for place, choice in enumerate(ordered) if choice in one.choices],
                "labels": [label(asked, choice) for choice in one.choices],
                "link": _exactly(asked, found.question, one.choices),
            }
            for one in shown
        ],
    }


def _exactly(asked: Asked, question: str, choices: Sequence[Choice]) -> str:
    codes = [asked.book.choices[choice.id].code for choice in choices]
    return link(*((question, code) for code in codes), (ONLY, question))


def read_time(asked: Asked) -> tuple[str, dict[str, Any]]:
    """Weeks and months with the channel mix beside them, and what changed."""
    weeks = kept(asked, times.by_week, "weeks")
    months = kept(asked, times.by_month, "months")
    channels = sorted({channel for week in weeks for channel in week.channels})
    named = templates.fixed(asked.lang)["channel"]
    exact = [month for month in months if month.name and len(month.name) == len("2026-05")]
    return "time.html", {
        "channels": [(channel, named.get(channel, channel)) for channel in channels],
        "n": sum(week.n for week in weeks),
        "weeks": _periods("week", weeks),
        "weeks_chart": stacked.draw_periods(weeks, channels),
        "months": _periods("when", exact),
        "months_chart": stacked.draw_periods(exact, channels),
        "vague": _periods("when", [month for month in months if month not in exact]),
        "changed": _periods("week", [week for week in weeks if week.changed]),
        "bursts": _periods("week", [week for week in weeks if week.burst]),
        **_before_after(asked),
    }


def _periods(question: str, periods: Sequence[Period]) -> list[tuple[Period, str]]:
    return [(one, link((question, one.name or "-"))) for one in periods]


def _before_after(asked: Asked) -> dict[str, Any]:
    questions = kept(asked, together.act_questions, "questions")
    multiple = [*questions, *(one for one in ("grounds", "harm") if one in asked.book.questions)]
    name, written = chosen(asked, "_of", multiple), "".join(asked.options("_date")[:1])
    day = None
    with contextlib.suppress(ValueError):
        day = date.fromisoformat(written) if len(written) == len("2026-05-01") else None
    found = None
    if name and day:
        found = kept(asked, lambda d: times.before_after(d, name, day), "before", name, written)
    return {
        "questions": [(one, counting.title(asked, one)) for one in multiple],
        "of": name,
        "date": written,
        "wrong_date": bool(written) and day is None,
        "compared": found,
        "changes": [(one, label(asked, one.choice)) for one in found.changes] if found else [],
    }


def read_words(asked: Asked) -> tuple[str, dict[str, Any]]:
    """Words that are typical of an answer."""
    known = [one for one in TYPICAL_OF if one in asked.book.questions]
    options = [
        (
            counting.title(asked, one),
            [(f"{one}:{c.code}", worded(c.label, asked.lang)) for c in asked.book.choices_of(one)],
        )
        for one in known
    ]
    values = [value for _, group in options for value, _ in group]
    answer = chosen(asked, "_answer", values)
    spoken = [
        one.code for one in counting.count_by(asked, "lang", asked.snapshot.bits.every(asked.connection))
    ]
    lang = chosen(asked, "_in", [one for one in spoken if one != "-"])
    asked_for = bool(asked.options("_answer")) and bool(answer)
    found = _typical(asked, answer, lang) if asked_for and lang else None
    question, _, code = answer.partition(":")
    return "words.html", {
        "options": options,
        "answer": answer,
        "langs": [(one, counting.label(asked, "lang", one)) for one in spoken if one != "-"],
        "lang_of": lang,
        "found": found,
        "terms": [_term(term, lang, question, code) for term in found.terms] if found else [],
    }


def _typical(asked: Asked, answer: str, lang: str) -> words.Typical:
    question, _, code = answer.partition(":")
    reports = Selection(((question, code),)).find(asked.connection, asked.snapshot)
    corpus = kept(asked, lambda database: words.read_corpus(database, lang), "corpus", lang)
    return kept(
        asked, lambda database: words.typical(database, corpus, numbers(reports)), "typical", lang, answer
    )


def _term(term: words.Term, lang: str, question: str, code: str) -> tuple[words.Term, str]:
    query = urlencode([(question, code), (COUNTED, YES), ("lang", lang), ("q", f'"{term.word}"')])
    return term, f"{counting.BROWSE}?{query}"
