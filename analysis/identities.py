"""What the desk's database keeps of its identities: when each was made and when it expires.

Only public halves stand here. A row may be of an identity that never came to be, because its
rotation was cut off; whoever lists identities begins with those that were opened.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from analysis.cipher import Database
from intake.crypto.card import Recipient
from intake.crypto.fingerprint import fingerprint

if TYPE_CHECKING:
    from analysis.desk import Desk

# How long an identity is meant to be used: a year, after which people and machines have changed.
DEFAULT_DAYS = 365


@dataclass(frozen=True, slots=True)
class Life:
    """The days of an identity."""

    made: date
    expires: date


@dataclass(frozen=True, slots=True)
class Noted:
    """What the database knows of one identity; `life` is None where the database was made anew."""

    life: Life | None
    reports: int


def record(database: Database, recipients: Iterable[Recipient], life: Life) -> None:
    """Notes new identities. Belongs in a transaction of the caller."""
    database.conn.executemany(
        'INSERT INTO "identities" ("recipient", "made", "expires") VALUES (?, ?, ?)',
        [(str(one), life.made.isoformat(), life.expires.isoformat()) for one in recipients],
    )


def numbers(database: Database, recipients: Iterable[Recipient]) -> list[int]:
    """The number of each identity; one that is not known is noted without its days.

    Belongs in a transaction of the caller.
    """
    found = []
    for one in recipients:
        database.conn.execute('INSERT OR IGNORE INTO "identities" ("recipient") VALUES (?)', [str(one)])
        row = database.conn.execute('SELECT "id" FROM "identities" WHERE "recipient" = ?', [str(one)])
        found.append(int(row.fetchone()[0]))
    return found


def note_sealed(desk: "Desk", names: Iterable[str]) -> None:
    """Notes of reports that the newest identity opens them now. Belongs in a transaction of the caller."""
    (newest, *_) = numbers(desk.database, desk.recipients)
    # A row that says so already is not touched: what follows from it would be made anew for nothing.
    desk.database.conn.executemany(
        'UPDATE "reports" SET "identity" = ? WHERE "name" = ? AND "identity" IS NOT ?',
        [(newest, name, newest) for name in names],
    )


def noted(database: Database) -> dict[str, Noted]:
    """What is known of each identity, by its recipient."""
    rows = database.conn.execute(
        'SELECT "recipient", "made", "expires", count("reports"."id") FROM "identities" '
        'LEFT JOIN "reports" ON "reports"."identity" = "identities"."id" GROUP BY "identities"."id"'
    ).fetchall()
    return {name: Noted(_life(made, expires), reports) for name, made, expires, reports in rows}


def describe(desk: "Desk", today: date) -> list[str]:
    """A table of the desk's identities, the newest first, for people to read."""
    known = noted(desk.database)
    lines = [f"{'made':<12}{'age':>10}  {'expires':<12}{'reports':>8}  key"]
    for identity in desk.identities:
        one = known.get(str(identity.recipient), Noted(None, 0))
        use = ", in use" if identity.recipient in desk.recipients else ""
        words = " ".join(fingerprint([identity.recipient]))
        lines.append(f"{_days(one.life, today)}{one.reports:>8}  {words}{use}")
    return lines


def _days(life: Life | None, today: date) -> str:
    if life is None:
        return f"{'not known':<12}{'':>10}  {'':<12}"
    age = (today - life.made).days
    return f"{life.made!s:<12}{age:>5} days  {life.expires!s:<12}"


def _life(made: str | None, expires: str | None) -> Life | None:
    return Life(date.fromisoformat(made), date.fromisoformat(expires)) if made and expires else None
