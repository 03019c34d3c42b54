"""What the desk says stands in its box for who has a code, and for nobody else; the same bytes every time."""

import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from analysis import acknowledging, boxes
from analysis.boxes import Letter, Made, State
from analysis.review import log
from analysis.review.errors import UnknownDecision
from analysis.review.people import Reviewer
from analysis.signing import signing_key
from analysis.threads import choosing, messages, settings
from analysis.threads.choosing import Choice
from analysis.threads.errors import BadSetting, BadText, NobodyReads, UnknownMessage
from intake.crypto import box
from intake.crypto.acknowledgement import Acknowledgement, parse
from intake.crypto.box import Opened
from intake.crypto.message import MAX_TEXT, Message
from intake.crypto.receipt import Receipt
from intake.crypto.signing import SigningKey
from tests.analysis.making import message, of
from tests.threads.conftest import Round

ANA = Reviewer.named("Ana")
DAY = date(2026, 11, 23)
LATER = date(2027, 11, 23)


def answer(trip: Round, *, today: date = DAY, out: Path | None = None) -> Acknowledgement:
    """What the desk writes onto the stick."""
    with trip.desk.changing():
        said = acknowledging.acknowledge(trip.desk, out or trip.stick, today=today)
    return parse(said.path.read_bytes(), [signing_key(trip.desk).verify_key])


def look(folder: Path, found: Acknowledgement, receipt: Receipt) -> Opened:
    """What the code of a receipt finds in the box beside an acknowledgement."""
    data = (folder / f"box-{found.sequence:06d}").read_bytes()
    checked = box.check(io.BytesIO(data))
    assert checked.sha256 == found.box
    number = box.bucket_number(receipt.box, checked.header.bits)
    start = checked.start + number * checked.header.bucket_length
    one = data[start : start + checked.header.bucket_length]
    return box.open_bucket(checked.header, one, receipt.box, receipt.reply)


def said(opened: Opened) -> list[tuple[str, str]]:
    return [(one.kind, one.text) for one in opened.messages]


def test_a_reply_reaches_who_has_the_code_and_nobody_else(round_trip: Round) -> None:
    mine, other, nobody = Receipt.draw(), Receipt.draw(), Receipt.draw()
    to = round_trip.desk.recipients
    round_trip.bring(of(to, mine), of(to, other))
    messages.reply(round_trip.desk, round_trip.number(mine.id), "We read it.\nThank you.", ANA, today=DAY)
    found = answer(round_trip)
    opened = look(round_trip.stick, found, mine)
    assert opened.collected
    assert opened.messages == (Message("reply", "2026-W48", "2027-W21", 1, "We read it.\nThank you."),)
    assert look(round_trip.stick, found, other) == Opened(True, (), 0)
    assert look(round_trip.stick, found, nobody) == Opened(False, (), 0)


def test_the_box_is_the_same_until_something_changes_and_then_all_new(
    round_trip: Round, tmp_path: Path
) -> None:
    mine, to = Receipt.draw(), round_trip.desk.recipients
    round_trip.bring(of(to, mine))
    first = answer(round_trip)
    before = (round_trip.stick / "box-000001").read_bytes()
    (round_trip.stick / "box-000001").unlink()
    # Weeks later, and on another stick as well.
    assert answer(round_trip, today=date(2026, 12, 20)) == first
    assert (round_trip.stick / "box-000001").read_bytes() == before
    messages.reply(round_trip.desk, round_trip.number(mine.id), "Hello.", ANA, today=DAY)
    second = answer(round_trip)
    after = (round_trip.stick / "box-000002").read_bytes()
    assert second.sequence == 2
    assert len(after) == len(before)
    start = box.check(io.BytesIO(before)).start
    same = sum(one == two for one, two in zip(before[start:], after[start:], strict=True))
    # As many as of random bytes.
    assert same < len(before) / 256 * 1.6


def test_a_notice_goes_to_every_box_of_an_area_and_of_some_weeks(round_trip: Round) -> None:
    here, there, to = Receipt.draw(), Receipt.draw(), round_trip.desk.recipients
    round_trip.bring(of(to, here, area=["downtown"]), of(to, there, area=["hills"]))
    connection = round_trip.desk.database.conn
    assert len(choosing.find(connection, Choice())) == 2
    assert choosing.find(connection, Choice(since="2026-W47")) == []
    assert len(choosing.find(connection, Choice(since="2026-W46", until="2026-W46"))) == 2
    chosen = choosing.find(connection, Choice(area="downtown"))
    messages.notice(round_trip.desk, chosen, "Come on Tuesday.", ANA, today=DAY)
    found = answer(round_trip)
    assert said(look(round_trip.stick, found, here)) == [("notice", "Come on Tuesday.")]
    assert said(look(round_trip.stick, found, there)) == []
    with pytest.raises(BadSetting, match="no form has this area"):
        choosing.find(connection, Choice(area="moon"))
    with pytest.raises(BadSetting, match="not written as one"):
        choosing.find(connection, Choice(since="2026-W60"))
    with pytest.raises(NobodyReads, match="nobody would read it"):
        messages.notice(round_trip.desk, [], "x", ANA)


