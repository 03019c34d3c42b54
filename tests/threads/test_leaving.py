"""What its sender took back stands nowhere at the desk, whatever came first and whatever was killed."""

from pathlib import Path

import pytest

from analysis import bitmaps
from analysis.rebuilding import rebuild
from analysis.review import marking, quotes
from analysis.review.people import Reviewer
from analysis.threads import leaving
from analysis.workbench import saved
from intake.crypto.receipt import Receipt
from tests import attaching
from tests.analysis.making import CANARY, member, message, of
from tests.analysis.tables import found_by, tables
from tests.analysis.test_attachments import files, report
from tests.review.pages import decrypted
from tests.threads.conftest import Round

ANA = Reviewer.named("Ana")
WORD = "heronfeather"


def names(trip: Round) -> set[object]:
    return {name for (name,) in trip.rows('SELECT "name" FROM "reports"')}


def in_archive(trip: Round, name: bytes) -> bool:
    return any(name.hex().encode() in path.read_bytes() for path in trip.desk.archive.glob("*.tar"))


def says_nothing_of(trip: Round, receipt: Receipt) -> None:
    """Nothing at the desk names the report or says its word, but for what took it back."""
    said = tables(trip.desk, "withdrawals", "gone", "addressed")
    assert not [name for name, rows in said.items() if receipt.id.hex() in repr(rows) or WORD in repr(rows)]
    assert found_by(trip.desk, WORD) == 0
    assert not in_archive(trip, receipt.id)
    # Nor does any place of the file that was freed, or any other byte of the folder.
    assert WORD.encode() not in decrypted(trip.desk.path / "desk.db", trip.desk.database_key)
    for path in trip.desk.path.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        assert not [one for one in (WORD.encode(), receipt.id.hex().encode()) if one in data], path
    assert trip.rows("PRAGMA foreign_key_check") == []
    assert bitmaps.is_true(trip.desk.database)


def test_a_report_that_was_taken_back_leaves_every_table_and_the_archive(round_trip: Round) -> None:
    mine, to = Receipt.draw(), round_trip.desk.recipients
    round_trip.bring(
        of(to, mine, story=[f"The {WORD} said no."], quote=["yes_after_check"], facility=["other"]),
        member(to),
    )
    number, desk = round_trip.number(mine.id), round_trip.desk
    marking.label(desk, [number], "mine", ANA)
    marking.note(desk, number, f"remember the {WORD}", ANA)
    marking.assign(desk, [number], ANA, ANA)
    quotes.propose(desk, number, "story", f"The {WORD} said no.", ANA)
    saved.save(desk, "a search", f"q={WORD}")
    result = round_trip.bring(message(to, mine, "They came back."), message(to, mine, None))
    assert (result.followups, result.withdrawals) == (1, 1)
    assert (result.left.reports, result.left.followups, result.left.questions) == (1, 1, 1)
    says_nothing_of(round_trip, mine)
    assert len(names(round_trip)) == 1
    assert leaving.count(desk.database.conn) == 1
    # The log keeps that something was decided about one report, and not about which.
    assert round_trip.rows('SELECT DISTINCT "reports", "remark" FROM "decisions"') == [(1, None)]


def test_a_withdrawal_that_comes_first_keeps_its_report_out(round_trip: Round) -> None:
    mine, to = Receipt.draw(), round_trip.desk.recipients
    round_trip.bring(message(to, mine, None))
    result = round_trip.bring(of(to, mine, story=[WORD]), member(to))
    assert (result.added, result.known) == (1, 1)
    says_nothing_of(round_trip, mine)


def test_a_report_and_its_withdrawal_may_come_in_one_bundle_in_any_order(round_trip: Round) -> None:
    to = round_trip.desk.recipients
    several = [Receipt.draw() for _ in range(6)]
    round_trip.bring(*(one for mine in several for one in (of(to, mine), message(to, mine, None))))
    assert names(round_trip) == set()
    for mine in several:
        says_nothing_of(round_trip, mine)


