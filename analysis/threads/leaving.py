"""Takes away what its sender took back: from the tables, the index, saved questions, and the archive.

It looks at what stands here, never at what came last: a withdrawal may come before its report, or twice,
and a command that was killed is made good by the next. What a past release counted stays counted, because
the difference between two releases would point at who left (`analysis.findings.batches`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from analysis import archive, bitmaps, renewal, schema
from analysis.archive import ArchivedShard
from analysis.desk import Desk
from analysis.review import purge
from analysis.threads import messages
from analysis.threads.tables import keep_numbers
from analysis.workbench import saved
from intake.crypto.errors import Malformed
from intake.crypto.shard import Member, index_shard

# Rows that go with a report, before the report itself.
_OF_REPORT = (
    *("answers", "receipts", "attachments", "exclusions", "labels", "assignments", "kept_names"),
    *("quotes", "purges", "counted_in", "decided"),
)
_GONE = """SELECT "name" FROM "gone" """
_OF_THREAD = 'SELECT "thread" FROM "withdrawals"'


@dataclass(slots=True)
class Left:
    """What was done: reports and follow-ups deleted, saved questions that went with them, members that were
    left out of the archive; and shards that are damaged, and stay.
    """

    reports: int = 0
    followups: int = 0
    questions: int = 0
    members: int = 0
    damaged: int = 0


def settle(desk: Desk, *, compact: bool = True, left: Left | None = None) -> Left:
    """Deletes what may not stand here any more, wherever it does; adds to `left` what `delete` did before.

    Without `compact` the file is written anew by the next command that does so. The caller keeps other
    commands away (`desk.changing`). Raises Busy, Unwritable or DamagedDesk.
    """
    left = left or Left()
    overwrite(desk)
    with desk.database.atomic():
        delete(desk, left)
    if compact:
        purge.finish(desk)
    strip(desk, left)
    return left


def count(connection: Any) -> int:
    """How many reports were taken back."""
    return int(connection.execute('SELECT count(DISTINCT "thread") FROM "withdrawals"').fetchone()[0])


def overwrite(desk: Desk) -> None:
    """Has freed places overwritten at once, not when they happen to be used again."""
    desk.database.conn.execute("PRAGMA secure_delete = ON")


def delete(desk: Desk, left: Left) -> None:
    """The rows of what may not stand here. `settle` does the rest. Belongs in a transaction of the caller."""
    connection = desk.database.conn
    # Nobody ever took anything back, at most desks.
    if not connection.execute('SELECT EXISTS (SELECT 1 FROM "gone")').fetchone()[0]:
        return
    connection.execute(
        f"""INSERT OR IGNORE INTO "gone" ("name") SELECT "name" FROM "followups"
        WHERE "thread" IN ({_OF_THREAD})"""  # noqa: S608 - constants
    )
    keep_numbers(connection)
    followups = connection.execute(f'DELETE FROM "followups" WHERE "name" IN ({_GONE})').rowcount  # noqa: S608
    left.followups += followups
    files = connection.execute(f'DELETE FROM "attachments" WHERE "name" IN ({_GONE})').rowcount  # noqa: S608
    connection.execute(f'DELETE FROM "set_aside" WHERE "name" IN ({_GONE})')  # noqa: S608
    leaving = connection.execute(
        f'INSERT INTO "leaving" SELECT "id" FROM "reports" WHERE "name" IN ({_GONE})'  # noqa: S608
    ).rowcount
    left.reports += leaving
    if leaving:
        left.questions += _delete_reports(desk)
    # The list that was published stays as long as it was; nothing tells any more whose place this was.
    connection.execute(f'UPDATE "trackers" SET "thread" = NULL WHERE "thread" IN ({_GONE})')  # noqa: S608
    messages.tell_withdrawn(connection)
    if leaving or followups or files:
        purge.leave_unfinished(connection)


def _delete_reports(desk: Desk) -> int:
    """Deletes the reports in `leaving` and all that is of them; how many saved questions went with them."""
    connection = desk.database.conn
    # What an import that was killed left out of the index cannot be taken out of it.
    schema.index_texts(desk.database)
    connection.execute('CREATE TEMP TABLE IF NOT EXISTS "due" ("report" INTEGER PRIMARY KEY, "why" TEXT)')
    connection.execute('DELETE FROM temp."due"')
    connection.execute('INSERT INTO temp."due" ("report") SELECT "report" FROM "leaving"')
    questions = saved.at_risk(connection)
    purge.forget_words(connection, purge.unindex(connection))
    lost = saved.forget_lost(connection, questions)
    for table in _OF_REPORT:
        connection.execute(f'DELETE FROM "{table}" WHERE "report" IN (SELECT "report" FROM "leaving")')  # noqa: S608
    connection.execute('DELETE FROM "reports" WHERE "id" IN (SELECT "report" FROM "leaving")')
    connection.execute('DELETE FROM "leaving"')
    connection.execute('DELETE FROM temp."due"')
    bitmaps.refresh(desk.database)
    return lost


def strip(desk: Desk, left: Left) -> None:
    """Writes those shards of the archive anew that hold what is gone, without it."""
    connection = desk.database.conn
    query = 'SELECT "name" FROM "gone" WHERE NOT "stripped"'
    wanted = frozenset(bytes.fromhex(name) for (name,) in connection.execute(query))
    if not wanted:
        return
    archive.sweep(desk)
    rows = connection.execute('SELECT "name", "reports", "sha256", "server" FROM "shards" ORDER BY "name"')
    for name, *rest in rows.fetchall():
        _strip_shard(desk, ArchivedShard(desk.archive / name, *rest), wanted, left)
    # A damaged shard may hold some of it, and may come again.
    if not left.damaged:
        with desk.database.atomic():
            connection.executemany(
                'UPDATE "gone" SET "stripped" = 1 WHERE "name" = ?', [(one.hex(),) for one in wanted]
            )


def _strip_shard(desk: Desk, shard: ArchivedShard, wanted: frozenset[bytes], left: Left) -> None:
    try:
        with shard.path.open("rb") as file:
            found = sum(entry.name.id in wanted for entry in index_shard(file))
    except (OSError, Malformed):
        left.damaged += 1
        return
    if not found:
        return
    # What was damaged is not made to look whole by a new digest.
    if not archive.is_whole(shard):
        left.damaged += 1
        return
    with shard.path.open("rb") as file:
        made = renewal.write_anew(desk, shard.name, _others(file, wanted))
    with renewal.taking_place(desk, shard.name, made):
        # What a purge remembers of a shard by its name is true of the new one as well.
        desk.database.conn.execute(
            'UPDATE OR REPLACE "stripped" SET "shard" = ? WHERE "shard" = ?', [made.name, shard.name]
        )
    left.members += found


def _others(file: BinaryIO, wanted: frozenset[bytes]) -> Iterator[Member]:
    for entry in list(index_shard(file)):
        if entry.name.id not in wanted:
            file.seek(entry.offset)
            yield Member(entry.name, file.read(entry.size))
