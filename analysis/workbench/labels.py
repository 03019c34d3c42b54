"""The words of the forms: what a question and an answer are called, in the organizers' language."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from analysis.bitmaps import Value
from analysis.workbench.decided import NAMES
from intake.forms.form import Form, Question, Section

# How a report came, which no question asks. Their words stand in the templates.
FIXED = ("week", "channel", "lang", "sealed_by", "form")
COUNTED = ("select_one", "select_multiple", "month", "integer")


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer: `number` is its place in the database, `group` the coarser one that it belongs to."""

    number: int
    question: str
    code: str
    label: Mapping[str, str]
    group: str


@dataclass(frozen=True, slots=True)
class Book:
    """All forms by their number; a question's words are those of the newest form that has it."""

    forms: Mapping[int, Form]
    questions: Mapping[str, Question]
    sections: Mapping[str, Section]
    choices: Mapping[int, Choice]
    by_code: Mapping[tuple[str, str], Choice] = field(repr=False)
    groups: Mapping[str, Mapping[str, str]]

    def question(self, name: str, lang: str) -> str:
        """What the question asks; its id when no form has it."""
        found = self.questions.get(name)
        return worded(found.label, lang) if found else name

    def choices_of(self, question: str) -> Iterator[Choice]:
        """The choices of a question in the order of the newest form, then those that it dropped."""
        order = {choice.code: place for place, choice in enumerate(self.questions[question].choices)}
        own = [choice for choice in self.choices.values() if choice.question == question]
        yield from sorted(own, key=lambda choice: (order.get(choice.code, len(order)), choice.number))

    def answer(self, question: str, value: Value, lang: str) -> str:
        """What a value of `reports` or a tick says."""
        if isinstance(value, int) and value in self.choices and self.is_coded(question):
            return worded(self.choices[value].label, lang)
        return str(value)

    def is_coded(self, question: str) -> bool:
        """Whether its values are numbers of choices."""
        asked = self.questions.get(question)
        return asked is not None and asked.kind in ("select_one", "select_multiple")

    def facets(self) -> list[str]:
        """What reports can be counted and chosen by, in the order of the form."""
        own = [name for name, asked in self.questions.items() if asked.kind in COUNTED]
        return [*FIXED, *own, *NAMES]


def worded(texts: Mapping[str, str], lang: str) -> str:
    """The text in this language, or in English, or in the first that there is."""
    return texts.get(lang) or texts.get("en") or next(iter(texts.values()), "")


def read_book(connection: Any) -> Book:
    """The words of all forms that the desk knows."""
    rows = connection.execute('SELECT "id", "json" FROM "forms" ORDER BY "id"').fetchall()
    forms = {number: Form.from_json(text.encode("utf-8")) for number, text in rows}
    questions: dict[str, Question] = {}
    sections: dict[str, Section] = {}
    groups: dict[str, Mapping[str, str]] = {}
    for form in forms.values():
        questions |= {question.id: question for question in form.asked}
        sections |= {section.id: section for section in form.sections}
        groups |= {rollup.code: rollup.label for rollup in form.rollups}
    choices = {choice.number: choice for choice in _choices(connection, questions)}
    by_code = {(choice.question, choice.code): choice for choice in choices.values()}
    return Book(forms, questions, sections, choices, by_code, groups)


def _choices(connection: Any, questions: Mapping[str, Question]) -> Iterator[Choice]:
    newest = {
        (question.id, choice.code): choice.label
        for question in questions.values()
        for choice in question.choices
    }
    query = 'SELECT "id", "question", "code", "label", "label_es", "rollup" FROM "choices" ORDER BY "id"'
    for number, question, code, en, es, rollup in connection.execute(query):
        label = newest.get((question, code)) or {"en": en, **({"es": es} if es else {})}
        yield Choice(number, question, code, label, rollup or "")
