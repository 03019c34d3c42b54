"""One report on one page, laid out as the form was: its sections, its questions, what was answered.

Questions that did not apply are left out. One that was asked and passed over is told from one that the
page had not, as a short form may not: that one says nothing about what the person would have answered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from analysis.workbench import search
from analysis.workbench.marks import visible
from analysis.workbench.pages import counting, review, threads
from analysis.workbench.pages.view import Asked, Missing
from analysis.workbench.reading import size
from analysis.workbench.selection import Order
from intake.forms.form import Form
from intake.forms.question import Question, Section


@dataclass(frozen=True, slots=True)
class Answer:
    """A question and its answers in words; `words` are people's own, with marks where something was found."""

    question: str
    ticked: tuple[str, ...]
    words: tuple[Markup | str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A section of the form: what was answered, left blank, or not asked although it would apply."""

    title: str
    answers: tuple[Answer, ...]
    blank: tuple[str, ...]
    unseen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Given:
    """What a report holds: codes as the form's conditions read them, its row, ticks and texts."""

    answers: Mapping[str, Any]
    row: Mapping[str, Any]
    ticks: Mapping[str, list[str]]
    texts: Mapping[str, list[tuple[int, str]]]
    marked: Mapping[int, Markup]
    asked: frozenset[str]


def read(asked: Asked) -> tuple[str, dict[str, Any]]:
    """What the page shows."""
    number = int(asked.parts["number"])
    row = _row(asked, number)
    form = asked.book.forms[row["form"]]
    given = _given(asked, form, row)
    query = 'SELECT "type", "bytes", "state" FROM "attachments" WHERE "report" = ? ORDER BY "number"'
    files = asked.connection.execute(query, [number]).fetchall()
    return "report.html", {
        "number": number,
        "week": row["week"],
        "came": [
            (counting.title(asked, name), counting.label(asked, name, row[name]))
            for name in ("channel", "lang", "sealed_by", "form")
        ],
        "consent": _consent(asked, row),
        "parts": [part for section in form.sections if (part := _part(asked, form, section, given))],
        "files": [(visible(kind or ""), size(length or 0), state) for kind, length, state in files],
        "data": f"/desk/reports/{number}",
        "query": asked.selection.query,
        "review": review.of_report(asked, number),
        "thread": threads.of_report(asked, number, row["lang"]),
        **_neighbours(asked, number, row["week"]),
    }


def _row(asked: Asked, number: int) -> Mapping[str, Any]:
    cursor = asked.connection.execute('SELECT * FROM "reports" WHERE "id" = ?', [number])
    found = cursor.fetchone()
    if found is None:
        raise Missing
    return dict(zip([column[0] for column in cursor.description], tuple(found), strict=True))


def _given(asked: Asked, form: Form, row: Mapping[str, Any]) -> _Given:
    ticks: dict[str, list[int]] = {}
    query = 'SELECT "choice" FROM "answers" WHERE "report" = ? ORDER BY "choice"'
    for (number,) in asked.connection.execute(query, [row["id"]]):
        ticks.setdefault(asked.book.choices[number].question, []).append(number)
    texts: dict[str, list[tuple[int, str]]] = {}
    query = 'SELECT "id", "question", "text" FROM "texts" WHERE "report" = ? ORDER BY "id"'
    for number, question, text in asked.connection.execute(query, [row["id"]]):
        texts.setdefault(question, []).append((number, text))
    answers = {question.id: _coded(asked, question, row, ticks, texts) for question in form.asked}
    words = asked.selection.words
    numbers = [number for each in texts.values() for number, _ in each]
    marked = search.highlights(asked.connection, words, numbers, whole=True) if words else {}
    labels = {
        name: [asked.book.answer(name, one, asked.lang) for one in each] for name, each in ticks.items()
    }
    query = 'SELECT "question" FROM "asked" WHERE "asking" = ?'
    shown = frozenset(name for (name,) in asked.connection.execute(query, [row["asking"]]))
    return _Given(answers, row, labels, texts, marked, shown)


def _coded(asked: Asked, question: Question, row: Mapping[str, Any], ticks: Any, texts: Any) -> Any:
    """The answer as the form's conditions know it."""
    if question.kind == "select_multiple":
        return [asked.book.choices[number].code for number in ticks.get(question.id, [])] or None
    if question.kind in ("text", "long_text"):
        return texts[question.id][0][1] if question.id in texts else None
    value = row.get(question.id)
    return asked.book.choices[value].code if question.kind == "select_one" and value is not None else value


def _part(asked: Asked, form: Form, section: Section, given: _Given) -> Part | None:
    answered, blank, unseen = [], [], []
    for name in section.questions:
        question = form.question(name)
        if question.kind == "note":
            continue
        title = question.label.get(asked.lang) or question.label[form.default_language]
        answer = _answer(asked, question, title, given)
        if answer:
            answered.append(answer)
        elif question.id in given.asked:
            blank.append(title)
        elif question.applies is None or question.applies(given.answers):
            unseen.append(title)
    if not answered and not blank and not unseen:
        return None
    label = section.label.get(asked.lang) or section.label[form.default_language]
    return Part(label, tuple(answered), tuple(blank), tuple(unseen))


def _answer(asked: Asked, question: Question, title: str, given: _Given) -> Answer | None:
    ticked = tuple(given.ticks.get(question.id, ()))
    texts = given.texts.get(question.id, ())
    words = tuple(given.marked.get(number) or visible(text) for number, text in texts)
    value = given.row.get(question.id) if question.kind in ("select_one", "month", "integer") else None
    if value is not None:
        ticked = (counting.label(asked, question.id, value),)
    return Answer(title, ticked, words) if ticked or words else None


def _consent(asked: Asked, row: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (counting.title(asked, name), counting.label(asked, name, row[name]))
        for name in ("count", "quote", "keep")
        if row.get(name) is not None
    ]


def _neighbours(asked: Asked, number: int, week: str) -> dict[str, Any]:
    """The reports before and after it among those that the address selects.

    A report that was just left out is no longer among them; one goes on from where it stood.
    """
    selection = asked.selection
    found = selection.find(asked.connection, asked.snapshot)
    order = Order.of(asked.connection, asked.snapshot.bits, found)
    place = order.place(number)
    suffix = f"?{selection.query}" if selection.query else ""
    here = order.before(week, number)
    near = {-1: _near(order, here - 1), 1: _near(order, here if place is None else here + 1)}
    return {
        "place": None if place is None else place + 1,
        "total": order.total,
        "previous": f"/report/{near[-1]}{suffix}" if near.get(-1) else "",
        "next": f"/report/{near[1]}{suffix}" if near.get(1) else "",
        "list": f"{counting.BROWSE}{suffix}"
        + (f"{'&' if suffix else '?'}_page={place // 25 + 1}" if place else ""),
    }


def _near(order: Order, place: int) -> int | None:
    found = order.slice(place, 1) if place >= 0 else []
    return found[0] if found else None
