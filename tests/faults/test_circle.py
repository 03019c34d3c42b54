"""The full circle on real commands: a report, an answer, one thing more, and the report taken back.

By two ways: a browser without script, for which the server seals, and a client that seals itself.
"""

import html
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from intake.crypto import box
from intake.crypto.box import Header, Opened
from intake.crypto.code import to_words
from intake.crypto.padding import pad
from intake.crypto.receipt import Receipt
from intake.crypto.seal import seal_bytes
from intake.forms import thread
from intake.forms.thread import FOLLOWUP, WITHDRAWAL, Message
from intake.shelf import SECONDS_BETWEEN_LOOKS
from tests.faults.chain import DESK, ENOUGH, INTAKE, OCTETS, Chain, Intake, sealed_body
from tests.running import be_patient

CODE = bytes(range(12))
REPLY = "We read it. Thank you, you are not alone."
MORE = "They came back on Tuesday."


class Reporter:
    """Somebody with a browser that runs no script, and a client that seals, at one intake."""

    def __init__(self, chain: Chain, address: str) -> None:
        self.chain = chain
        self.client = httpx.Client(base_url=address, timeout=60)

    def type_report(self, **given: list[str]) -> bytes:
        """Sends the form without script; the code that stood in it."""
        hidden = self._hidden(self.client.get("/en/report/").text)
        fields = {**{name: [one] for name, one in hidden.items()}, **ENOUGH, **given}
        assert self._post("/en/report/", fields).status_code == 303
        return bytes.fromhex(hidden["_code"])

    def seal_report(self, receipt: Receipt, **given: list[str]) -> None:
        """Sends a report as the script does."""
        self._sealed(sealed_body(receipt, self.chain.recipients, **given))

    def seal(self, receipt: Receipt, text: str | None, nonce: bytes) -> None:
        """Sends a follow-up as the script does; without words the report is taken back."""
        kind = WITHDRAWAL if text is None else FOLLOWUP
        said = Message(kind, receipt, nonce, "es", "browser", "web", text)
        self._sealed(said.id + seal_bytes(pad(thread.build(said)), self.chain.recipients))

    def type_code(self, code: bytes, do: str = "look", text: str = "") -> str:
        """The page behind a code without script, after what was asked for; its text."""
        first = {"words": [" ".join(to_words(code, "en"))]}
        stamp = self._hidden(self.client.get("/en/code").text)["_stamp"]
        page = self._led(self._post("/en/code", {**first, "_stamp": [stamp]}))
        if do != "look":
            hidden = {name: [one] for name, one in self._hidden(page.text).items()}
            page = self._led(self._post("/en/code", {**first, **hidden, "do": [do], "text": [text]}))
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())

    def look(self, receipt: Receipt) -> Opened:
        """What the script finds in the one bucket that it fetches."""
        (value,) = self.client.get("/box").json()
        header = Header(
            **{
                **{name: value[name] for name in ("bits", "markers", "replies", "week")},
                **{name: box.VerifyKey(bytes.fromhex(value[name])) for name in ("desk", "server")},
                "epoch": bytes.fromhex(value["epoch"]),
            }
        )
        number = box.bucket_number(receipt.box, header.bits)
        bucket = self.client.get(f"/box/{header.bits}/{number}").content
        return box.open_bucket(header, bucket, receipt.box, receipt.reply)

    def hand_in(self, body: bytes) -> None:
        """Hands in a sealed report as it is, as often as somebody has it."""
        self._sealed(body)

    def _sealed(self, body: bytes) -> None:
        assert self.client.post("/sealed", content=body, headers=OCTETS).status_code == 201

    def _post(self, path: str, fields: dict[str, list[str]]) -> httpx.Response:
        parts = [(name, (None, one)) for name, values in fields.items() for one in values]
        return self.client.post(path, files=parts)

    def _led(self, answer: httpx.Response) -> httpx.Response:
        """The page that a form leads to, which is shown once."""
        assert answer.status_code == 303, answer.text
        page = self.client.get(answer.headers["location"])
        assert page.status_code == 200, page.text
        return page

    @staticmethod
    def _hidden(page: str) -> dict[str, str]:
        return dict(re.findall(r'name="(_\w+)" value="([^"]+)"', page))


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    """New keys, and an intake that seals to them."""
    made = Chain(tmp_path)
    made.make()
    return made


