"""The code after sending: shown to whoever asks, typed back once, and nowhere but on the page."""

import re
import shutil
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from intake.crypto.code import from_words, split
from intake.crypto.receipt import Receipt
from tests.browser.conftest import QUIET
from tests.browser.driving import reach, send, tick
from tests.serving import CANARY, Server, stored

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)
LANGUAGES = ["en", "es"]
WHAT_IS_KEPT = """async () => [
  localStorage.length, sessionStorage.length, document.cookie, (await indexedDB.databases()).length,
  history.state, typeof caches === "undefined" ? 0 : (await caches.keys()).length, window.name,
]"""


def report(page: Page, server: Server, lang: str = "en", story: str = "") -> None:
    """Sends a report by script, and waits for the page after it."""
    page.goto(f"{server.address}/{lang}/report/")
    tick(page, "setting", "other_service")
    reach(page, "#q-story")
    page.locator('textarea[name="story"]').fill(story)
    tick(page, "count", "yes")
    send(page)
    page.wait_for_url(f"**/{lang}/sent?sealed_by=browser")
    expect(page.locator("#code-show")).to_be_visible()


def shown_words(page: Page) -> list[str]:
    return page.locator("ol.code li").all_inner_texts()


def tells(text: str, words: list[str]) -> bool:
    """Whether two neighbours of a code stand beside each other: alone, many of its words are in any page."""
    plain = split(re.sub(r"<[^>]*>|%20|%0A", " ", text))
    known = [split(word)[0] for word in words]
    return bool(set(pairwise(plain)) & set(pairwise(known)))


def code_of(words: list[str]) -> bytes:
    return from_words(" ".join(words), "en")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_code_that_is_shown_is_that_of_the_report_that_was_sent(
    lang: str, page: Page, server: Server
) -> None:
    report(page, server, lang)
    page.locator("#code-show").click()
    words = shown_words(page)
    assert len(words) == 9
    assert list(stored(server.data)) == [Receipt.from_code(code_of(words)).id]
    box = page.locator("ol.code li").first.bounding_box()
    assert box
    assert box["height"] >= 32, "the words are large"


def test_whoever_does_not_ask_sees_no_word_of_a_code(page: Page, server: Server) -> None:
    report(page, server)
    expect(page.locator("#code-shown")).to_be_hidden()
    expect(page.locator("#code-back")).to_be_hidden()
    assert shown_words(page) == []
    expect(page.locator("#code-live .strong")).to_contain_text("could find the paper")
    expect(page.locator("#code-live .strong")).to_contain_text("may search your phone")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_words_that_are_typed_back_right_are_forgotten_by_the_page(
    lang: str, page: Page, server: Server
) -> None:
    report(page, server, lang)
    page.locator("#code-show").click()
    words = shown_words(page)
    page.locator("#code-written").click()
    assert shown_words(page) == [], "the paper is read, and not the page"
    page.locator("#code-typed").fill(" ".join(word[:4].upper() for word in words))
    page.locator("#code-check").click()
    right = page.locator("#code-status").get_attribute("data-right") or ""
    expect(page.locator("#code-status")).to_have_text(right)
    for button in ("show", "written", "check", "again", "forget"):
        expect(page.locator(f"#code-{button}")).to_be_hidden()
    assert page.locator("#code-typed").input_value() == ""


def test_a_wrong_word_is_named_by_its_number_until_all_are_right(page: Page, server: Server) -> None:
    report(page, server)
    page.locator("#code-show").click()
    words = shown_words(page)
    page.locator("#code-written").click()
    typed, status = page.locator("#code-typed"), page.locator("#code-status")
    other = "zebra" if words[6] != "zebra" else "zoo"
    typed.fill(" ".join([*words[:6], other, *words[7:]]))
    page.locator("#code-check").click()
    expect(status).to_contain_text("Word 7 is another one")
    typed.fill(" ".join(words[:8]))
    page.locator("#code-check").click()
    expect(status).to_have_text("A code has 9 words. You typed 8.")
    page.locator("#code-again").click()
    assert shown_words(page) == words
    expect(status).to_have_text("")
    page.locator("#code-written").click()
    typed.fill(" ".join(words))
    page.locator("#code-check").click()
    expect(status).to_contain_text("That is right.")


