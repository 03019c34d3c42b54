"""Puts follow-ups and withdrawals into their tables; both may come before their report, or without one."""

from collections.abc import Iterable, Sequence
from typing import Any

from analysis.opening import Said
from intake.forms.thread import FOLLOWUP

# The question marks of a query that asks for so many names at once are used again in each of its parts.
_KNOWN = ("reports", "followups", "withdrawals", "gone")


def known_query(names: int) -> str:
    """The query for those of so many names that came before, or that may not come any more."""
    holes = ", ".join(f"?{place}" for place in range(1, names + 1))
    parts = (f'SELECT "name" FROM "{table}" WHERE "name" IN ({holes})' for table in _KNOWN)  # noqa: S608
    return " UNION ALL ".join(parts)


def write(connection: Any, bundle: int | None, said: Sequence[Said]) -> tuple[int, int]:
    """How many follow-ups and withdrawals were added. Belongs in a transaction of the caller.

    What a withdrawal takes away goes at the end of the import (`analysis.threads.leaving`), since it may
    come later in the same bundle.
    """
    followups = [one for one in said if one.kind == FOLLOWUP]
    withdrawals = [one for one in said if one.kind != FOLLOWUP]
    connection.executemany(
        'INSERT INTO "followups" ("name", "thread", "bundle", "week", "lang", "sealed_by", "channel", '
        '"text") VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        [
            (one.name, one.thread, bundle, one.week, one.lang, one.sealed_by, one.channel, one.text)
            for one in followups
        ],
    )
    connection.executemany(
        'INSERT INTO "withdrawals" ("name", "thread", "bundle", "week", "box", "reply") '
        "VALUES (?, ?, ?, ?, ?, ?)",
        [(one.name, one.thread, bundle, one.week, one.box, one.reply) for one in withdrawals],
    )
    connection.executemany(
        'INSERT OR IGNORE INTO "gone" ("name") VALUES (?)',
        [(name,) for one in withdrawals for name in (one.thread, *one.files)],
    )
    return len(followups), len(withdrawals)


def came_again(connection: Any, names: Iterable[str]) -> None:
    """Notes of what is gone that it stands in the archive once more. Belongs in a transaction."""
    connection.executemany(
        'UPDATE "gone" SET "stripped" = 0 WHERE "name" = ? AND "stripped"', [(name,) for name in names]
    )
