"""The page behind a code without script: what it shows, what it takes, and that it tells nobody else."""

import html
import io
import os
import re
import socket
import statistics
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from analysis.identity import HybridIdentity
from analysis.unseal import unseal_bytes
from intake.crypto import box
from intake.crypto.code import to_words
from intake.crypto.message import Message
from intake.crypto.padding import unpad
from intake.crypto.receipt import Receipt
from intake.evenly import SECONDS
from intake.forms import thread
from tests.boxing import Said, box_for, put, reply
from tests.faults.chain import sealed_body
from tests.running import configure
from tests.serving import Server, make_data, run, stored

ANSWERED, COLLECTED, UNKNOWN = bytes(range(12)), bytes(range(1, 13)), bytes(range(2, 14))
OTHER_KINDS = bytes(range(3, 15))
TEXT = 'We read it. <b>Thank</b> you & "everyone" there.'
SHOWN = "We read it. &lt;b&gt;Thank&lt;/b&gt; you &amp; &#34;everyone&#34; there."
KINDS = [
    Message("notice", "2026-W40", "2199-W01", 2, text="The clinic has moved."),
    Message("counted", "2026-W41", "2199-W01", 3, release="2026-1", tracker="7f3a-09c1"),
    Message("withdrawn", "2026-W42", "2199-W01", 4),
    Message("reply", "2024-W01", "2024-W05", 5, text="Too long ago."),
]


def words_of(code: bytes, lang: str = "en") -> str:
    return " ".join(to_words(code, lang))


def page_of(client: httpx.Client, lang: str, fields: Mapping[str, str]) -> httpx.Response:
    """Sends the form of the page as a browser does, and follows where it leads."""
    parts = [(name, (None, value.encode())) for name, value in fields.items()]
    answer = client.post(f"/{lang}/code", files=parts)
    assert answer.status_code == 303, answer.text
    return client.get(answer.headers["location"])


def look(server: Server, code: bytes | str, lang: str = "en", **fields: str) -> httpx.Response:
    words = code if isinstance(code, str) else words_of(code, lang)
    return page_of(server.client, lang, {"words": words, "_stamp": server.stamp(), **fields})


def hidden(page: httpx.Response) -> dict[str, str]:
    """The fields that the page's form comes back with."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))


def main(page: httpx.Response) -> str:
    """The words of a page's main part."""
    text = re.sub(r"<[^>]+>", " ", page.text.partition("<main")[2].partition("</main>")[0])
    return " ".join(text.split())


def boxed(data: Path) -> None:
    said = {
        ANSWERED: Said(messages=[reply(TEXT)]),
        COLLECTED: Said(),
        OTHER_KINDS: Said(collected=False, messages=KINDS),
    }
    put(data, box_for(data, said, bits=2, replies=8))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, identity: HybridIdentity) -> Iterator[Server]:
    data = make_data(tmp_path_factory.mktemp("codes") / "data", identity)
    boxed(data)
    with Server(data) as server:
        yield server


def test_an_answer_is_shown_as_text_and_never_as_html(running: Server) -> None:
    page = look(running, ANSWERED)
    assert page.status_code == 200
    assert SHOWN in page.text
    assert "The organizers have your report" in main(page)


def test_a_report_that_was_collected_and_not_answered_is_told_so(running: Server) -> None:
    shown = main(look(running, COLLECTED))
    assert "The organizers have your report" in shown
    assert "They have written nothing for you yet." in shown


def test_a_code_that_nobody_had_finds_nothing(running: Server) -> None:
    assert "We found nothing for this code." in main(look(running, UNKNOWN))


def test_a_report_that_waits_on_the_server_is_told_so(running: Server, identity: HybridIdentity) -> None:
    code = os.urandom(12)
    running.post_sealed(sealed_body(Receipt.from_code(code), [identity.recipient]))
    assert "Your report is here on our server, locked." in main(look(running, code))
    assert "Su reporte está aquí, en nuestro servidor" in main(look(running, code, "es"))


