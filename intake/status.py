"""What an intake holds, how old it is, and what its organizers must see to: counts, and no ids."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from intake import retention
from intake.crypto.card import Card
from intake.database import ASIDE
from intake.deletion import ACKNOWLEDGED, EXPIRED
from intake.directory import Directory
from intake.keeping import Connection
from intake.said import bundles, count

# From this part of `keep_days` on, somebody should fetch the oldest.
WARN_FROM = 1 / 2
DAYS_BEFORE_EXPIRY = 30
# When so much of the room for reports is left, or so many times what must stay free on the disk.
SHORT_OF_REPORTS = 1 / 10
SHORT_OF_DISK = 2
ALARM = "warning: "
CUT_OFF = "is under way, or was cut off; if nobody exports now, export again"
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Week:
    """Reports that came in a week: in no bundle yet, and in a bundle that is not acknowledged."""

    week: str
    waiting: int
    bundled: int


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that is not gone: how many reports and attachments, and by how many desks it was accepted."""

    sequence: int
    files: int
    written: bool
    desks: int


@dataclass(frozen=True, slots=True)
class Key:
    """A desk and the day on which its keys expire."""

    desk: str
    expires: str
    days: int


@dataclass(frozen=True, slots=True)
class Status:
    """Everything that `status` tells; days are whole days, sizes bytes."""

    weeks: list[Week]
    waiting_attachments: int
    attachments: int
    unfinished_uploads: int
    bundles: list[Bundle]
    begun_files: int
    acknowledged: list[int]
    expired: list[int]
    oldest_week: str | None
    oldest_days: int
    keep_days: int
    fetch_soon: bool
    clock_trusted: bool
    clock_days_left: int
    max_reports: int
    free_bytes: int
    min_free_bytes: int
    aside: list[str]
    desks: list[Key]

    def to_json(self) -> dict[str, Any]:
        """The same for programs."""
        return asdict(self)


def read(directory: Directory, today: date) -> Status:
    """The status of an intake, running or not."""
    database, settings = directory.database, directory.settings
    with closing(database.connect()) as connection, database.explained(), connection.snapshot():
        space = database.space(connection, settings.min_free_bytes)
        clock = retention.read_clock(connection)
        weeks = _weeks(connection)
        oldest = min((one.week for one in weeks), default=None)
        days = max(0, (today - retention.week_end(oldest)).days) if oldest else 0
        return Status(
            weeks=weeks,
            **_attachments(connection),
            bundles=_bundles(connection),
            begun_files=_begun(connection),
            acknowledged=_gone(connection, ACKNOWLEDGED),
            expired=_gone(connection, EXPIRED),
            oldest_week=oldest,
            oldest_days=days,
            keep_days=settings.keep_days,
            fetch_soon=days >= WARN_FROM * settings.keep_days,
            clock_trusted=clock is None or clock.trusted,
            clock_days_left=retention.STEADY_DAYS - clock.steady if clock else 0,
            max_reports=settings.max_reports,
            free_bytes=space.free_bytes,
            min_free_bytes=space.min_free_bytes,
            aside=sorted(str(path) for path in directory.path.glob(f"*{ASIDE}")),
            desks=[_key(card, today) for card in directory.desks.cards],
        )


def describe(status: Status) -> Iterator[str]:
    """Lines for people; what needs somebody begins with "warning:"."""
    if status.weeks:
        yield f"{'week':<10}{'waiting':>9}{'in a bundle':>13}"
    yield from (f"{one.week:<10}{one.waiting:>9}{one.bundled:>13}" for one in status.weeks)
    waiting = sum(one.waiting for one in status.weeks)
    more = f", {count(status.waiting_attachments, 'attachment')}" if status.waiting_attachments else ""
    yield f"to export: {count(waiting, 'report')}{more}"
    yield from (_bundle(one, len(status.desks)) for one in status.bundles)
    if status.begun_files:
        yield f"warning: the export of {count(status.begun_files, 'file')} {CUT_OFF}"
    if status.acknowledged:
        yield f"{bundles(status.acknowledged)}: acknowledged, and deleted here"
    if status.expired:
        yield f"warning: {bundles(status.expired)}: never acknowledged, and deleted for their age"
    if status.unfinished_uploads:
        yield f"{count(status.unfinished_uploads, 'upload')} not finished; cleared away at the next start"
    yield from _age(status)
    free = max(0, status.free_bytes - status.min_free_bytes) // MEGABYTE
    yield f"room: {free} MB of disk, {status.max_reports - _reports(status)} reports"
    yield from _room(status)
    yield from (_aside(path) for path in status.aside)
    yield from (_expiry(one) for one in status.desks)


