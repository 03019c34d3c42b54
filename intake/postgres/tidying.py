"""Puts the tables in the order of their keys, so that no byte of the database says who came first.

PostgreSQL adds rows at the end of a table, notes by which transaction, and writes each transaction with
its time to its log. So a table is written anew in one transaction, sorted by its random keys: one
order, one transaction, and the old file is gone, with what was deleted in it. Then the log is cut off.

This is soon after a report, so nothing of it may be said in what the server itself says, time and all, of
each error. So locks are waited for in a block that catches the error of having waited in vain, inside the
server; and no longer than it takes until a server looks who is in whose way (`deadlock_timeout`): it would
then end its own cleaning of the table, and say so.
"""

from contextlib import suppress

import psycopg

from intake.postgres.demands import may_cut
from intake.postgres.schema import Raw

# Nothing is kept meanwhile: a gigabyte takes about half a minute.
MOST_BYTES = 256 * 1024**2
MOST_BYTES_A_BEAT = 32 * 1024**2
MOST_BYTES_TO_WIPE = 2 * 1024**3
# How often a lock is waited for, and which part of `deadlock_timeout` each time: two seconds in all where
# that is one, as by default. Who wants to write then waits too, and perhaps for two of our locks.
TRIES = 6
PARTS = 3
_REPORTS = {"reports": "id", "bundled": "id"}
_ATTACHMENTS = {"attachments": "id", "pieces": "upload, number"}
# One machine at a time: the number is ours alone in a database of ours.
_ALONE = f"PERFORM pg_advisory_xact_lock({int.from_bytes(b'wbx1')})"
_NOTED = "UPDATE counters SET untidy = 0"
_PATIENCE = """SELECT set_config('lock_timeout', greatest(1, setting::INTEGER / %s)::TEXT, true)
FROM pg_settings WHERE name = 'deadlock_timeout'"""
_LOCK = """DO $$ BEGIN
{}; PERFORM set_config('witnessbox.locked', 'yes', true);
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
PERFORM set_config('witnessbox.locked', '', true);
END $$"""


def tidy(raw: Raw, *, most_bytes: int = MOST_BYTES) -> bool:
    """Puts all tables in order when anything came or went.

    False when there is too much in one for that, or somebody was in the way.
    """
    with raw.transaction():
        raw.execute(_PATIENCE, (PARTS,))
        if not _locked(raw, _ALONE):
            return False
        if not _sum(raw, "untidy"):
            return True
        fitting = {table: key for tables in _fitting(raw, most_bytes) for table, key in tables.items()}
        if not fitting or not _locked(raw, f"LOCK TABLE {', '.join(fitting)} IN ACCESS EXCLUSIVE MODE"):
            return False
        for table, key in fitting.items():
            _write_anew(raw, table, key)
        # Where somebody is in the way of that alone, it is done once more than it need be.
        _locked(raw, _NOTED)
    cut(raw)
    return len(fitting) == len(_REPORTS | _ATTACHMENTS)


def _locked(raw: Raw, statement: str) -> bool:
    """Whether a statement of PL/pgSQL was done, which may wait; its locks last as long as the transaction."""
    for _ in range(TRIES):
        raw.execute(_LOCK.format(statement).encode())
        row = raw.execute("SELECT current_setting('witnessbox.locked')").fetchone()
        if row and row[0]:
            return True
    return False


def _fitting(raw: Raw, most_bytes: int) -> list[dict[str, str]]:
    """The tables that are not too large: reports are not left for the sake of large attachments."""
    row = raw.execute("SELECT coalesce(sum(length), 0)::BIGINT FROM attachments").fetchone()
    large = int(row[0]) if row else 0
    small = _sum(raw, "bytes") - large
    return [tables for tables, size in ((_REPORTS, small), (_ATTACHMENTS, large)) if size <= most_bytes]


def beat(raw: Raw) -> None:
    """Puts the tables in order whether anything came or not, where they are small; and cuts the log."""
    with suppress(psycopg.errors.LockNotAvailable):
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