def test_a_code_that_is_forgotten_does_not_come_back(page: Page, server: Server) -> None:
    report(page, server)
    page.locator("#code-show").click()
    words = shown_words(page)
    page.locator("#code-forget").click()
    expect(page.locator("#code-status")).to_contain_text("Nobody can get it back.")
    page.evaluate("for (const button of document.querySelectorAll('#code-live button')) button.click()")
    assert not tells(page.content(), words)
    assert shown_words(page) == []


def test_asking_for_a_code_is_seen_by_nobody_on_the_wire(browser: Browser, server: Server) -> None:
    seen: dict[bool, list[str]] = {}
    for asks in (True, False):
        context = browser.new_context()
        page = context.new_page()
        requests: list[Request] = []
        page.on("request", lambda one, kept=requests: kept.append(one))
        report(page, server)
        if asks:
            page.locator("#code-show").click()
            page.locator("#code-written").click()
        page.wait_for_timeout(500)
        seen[asks] = [f"{one.method} {one.url}" for one in requests]
        context.close()
    assert seen[True] == seen[False]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_code_is_in_no_request_no_address_no_history_and_no_storage(
    lang: str, page: Page, server: Server
) -> None:
    sent: list[bytes] = []
    page.on("request", lambda one: sent.append(one.url.encode() + (one.post_data_buffer or b"")))
    report(page, server, lang)
    page.locator("#code-show").click()
    words = shown_words(page)
    page.locator("#code-written").click()
    page.locator("#code-typed").fill(" ".join(words))
    page.locator("#code-check").click()
    code = code_of(words)
    receipt = Receipt.from_code(code)
    secrets = [
        code,
        code.hex().encode(),
        receipt.box,
        receipt.reply,
        receipt.withdraw,
        receipt.box.hex().encode(),
    ]
    everything = b"\n".join(sent)
    assert not [one for one in secrets if one in everything]
    assert not tells(everything.decode("latin-1"), words)
    assert page.evaluate(WHAT_IS_KEPT) == [0, 0, "", 0, None, 0, ""]
    assert page.url == f"{server.address}/{lang}/sent?sealed_by=browser"


def test_going_back_and_forth_after_sending_shows_neither_answers_nor_code(
    page: Page, server: Server
) -> None:
    report(page, server)
    page.locator("#code-show").click()
    words = shown_words(page)
    page.evaluate("history.back()")
    page.wait_for_url("**/en/report/")
    expect(page.locator('input[name="setting"]:checked')).to_have_count(0)
    expect(page.locator("#next")).to_be_visible()
    page.evaluate("history.forward()")
    page.wait_for_url("**/en/sent?sealed_by=browser")
    expect(page.locator("h1")).to_have_text("Your report was sent")
    expect(page.locator("#code-live")).to_be_hidden()
    assert not tells(page.content(), words)


def test_leaving_the_sent_page_and_coming_back_shows_no_code(page: Page, server: Server) -> None:
    report(page, server)
    page.locator("#code-show").click()
    words = shown_words(page)
    page.goto(f"{server.address}/en/how")
    page.evaluate("history.back()")
    page.wait_for_url("**/en/sent?sealed_by=browser")
    expect(page.locator("h1")).to_have_text("Your report was sent")
    expect(page.locator("#code-show")).to_be_hidden()
    assert not tells(page.content(), words)


def test_where_the_words_do_not_load_the_report_is_sent_all_the_same(page: Page, server: Server) -> None:
    page.route("**/static/words.js", lambda route: route.abort())
    page.goto(f"{server.address}/en/report/")
    tick(page, "setting", "other_service")
    tick(page, "count", "yes")
    send(page)
    page.wait_for_url("**/en/sent?sealed_by=browser")
    expect(page.locator("h1")).to_have_text("Your report was sent")
    expect(page.locator("#code-live")).to_be_hidden()
    assert len(stored(server.data)) == 1


