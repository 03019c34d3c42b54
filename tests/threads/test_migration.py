"""A desk of the version before keeps what it has, and then takes what that version did not know."""

import sqlite3

import pytest

from analysis import migration, schema
from analysis.cipher import DatabaseError
from analysis.review import marking
from analysis.review.people import Reviewer
from intake.crypto.receipt import Receipt
from tests.analysis.making import member, message, of
from tests.analysis.tables import tables
from tests.threads.conftest import Round

NEW = ("followups", "withdrawals", "gone", "leaving", "highest")
# What version 6 brought.
NEWEST = ("places",)
NEWER = ("messages", "addressed", "trackers", "canned", "settings", "boxes")
OLD_TRIGGER = """CREATE TRIGGER "decided_stand" BEFORE DELETE ON "decided"
    BEGIN SELECT raise(ABORT, 'a decision is undone, never deleted'); END;"""


def make_old(trip: Round) -> None:
    """Takes from the database what version 4 did not have."""
    connection = trip.desk.database.conn
    connection.execute('DROP TRIGGER "decided_stand"')
    connection.execute(OLD_TRIGGER)
    for table in ("addressed", *NEW, *(name for name in (*NEWER, *NEWEST) if name != "addressed")):
        connection.execute(f'DROP TABLE "{table}"')
    connection.execute("PRAGMA user_version = 4")


def shape(trip: Round) -> list[tuple[object, ...]]:
    return sorted(trip.rows("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'texts_fts%'"))


def test_a_desk_of_version_4_keeps_all_that_it_had(round_trip: Round) -> None:
    mine, to = Receipt.draw(), round_trip.desk.recipients
    round_trip.bring(of(to, mine), member(to))
    number = round_trip.number(mine.id)
    marking.note(round_trip.desk, number, "a note", Reviewer.named("Ana"))
    before, today = tables(round_trip.desk, "highest"), shape(round_trip)
    make_old(round_trip)
    round_trip.reopen()
    assert schema.version(round_trip.desk.database) == schema.VERSION
    assert tables(round_trip.desk, "highest") == before
    assert shape(round_trip) == today
    round_trip.bring(message(to, mine, None))
    assert len(round_trip.rows('SELECT * FROM "reports"')) == 1


def test_a_migration_that_is_cut_off_changes_nothing(
    round_trip: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_old(round_trip)
    before = shape(round_trip)
    steps = {4: migration.STEPS[4] + '\nINSERT INTO "nowhere" VALUES (1);'}
    monkeypatch.setattr(migration, "STEPS", steps)
    with pytest.raises(DatabaseError, match="nowhere"):
        migration.migrate(round_trip.desk.database, schema.VERSION)
    assert shape(round_trip) == before
    assert schema.version(round_trip.desk.database) == 4


def test_every_statement_of_a_migration_is_a_whole_one() -> None:
    for script in migration.STEPS.values():
        for statement in migration._statements(script):
            assert sqlite3.complete_statement(statement)