def test_a_withdrawal_too_much_and_a_bundle_again_change_nothing(round_trip: Round) -> None:
    mine, to = Receipt.draw(), round_trip.desk.recipients
    first = round_trip.bundle(of(to, mine), member(to))
    round_trip.take(first)
    second = round_trip.bundle(message(to, mine, None))
    round_trip.take(second)
    before = tables(round_trip.desk, "highest")
    for bundle in (first, second):
        again = round_trip.take(bundle)
        assert (again.added, again.withdrawals, again.left.reports) == (0, 0, 0)
    assert tables(round_trip.desk, "highest") == before
    round_trip.bring(message(to, mine, None))
    assert leaving.count(round_trip.desk.database.conn) == 1
    assert len(round_trip.rows("""SELECT "n" FROM "messages" WHERE "kind" = 'withdrawn'""")) == 1


def test_the_attachments_of_a_report_go_with_it_and_never_come_back(round_trip: Round) -> None:
    mine, (one, other), named = files(round_trip.desk, 2)
    round_trip.server.form = attaching.FORM
    round_trip.bring(one, report(round_trip.desk, mine, named))
    round_trip.bring(message(round_trip.desk.recipients, mine, None))
    round_trip.bring(other)
    assert round_trip.rows('SELECT * FROM "attachments"') == []
    for number in (1, 2):
        assert not in_archive(round_trip, mine.attachment_id(number))


def test_a_number_of_a_report_that_left_is_given_to_no_other(round_trip: Round) -> None:
    mine, to = Receipt.draw(), round_trip.desk.recipients
    round_trip.bring(member(to), member(to))
    round_trip.bring(of(to, mine))
    number = round_trip.number(mine.id)
    round_trip.bring(message(to, mine, None))
    later = Receipt.draw()
    round_trip.bring(of(to, later))
    assert round_trip.number(later.id) == number + 1
    assert bitmaps.is_true(round_trip.desk.database)


def test_a_database_made_anew_from_the_archive_has_no_report_that_left(round_trip: Round) -> None:
    mine, to = Receipt.draw(), round_trip.desk.recipients
    kept = Receipt.draw()
    round_trip.bring(of(to, mine, story=[WORD]), of(to, kept))
    round_trip.bring(message(to, kept, "One thing more."), message(to, mine, "x"), message(to, mine, None))
    before = tables(round_trip.desk, "reports", "texts", "receipts", "answers", "bitmaps", "bitmaps_texts")
    for loss in ("kept", "lost"):
        round_trip.desk.close()
        if loss == "lost":
            (round_trip.desk.path / "desk.db").unlink()
        rebuild(round_trip.desk.path, lambda: "", None, processes=1)
        round_trip.reopen()
        assert names(round_trip) == {kept.id.hex()}
        says_nothing_of(round_trip, mine)
        # Their numbers are as they were given: the other one had one, too.
        assert [row[1:] for row in tables(round_trip.desk)["followups"]] == [
            row[1:] for row in before["followups"]
        ]
        same = ("withdrawals", "shards", "bundles", "addressed")
        assert {name: tables(round_trip.desk)[name] for name in same} == {name: before[name] for name in same}


def test_an_older_copy_of_the_archive_brings_no_report_back(round_trip: Round, tmp_path: Path) -> None:
    mine, to = Receipt.draw(), round_trip.desk.recipients
    round_trip.bring(of(to, mine, story=[WORD]), member(to))
    older = {path.name: path.read_bytes() for path in round_trip.desk.archive.glob("*.tar")}
    round_trip.bring(message(to, mine, None))
    round_trip.desk.close()
    for path in round_trip.desk.archive.glob("000001-*.tar"):
        path.unlink()
    for name, data in older.items():
        (round_trip.desk.archive / name).write_bytes(data)
    rebuild(round_trip.desk.path, lambda: "", None, processes=1)
    round_trip.reopen()
    says_nothing_of(round_trip, mine)


@pytest.mark.parametrize("word", [CANARY, WORD])
def test_what_was_deleted_is_in_no_page_of_the_file(round_trip: Round, word: str) -> None:
    mine, to = Receipt.draw(), round_trip.desk.recipients
    round_trip.bring(of(to, mine, story=[word]))
    round_trip.bring(message(to, mine, f"More of the {word}."), message(to, mine, None))
    desk = round_trip.desk
    file = decrypted(desk.path / "desk.db", desk.database_key)
    assert b"withdrawals" in file
    assert word.encode() not in file
