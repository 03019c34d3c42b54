"""A new card reaches the running server, and pages that were open before still send."""

import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import pytest

from analysis.identity import HybridIdentity
from analysis.unseal import NotForThisKey, unseal_bytes
from intake import desks, directory
from intake.crypto.fingerprint import fingerprint
from intake.crypto.recipients import Recipient
from intake.envelope import Envelope, NotSealed
from intake.forms.form import shipped
from intake.pages import Pages
from intake.sealing import SECONDS_BETWEEN_LOOKS, SECONDS_OF_OPEN_PAGES, Cards, Sealing
from intake.settings import Settings
from tests.cards import DESK, card_text, write_card
from tests.running import read_page
from tests.serving import ENOUGH, Server, run, sealed_body, stored

NEW, OTHER = HybridIdentity.generate(), HybridIdentity.generate()


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.moment = 1000.0

    def __call__(self) -> float:
        return self.moment


class Given:
    """Keys that a test brings."""

    def __init__(self) -> None:
        self.next: Sequence[Recipient] | None = None
        self.asked = 0

    def changed(self) -> Sequence[Recipient] | None:
        self.asked += 1
        given, self.next = self.next, None
        return given


@pytest.fixture
def pages(data: Path, identity: HybridIdentity) -> Pages:
    settings = Settings.read(data / "intake.toml")
    return Pages(settings, [shipped("report")], [identity.recipient])


def opener(data: Path, *identities: HybridIdentity) -> list[int]:
    """How many of the stored reports each of these opens."""
    counts = []
    for one in identities:
        opened = 0
        for sealed in stored(data).values():
            with suppress(NotForThisKey):
                unseal_bytes(sealed, [one])
                opened += 1
        counts.append(opened)
    return counts


def wait_for_words(server: Server, *recipients: Recipient) -> None:
    """Until the page that says who can read a report shows the words of these keys."""
    words, end = " ".join(fingerprint(recipients)), time.monotonic() + 20
    while words not in server.client.get("/en/who").text:
        assert time.monotonic() < end, "the new keys did not arrive"
        time.sleep(0.2)


def test_a_running_server_seals_to_a_new_key_without_a_restart(
    server: Server, identity: HybridIdentity
) -> None:
    old_page = read_page(server.client, f"{server.address}/").recipients
    assert server.post_form(ENOUGH).status_code == 303
    assert desks.take(server.data, card_text(NEW.recipient, sequence=2))
    wait_for_words(server, NEW.recipient)
    assert read_page(server.client, f"{server.address}/").recipients == (NEW.recipient,)
    assert server.post_form(ENOUGH).status_code == 303
    assert server.post_sealed(sealed_body([NEW.recipient])).status_code == 201
    # A page that was open when the card came.
    assert server.post_sealed(sealed_body(old_page)).status_code == 201
    assert opener(server.data, identity, NEW) == [2, 2]
    assert server.errors() == ""


def test_two_desks_each_open_every_report_with_their_own_key(
    tmp_path: Path, identity: HybridIdentity
) -> None:
    cards = [
        write_card(tmp_path / "one.pub", identity.recipient),
        write_card(tmp_path / "two.pub", NEW.recipient, desk=DESK.generate()),
    ]
    directory.make(tmp_path / "data", cards, ("report",))
    with Server(tmp_path / "data") as server:
        recipients = read_page(server.client, f"{server.address}/").recipients
        assert set(recipients) == {identity.recipient, NEW.recipient}
        assert server.post_sealed(sealed_body(recipients)).status_code == 201
        # What is sealed to one of the two alone, or to a third as well, is another's report.
        for others in ([NEW.recipient], [*recipients, OTHER.recipient]):
            assert server.post_sealed(sealed_body(others)).status_code == 400
    assert opener(tmp_path / "data", identity, NEW) == [1, 1]


def test_pages_of_another_number_of_keys_send_for_a_day(pages: Pages, identity: HybridIdentity) -> None:
    clock, given = Clock(), Given()
    sealing = Sealing([identity.recipient], pages, given, clock)
    body = sealed_body([identity.recipient])
    given.next = [NEW.recipient, OTHER.recipient]
    clock.moment += SECONDS_BETWEEN_LOOKS
    assert sealing.now().recipients == [NEW.recipient, OTHER.recipient]
    assert sealing.now().envelope.open_outside(body)
    assert sealing.now().envelope.open_outside(sealed_body([NEW.recipient, OTHER.recipient]))
    clock.moment += SECONDS_OF_OPEN_PAGES - 1
    assert sealing.now().envelope.open_outside(body)
    clock.moment += SECONDS_BETWEEN_LOOKS
    with pytest.raises(NotSealed, match="not the length"):
        sealing.now().envelope.open_outside(body)
    assert sealing.now().recipients == [NEW.recipient, OTHER.recipient]


def test_the_folder_of_cards_is_not_looked_at_for_every_request(
    pages: Pages, identity: HybridIdentity
) -> None:
    clock, given = Clock(), Given()
    sealing = Sealing([identity.recipient], pages, given, clock)
    for _ in range(1000):
        sealing.now()
    assert given.asked == 0
    clock.moment += SECONDS_BETWEEN_LOOKS
    for _ in range(1000):
        sealing.now()
    assert given.asked == 1


def test_pages_for_new_keys_leave_those_of_the_old_as_they_are(pages: Pages) -> None:
    new = pages.sealed_to([NEW.recipient])
    form = next(iter(pages.forms.values()))
    # The form's page takes its keys from here.
    before, after = (one.scripts[form.digest, "en"] for one in (pages, new))
    assert str(NEW.recipient) in after
    assert str(NEW.recipient) not in before


def test_an_envelope_takes_its_own_recipients_and_earlier_ones_alone(identity: HybridIdentity) -> None:
    one, two, three = [identity.recipient], [NEW.recipient, OTHER.recipient], [identity.recipient] * 3
    envelope = Envelope(one, two)
    for recipients in (one, two):
        assert envelope.open_outside(sealed_body(recipients))
    with pytest.raises(NotSealed, match="not the length"):
        envelope.open_outside(sealed_body(three))


def test_a_card_that_cannot_be_used_leaves_the_keys_and_is_logged(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cards = Cards(data)
    assert cards.changed() == desks.read(data).recipients
    assert cards.changed() is None
    (file,) = (data / "desks").iterdir()
    good = file.read_bytes()
    file.write_bytes(good[:-30] + b"A" * 29 + b"\n")
    with caplog.at_level(logging.WARNING, logger="intake.sealing"):
        assert cards.changed() is None
    assert "reports are sealed to the keys before" in caplog.text
    assert cards.changed() is None
    assert desks.FOLDER in caplog.text


@pytest.mark.parametrize(
    ("days", "said"),
    [(31, ""), (30, "expire on"), (0, "expired on"), (-400, "expired on")],
    ids=["in time", "soon", "today", "long ago"],
)
def test_serve_warns_of_keys_that_expire_and_goes_on_sealing(
    days: int, said: str, tmp_path: Path, identity: HybridIdentity
) -> None:
    expires = date.today() + timedelta(days)
    card = write_card(tmp_path / "desk.pub", identity.recipient, expires=expires)
    assert run("init", "--data", tmp_path / "data", "--desk", card).returncode == 0
    with Server(tmp_path / "data") as server:
        assert server.post_sealed(sealed_body([identity.recipient])).status_code == 201
    lines = server.errors().splitlines()
    assert len(lines) == bool(said)
    if said:
        named = DESK.verify_key.public.hex()[:16]
        assert lines[0].startswith(f"witnessbox-intake: warning: the keys of desk {named} {said} {expires}; ")