@pytest.fixture
def reporter(chain: Chain) -> Iterator[Reporter]:
    """Somebody at the running intake."""
    running = Intake(chain)
    made = Reporter(chain, running.wait())
    yield made
    made.client.close()
    assert running.end(signal.SIGTERM) == ""


def carry(chain: Chain, number: int) -> str:
    """A round of the courier: to the desk, and back with its answer; what the import said."""
    chain.run(INTAKE, *chain.export())
    said = chain.run(DESK, *chain.imported(chain.stick / f"witnessbox-{number:06d}"))
    chain.run(DESK, *chain.answer())
    chain.run(INTAKE, *chain.acknowledged())
    time.sleep(SECONDS_BETWEEN_LOOKS + 0.5)
    return said


def answer(chain: Chain) -> None:
    """The desk says something, and the intake hears it."""
    chain.run(DESK, *chain.answer())
    chain.run(INTAKE, *chain.acknowledged())
    time.sleep(SECONDS_BETWEEN_LOOKS + 0.5)


def number_of(chain: Chain, receipt: Receipt) -> str:
    [[number]] = chain.query(f"""SELECT "id" FROM "reports" WHERE "name" = '{receipt.id.hex()}'""")  # noqa: S608 - digits
    return str(number)


def state(chain: Chain) -> dict[str, list[tuple[str, ...]]]:
    """What stands at the desk of reports, of what was said, and of what went."""
    columns = {"reports": '"name"', "followups": '"name", "thread", "text"', "withdrawals": '"thread"'}
    columns |= {"addressed": '"message", "thread"', "messages": '"n", "kind", "text"'}
    return {
        table: sorted(chain.query(f'SELECT {names} FROM "{table}"'))  # noqa: S608 - constants
        for table, names in columns.items()
    }


def test_a_report_is_answered_added_to_and_taken_back_with_its_code_alone(
    chain: Chain, reporter: Reporter
) -> None:
    typed = reporter.type_report(story=["They took my bag."])
    mine, other = Receipt.from_code(typed), Receipt.from_code(CODE)
    reporter.seal_report(other, story=["They laughed."])
    assert "locked" in reporter.type_code(typed)
    assert carry(chain, 1).startswith("bundle 1: 2 reports added")
    assert reporter.look(mine) == Opened(True, (), 0)
    assert "has your report" in reporter.type_code(typed) or "have your report" in reporter.type_code(typed)

    words = chain.home / "reply.txt"
    words.write_text(REPLY)
    common = ("--desk", str(chain.desk), "--by", "Ana")
    chain.run(DESK, "reply", number_of(chain, mine), "--text", words, *common)
    chain.run(DESK, "reply", number_of(chain, other), "--canned", "thanks", "--lang", "es", *common)
    answer(chain)
    assert [one.text for one in reporter.look(mine).messages] == [REPLY]
    assert REPLY in reporter.type_code(typed)
    [spanish] = reporter.look(other).messages
    assert spanish.text.startswith("Gracias por su reporte.")

    reporter.type_code(typed, "add", MORE)
    reporter.seal(other, "Y otra cosa.", bytes(range(16)))
    assert "2 follow-ups added" in carry(chain, 2)
    assert {(thread, text) for _, thread, text in state(chain)["followups"]} == {
        (mine.id.hex(), MORE),
        (other.id.hex(), "Y otra cosa."),
    }
    assert len(chain.at_desk()) == 2

    assert reporter.client.post("/withdraw", content=other.withdraw, headers=OCTETS).status_code == 404
    reporter.seal(other, None, bytes(16))
    reporter.type_code(typed, "take-back-now")
    said = carry(chain, 3)
    assert "2 withdrawals came" in said
    assert "deleted here: 2 reports, 2 follow-ups" in said
    assert chain.at_desk() == []
    for receipt in (mine, other):
        opened = reporter.look(receipt)
        assert (opened.collected, [one.kind for one in opened.messages]) == (False, ["withdrawn"])
    before = state(chain)
    chain.run(DESK, "rebuild", "--desk", chain.desk)
    assert state(chain) == before
    # The bundles once more, as a courier who came twice would bring them.
    for number in (1, 2, 3):
        chain.run(DESK, *chain.imported(chain.stick / f"witnessbox-{number:06d}"))
    assert state(chain) == before