@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_script_the_code_waits_behind_a_closed_door(
    lang: str, browser: Browser, server: Server
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    send_plainly(page, server, lang)
    first = page.locator("ol.code li").first
    expect(first).to_be_hidden()
    page.locator("details:has(ol.code) summary").click()
    expect(first).to_be_visible()
    assert list(stored(server.data)) == [Receipt.from_code(code_of(shown_words(page))).id]
    page.reload()
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("#code-live")).to_be_hidden()
    assert shown_words(page) == []
    context.close()


def send_plainly(page: Page, server: Server, lang: str = "en", story: str = "") -> None:
    """Sends a report without script, and waits for the page after it."""
    page.goto(f"{server.address}/{lang}/report/")
    tick(page, "setting", "other_service")
    tick(page, "count", "yes")
    reach(page, "#q-story")
    page.locator('textarea[name="story"]').fill(story)
    page.locator("button[formmethod]").click()
    page.wait_for_url(f"**/{lang}/sent?sealed_by=server&once=*")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_no_file_of_the_browser_holds_what_was_reported_nor_the_code(
    script: bool, tmp_path: Path, browser: Browser, server: Server
) -> None:
    """Chromium writes a form that a page answered to its file of sessions; a redirect keeps it from that."""
    profile = tmp_path / "profile"
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    context = browser.browser_type.launch_persistent_context(
        str(profile), executable_path=chromium, args=QUIET, java_script_enabled=script
    )
    page = context.pages[0]
    if script:
        report(page, server, story=CANARY)
        page.locator("#code-show").click()
    else:
        send_plainly(page, server, story=CANARY)
        page.locator("details:has(ol.code) summary").click()
    words = shown_words(page)
    page.wait_for_timeout(4_000)
    files = {path: path.read_bytes() for path in profile.rglob("*") if path.is_file()}
    context.close()
    files |= {path: path.read_bytes() for path in profile.rglob("*") if path.is_file()}
    assert any("Session_" in path.name for path in files), "this browser writes down its sessions"
    for secret in (CANARY, " ".join(words), code_of(words).hex(), *(a + b for a, b in pairs(words))):
        for one in (secret.encode(), secret.encode("utf-16-le")):
            assert not [path for path, content in files.items() if one in content]


def test_no_file_of_the_browser_holds_a_form_that_came_back_to_be_mended(
    tmp_path: Path, browser: Browser, server: Server
) -> None:
    profile = tmp_path / "profile"
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    context = browser.browser_type.launch_persistent_context(
        str(profile), executable_path=chromium, args=QUIET, java_script_enabled=False
    )
    page = context.pages[0]
    page.goto(f"{server.address}/en/report/")
    page.locator('textarea[name="story"]').fill(CANARY)
    page.locator("button[formmethod]").click()
    expect(page.locator("#problems")).to_be_visible()
    expect(page.locator('textarea[name="story"]')).to_have_value(CANARY)
    page.wait_for_timeout(4_000)
    files = {path: path.read_bytes() for path in profile.rglob("*") if path.is_file()}
    tick(page, "setting", "other_service")
    tick(page, "count", "yes")
    page.locator("button[formmethod]").click()
    page.wait_for_url("**/en/sent?sealed_by=server&once=*")
    context.close()
    files |= {path: path.read_bytes() for path in profile.rglob("*") if path.is_file()}
    assert any("Session_" in path.name for path in files), "this browser writes down its sessions"
    for one in (CANARY.encode(), CANARY.encode("utf-16-le")):
        assert not [path for path, content in files.items() if one in content]
    assert len(stored(server.data)) == 1


def pairs(words: list[str]) -> list[tuple[str, str]]:
    """Neighbouring words with what stands between them on a page."""
    return [(f"{one}</li>\n<li>", other) for one, other in pairwise(words)]
