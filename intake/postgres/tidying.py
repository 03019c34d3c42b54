"""Puts the tables in the order of their keys, so that no byte of the database says who came first.

PostgreSQL adds rows at the end of a table, notes by which transaction, and writes each transaction with
its time to its log. So a table is written anew in one transaction, sorted by its random keys: one
order, one transaction, and the old file is gone, with what was deleted in it. Then the log is cut off.
"""

from contextlib import suppress

import psycopg

from intake.postgres.demands import may_cut
from intake.postgres.schema import Raw

# Nothing is kept meanwhile: a gigabyte takes about half a minute.
MOST_BYTES = 256 * 1024**2
MOST_BYTES_A_BEAT = 32 * 1024**2
MOST_BYTES_TO_WIPE = 2 * 1024**3
# How long the table is waited for; who wants to write then waits too.
PATIENCE = "2s"
_REPORTS = {"reports": "id", "bundled": "id"}
_ATTACHMENTS = {"attachments": "id", "pieces": "upload, number"}
_BUSY = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)


def tidy(raw: Raw, *, most_bytes: int = MOST_BYTES) -> bool:
    """Puts all tables in order when anything came or went; False when there is too much in one for that.

    One of _BUSY when somebody was in the way.
    """
    with raw.transaction():
        raw.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'".encode())
        if not _sum(raw, "untidy"):
            return True
        fitting = {table: key for tables in _fitting(raw, most_bytes) for table, key in tables.items()}
        if not fitting:
            return False
        raw.execute(f"LOCK TABLE {', '.join(fitting)} IN ACCESS EXCLUSIVE MODE".encode())
        # Another machine may have done it while this one waited.
        if not _sum(raw, "untidy"):
            return True
        for table, key in fitting.items():
            _write_anew(raw, table, key)
        raw.execute("UPDATE counters SET untidy = 0")
    cut(raw)
    return len(fitting) == len(_REPORTS | _ATTACHMENTS)


def _fitting(raw: Raw, most_bytes: int) -> list[dict[str, str]]:
    """The tables that are not too large: reports are not left for the sake of large attachments."""
    row = raw.execute("SELECT coalesce(sum(length), 0)::BIGINT FROM attachments").fetchone()
    large = int(row[0]) if row else 0
    small = _sum(raw, "bytes") - large
    return [tables for tables, size in ((_REPORTS, small), (_ATTACHMENTS, large)) if size <= most_bytes]


def beat(raw: Raw) -> None:
    """Puts the tables in order whether anything came or not, where they are small; and cuts the log."""
    with suppress(*_BUSY):
        raw.execute("UPDATE counters SET untidy = untidy + 1 WHERE slot = 0")
        if not tidy(raw, most_bytes=MOST_BYTES_A_BEAT):
            cut(raw)


def cut(raw: Raw) -> None:
    """Has the server begin a new file of its log, and forget those before; where that is allowed."""
    if may_cut(raw):
        raw.execute("SELECT pg_switch_wal()")
        raw.execute("CHECKPOINT")


def _write_anew(raw: Raw, table: str, key: str) -> None:
    for statement in (
        f"CREATE TABLE fresh (LIKE {table} INCLUDING ALL)",
        f"INSERT INTO fresh SELECT * FROM {table} ORDER BY {key}",  # noqa: S608 - names of ours
        f"DROP TABLE {table}",
        f"ALTER TABLE fresh RENAME TO {table}",
    ):
        raw.execute(statement.encode())


def _sum(raw: Raw, column: str) -> int:
    row = raw.execute(f"SELECT sum({column})::BIGINT FROM counters".encode()).fetchone()  # noqa: S608
    return int(row[0]) if row else 0


def tidy_if_free(raw: Raw, *, most_bytes: int = MOST_BYTES) -> bool:
    """The same; False also when somebody was in the way."""
    try:
        return tidy(raw, most_bytes=most_bytes)
    except _BUSY:
        return False
