"""Questions that organizers ask again: a name, and the choice of reports that it stands for."""

from dataclasses import dataclass
from typing import Any

from analysis.desk import Desk
from analysis.errors import AnalysisError
from analysis.workbench.selection import Selection

LONGEST_NAME = 60
LONGEST_QUERY = 4000
MOST = 50


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
