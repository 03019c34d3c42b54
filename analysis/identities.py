"""What the desk's database keeps of its identities: when each was made and when it expires.

Only public halves stand here. A row may be of an identity that never came to be, because its
rotation was cut off; whoever lists identities begins with those that were opened.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from analysis.cipher import Database
from intake.crypto.card import Recipient

# How long an identity is meant to be used: a year, after which people and machines have changed.
DEFAULT_DAYS = 365


@dataclass(frozen=True, slots=True)
class Life:
    """The days of an identity."""

    made: date
    expires: date


def record(database: Database, recipients: Iterable[Recipient], life: Life) -> None:
    """Notes new identities. Belongs in a transaction of the caller."""
    database.conn.executemany(
        'INSERT OR REPLACE INTO "identities" ("recipient", "made", "expires") VALUES (?, ?, ?)',
        [(str(one), life.made.isoformat(), life.expires.isoformat()) for one in recipients],
    )


def lives(database: Database) -> dict[str, Life]:
    """The days of each identity that was noted, by its recipient."""
    rows = database.conn.execute('SELECT "recipient", "made", "expires" FROM "identities"').fetchall()
    return {name: Life(date.fromisoformat(made), date.fromisoformat(expires)) for name, made, expires in rows}
