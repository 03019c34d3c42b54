"""One report as it was filled in: the form's questions in their order, with the answers in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.asking import ALL, SHORT
from analysis.workbench.labels import worded
from analysis.workbench.marks import visible
from intake.forms.form import Form, Question


@dataclass(frozen=True, slots=True)
class Reading:
    """A line about how the report came, its questions in the order of the form, and its files.

    A question is its words, its answers, and whether it was asked: a blank says less where it was not.
    """

    summary: str
    answers: tuple[tuple[str, tuple[str, ...], bool], ...]
    files: tuple[str, ...]


_PAGES = {SHORT: "short form", ALL: "whole form"}
_LABELS = 'SELECT "id", "label" FROM "choices" WHERE "id" IN ({})'
_TICKS = 'SELECT "choices"."question", "choices"."label" FROM "answers" JOIN "choices" ON "choices"."id" = \
"answers"."choice" WHERE "answers"."report" = ? ORDER BY "choices"."id"'
_ASKED = 'SELECT "question" FROM "asked" WHERE "asking" = ?'
_FILES = 'SELECT "type", "bytes", "state" FROM "attachments" WHERE "report" = ? ORDER BY "number"'
_TEXTS = 'SELECT "question", "text" FROM "texts" WHERE "report" = ? ORDER BY "id"'


async def read(database: Any, row: Mapping[str, Any], forms: Mapping[int, Form]) -> Reading:
    """The report of a row of `reports`; `forms` by their number in the database."""
    form = forms[row["form"]]
    words: dict[str, list[str]] = {}
    for query in (_TICKS, _TEXTS):
        for question, text in (await database.execute(query, [row["id"]])).rows:
            words.setdefault(question, []).append(visible(text))
    numbers = [row[question.id] for question in form.asked if _is_coded(question, row)]
    query = _LABELS.format(", ".join("?" * len(numbers)))
    labels = dict(map(tuple, (await database.execute(query, numbers)).rows))
    for question in form.asked:
        if question.id in row and row[question.id] is not None:
            value = row[question.id]
            words[question.id] = [labels[value] if question.kind == "select_one" else str(value)]
    asked = {question for (question,) in (await database.execute(_ASKED, [row["asking"]])).rows}
    files = (await database.execute(_FILES, [row["id"]])).rows
    return Reading(
        f"Received in {row['week']} by {row['channel']}, on the {_PAGES[row['page']]}; "
        f"sealed by the {row['sealed_by']}, it says.",
        tuple((worded(one.label, "en"), tuple(words.get(one.id, ())), one.id in asked) for one in form.asked),
        tuple(f"{visible(kind)}, {size(length)}: {state}" for kind, length, state in files),
    )


def size(length: int) -> str:
    """A file's length as people say it."""
    return f"{length / 1024**2:.1f} MB" if length >= 1024**2 else f"{-(-length // 1024)} KB"


def _is_coded(question: Question, row: Mapping[str, Any]) -> bool:
    return question.kind == "select_one" and row[question.id] is not None