def test_each_kind_of_message_is_shown_in_its_own_words(running: Server) -> None:
    shown = main(look(running, OTHER_KINDS))
    assert "Message from the organizers to many people" in shown
    assert "The clinic has moved." in shown
    assert "in the list of trackers as 7f3a-09c1" in shown
    assert "The organizers took your report out" in shown
    assert "It is not shown any more." in shown
    assert "Too long ago" not in shown


def test_a_code_in_the_words_of_another_language_is_taken(running: Server) -> None:
    page = look(running, words_of(ANSWERED, "es"), "en")
    assert SHOWN in page.text
    assert hidden(page)["words"] == words_of(ANSWERED, "en")
    assert SHOWN in look(running, words_of(ANSWERED, "en").upper(), "es").text


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param("abandon " * 8, "A code from here has 9 words. You typed 8.", id="eight words"),
        pytest.param("abandon " * 12, "of other programs, most often of money", id="a wallet's"),
        pytest.param("abandon " * 8 + "zzzzzz", "Word 9 is in no list of ours", id="an unknown word"),
        pytest.param("abandon " * 8 + "abandom", "Did you mean “abandon”?", id="a mistyped word"),
        pytest.param("abandon " * 8 + "ability", "together they are no code", id="a wrong checksum"),
        pytest.param("", "You typed 0.", id="nothing"),
    ],
)
def test_what_is_wrong_with_the_words_is_said_in_a_sentence(
    words: str, sentence: str, running: Server
) -> None:
    page = look(running, words)
    assert sentence in main(page)
    back = re.search(r'<textarea id="f-words"[^>]*>\n([^<]*)</textarea>', page.text)
    # One wrong letter is mended there; nine words are not typed again. A code for money goes into no page.
    assert back
    assert back[1] == ("" if "money" in sentence else words)


def test_a_page_is_shown_once_and_leads_back_after_that(running: Server) -> None:
    parts = [("words", (None, words_of(ANSWERED))), ("_stamp", (None, running.stamp()))]
    where = running.client.post("/en/code", files=parts).headers["location"]
    assert re.fullmatch(r"/en/code\?once=[0-9a-f]{32}", where)
    assert SHOWN in running.client.get(where).text
    again = running.client.get(where)
    assert (again.status_code, again.headers["location"]) == (303, "/en/code")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_another_site_s_page_sends_is_refused(site: str, running: Server) -> None:
    parts = [("words", (None, words_of(ANSWERED)))]
    answer = running.client.post("/en/code", files=parts, headers={"sec-fetch-site": site})
    assert answer.status_code == 403


def test_an_intake_that_takes_nothing_without_script_takes_no_code(data: Path) -> None:
    file = data / "intake.toml"
    file.write_text(
        file.read_text().replace("reports_without_script = true", "reports_without_script = false")
    )
    with Server(data) as server:
        parts = [("words", (None, words_of(ANSWERED)))]
        assert server.client.post("/en/code", files=parts).status_code == 403


# A follow-up, and taking back


def opened(data: Path, identity: HybridIdentity) -> dict[bytes, thread.Message]:
    """The messages among what is stored."""
    plain = {name: unpad(unseal_bytes(sealed, [identity])) for name, sealed in stored(data).items()}
    return {name: thread.parse(body) for name, body in plain.items() if body.startswith(thread.BEGINS)}


def test_a_follow_up_is_sealed_under_its_own_name(server: Server, identity: HybridIdentity) -> None:
    page = look(server, ANSWERED)
    sent = page_of(server.client, "en", {**hidden(page), "do": "add", "text": "They came back.\r\nTwice."})
    assert "Your message was sent, locked." in main(sent)
    [(name, message)] = opened(server.data, identity).items()
    assert name == message.id
    assert (message.kind, message.text) == ("followup", "They came back.\nTwice.")
    assert (message.sealed_by, message.lang) == ("server", "en")
    assert message.receipt == Receipt.from_code(ANSWERED)
    assert hidden(sent)["_nonce"] != hidden(page)["_nonce"]


