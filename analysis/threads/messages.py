"""What the desk says to reporters: replies to one, notices to many, and that a report was taken back.

A message stands as long as the decision to write it does. It goes out with the next acknowledgement, in
the box (`analysis.boxes`), and is shown until it expires; then its words are deleted here as well.
Reports that came over no server have no reader: nobody has a code that opens a reply to them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from analysis.desk import Desk
from analysis.review import log
from analysis.review.errors import UnknownReport
from analysis.review.log import deciding, record
from analysis.review.people import Reviewer
from analysis.threads import room, settings
from analysis.threads.errors import BadText, NobodyReads, UnknownMessage
from analysis.threads.tables import COUNTED, MESSAGES, NOTICE, REPLY, STANDING, WITHDRAWN, last_number
from analysis.threads.weeks import later, week_of
from intake.crypto.errors import CryptoError
from intake.crypto.message import MAX_TEXT, serialise
from intake.crypto.message import Message as Sealed
from intake.forms.answers import tidy

_HAS_READER = '"bundle" IS NOT NULL'


@dataclass(frozen=True, slots=True)
class Message:
    """A message: `who` wrote it, `sent` the day on which it first went out, `readers` how many it is for.

    `report` is the report's number where it is for one alone that is at the desk.
    """

    n: int
    kind: str
    at: str
    until: str
    text: str
    release: str
    sent: str | None
    who: str
    readers: int
    report: int | None


def clean(typed: str) -> str:
    """The words as they are sent. Raises BadText, which says how many bytes are too many."""
    text = tidy("long_text", typed)
    length = len(text.encode())
    if not text:
        raise BadText("the message has no words")
    try:
        serialise(Sealed(REPLY, "2026-W01", "2026-W01", 1, text))
    except CryptoError:
        if length <= MAX_TEXT:
            raise BadText(
                "the message has too many of the signs & < > \" ' or one that nobody can see",
                "write it without them",
            ) from None
        raise BadText(
            f"the message takes {length:,} bytes, and {MAX_TEXT:,} is the most", "write less, or two messages"
        ) from None
    return text


def reply(desk: Desk, report: int, typed: str, by: Reviewer, *, today: date | None = None) -> int:
    """Writes a reply to a report; its number. Raises BadText, NobodyReads, UnknownReport."""
    text, day = clean(typed), today or date.today()
    with deciding(desk) as connection:
        name = _reader(connection, report)
        decision = record(connection, REPLY, by, reports=[report], today=day)
        return _write(connection, REPLY, day, [name], text=text, decision=decision)


def notice(desk: Desk, reports: Iterable[int], typed: str, by: Reviewer, *, today: date | None = None) -> int:
    """Writes one message to the senders of many reports; its number.

    Raises BadText, NobodyReads, UnknownReport, TooManyReaders; nothing was written then.
    """
    text, day = clean(typed), today or date.today()
    with deciding(desk) as connection:
        numbers = sorted(reports)
        names = find_readers(connection, numbers, today=day)
        decision = record(connection, NOTICE, by, reports=numbers, today=day)
        return _write(connection, NOTICE, day, names, text=text, decision=decision)


def find_readers(connection: Any, reports: Iterable[int], *, today: date | None = None) -> list[str]:
    """To whom a notice about these reports would go, by the reports' ids.

    Raises NobodyReads, UnknownReport, TooManyReaders.
    """
    names = [_reader(connection, number) for number in reports]
    if not names:
        raise NobodyReads("no report matches that came over a server: nobody would read it")
    room.check(connection, names, week_of(today or date.today()), room.FEWER)
    return names


def take_back(desk: Desk, n: int, by: Reviewer, *, today: date | None = None) -> None:
    """Takes a message back that has not gone out yet. Raises UnknownMessage."""
    query = f'SELECT "decision", "sent" FROM "messages" WHERE "n" = ? AND {STANDING}'  # noqa: S608 - a constant
    row = desk.database.conn.execute(query, [n]).fetchone()
    if row is None or row[0] is None:
        raise UnknownMessage(f"there is no message {n} that somebody wrote and did not take back")
    log.undo(desk, row[0], by, today=today)


def read(connection: Any, *, report: int | None = None) -> list[Message]:
    """The messages that stand, newest first; those to one report, if given."""
    about = '"n" IN (SELECT "message" FROM "addressed" JOIN "reports" ON "name" = "thread" WHERE "id" = ?)'
    query = f"""SELECT "n", "kind", "at", "until", coalesce("text", ''), coalesce("release", ''), "sent",
        coalesce((SELECT "who" FROM "decisions" WHERE "id" = "decision"), ''),
        (SELECT count(*) FROM "addressed" WHERE "message" = "n"),
        CASE (SELECT count(*) FROM "addressed" WHERE "message" = "n") WHEN 1 THEN
            (SELECT "id" FROM "addressed" JOIN "reports" ON "name" = "thread" WHERE "message" = "n") END
        FROM "messages" WHERE {STANDING} AND (? IS NULL OR {about}) ORDER BY "n" DESC"""  # noqa: S608
    return [Message(*row) for row in connection.execute(query, [report, report])]


def describe(connection: Any) -> Iterator[str]:
    """Lines about the messages that stand, and how long they last."""
    for one in read(connection):
        readers = f"{one.readers} reader{'' if one.readers == 1 else 's'}"
        if one.report:
            readers = f"to report {one.report}"
        state = f"sent {one.sent}" if one.sent else "not sent yet"
        by = f", by {one.who}" if one.who else ""
        yield f"{one.n:>6}  {one.kind:<9}  {one.at} to {one.until}  {readers}, {state}{by}"
    yield f"messages are shown for {settings.weeks(connection)} weeks"


def tell_withdrawn(connection: Any, today: date | None = None) -> None:
    """Says to whom it has not been said yet that their report was taken back; other messages to them go.

    Belongs in the transaction that deletes the reports.
    """
    told = f"""SELECT "thread" FROM "addressed" JOIN "messages" ON "n" = "message"
        WHERE "kind" = '{WITHDRAWN}'"""  # noqa: S608 - a constant
    query = f'SELECT DISTINCT "thread" FROM "withdrawals" WHERE "thread" NOT IN ({told}) ORDER BY 1'  # noqa: S608
    new = [thread for (thread,) in connection.execute(query)]
    if not new:
        return
    connection.executemany('DELETE FROM "addressed" WHERE "thread" = ?', [(thread,) for thread in new])
    connection.execute('DELETE FROM "messages" WHERE "n" NOT IN (SELECT "message" FROM "addressed")')
    _write(connection, WITHDRAWN, today or date.today(), new)


def tell_counted(
    connection: Any, release: str, trackers: Iterable[tuple[str, str]], today: date | None = None
) -> None:
    """Says to senders under which tracker their report stands in a release's list, by the report's id.

    Belongs in the transaction that publishes the release.
    """
    n = _write(connection, COUNTED, today or date.today(), [], release=release)
    connection.executemany(
        'INSERT INTO "addressed" ("message", "thread", "tracker") VALUES (?, ?, ?)',
        ((n, thread, tracker) for thread, tracker in trackers),
    )


def expire(connection: Any, week: str) -> None:
    """Deletes the words of messages that nobody is shown any more. Belongs in a transaction of the caller."""
    connection.execute('UPDATE "messages" SET "text" = NULL WHERE "text" IS NOT NULL AND "until" < ?', [week])


def mark_sent(connection: Any, day: date) -> None:
    """Notes that what stands went out. Belongs in a transaction of the caller."""
    connection.execute(
        f'UPDATE "messages" SET "sent" = ? WHERE "sent" IS NULL AND {STANDING}',  # noqa: S608 - a constant
        [day.isoformat()],
    )


def has_reader(connection: Any, report: int) -> bool:
    """Whether somebody sealed a report who may have its code: it is no row of a spreadsheet."""
    query = f'SELECT {_HAS_READER} FROM "reports" WHERE "id" = ?'  # noqa: S608 - a constant
    row = connection.execute(query, [report]).fetchone()
    return bool(row and row[0])


def _reader(connection: Any, report: int) -> str:
    query = f'SELECT "name", {_HAS_READER} FROM "reports" WHERE "id" = ?'  # noqa: S608 - a constant
    row = connection.execute(query, [report]).fetchone()
    if row is None:
        raise UnknownReport(f"report {report} is not at this desk")
    if not row[1]:
        raise NobodyReads(
            f"report {report} came from a spreadsheet: nobody has a code for it, so nobody would read a reply"
        )
    return str(row[0])


def _write(
    connection: Any,
    kind: str,
    day: date,
    threads: Iterable[str],
    *,
    text: str | None = None,
    release: str | None = None,
    decision: int | None = None,
) -> int:
    n, at = last_number(connection, MESSAGES) + 1, week_of(day)
    until = later(at, settings.weeks(connection))
    connection.execute(
        'INSERT INTO "messages" ("n", "kind", "at", "until", "text", "release", "decision") '
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [n, kind, at, until, text, release, decision],
    )
    connection.executemany(
        'INSERT INTO "addressed" ("message", "thread") VALUES (?, ?)', ((n, one) for one in threads)
    )
    return n