def alarms(status: Status) -> list[str]:
    """What needs somebody: the lines that begin with "warning:"."""
    return [line for line in describe(status) if line.startswith(ALARM)]


def _room(status: Status) -> Iterator[str]:
    reports = status.max_reports - _reports(status)
    if reports <= 0 or status.free_bytes <= status.min_free_bytes:
        yield "warning: there is no room: reports are not taken"
    elif reports <= SHORT_OF_REPORTS * status.max_reports:
        yield f"warning: room for {count(reports, 'report')} is left: fetch and acknowledge them soon"
    elif status.free_bytes < SHORT_OF_DISK * status.min_free_bytes:
        yield "warning: the disk is nearly full: make room on it, or fetch and acknowledge reports soon"


def _aside(path: str) -> str:
    return (
        f"warning: {path} keeps reports as they were before the move, also those that were taken back or"
        " acknowledged since: delete it once the server has run with the database (deploy/SCALE.md)"
    )


def _age(status: Status) -> Iterator[str]:
    if status.oldest_week:
        yield (
            f"oldest: {status.oldest_week}, {count(status.oldest_days, 'day')} ago;"
            f" deleted after {count(status.keep_days, 'day')} when nobody acknowledges it"
        )
    if status.fetch_soon:
        yield "warning: fetch the oldest soon: export, carry it to the desk, and bring the answer back"
    if not status.clock_trusted:
        yield (
            "warning: the clock of this machine jumped; see that it is right: nothing is deleted for its age"
            f" until it has gone on for {count(status.clock_days_left, 'more day')}"
        )


def _bundle(one: Bundle, desks: int) -> str:
    if not one.written:
        return f"warning: bundle {one.sequence}: its export {CUT_OFF}"
    of = count(desks, "desk")
    return f"bundle {one.sequence}: {count(one.files, 'file')}, acknowledged by {one.desks} of {of}"


def _expiry(key: Key) -> str:
    if key.days < 0:
        return f"warning: the keys of desk {key.desk} expired on {key.expires}: make new ones at the desk"
    warning = "warning: " if key.days <= DAYS_BEFORE_EXPIRY else ""
    return f"{warning}the keys of desk {key.desk} expire on {key.expires}, in {count(key.days, 'day')}"


def _reports(status: Status) -> int:
    return sum(one.waiting + one.bundled for one in status.weeks)


def _weeks(connection: Connection) -> list[Week]:
    rows = connection.execute(
        "SELECT week, count(*) - count(bundle), count(bundle)"
        " FROM reports LEFT JOIN bundled USING (id) GROUP BY week ORDER BY week"
    )
    return [Week(*row) for row in rows]


def _attachments(connection: Connection) -> dict[str, int]:
    queries = {
        "attachments": "SELECT count(*) FROM attachments",
        "waiting_attachments": (
            "SELECT count(*) FROM attachments"
            " WHERE NOT EXISTS (SELECT 1 FROM bundled WHERE bundled.id = attachments.id)"
        ),
        "unfinished_uploads": (
            "SELECT count(DISTINCT upload) FROM pieces WHERE upload NOT IN (SELECT upload FROM attachments)"
        ),
    }
    return {name: connection.execute(query).fetchone()[0] for name, query in queries.items()}


def _bundles(connection: Connection) -> list[Bundle]:
    rows = connection.execute(
        "SELECT sequence, (SELECT count(*) FROM bundled WHERE bundle = sequence),"
        " NOT EXISTS (SELECT 1 FROM exports WHERE exports.bundle = sequence),"
        " (SELECT count(*) FROM acknowledged WHERE bundle = sequence)"
        " FROM bundles WHERE gone IS NULL ORDER BY sequence"
    )
    return [Bundle(sequence, files, bool(written), desks) for sequence, files, written, desks in rows]


def _begun(connection: Connection) -> int:
    """The files that exports took whose bundles have no number yet."""
    return int(connection.execute("SELECT count(*) FROM bundled WHERE bundle < 0").fetchone()[0])


def _gone(connection: Connection, why: str) -> list[int]:
    rows = connection.execute("SELECT sequence FROM bundles WHERE gone = ? ORDER BY sequence", (why,))
    return [row[0] for row in rows]


def _key(card: Card, today: date) -> Key:
    days = (card.expires - today).days
    return Key(card.desk.public.hex()[:16], card.expires.isoformat(), days)