def test_a_follow_up_has_the_length_of_a_report(server: Server, identity: HybridIdentity) -> None:
    server.post_sealed(sealed_body(Receipt.draw(), [identity.recipient]))
    page = look(server, ANSWERED)
    for text in ("x", "é" * 2_000):
        page = page_of(server.client, "en", {**hidden(page), "do": "add", "text": text})
    assert len(stored(server.data)) == 3
    assert len({len(sealed) for sealed in stored(server.data).values()}) == 1


def test_a_follow_up_that_is_sent_twice_is_kept_once(server: Server) -> None:
    fields = {**hidden(look(server, ANSWERED)), "do": "add", "text": "They came back."}
    assert "Your message was sent" in main(page_of(server.client, "en", fields))
    assert "arrived the first time" in main(page_of(server.client, "en", fields))
    assert len(stored(server.data)) == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param(" \n ", "Write something first. Nothing was sent.", id="nothing"),
        pytest.param("x" * 2_001, "This is too long.", id="too much"),
    ],
)
def test_a_follow_up_that_cannot_be_sent_stays_on_the_page(text: str, sentence: str, server: Server) -> None:
    page = page_of(server.client, "en", {**hidden(look(server, ANSWERED)), "do": "add", "text": text})
    assert sentence in main(page)
    assert text.strip() in page.text
    assert stored(server.data) == {}


def test_a_follow_up_that_comes_at_once_is_asked_to_wait(data: Path) -> None:
    configure(data, min_fill_seconds=2)
    with Server(data) as server:
        fields = {**hidden(look(server, ANSWERED)), "do": "add", "text": "They came back."}
        page = page_of(server.client, "en", fields)
        assert re.search(r"That was very quick. Nothing was sent. Wait \d seconds", main(page))
        assert "They came back." in page.text
        assert stored(data) == {}
        time.sleep(2)
        again = page_of(server.client, "en", {**hidden(page), "do": "add", "text": "They came back."})
        assert "Your message was sent" in main(again)


def test_follow_ups_share_the_allowance_of_what_is_typed_without_script(data: Path) -> None:
    configure(data, scriptless_per_minute=1)
    with Server(data) as server:
        page = look(server, ANSWERED)
        said = []
        for number in range(4):
            page = page_of(server.client, "en", {**hidden(page), "do": "add", "text": f"{number}"})
            said.append(main(page))
        assert "Your message was sent" in said[0]
        assert "Nothing was saved." in said[-1]
        assert len(stored(data)) < 4


