"""Which keys an intake seals to, and from whom it takes new ones."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from analysis.identity import HybridIdentity, X25519Identity
from intake import directory
from intake.desks import Desks, DesksError, ForeignCard, OldCard, meet, read, take, write
from intake.files import alone
from tests.cards import DESK, card_text, write_card
from tests.serving import snapshot

NEW = HybridIdentity.generate().recipient
OTHER_DESK = DESK.generate()


@pytest.fixture
def two(tmp_path: Path, identity: HybridIdentity) -> Path:
    """A data directory of two desks, of which only the cards matter."""
    cards = [
        write_card(tmp_path / "one.pub", identity.recipient, sequence=5),
        write_card(tmp_path / "two.pub", HybridIdentity.generate().recipient, desk=OTHER_DESK),
    ]
    data = tmp_path / "data"
    directory.make(data, cards, ("report",))
    return data


def test_reports_are_sealed_to_the_keys_of_all_desks(two: Path, identity: HybridIdentity) -> None:
    assert len(read(two).recipients) == 2
    assert identity.recipient in directory.read(two).recipients
    assert set(read(two).pinned) == {DESK.verify_key, OTHER_DESK.verify_key}


def test_a_key_that_two_desks_share_is_sealed_to_once(tmp_path: Path, identity: HybridIdentity) -> None:
    cards = [
        write_card(tmp_path / "one.pub", identity.recipient),
        write_card(tmp_path / "two.pub", identity.recipient, desk=OTHER_DESK),
    ]
    assert meet(cards).recipients == (identity.recipient,)


def test_a_newer_card_of_a_pinned_desk_brings_its_key(two: Path, identity: HybridIdentity) -> None:
    assert take(two, card_text(NEW, sequence=6)) is True
    recipients = read(two).recipients
    assert NEW in recipients
    assert identity.recipient not in recipients
    assert len(recipients) == 2


def test_the_same_card_again_changes_nothing(two: Path, identity: HybridIdentity) -> None:
    before = snapshot(two)
    assert take(two, card_text(identity.recipient, sequence=5)) is False
    assert snapshot(two) == before


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        pytest.param(lambda _: card_text(NEW, sequence=4), OldCard, "number 4, and number 5 was", id="older"),
        pytest.param(lambda _: card_text(NEW, sequence=5), OldCard, "number 5, and", id="contradicting"),
        pytest.param(
            lambda _: card_text(NEW, sequence=9, desk=DESK.generate()),
            ForeignCard,
            "not signed by a desk that is known",
            id="foreign",
        ),
        pytest.param(lambda card: card.replace(b"2127", b"2128"), ForeignCard, "not signed", id="changed"),
        pytest.param(lambda card: card[:-20], DesksError, "signature .* broken", id="cut short"),
        pytest.param(lambda _: b"", DesksError, "not one of Witnessbox", id="empty"),
        pytest.param(
            lambda _: card_text(X25519Identity(bytes(range(1, 33))).recipient, sequence=6),
            DesksError,
            "cannot be mixed",
            id="a weaker kind of key",
        ),
    ],
)
def test_a_card_that_is_refused_changes_nothing(
    make: Callable[[bytes], bytes], kind: type[DesksError], message: str, two: Path
) -> None:
    before = snapshot(two)
    with pytest.raises(kind, match=message):
        take(two, make(card_text(NEW, sequence=6)))
    assert snapshot(two) == before


def test_one_desk_cannot_bring_a_key_for_another(two: Path) -> None:
    take(two, card_text(NEW, sequence=6, desk=OTHER_DESK))
    held = {card.desk: card.sequence for card in read(two).cards}
    assert held == {DESK.verify_key: 5, OTHER_DESK.verify_key: 6}


def test_a_card_under_the_name_of_another_desk_stops_the_start(two: Path) -> None:
    (one, other) = sorted((two / "desks").iterdir())
    one.write_bytes(other.read_bytes())
    with pytest.raises(DesksError, match="the card of another desk"):
        read(two)


@pytest.mark.parametrize("content", [b"", b"words", b"a" * 65_537], ids=["empty", "words", "long"])
def test_a_broken_card_stops_the_start_with_its_name(two: Path, content: bytes) -> None:
    file = sorted((two / "desks").iterdir())[0]
    file.write_bytes(content)
    with pytest.raises(DesksError, match=file.name):
        directory.read(two)


def test_an_intake_without_a_desk_does_not_start(two: Path) -> None:
    for file in (two / "desks").iterdir():
        file.unlink()
    with pytest.raises(DesksError, match="no desk is known"):
        directory.read(two)


def test_a_half_written_card_is_not_read(two: Path) -> None:
    (two / "desks" / ".0011223344556677.pub.partial").write_bytes(b"witness")
    assert len(read(two).cards) == 2


def test_two_commands_do_not_take_a_card_at_once(two: Path) -> None:
    with alone(two / "desks"), pytest.raises(DesksError, match="another command"):
        take(two, card_text(NEW, sequence=6))


def test_the_first_day_on_which_a_key_expires_is_known(tmp_path: Path, identity: HybridIdentity) -> None:
    one = write_card(tmp_path / "one.pub", identity.recipient, expires=date(2027, 3, 1))
    two = write_card(tmp_path / "two.pub", NEW, desk=OTHER_DESK, expires=date(2027, 2, 1))
    desks = meet([one, two])
    assert desks.expires == date(2027, 2, 1)
    write(tmp_path / "desks", desks, [one, two])
    assert read(tmp_path) == desks == Desks(desks.cards)
