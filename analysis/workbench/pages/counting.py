"""Counts of reports by one question, as rows whose links lead to the reports behind them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.bitmaps import Bits, Value, count
from analysis.patterns.time import every_week
from analysis.review.exclusions import REASONS
from analysis.workbench.pages import words
from analysis.workbench.pages.draw import Row
from analysis.workbench.pages.view import Asked
from analysis.workbench.selection import BLANK, Selection, any_of, code_of

BROWSE = "/browse"


@dataclass(frozen=True, slots=True)
class Counted:
    """One value of a question: the reports that give it, and the code that stands in addresses."""

    code: str
    label: str
    n: int
    chosen: bool = False
    group: str = ""


def count_by(asked: Asked, question: str, among: Bits) -> list[Counted]:
    """The values of a question that reports among these give, in the form's order, blank last."""
    column = asked.snapshot.column(asked.connection, question)
    chosen = {code for name, code in asked.selection.filters if name == question}
    found = []
    for value in _ordered(asked, question, column):
        n, code = count(column[value] & among), code_of(asked.book, question, value)
        if n or code in chosen:
            found.append(
                Counted(code, label(asked, question, value), n, code in chosen, _group(asked, value))
            )
    blank = count(np.bitwise_and(among, ~any_of(asked.snapshot.bits, column)))
    if found and (blank or BLANK in chosen):
        found.append(Counted(BLANK, "", blank, BLANK in chosen))
    return found


def label(asked: Asked, question: str, value: Value) -> str:
    """A value in words."""
    if question == "form":
        return asked.book.forms[int(value)].title.get(asked.lang) or asked.book.forms[int(value)].id
    named = words.fixed(asked.lang).get(question, {}).get(str(value))
    return named or asked.book.answer(question, value, asked.lang)


def reasons(lang: str) -> list[tuple[str, str]]:
    """Why a report can be left out, in words."""
    named = words.fixed(lang)["is.excluded"]
    return [(reason, named[reason]) for reason in REASONS]


def title(asked: Asked, question: str) -> str:
    """What a question is called in a list of questions."""
    return words.fixed(asked.lang)["titles"].get(question) or asked.book.question(question, asked.lang)


def rows(asked: Asked, question: str, counted: Sequence[Counted]) -> list[Row]:
    """As rows of a table."""
    return [Row(one.label, one.n, link(asked, question, one.code)) for one in counted if one.code != BLANK]


def link(asked: Asked, question: str, code: str) -> str:
    """Where the reports behind a count are shown, within what the page selects already."""
    chosen = Selection((*asked.selection.filters, (question, code)), asked.selection.words)
    return f"{BROWSE}?{chosen.query}"


def by_week(asked: Asked, among: Bits) -> list[Row]:
    """Reports by the week in which they were received, weeks without any between them too."""
    found = {one.code: one for one in count_by(asked, "week", among)}
    names = every_week(list(found))
    return [Row(w, found[w].n if w in found else 0, link(asked, "week", w)) for w in names]


def by_month(asked: Asked, question: str, among: Bits) -> tuple[list[Row], list[Row]]:
    """Reports by the month in which it happened, and those that give a year, "not sure" or nothing.

    Months without any report stand between the others, but for those of long ago.
    """
    found = {one.code: one for one in count_by(asked, question, among)}
    months = sorted(code for code in found if len(code) == 7)
    made: list[Row] = []
    if months:
        first, last = (int(m[:4]) * 12 + int(m[5:]) - 1 for m in (months[0], months[-1]))
        # A slip such as 1925 must not stretch the chart over a century.
        span = range(max(first, last - 119), last + 1)
        unbroken = [f"{number // 12}-{number % 12 + 1:02}" for number in span]
        for name in [*(month for month in months if month < unbroken[0]), *unbroken]:
            made.append(Row(name, found[name].n if name in found else 0, link(asked, question, name)))
    rest = [Row(one.label, one.n, link(asked, question, c)) for c, one in found.items() if c not in months]
    return made, rest


def _ordered(asked: Asked, question: str, column: object) -> list[Value]:
    values = list(column)  # type: ignore[call-overload]
    if asked.book.is_coded(question):
        order = {choice.number: place for place, choice in enumerate(asked.book.choices_of(question))}
        return sorted(values, key=lambda value: order.get(value, len(order)))
    if question in ("week", "when"):
        return sorted(values, key=str, reverse=True)
    return sorted(values, key=lambda value: (isinstance(value, str), value))


def _group(asked: Asked, value: Value) -> str:
    choice = asked.book.choices.get(value) if isinstance(value, int) else None
    return choice.group if choice else ""