@pytest.mark.parametrize(
    "sign", ["a", "a ", "\ufdfa"], ids=["a word", "many words", "a sign that is a sentence"]
)
def test_a_form_full_of_signs_instead_of_words_holds_up_nobody(sign: str, running: Server) -> None:
    words = sign * (200_000 // len(sign.encode()))
    fields = {"words": words, "_stamp": running.stamp()}
    took = []
    for _ in range(3):
        start = time.perf_counter()
        page = page_of(running.client, "en", fields)
        took.append(time.perf_counter() - start)
    # Two even moments, and what a busy machine adds to them.
    assert min(took) < 4 * SECONDS
    assert "A code from here has 9 words." in main(page)


def test_of_a_message_far_too_long_the_beginning_comes_back(server: Server) -> None:
    fields = {**hidden(look(server, ANSWERED)), "do": "add", "text": "x" * 200_000}
    page = page_of(server.client, "en", fields)
    assert "This is too long." in main(page)
    assert re.findall(r"x{100,}", page.text) == ["x" * 10_000]
    assert stored(server.data) == {}


def test_a_code_that_no_program_could_read_is_not_answered_where_it_was_sent(running: Server) -> None:
    headers = {"sec-fetch-mode": "navigate", "content-type": "multipart/form-data; boundary=x"}
    for content in (words_of(ANSWERED).encode(), b"x" * 300_000):
        answer = running.client.post("/es/code", content=content, headers=headers)
        assert answer.status_code == 303, "else a browser keeps the form on its disk"
        assert "No se guardó nada." in running.client.get(answer.headers["location"]).text
        assert running.client.get(answer.headers["location"]).headers["location"] == "/es/code"


def test_many_looks_without_script_are_told_to_wait(data: Path) -> None:
    configure(data, looks_per_minute=1)
    boxed(data)
    with Server(data) as server:
        shown = [main(look(server, ANSWERED)) for _ in range(4)]
        assert "We read it." in shown[0]
        assert "Too many people are looking right now." in shown[-1]
        # Those with script are not in their way, nor is a report.
        assert server.client.get("/box/2/0").status_code == 200


def test_taking_back_is_asked_once_more_and_then_done(server: Server, identity: HybridIdentity) -> None:
    code = os.urandom(12)
    server.post_sealed(sealed_body(Receipt.from_code(code), [identity.recipient]))
    sure = page_of(server.client, "en", {**hidden(look(server, code)), "do": "take-back"})
    assert "Are you sure?" in main(sure)
    assert len(stored(server.data)) == 1
    kept = page_of(server.client, "en", {**hidden(sure), "do": "look"})
    assert "Your report is here on our server" in main(kept)
    done = page_of(server.client, "en", {**hidden(kept), "do": "take-back-now"})
    assert "Your report is deleted from our server." in main(done)
    assert "So we keep a locked request to them." in main(done)
    # A copy may have left before, or come later.
    [(name, message)] = opened(server.data, identity).items()
    assert (message.kind, message.receipt) == ("withdrawal", Receipt.from_code(code))
    assert stored(server.data).keys() == {name}


def test_a_report_whose_request_to_the_desk_has_no_room_is_not_said_to_be_asked_back(
    data: Path, identity: HybridIdentity
) -> None:
    codes = [os.urandom(12) for _ in range(2)]
    with Server(data) as server:
        for code in codes:
            server.post_sealed(sealed_body(Receipt.from_code(code), [identity.recipient]))
    # Fewer than there are, as after an organizer changed the setting.
    configure(data, max_reports=1)
    with Server(data) as server:
        fields = {**hidden(look(server, codes[0])), "do": "take-back-now"}
        page = page_of(server.client, "en", fields)
        assert "deleted from our server. But it is not sure that the locked request" in main(page)
        assert "Yes, take it back" in main(page)
        assert stored(data).keys() == {Receipt.from_code(codes[1]).id}
        configure(data, max_reports=10)
    with Server(data) as server:
        fields = {**hidden(page), "_stamp": server.stamp(), "do": "take-back-now"}
        assert "So we keep a locked request to them." in main(page_of(server.client, "en", fields))
        assert len(stored(data)) == 2


def test_who_keeps_the_report_finds_again_what_was_being_written(server: Server) -> None:
    typed = 'They said "no" & left.\nTwice.'
    sure = page_of(server.client, "en", {**hidden(look(server, ANSWERED)), "do": "take-back", "text": typed})
    fields = {name: html.unescape(value) for name, value in hidden(sure).items()}
    kept = page_of(server.client, "en", {**fields, "do": "look"})
    assert "They said &#34;no&#34; &amp; left.\nTwice.</textarea>" in kept.text


def test_what_was_fetched_is_taken_back_by_a_sealed_request(
    server: Server, tmp_path: Path, identity: HybridIdentity
) -> None:
    code = os.urandom(12)
    server.post_sealed(sealed_body(Receipt.from_code(code), [identity.recipient]))
    assert run("export", "--data", server.data, "--out", tmp_path).returncode == 0
    fields = {**hidden(look(server, code, "es")), "do": "take-back-now"}
    for _ in range(2):
        page = page_of(server.client, "es", fields)
    assert page.status_code == 200
    [(name, message)] = opened(server.data, identity).items()
    assert (message.kind, message.text, message.lang) == ("withdrawal", None, "es")
    assert name == Receipt.from_code(code).message_id(bytes.fromhex(fields["_nonce"]))


# One size and one time


def raw(address: str, request: str, content: bytes = b"") -> tuple[bytes, float]:
    """Every byte of an answer, and the seconds until its last."""
    with socket.create_connection(("127.0.0.1", int(address.rsplit(":", 1)[1]))) as connection:
        start = time.perf_counter()
        connection.sendall(request.encode() + content)
        answer = b"".join(iter(lambda: connection.recv(1_000_000), b""))
        return answer, time.perf_counter() - start


def measured(server: Server, code: bytes, stamp: str) -> tuple[int, int, float]:
    """The bytes of both answers to a code, and the seconds until the last of them."""
    fields = {"words": words_of(code), "_stamp": stamp}
    content = b"".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    )
    content += b"--x--\r\n"
    common = "Host: x\r\nConnection: close\r\nAccept-Encoding: gzip\r\n"
    post, first = raw(
        server.address,
        f"POST /en/code HTTP/1.1\r\n{common}Content-Type: multipart/form-data; boundary=x\r\n"
        f"Content-Length: {len(content)}\r\n\r\n",
        content,
    )
    where = re.search(rb"location: (\S+)", post)
    assert where, post
    page, second = raw(server.address, f"GET {where[1].decode()} HTTP/1.1\r\n{common}\r\n")
    assert page.startswith(b"HTTP/1.1 200 OK")
    return len(post), len(page), first + second


