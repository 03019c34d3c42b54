"""All that a desk's database says, so that two can be compared."""

from typing import Any

from analysis.desk import Desk


def tables(desk: Desk, *without: str) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every table, in order, but for those `without`."""
    listed = desk.database.conn.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'texts_fts%' ORDER BY name"
    ).fetchall()
    return {
        name: sorted(desk.database.conn.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr)  # noqa: S608
        for (name,) in listed
        if name not in without
    }


def found_by(desk: Desk, word: str) -> int:
    """How many stories a search finds."""
    query = 'SELECT count(*) FROM "texts_fts" WHERE "texts_fts" MATCH ?'
    return int(desk.database.conn.execute(query, [word]).fetchone()[0])
