"""What was promised about the words of a report holds for what its sender added later as well."""

from datetime import date

from analysis.review import consent
from intake.crypto.receipt import Receipt
from tests.analysis.making import message, of
from tests.review.pages import decrypted
from tests.threads.conftest import Round

WORD = "heronfeather"
TODAY = date(2026, 11, 23)


def purge(trip: Round) -> int:
    with trip.desk.changing():
        return consent.purge(trip.desk, TODAY, counted=True).reports.total()


def test_what_was_added_is_deleted_with_the_words_of_its_report(round_trip: Round) -> None:
    mine, to = Receipt.draw(), round_trip.desk.recipients
    more = message(to, mine, f"More of the {WORD}.")
    round_trip.bring(of(to, mine), more)
    assert purge(round_trip) == 1
    assert round_trip.rows('SELECT * FROM "followups"') == []
    desk = round_trip.desk
    assert WORD.encode() not in decrypted(desk.path / "desk.db", desk.database_key)
    name = more.name.id.hex().encode()
    assert not [path for path in desk.archive.glob("*.tar") if name in path.read_bytes()]
    # The report stays, with its ticks.
    assert len(round_trip.rows('SELECT * FROM "reports"')) == 1


def test_what_is_added_after_a_purge_is_deleted_by_the_next(round_trip: Round) -> None:
    mine, to = Receipt.draw(), round_trip.desk.recipients
    round_trip.bring(of(to, mine))
    assert purge(round_trip) == 1
    round_trip.bring(message(to, mine, f"More of the {WORD}."))
    assert len(round_trip.rows('SELECT * FROM "followups"')) == 1
    assert purge(round_trip) == 1
    assert round_trip.rows('SELECT * FROM "followups"') == []
    assert purge(round_trip) == 0
