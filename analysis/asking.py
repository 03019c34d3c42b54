"""Which questions each report was asked, so that a blank that was skipped is told from one never seen.

A report holds null for a question that was skipped, and nothing for one that did not apply or that the
short form leaves out; in the tables both are blank. Reports were asked the same questions by the
thousand, so each different set of questions stands once, in `askings`, and a report points to its own.
The base of a percentage is the reports whose set holds the question.
"""

from collections.abc import Mapping
from typing import Any

from intake.forms.form import Form

SHORT, ALL = "short", "all"


def bits(form: Form) -> dict[str, int]:
    """A bit for each question that the form can ask, so that a set of them travels as one number."""
    return {question.id: 1 << place for place, question in enumerate(form.asked)}


class Askings:
    """The numbers of the sets of questions, each written when a report of its kind comes first.

    Lives no longer than its caller's transaction: what that takes back is not known here either.
    """

    def __init__(self, connection: Any, sources: Mapping[str, bytes], numbers: Mapping[str, int]) -> None:
        self._connection = connection
        self._sources, self._numbers = sources, numbers
        self._forms: dict[str, Form] = {}
        self._known: dict[tuple[str, int], tuple[int, str]] = {}

    def find(self, digest: str, asked: int) -> tuple[int, str]:
        """The number of a set of the form with this digest, and the page that asks it: short or all."""
        known = self._known.get((digest, asked))
        if known is None:
            known = self._known[digest, asked] = self._add(digest, asked)
        return known

    def _add(self, digest: str, asked: int) -> tuple[int, str]:
        if digest not in self._forms:
            self._forms[digest] = Form.from_json(self._sources[digest])
        form = self._forms[digest]
        questions = [name for name, bit in bits(form).items() if asked & bit]
        page = SHORT if form.unseen and form.unseen.isdisjoint(questions) else ALL
        key = (self._numbers[digest], " ".join(questions))
        self._connection.execute(
            'INSERT OR IGNORE INTO "askings" ("form", "page", "questions") VALUES (?, ?, ?)',
            (key[0], page, key[1]),
        )
        query = 'SELECT "id" FROM "askings" WHERE "form" = ? AND "questions" = ?'
        number = int(self._connection.execute(query, key).fetchone()[0])
        rows = [(number, question) for question in questions]
        self._connection.executemany('INSERT OR IGNORE INTO "asked" VALUES (?, ?)', rows)
        return number, page