def test_who_took_a_report_back_is_told_and_nothing_else_any_more(round_trip: Round) -> None:
    mine, to = Receipt.draw(), round_trip.desk.recipients
    round_trip.bring(of(to, mine))
    messages.reply(round_trip.desk, round_trip.number(mine.id), "Hello.", ANA)
    round_trip.bring(message(to, mine, None))
    opened = look(round_trip.stick, answer(round_trip, today=date.today()), mine)
    assert (opened.collected, said(opened)) == (False, [("withdrawn", "")])


def test_a_message_ends_when_organizers_said_and_its_words_with_it(round_trip: Round) -> None:
    mine, to = Receipt.draw(), round_trip.desk.recipients
    round_trip.bring(of(to, mine))
    settings.set_weeks(round_trip.desk, 2)
    messages.reply(round_trip.desk, round_trip.number(mine.id), "Hello.", ANA, today=DAY)
    assert said(look(round_trip.stick, answer(round_trip, today=date(2026, 12, 13)), mine))
    assert not said(look(round_trip.stick, answer(round_trip, today=date(2026, 12, 14)), mine))
    assert round_trip.rows('SELECT "text" FROM "messages"') == [(None,)]
    with pytest.raises(BadSetting, match="1 to 104 weeks"):
        settings.set_weeks(round_trip.desk, 0)


def test_a_message_is_taken_back_until_it_went_out(round_trip: Round) -> None:
    mine, to = Receipt.draw(), round_trip.desk.recipients
    round_trip.bring(of(to, mine))
    number = round_trip.number(mine.id)
    first = messages.reply(round_trip.desk, number, "One.", ANA, today=DAY)
    messages.take_back(round_trip.desk, first, ANA)
    messages.reply(round_trip.desk, number, "Two.", ANA, today=DAY)
    found = answer(round_trip)
    assert [(one.n, one.text) for one in look(round_trip.stick, found, mine).messages] == [(2, "Two.")]
    with pytest.raises(UnknownDecision, match="went out already"):
        messages.take_back(round_trip.desk, 2, ANA)
    with pytest.raises(UnknownMessage, match="no message 1"):
        messages.take_back(round_trip.desk, first, ANA)
    assert [one.kind for one in log.history(round_trip.desk.database.conn)] == ["reply", "undo", "reply"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("é" * 901, "1,802 bytes, and 1,800 is the most"),
        (" \n", "has no words"),
        ("<" * 500, "too many of the signs"),
    ],
    ids=["too long", "empty", "signs of HTML"],
)
def test_words_that_do_not_fit_are_refused_with_their_length(round_trip: Round, text: str, said: str) -> None:
    mine = Receipt.draw()
    round_trip.bring(of(round_trip.desk.recipients, mine))
    with pytest.raises(BadText, match=said):
        messages.reply(round_trip.desk, round_trip.number(mine.id), text, ANA)
    assert messages.clean("é" * (MAX_TEXT // 2))


def state(tags: Sequence[bytes], letters: Sequence[Letter]) -> State:
    key = SigningKey(bytes(32)).verify_key
    return State(key, key, tags, letters, "0" * 64, bytes(32))


@pytest.mark.parametrize(("reports", "replies"), [(0, 0), (5_000, 200), (20_000, 1_000)])
def test_every_place_of_a_box_is_found_by_its_own_code(reports: int, replies: int) -> None:
    receipts = [Receipt.from_code(number.to_bytes(12, "big")) for number in range(reports)]
    letters = [
        Letter(one.box, one.reply, Message("reply", "2026-W01", "2026-W02", 1, f"{place}"))
        for place, one in enumerate(receipts[:replies])
    ]
    made = state(sorted(one.box for one in receipts), letters)
    data = b"".join(boxes.build(made, Made("0" * 64, "2026-W01", 1)))
    checked = box.check(io.BytesIO(data))
    assert checked.header.bucket_length <= boxes.LARGEST_BUCKET
    for place in range(0, reports, 97):
        one = receipts[place]
        start = checked.start + box.bucket_number(one.box, checked.header.bits) * checked.header.bucket_length
        bucket = data[start : start + checked.header.bucket_length]
        opened = box.open_bucket(checked.header, bucket, one.box, one.reply)
        assert opened.collected
        assert [each.text for each in opened.messages] == ([f"{place}"] if place < replies else [])
