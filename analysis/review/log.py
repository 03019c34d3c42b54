"""Writes decisions down. Nothing here is ever changed or deleted; a decision is undone by another.

A decision is its kind, a value (a reason, a label, a group's name), who took it and on which day,
and the reports that it is about. What holds now follows from those that stand: of two about the
same thing the later one holds, and when it is undone the earlier one does again.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from analysis.desk import Desk
from analysis.review.errors import UnknownDecision, UnknownReport
from analysis.review.people import Reviewer, tidy

LONGEST_REMARK = 1000
UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Following:
    """A table that says what holds: `kinds` of decisions, of which the last about a report (and each
    `column`, where it is `split`) holds when its row is as `holds` says.
    """

    table: str
    kinds: tuple[str, ...]
    column: str
    holds: str
    split: str = ""


FOLLOWING = (
    Following("exclusions", ("exclude", "restore"), "", "\"kind\" = 'exclude'"),
    Following("labels", ("label", "unlabel"), '"label", ', "\"kind\" = 'label'", ', "value"'),
    Following("assignments", ("assign",), '"who", ', "\"value\" <> ''"),
)


@dataclass(frozen=True, slots=True)
class Decision:
    """A line of the log; `day` is an ISO date, `reports` how many it is about, `undone` by which one."""

    id: int
    kind: str
    value: str | None
    who: str
    day: str
    reports: int
    remark: str | None
    undoes: int | None
    undone: int | None


@contextmanager
def deciding(desk: Desk) -> Iterator[Any]:
    """The desk's own connection for one decision: all of it or nothing; Busy while another command works."""
    with desk.changing(), desk.database.atomic():
        yield desk.database.conn


def record(
    connection: Any,
    kind: str,
    by: Reviewer,
    *,
    value: str | None = None,
    remark: str = "",
    reports: Iterable[int] = (),
    undoes: int | None = None,
    today: date | None = None,
) -> int:
    """Adds a decision to the log; its number. Belongs in a transaction of the caller.

    Raises UnknownReport when one of `reports` is not at the desk, BadName for a remark that is none.
    """
    about = sorted(set(reports))
    row = (kind, value, by.name, (today or date.today()).isoformat(), len(about), _remark(remark), undoes)
    number = connection.execute(
        'INSERT INTO "decisions" ("kind", "value", "who", "day", "reports", "remark", "undoes") '
        'VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING "id"',
        row,
    ).fetchone()[0]
    # Only what is there comes through the choice of rows, so a number that is not is seen by the count.
    found = connection.executemany(
        'INSERT INTO "decided" ("decision", "report") SELECT ?, "id" FROM "reports" WHERE "id" = ?',
        ((number, report) for report in about),
    )
    if about and found.rowcount != len(about):
        raise UnknownReport("the decision is about a report that this desk does not have")
    return int(number)


def undo(desk: Desk, decision: int, by: Reviewer, *, today: date | None = None) -> int:
    """Takes a decision back; the number of the undoing. What held before it holds again.

    Raises UnknownDecision when there is none that stands; an undoing itself is decided anew instead.
    """
    with deciding(desk) as connection:
        query = 'SELECT 1 FROM "standing" WHERE "id" = ?'
        if not connection.execute(query, [decision]).fetchone():
            raise UnknownDecision(
                f"decision {decision} does not stand", "look in the log; what was undone is decided anew"
            )
        sent = 'SELECT 1 FROM "messages" WHERE "decision" = ? AND "sent" IS NOT NULL'
        if connection.execute(sent, [decision]).fetchone():
            raise UnknownDecision(
                f"the message of decision {decision} went out already",
                "write another one: reporters see the later one beside the earlier",
            )
        number = record(connection, UNDO, by, undoes=decision, today=today)
        follow(connection, decision)
    return number


def follow(connection: Any, decision: int) -> None:
    """Makes true again what holds for the reports of a decision, now that it stands or was undone."""
    (kind,) = connection.execute('SELECT "kind" FROM "decisions" WHERE "id" = ?', [decision]).fetchone()
    for following in FOLLOWING:
        if kind in following.kinds:
            where = 'IN (SELECT "report" FROM "decided" WHERE "decision" = ?)'
            _derive(connection, following, where, [decision])


def derive(connection: Any) -> None:
    """Makes everything that follows from the log anew, as after a backup came back."""
    for following in FOLLOWING:
        _derive(connection, following, "IS NOT NULL", [])


def _derive(connection: Any, following: Following, reports: str, values: list[int]) -> None:
    kinds = ", ".join(f"'{kind}'" for kind in following.kinds)
    value = '"value", ' if following.column else ""
    # Constants of this module alone stand in the texts.
    connection.execute(f'DELETE FROM "{following.table}" WHERE "report" {reports}', values)  # noqa: S608
    connection.execute(
        f"""INSERT INTO "{following.table}" ("report", {following.column}"decision")
        SELECT "report", {value}"decision" FROM (
            SELECT "report", "value", "kind", max("decision") AS "decision"
            FROM "decided" CROSS JOIN "standing" ON "standing"."id" = "decision"
            WHERE "report" {reports} AND "kind" IN ({kinds}) GROUP BY "report"{following.split})
        WHERE {following.holds}""",  # noqa: S608
        values,
    )


def history(
    connection: Any,
    *,
    report: int | None = None,
    kinds: Iterable[str] = (),
    who: str = "",
    skip: int = 0,
    newest: int = 100,
) -> list[Decision]:
    """The last decisions, newest first; those about one report, of some kinds, by one person, if given.

    An undoing is of the kind of what it undid. The first `skip` are passed over.
    """
    wanted = sorted(kinds)
    holes = ", ".join("?" * len(wanted))
    about = '(SELECT "decision" FROM "decided" WHERE "report" = ?)'
    undone = '(SELECT "kind" FROM "decisions" AS "earlier" WHERE "earlier"."id" = "decisions"."undoes")'
    query = f"""SELECT "id", "kind", "value", "who", "day", "reports", "remark", "undoes",
        (SELECT "later"."id" FROM "decisions" AS "later" WHERE "later"."undoes" = "decisions"."id")
        FROM "decisions" WHERE (? IS NULL OR "id" IN {about} OR "undoes" IN {about})
        AND (? OR "kind" IN ({holes}) OR {undone} IN ({holes})) AND (? = '' OR "who" = ?)
        ORDER BY "id" DESC LIMIT ? OFFSET ?"""  # noqa: S608 - no value stands in the text
    values = [report, report, report, not wanted, *wanted, *wanted, who, who, newest, skip]
    return [Decision(*row) for row in connection.execute(query, values)]


def reports_of(connection: Any, decision: int, most: int) -> list[int]:
    """The first reports that a decision is about."""
    query = 'SELECT "report" FROM "decided" WHERE "decision" = ? ORDER BY "report" LIMIT ?'
    return [report for (report,) in connection.execute(query, [decision, most])]


def people(connection: Any) -> list[str]:
    """Everybody who decided something here, as they called themselves."""
    rows = connection.execute('SELECT DISTINCT "who" FROM "decisions" ORDER BY "who"')
    return [who for (who,) in rows]


def _remark(typed: str) -> str | None:
    return tidy(typed, LONGEST_REMARK, "a remark") if typed.strip() else None