TRIES = 25
# Seconds by which the kinds may differ: in the quickest answer of each, which is freest of the scheduler's
# noise, and in the median of what each took more than its neighbour of the same round. Every answer waits for
# an even moment, so one that does not is found by its being quicker than those.
QUICKEST, MEDIANS = 0.01, 0.025


def test_no_such_code_nothing_yet_and_a_reply_have_one_size_and_one_time(running: Server) -> None:
    codes = {"no such code": UNKNOWN, "nothing yet": COLLECTED, "a reply": ANSWERED, "four": OTHER_KINDS}
    assert "We read it." in main(look(running, ANSWERED))
    stamp = running.stamp()
    times: dict[str, list[float]] = {name: [] for name in codes}
    sizes = set()
    for _ in range(TRIES):
        for name, code in codes.items():
            post, page, seconds = measured(running, code, stamp)
            sizes.add((post, page))
            times[name].append(seconds)
    quickest = {name: min(found) for name, found in times.items()}
    first = times["no such code"]
    more = {
        name: statistics.median(one - other for one, other in zip(found, first, strict=True))
        for name, found in times.items()
    }
    print(sizes, {name: f"{1000 * quickest[name]:.2f}, {1000 * more[name]:+.2f} ms" for name in codes})
    assert len(sizes) == 1
    assert max(quickest.values()) - min(quickest.values()) < QUICKEST
    assert max(abs(one) for one in more.values()) < MEDIANS
    assert min(quickest.values()) >= 2 * SECONDS


def test_a_mistyped_code_has_the_same_size_too(running: Server) -> None:
    pages = [look(running, "abandon " * 8), look(running, UNKNOWN), look(running, ANSWERED)]
    assert len({len(page.content) for page in pages}) == 1
    assert not [page for page in pages if "content-encoding" in page.headers]


def test_as_many_of_the_longest_messages_as_there_are_places_fit_the_size(data: Path) -> None:
    longest = [reply("&" * 50 + "é" * 875, n) for n in range(1, 9)]
    put(data, box_for(data, {ANSWERED: Said(messages=longest)}, bits=1, replies=8))
    with Server(data) as server:
        for lang in ("en", "es"):
            sizes = {len(look(server, code, lang).content) for code in (ANSWERED, UNKNOWN)}
            assert len(sizes) == 1
        assert look(server, ANSWERED).text.count("&amp;" * 50) == 8


def test_opening_a_bucket_takes_as_long_whatever_is_in_it(data: Path) -> None:
    said = {ANSWERED: Said(messages=[reply(TEXT)]), COLLECTED: Said()}
    content = box_for(data, said, bits=0, markers=256, replies=16)
    parsed, begun = box.read_header(io.BytesIO(content))
    bucket = content[len(begun) :]
    times: dict[bytes, list[float]] = {ANSWERED: [], COLLECTED: [], UNKNOWN: []}
    receipts = {code: Receipt.from_code(code) for code in times}
    for _ in range(300):
        for code, receipt in receipts.items():
            start = time.perf_counter()
            box.open_bucket(parsed, bucket, receipt.box, receipt.reply)
            times[code].append(time.perf_counter() - start)
    medians = [statistics.median(found) for found in times.values()]
    assert max(medians) < 1.25 * min(medians), medians