def test_a_report_that_was_taken_back_in_time_never_leaves_the_intake(
    chain: Chain, reporter: Reporter
) -> None:
    mine = Receipt.from_code(CODE)
    reporter.seal_report(mine)
    assert reporter.client.post("/withdraw", content=mine.withdraw, headers=OCTETS).status_code == 200
    reporter.type_report()
    assert carry(chain, 1).startswith("bundle 1: 1 report added")
    assert mine.id not in chain.at_desk()


def test_a_report_that_comes_after_its_withdrawal_is_not_taken_in(chain: Chain, reporter: Reporter) -> None:
    mine = Receipt.from_code(CODE)
    reporter.seal(mine, None, bytes(16))
    carry(chain, 1)
    reporter.seal_report(mine)
    assert "1 known before" in carry(chain, 2)
    assert chain.at_desk() == []


def test_a_report_taken_back_here_while_the_desk_has_the_first_copy_goes_there_too(
    chain: Chain, reporter: Reporter
) -> None:
    mine, file = Receipt.from_code(CODE), sealed_body(Receipt.from_code(CODE), chain.recipients)
    reporter.hand_in(file)
    carry(chain, 1)
    assert (chain.at_desk(), chain.waiting()) == ([mine.id], set())
    # A copy that was saved; the server knows nothing of the first any more.
    reporter.hand_in(file)
    said = reporter.type_code(CODE, "take-back-now")
    assert "is deleted from our server" in said
    assert "So we keep a locked request to them." in said
    assert "deleted here: 1 report" in carry(chain, 2)
    assert chain.at_desk() == []


@pytest.mark.parametrize("rounds", ["in one bundle", "in the next bundle"])
def test_a_copy_of_a_report_that_comes_after_it_was_taken_back_is_not_taken_in(
    rounds: str, chain: Chain, reporter: Reporter
) -> None:
    mine, file = Receipt.from_code(CODE), sealed_body(Receipt.from_code(CODE), chain.recipients)
    reporter.hand_in(file)
    assert "is deleted from our server" in reporter.type_code(CODE, "take-back-now")
    if rounds == "in the next bundle":
        assert "1 withdrawal came" in carry(chain, 1)
    reporter.hand_in(file)
    assert mine.id in chain.waiting()
    carry(chain, 1 if rounds == "in one bundle" else 2)
    assert (chain.at_desk(), chain.waiting()) == ([], set())


def test_two_desks_answer_one_report_and_its_sender_reads_both(tmp_path: Path) -> None:
    desks = [Chain(tmp_path), Chain(tmp_path)]
    cards: list[str | Path] = []
    for number, one in enumerate(desks, 1):
        # Each has a stick of its own for its answer: two answers have the same name.
        one.desk, one.stick = tmp_path / f"desk{number}", tmp_path / f"stick{number}"
        one.stick.mkdir()
        one.run(DESK, "keygen", "--desk", one.desk, "--no-passphrase")
        cards += ["--desk", one.desk / "desk.pub"]
    first, second = desks
    first.run(INTAKE, "init", "--data", first.data, *cards)
    be_patient(first.data)
    for one in desks:
        one.run(DESK, "pin", "--desk", one.desk, one.data / "server.pub")
    running = Intake(first)
    reporter = Reporter(first, running.wait())
    typed = reporter.type_report(story=["They took my bag."])
    mine = Receipt.from_code(typed)

    def bring(number: int) -> None:
        first.run(INTAKE, *first.export())
        for one in desks:
            one.run(DESK, *one.imported(first.stick / f"witnessbox-{number:06d}"))

    bring(1)
    for one, said in ((first, "Come on Tuesday."), (second, "Please do not come on Tuesday.")):
        words = one.stick / "reply.txt"
        words.write_text(said)
        one.run(DESK, "reply", number_of(one, mine), "--text", words, "--desk", one.desk, "--by", "Ana")
        answer(one)
    page = reporter.type_code(typed)
    # Neither takes the place of the other, and both have it.
    assert "Come on Tuesday." in page
    assert "Please do not come on Tuesday." in page
    assert not first.waiting()

    reporter.type_code(typed, "take-back-now")
    bring(2)
    answer(first)
    # The other desk has not said yet that it did the same.
    page = reporter.type_code(typed)
    assert "The organizers took your report out" in page
    assert "Come on Tuesday." not in page.replace("Please do not come on Tuesday.", "")
    answer(second)
    page = reporter.type_code(typed)
    assert "Tuesday" not in page
    assert (first.at_desk(), second.at_desk(), first.waiting()) == ([], [], set())
    reporter.client.close()
    assert running.end(signal.SIGTERM) == ""
