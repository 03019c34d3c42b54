"""Questions that organizers ask again: a name, and the choice of reports that it stands for.

A question that searches for a word which stood in deleted words alone is deleted with them. Its name is
the organizers' own words, as labels are: those of the other questions stay.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from analysis.desk import Desk
from analysis.errors import AnalysisError
from analysis.workbench import named, search
from analysis.workbench.selection import Selection

LONGEST_NAME = 60
LONGEST_QUERY = 4000
MOST = 50

_ANYWHERE = 'SELECT 1 FROM "texts_fts" WHERE "texts_fts" MATCH ? LIMIT 1'
_AMONG_DUE = """SELECT 1 FROM "texts_fts" JOIN "texts" ON "texts"."id" = "texts_fts"."rowid"
    WHERE "texts_fts" MATCH ? AND "report" IN (SELECT "report" FROM temp."due") LIMIT 1"""


class BadQuestion(AnalysisError):
    """A question that cannot be saved."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved question."""

    id: int
    name: str
    selection: Selection


def save(desk: Desk, name: str, query: str) -> None:
    """Saves a question, in place of one of the same name. Raises BadQuestion, Busy."""
    name, query = " ".join(name.split()), Selection.read(query).query
    if not name or len(name) > LONGEST_NAME:
        raise BadQuestion(f"a question's name has 1 to {LONGEST_NAME} characters")
    if not query or len(query) > LONGEST_QUERY:
        raise BadQuestion("a question chooses some reports, by answers or words")
    with desk.changing(), desk.database.atomic():
        connection = desk.database.conn
        (others,) = connection.execute(
            'SELECT count(*) FROM "saved_questions" WHERE "name" <> ?', [name]
        ).fetchone()
        if others >= MOST:
            raise BadQuestion(f"there are {MOST} saved questions", "delete one first")
        connection.execute(
            'INSERT INTO "saved_questions" ("name", "query") VALUES (?, ?) '
            'ON CONFLICT ("name") DO UPDATE SET "query" = "excluded"."query"',
            [name, query],
        )


def forget(desk: Desk, number: int) -> None:
    """Deletes a saved question; one that is gone already is no error. Raises Busy."""
    with desk.changing(), desk.database.atomic():
        desk.database.conn.execute('DELETE FROM "saved_questions" WHERE "id" = ?', [number])


def read(connection: Any) -> list[Saved]:
    """All of them by name."""
    rows = connection.execute('SELECT "id", "name", "query" FROM "saved_questions" ORDER BY "name"')
    return [Saved(number, name, Selection.read(query)) for number, name, query in rows]


def at_risk(connection: Any) -> dict[int, list[str]]:
    """Searched words that stand in texts which are about to be deleted (`due`), by the question's number.

    Each is a query of the full-text index.
    """
    found: dict[int, list[str]] = {}
    for one in read(connection):
        for query in _phrases(connection, one.selection):
            if connection.execute(_AMONG_DUE, [query]).fetchone():
                found.setdefault(one.id, []).append(query)
    return found


def forget_lost(connection: Any, questions: Mapping[int, Iterable[str]]) -> int:
    """Deletes the questions of `at_risk` that hold a word which stands in no text any more; how many."""
    lost = [
        (number,)
        for number, queries in questions.items()
        if not all(connection.execute(_ANYWHERE, [query]).fetchone() for query in queries)
    ]
    connection.executemany('DELETE FROM "saved_questions" WHERE "id" = ?', lost)
    return len(lost)


def _phrases(connection: Any, selection: Selection) -> Iterator[str]:
    yield from search.phrases(selection.words)
    for value in (value for name, value in selection.filters if name == named.NAMED):
        question, _, written = value.partition("~")
        query = 'SELECT 1 FROM "choices" WHERE "question" = ?'
        # The name of an answer in the form is nobody's words.
        if not connection.execute(query, [question]).fetchone():
            yield from search.phrases(f'"{written}"')
