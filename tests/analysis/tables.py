"""All that a desk's database says, so that two can be compared."""

from typing import Any

from analysis.desk import Desk

TIMES = ("state", "summaries")


def tables(desk: Desk, *without: str) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every table, in order, but for those `without`, and for how often it was made."""
    listed = desk.database.conn.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'texts_fts%' ORDER BY name"
    ).fetchall()
    return {
        name: sorted(
            (row for row in desk.database.conn.execute(f'SELECT * FROM "{name}"') if row[0] not in TIMES),  # noqa: S608
            key=repr,
        )
        for (name,) in listed
        if name not in without
    }


def found_by(desk: Desk, word: str) -> int:
    """How many stories a search finds."""
    query = 'SELECT count(*) FROM "texts_fts" WHERE "texts_fts" MATCH ?'
    return int(desk.database.conn.execute(query, [word]).fetchone()[0])
