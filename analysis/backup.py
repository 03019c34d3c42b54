"""What the desk's database holds and its archive does not, as one sealed file.

    backup = an age file, to the desk's newest keys, of lines of JSON:
             {"kind":"backup","v":1}
             {"columns":["key"],"table":"servers"}
             ["3f..."]                                  ; one line a row, then the next table

A table whose rows cannot be worked out from sealed reports must stand in TABLES, or its rows die
with the database.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from analysis.archive import PART
from analysis.cipher import Database
from analysis.desk import Desk
from analysis.desk_errors import UnreadableFile
from analysis.findings import kept
from analysis.identity import Identity
from analysis.review import saving
from analysis.storage import open_file, replace_file
from analysis.threads import tables as threads
from analysis.unseal import unseal
from analysis.unseal_errors import UnsealError
from intake.crypto.seal import seal

# Questions that organizers saved; they have no numbers of their own.
QUESTIONS = "saved_questions"
TABLES = ("identities", "servers", "bundles", "acknowledgements", "set_aside", *kept.KEPT, *threads.KEPT)
HEAD = {"kind": "backup", "v": 1}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one table, as they were."""

    name: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]] = field(default_factory=list)


def backup(desk: Desk, path: Path) -> int:
    """Writes the backup to `path`, in the place of an older one; how many rows it holds.

    The caller keeps other commands away. Raises Unwritable.
    """
    tables = read_tables(desk.database)
    replace_file(path, seal(_lines(tables), desk.recipients), path.with_name(f".{path.name}{PART}"))
    return sum(len(table.rows) for table in tables)


def read_tables(database: Database) -> list[Table]:
    """The tables as the database has them."""
    found = []
    for name in (*TABLES, QUESTIONS, *saving.TABLES):
        columns = ("name", "query") if name == QUESTIONS else columns_of(database, name)
        listed = ", ".join(saving.selected(name, column) for column in columns)
        rows = database.conn.execute(f'SELECT {listed} FROM "{name}"').fetchall()  # noqa: S608
        found.append(Table(name, columns, [tuple(row) for row in rows]))
    return found


def read_backup(path: Path, identities: list[Identity]) -> list[Table]:
    """The tables in a backup; UnreadableFile when it is none, or is not sealed to these keys."""
    try:
        with open_file(path) as descriptor, open(descriptor, "rb", closefd=False) as file:
            text = b"".join(unseal(file, identities))
    except UnsealError as error:
        raise UnreadableFile(f"{path}: {error.message}") from None
    try:
        return _parse([json.loads(line) for line in text.splitlines()])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise UnreadableFile(f"{path}: not a backup of a desk, or of a newer version") from None


def restore(database: Database, tables: list[Table]) -> None:
    """Adds rows that are not there, but for decisions. Belongs in a transaction of the caller.

    Columns that this version does not have are left out, so that an older backup can be read.
    """
    for table in (table for table in tables if table.name in TABLES):
        _add(database, table)


def restore_questions(database: Database, sources: Iterable[list[Table]]) -> None:
    """Adds the saved questions of the first source that tells of any, even of none.

    A question that was deleted at the desk must not come back from an older backup. Belongs in a
    transaction of the caller.
    """
    for table in [table for tables in sources for table in tables if table.name == QUESTIONS][:1]:
        _add(database, table)


def _add(database: Database, table: Table) -> None:
    known = columns_of(database, table.name)
    places = [place for place, column in enumerate(table.columns) if column in known]
    listed = ", ".join(f'"{table.columns[place]}"' for place in places)
    holes = ", ".join("?" * len(places))
    database.conn.executemany(
        f'INSERT OR IGNORE INTO "{table.name}" ({listed}) VALUES ({holes})',  # noqa: S608
        [tuple(row[place] for place in places) for row in table.rows],
    )


def restore_decisions(database: Database, tables: list[Table]) -> None:
    """Adds what was decided about reports, which are there by now. Belongs in a transaction of the caller."""
    saving.restore(database.conn, [(table.name, table.columns, table.rows) for table in tables])


def columns_of(database: Database, table: str) -> tuple[str, ...]:
    """The columns of a table."""
    return tuple(row[1] for row in database.conn.execute(f'PRAGMA table_info("{table}")').fetchall())


def _lines(tables: list[Table]) -> Iterator[bytes]:
    yield _line(HEAD)
    for table in tables:
        yield _line({"columns": list(table.columns), "table": table.name})
        for row in table.rows:
            yield _line(list(row))


def _line(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii") + b"\n"


def _parse(lines: list[Any]) -> list[Table]:
    if not lines or lines[0] != HEAD:
        raise ValueError
    tables: list[Table] = []
    for line in lines[1:]:
        if isinstance(line, dict):
            if line["table"] not in (*TABLES, QUESTIONS, *saving.TABLES):
                raise ValueError
            tables.append(Table(line["table"], tuple(cast(list[str], line["columns"]))))
        elif len(line) != len(tables[-1].columns):
            raise ValueError
        else:
            tables[-1].rows.append(tuple(line))
    return tables
