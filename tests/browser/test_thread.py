"""The page where a code is used, in a real browser: replies, something added, a report taken back."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from analysis.identity import HybridIdentity
from analysis.unseal import unseal_bytes
from intake.crypto.code import to_words
from intake.crypto.padding import unpad
from intake.crypto.receipt import Receipt
from intake.forms import thread
from tests.boxing import ANSWERED, COLLECTED, UNKNOWN, Said, box_for, put, reply
from tests.browser.test_code import WHAT_IS_KEPT
from tests.browser.test_code import report as send_report
from tests.faults import chain
from tests.serving import Server, sealed_body, stored

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)
LANGUAGES = ["en", "es"]
HOSTILE = '<img src=x onerror="document.title=1"> {week} & {tracker}\n\u202eback'


def words(code: bytes, lang: str = "en") -> str:
    return " ".join(to_words(code, lang))


def look(page: Page, server: Server, typed: str, lang: str = "en") -> None:
    page.goto(f"{server.address}/{lang}/code")
    page.locator("#f-words").fill(typed)
    page.locator("#look").click()


def opened(sealed: bytes, identity: HybridIdentity) -> thread.Message:
    return thread.parse(unpad(unseal_bytes(sealed, [identity])))


def texts(page: Page) -> str:
    return page.locator("#thread").inner_text()


@pytest.mark.parametrize(
    ("lang", "collected", "week"),
    [
        ("en", "The organizers have your report.", "16 November 2026"),
        ("es", "tienen su reporte", "16 de noviembre de 2026"),
    ],
)
def test_replies_are_read_in_order_and_say_when_they_were_written(
    lang: str, collected: str, week: str, page: Page, boxed: Server
) -> None:
    look(page, boxed, words(ANSWERED, lang), lang)
    expect(page.locator("#thread")).to_be_focused()
    expect(page.locator("#collected")).to_contain_text(collected)
    expect(page.locator("#collected")).to_contain_text(week)
    expect(page.locator("#open")).to_be_hidden()
    articles = page.locator(".message").all_inner_texts()
    assert ["We read it.\nThank you." in one for one in articles] == [True, False, False]
    assert "The clinic closes." in articles[1]
    assert "2026-1" in articles[2]
    assert "k7f2-9b" in articles[2]
    assert all(week in one for one in articles)
    assert "long ago" not in texts(page)
    expect(page.locator("#messages > p")).to_contain_text("2020")


def test_a_report_that_was_fetched_and_has_no_answer_is_said_to_be_there(page: Page, boxed: Server) -> None:
    look(page, boxed, words(COLLECTED))
    expect(page.locator("#collected")).to_contain_text("They have written nothing for you yet.")
    expect(page.locator("#reasons")).to_be_hidden()


def test_a_code_that_finds_nothing_is_told_all_the_reasons(page: Page, boxed: Server) -> None:
    look(page, boxed, words(UNKNOWN))
    expect(page.locator("#collected")).to_have_text("We found nothing for this code.")
    reasons = page.locator("#reasons").inner_text()
    for reason in ("not fetched your report yet", "not from this site", "too long ago"):
        assert reason in reasons


def test_an_intake_that_has_no_box_yet_says_the_same(page: Page, server: Server) -> None:
    look(page, server, words(ANSWERED))
    expect(page.locator("#collected")).to_have_text("We found nothing for this code.")


def test_words_of_the_other_language_and_of_four_letters_are_taken(page: Page, boxed: Server) -> None:
    look(page, boxed, words(ANSWERED, "es").upper(), "en")
    expect(page.locator("#collected")).to_contain_text("The organizers have your report.")
    look(page, boxed, " ".join(word[:4] for word in words(ANSWERED).split()), "es")
    expect(page.locator("#collected")).to_contain_text("tienen su reporte")


GOOD = words(ANSWERED).split()
MISTAKES = [
    pytest.param("", "A code from here has 9 words. You typed 0.", id="nothing"),
    pytest.param(" ".join(GOOD[:8]), "A code from here has 9 words. You typed 8.", id="eight words"),
    pytest.param("zoo " * 12, "of other programs, most often of money", id="a wallet's twelve words"),
    pytest.param(
        " ".join([*GOOD[:2], "absrb", *GOOD[3:]]),
        "Word 3 is in no list of ours. Did you mean “absorb”?",
        id="a slip",
    ),
    pytest.param(
        " ".join([*GOOD[:8], "xxxxxxxx"]), "Word 9 is in no list of ours. Look at it again.", id="no word"
    ),
    pytest.param(
        " ".join([*GOOD[:4], "abeja", *GOOD[5:]]), "Word 5 is of another language", id="two languages"
    ),
    pytest.param(" ".join([*GOOD[:8], "zoo"]), "together they are no code", id="wrong checksum"),
]


@pytest.mark.parametrize(("typed", "said"), MISTAKES)
def test_what_is_wrong_with_a_code_is_named_before_anything_is_sent(
    typed: str, said: str, page: Page, shared_server: Server
) -> None:
    page.goto(f"{shared_server.address}/en/code")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.locator("#f-words").fill(typed)
    page.locator("#look").click()
    problem = page.locator("#problem-words")
    expect(problem).to_contain_text(said)
    expect(page.locator("#f-words")).to_be_focused()
    expect(page.locator("#f-words")).to_have_value(typed)
    assert requests == []


@pytest.mark.parametrize(
    ("fate", "said"),
    [
        pytest.param(lambda route: route.abort(), "Look if you are online", id="no network"),
        pytest.param(lambda route: route.fulfill(status=503), "Too many people are looking", id="busy"),
        pytest.param(
            lambda route: route.fulfill(status=200, body="<html>"), "could not read", id="a hotel's page"
        ),
        pytest.param(lambda route: route.fulfill(status=502), "could not read", id="a broken proxy"),
    ],
)
def test_a_server_that_does_not_answer_is_a_clear_sentence_and_a_second_try_works(
    fate: Callable[[Route], None], said: str, page: Page, boxed: Server
) -> None:
    page.route("**/box**", fate)
    look(page, boxed, words(ANSWERED))
    expect(page.locator("#status")).to_contain_text(said)
    page.unroute("**/box**")
    page.locator("#look").click()
    expect(page.locator("#collected")).to_contain_text("The organizers have your report.")


def test_a_box_that_changes_between_two_questions_is_asked_for_again(page: Page, boxed: Server) -> None:
    asked: list[str] = []

    def change(route: Route) -> None:
        if not asked:
            asked.append(route.request.url)
            route.fulfill(status=409)
        else:
            route.continue_()

    page.route("**/box/0/0", change)
    look(page, boxed, words(ANSWERED))
    expect(page.locator("#collected")).to_contain_text("The organizers have your report.")
    assert len(asked) == 1


def test_what_organizers_write_is_shown_as_text_whatever_it_is(page: Page, data: Path) -> None:
    put(data, box_for(data, {ANSWERED: Said(messages=[reply(HOSTILE)])}, bits=0))
    with Server(data) as server:
        look(page, server, words(ANSWERED))
        expect(page.locator(".message .words")).to_have_text(HOSTILE, use_inner_text=True)
        assert page.locator("#messages img").count() == 0
        assert page.title() == "Community survey"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_something_added_arrives_sealed_under_the_thread_of_its_report(
    lang: str, page: Page, boxed: Server, identity: HybridIdentity
) -> None:
    posted: list[bytes] = []
    look(page, boxed, words(ANSWERED, lang), lang)
    page.on("request", lambda request: posted.append(request.post_data_buffer or b""))
    for text in ("  They came back.\r\nTwice.  ", "A third time."):
        page.locator("#f-more").fill(text)
        page.locator("#add").click()
        expect(page.locator("#f-more")).to_have_value("")
    said = "does not count as another report" if lang == "en" else "No cuenta como otro reporte"
    expect(page.locator("#added")).to_contain_text(said)
    messages = {name: opened(sealed, identity) for name, sealed in stored(boxed.data).items()}
    assert {one.text for one in messages.values()} == {"They came back.\nTwice.", "A third time."}
    for name, one in messages.items():
        assert (one.kind, one.sealed_by, one.channel, one.lang) == ("followup", "browser", "web", lang)
        assert (one.id, one.receipt) == (name, Receipt.from_code(ANSWERED))
    assert not any(b"came back" in body or b"third" in body for body in posted)


def test_a_message_has_the_size_of_a_report(page: Page, boxed: Server, identity: HybridIdentity) -> None:
    boxed.post_sealed(sealed_body([identity.recipient]))
    look(page, boxed, words(ANSWERED))
    page.locator("#f-more").fill("x" * 2_000)
    page.locator("#add").click()
    expect(page.locator("#added")).to_contain_text("Your message was sent")
    assert len({len(sealed) for sealed in stored(boxed.data).values()}) == 1
    page.locator("#f-more").fill("x" * 2_001)
    page.locator("#add").click()
    expect(page.locator("#added")).to_contain_text("This is too long.")
    page.locator("#f-more").fill("   ")
    page.locator("#add").click()
    expect(page.locator("#added")).to_contain_text("Write something first.")
    assert len(stored(boxed.data)) == 2


def test_a_message_whose_answer_is_lost_is_kept_once(page: Page, boxed: Server) -> None:
    tries: list[bytes] = []

    def lose(route: Route) -> None:
        tries.append(route.request.post_data_buffer or b"")
        route.fetch()
        route.abort()

    look(page, boxed, words(ANSWERED))
    page.route("**/sealed", lose)
    page.locator("#f-more").fill("Once.")
    page.locator("#add").click()
    expect(page.locator("#added")).to_contain_text("we do not know if your message arrived")
    expect(page.locator("#f-more")).to_have_value("Once.")
    page.unroute("**/sealed")
    page.locator("#add").click()
    expect(page.locator("#added")).to_contain_text("Your message was sent")
    assert len(set(tries)) == 1
    assert len(stored(boxed.data)) == 1


def test_a_message_that_cannot_be_taken_can_be_saved_as_a_locked_file(
    page: Page, boxed: Server, identity: HybridIdentity, tmp_path: Path
) -> None:
    look(page, boxed, words(ANSWERED))
    page.route("**/sealed", lambda route: route.fulfill(status=503))
    page.locator("#f-more").fill("Later, then.")
    page.locator("#add").click()
    expect(page.locator("#added")).to_contain_text("Nothing was saved.")
    with page.expect_download() as download:
        page.locator("#save-sealed").click()
    download.value.save_as(tmp_path / "saved.age")
    message = opened((tmp_path / "saved.age").read_bytes(), identity)
    assert message.text == "Later, then."
    assert download.value.suggested_filename == f"{message.id.hex()}.age"


def take_back(page: Page) -> None:
    page.locator("#take-back").click()
    expect(page.locator("#sure")).to_be_visible()
    page.locator("#take-back-now").click()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_report_that_is_still_here_is_deleted_when_it_is_taken_back(
    lang: str, page: Page, boxed: Server, identity: HybridIdentity
) -> None:
    send_report(page, boxed, lang)
    page.locator("#code-show").click()
    typed = " ".join(page.locator("ol.code li").all_inner_texts())
    assert len(stored(boxed.data)) == 1
    look(page, boxed, typed, lang)
    page.locator("#take-back").click()
    page.locator("#keep-it").click()
    assert len(stored(boxed.data)) == 1
    take_back(page)
    said = "deleted from our server" if lang == "en" else "se borró de nuestro servidor"
    expect(page.locator("#taken")).to_contain_text(said)
    # A copy may have left before, or come later: the organizers are asked all the same.
    assert [opened(sealed, identity).kind for sealed in stored(boxed.data).values()] == ["withdrawal"]
    expect(page.locator("#take-back")).to_be_hidden()
    expect(page.locator("#sure")).to_be_hidden()


def test_what_goes_over_the_wire_is_the_same_whether_the_report_was_still_there(
    page: Page, boxed: Server, identity: HybridIdentity
) -> None:
    boxed.post_sealed(chain.sealed_body(Receipt.from_code(ANSWERED), [identity.recipient]))
    seen = []
    for there in (True, False):
        look(page, boxed, words(ANSWERED))
        expect(page.locator("#thread")).to_be_visible()
        found: list[tuple[str, int]] = []

        def note(request: Request, kept: list[tuple[str, int]] = found) -> None:
            kept.append((request.url, len(request.post_data_buffer or b"")))

        page.on("request", note)
        take_back(page)
        expect(page.locator("#taken")).to_contain_text(
            "deleted from" if there else "not on our server any more"
        )
        page.remove_listener("request", note)
        seen.append(found)
    assert seen[0] == seen[1]
    assert [url.rsplit("/", 1)[1] for url, _ in seen[0]] == ["withdraw", "sealed"]


def test_a_report_that_is_deleted_without_its_request_being_kept_is_not_called_done(
    page: Page, boxed: Server, identity: HybridIdentity
) -> None:
    boxed.post_sealed(chain.sealed_body(Receipt.from_code(ANSWERED), [identity.recipient]))
    look(page, boxed, words(ANSWERED))
    page.route("**/sealed", lambda route: route.fulfill(status=503))
    take_back(page)
    expect(page.locator("#taken")).to_contain_text("But it is not sure that the locked request")
    expect(page.locator("#keep-sealed")).to_be_visible()
    assert stored(boxed.data) == {}
    page.unroute("**/sealed")
    page.locator("#take-back-now").click()
    expect(page.locator("#taken")).to_contain_text(
        "Your report is deleted from our server. The organizers may"
    )
    expect(page.locator("#keep-sealed")).to_be_hidden()
    assert [opened(sealed, identity).kind for sealed in stored(boxed.data).values()] == ["withdrawal"]


def test_a_report_that_is_gone_is_asked_back_by_a_sealed_request(
    page: Page, boxed: Server, identity: HybridIdentity
) -> None:
    look(page, boxed, words(COLLECTED))
    take_back(page)
    expect(page.locator("#taken")).to_contain_text("So we keep a locked request to them.")
    expect(page.locator("#taken")).to_contain_text("If they counted it before, those numbers stay")
    [(name, sealed)] = stored(boxed.data).items()
    message = opened(sealed, identity)
    assert (message.kind, message.text, message.id) == ("withdrawal", None, name)
    assert message.receipt == Receipt.from_code(COLLECTED)


def test_taking_back_that_does_not_get_through_says_so_and_can_be_repeated(page: Page, boxed: Server) -> None:
    look(page, boxed, words(COLLECTED))
    page.route("**/withdraw", lambda route: route.fulfill(status=503))
    take_back(page)
    expect(page.locator("#taken")).to_contain_text("Your report was not taken back.")
    page.unroute("**/withdraw")
    page.route("**/sealed", lambda route: route.abort())
    page.locator("#take-back-now").click()
    expect(page.locator("#taken")).to_contain_text("we do not know if your report was taken back")
    page.unroute("**/sealed")
    page.locator("#take-back-now").click()
    expect(page.locator("#taken")).to_contain_text("So we keep a locked request to them.")
    assert len(stored(boxed.data)) == 1


def held_back(page: Page, address: str) -> list[Route]:
    """The requests to an address, which wait until the test lets them go on."""
    waiting: list[Route] = []
    page.route(address, lambda route: waiting.append(route))
    return waiting


def until_one_waits(page: Page, waiting: list[Route]) -> Route:
    for _ in range(100):
        if waiting:
            return waiting[0]
        page.wait_for_timeout(50)
    raise AssertionError("nothing was asked for")


# The request to the organizers is being sealed then.
CLOSE_AFTER_WITHDRAW = """() => {
  const real = fetch;
  globalThis.fetch = async (...what) => {
    const answer = await real(...what);
    if (what[0] === "/withdraw") setTimeout(() => document.getElementById("close").click());
    return answer;
  };
}"""


def test_who_closes_the_page_while_taking_back_has_asked_for_it_all_the_same(
    page: Page, boxed: Server, identity: HybridIdentity
) -> None:
    look(page, boxed, words(ANSWERED))
    page.evaluate(CLOSE_AFTER_WITHDRAW)
    page.locator("#take-back").click()
    with page.expect_response("**/sealed") as answer:
        page.locator("#take-back-now").click()
    assert answer.value.status == 201
    [sealed] = stored(boxed.data).values()
    assert opened(sealed, identity).kind == "withdrawal"
    expect(page.locator("#open")).to_be_visible()
    expect(page.locator("#taken")).to_have_text("")


def test_an_answer_that_comes_after_the_page_was_left_is_not_shown(page: Page, boxed: Server) -> None:
    waiting = held_back(page, "**/box/0/0")
    look(page, boxed, words(ANSWERED))
    held = until_one_waits(page, waiting)
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    with page.expect_response("**/box/0/0"):
        held.continue_()
    page.wait_for_timeout(1_000)
    expect(page.locator("#thread")).to_be_hidden()
    assert "We read it." not in page.content()
    expect(page.locator("#status")).to_have_text("")


def test_no_word_of_the_code_leaves_the_browser_while_script_runs(page: Page, boxed: Server) -> None:
    sent: list[bytes] = []
    page.on(
        "request",
        lambda one: sent.append(one.url.encode() + str(one.headers).encode() + (one.post_data_buffer or b"")),
    )
    page.goto(f"{boxed.address}/en/code")
    sent.clear()
    page.locator("#f-words").fill(words(ANSWERED))
    page.locator("#f-words").press("Enter")
    page.locator("#f-words").press("Control+Enter")
    page.evaluate("document.getElementById('open').requestSubmit()")
    page.evaluate("document.getElementById('open').submit()")
    page.wait_for_timeout(300)
    assert sent == []
    page.locator("#look").click()
    expect(page.locator("#collected")).to_contain_text("The organizers have your report.")
    page.locator("#f-more").fill("More words.")
    page.locator("#add").click()
    expect(page.locator("#added")).to_contain_text("Your message was sent")
    take_back(page)
    expect(page.locator("#taken")).to_contain_text("locked request")
    everything = b"\n".join(sent)
    receipt = Receipt.from_code(ANSWERED)
    # The token is shown to take back, and is what tells the server which report to delete.
    for secret in (ANSWERED, receipt.box, receipt.reply):
        assert secret not in everything
        assert secret.hex().encode() not in everything
    assert not [word for word in GOOD if word.encode() in everything.replace(b"chromium", b"")]
    assert [one.split(b"{")[0].split(b"/", 3)[3] for one in sent[:2]] == [b"box", b"box/0/0"]


@pytest.mark.parametrize("script", ["**/static/code.js", "**/code/en.js"])
@pytest.mark.parametrize("fate", ["abort", "empty"])
def test_a_code_page_whose_script_did_not_load_sends_nothing(
    script: str, fate: str, browser: Browser, shared_server: Server
) -> None:
    page = browser.new_page()
    page.route(script, lambda route: route.abort() if fate == "abort" else route.fulfill(status=404))
    page.goto(f"{shared_server.address}/en/code")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    expect(page.locator("#script-missing")).to_be_visible()
    expect(page.locator("#script-missing")).to_contain_text("Nothing was sent.")
    page.locator("#f-words").fill(words(ANSWERED))
    page.locator("#f-words").press("Enter")
    page.evaluate("for (const button of document.querySelectorAll('button')) button.click()")
    page.evaluate("document.getElementById('open').submit()")
    page.wait_for_timeout(300)
    assert requests == []
    page.close()


def test_no_such_code_and_nothing_yet_and_a_reply_are_the_same_on_the_wire(
    browser: Browser, boxed: Server
) -> None:
    seen = []
    for code in (UNKNOWN, COLLECTED, ANSWERED):
        page = browser.new_page()
        found: list[tuple[str, str, int, int]] = []

        def note(request: object, kept: list[tuple[str, str, int, int]] = found) -> None:
            sizes, answer = request.sizes(), request.response()  # type: ignore[attr-defined]
            kept.append((request.method, request.url, sizes["responseBodySize"], answer.status))  # type: ignore[attr-defined]

        look_finished = page.goto(f"{boxed.address}/en/code")
        assert look_finished
        page.on("requestfinished", note)
        page.locator("#f-words").fill(words(code))
        page.locator("#look").click()
        expect(page.locator("#thread")).to_be_visible()
        page.wait_for_timeout(300)
        seen.append(found)
        page.close()
    assert seen[0] == seen[1] == seen[2]
    assert [one[1].removeprefix(boxed.address) for one in seen[0]] == ["/box", "/box/0/0"]


def test_nothing_of_a_code_or_an_answer_stays_in_the_browser(page: Page, boxed: Server) -> None:
    look(page, boxed, words(ANSWERED))
    expect(page.locator("#messages")).to_contain_text("We read it.")
    page.locator("#f-more").fill("Words of mine.")
    assert page.evaluate(WHAT_IS_KEPT) == [0, 0, "", 0, None, 0, ""]
    assert page.evaluate("history.length") <= 2
    assert page.url == f"{boxed.address}/en/code"
    page.locator("#close").click()
    expect(page.locator("#open")).to_be_visible()
    for gone in ("We read it.", "k7f2", "The clinic closes"):
        assert gone not in page.content()
    assert page.locator("#f-words").input_value() == page.locator("#f-more").input_value() == ""


def test_leaving_the_code_page_and_coming_back_shows_nothing(page: Page, boxed: Server) -> None:
    look(page, boxed, words(ANSWERED))
    expect(page.locator("#messages")).to_contain_text("We read it.")
    page.goto(f"{boxed.address}/en/how")
    page.evaluate("history.back()")
    page.wait_for_url("**/en/code")
    expect(page.locator("#look")).to_be_visible()
    assert "We read it." not in page.content()
    assert page.locator("#f-words").input_value() == ""


def test_the_way_to_the_code_page_starts_at_the_first_page(page: Page, shared_server: Server) -> None:
    page.goto(f"{shared_server.address}/es/")
    page.get_by_role("link", name="Usar un código").click()
    page.wait_for_url("**/es/code")
    expect(page.locator("h1")).to_have_text("Use su código")
    expect(page).to_have_title("Encuesta comunitaria")
