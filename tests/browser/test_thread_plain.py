"""The page behind a code where no script runs: found, added to, taken back, and kept by no browser."""

import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from analysis.identity import HybridIdentity
from analysis.unseal import unseal_bytes
from intake.crypto.code import to_words
from intake.crypto.padding import unpad
from intake.crypto.receipt import Receipt
from intake.forms import thread
from tests.boxing import Said, box_for, reply
from tests.browser.test_code import QUIET
from tests.faults.chain import sealed_body
from tests.intake.test_looking import put
from tests.serving import CANARY, Server, stored

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)
CODE = bytes(range(70, 82))
ANSWER = '<b onclick="x">We read it.</b>\nAsk at the door.'


@pytest.fixture
def boxed(data: Path) -> Iterator[Server]:
    put(data, box_for(data, {CODE: Said(messages=[reply(f"{ANSWER} {CANARY}")])}))
    with Server(data) as server:
        yield server


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640})
    yield context.new_page()
    context.close()


def look(page: Page, server: Server, lang: str, words: str) -> None:
    """Types a code and looks, as a person does."""
    page.goto(f"{server.address}/{lang}/code")
    page.locator("#f-words").fill(words)
    page.locator("button[formmethod]").click()
    page.wait_for_url(f"**/{lang}/code?once=*")


@pytest.mark.parametrize("lang", ["en", "es"])
def test_without_script_an_answer_is_read_and_something_is_added(
    lang: str, page: Page, boxed: Server, identity: HybridIdentity
) -> None:
    look(page, boxed, lang, " ".join(to_words(CODE, lang)).upper())
    expect(page.locator(".message .words")).to_have_text(f"{ANSWER} {CANARY}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.locator("#f-more").fill("They came back.\nTwice.")
    page.locator('button[value="add"]').click()
    expect(page.locator('[role="status"].notice')).to_be_visible()
    [(name, sealed)] = stored(boxed.data).items()
    message = thread.parse(unpad(unseal_bytes(sealed, [identity])))
    assert (message.id, message.text, message.lang) == (name, "They came back.\nTwice.", lang)
    # What was sent is not offered again, and a reload sends nothing.
    expect(page.locator("#f-more")).to_have_value("")
    page.reload()
    expect(page.locator("#f-words")).to_have_value("")
    assert len(stored(boxed.data)) == 1


def test_without_script_a_report_is_taken_back_after_it_was_asked_once_more(
    page: Page, boxed: Server, identity: HybridIdentity
) -> None:
    boxed.post_sealed(sealed_body(Receipt.from_code(CODE), [identity.recipient]))
    look(page, boxed, "en", " ".join(to_words(CODE, "en")))
    page.locator('button[value="take-back"]').click()
    expect(page.get_by_text("Are you sure? You cannot undo this.")).to_be_visible()
    assert len(stored(boxed.data)) == 1
    page.locator('button[value="take-back-now"]').click()
    expect(page.get_by_text("Your report is deleted from our server.")).to_be_visible()
    assert stored(boxed.data) == {}


def test_without_script_a_wrong_word_is_named_and_no_word_is_shown_again(page: Page, boxed: Server) -> None:
    words = list(to_words(CODE, "en"))
    look(page, boxed, "en", " ".join([*words[:4], "qqqqqq", *words[5:]]))
    expect(page.locator("#problem-words")).to_contain_text("Word 5 is in no list of ours.")
    expect(page.locator("#f-words")).to_have_value("")


def test_no_file_of_a_browser_without_script_holds_a_code_or_an_answer(
    tmp_path: Path, browser: Browser, boxed: Server
) -> None:
    profile = tmp_path / "profile"
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    context = browser.browser_type.launch_persistent_context(
        str(profile), executable_path=chromium, args=QUIET, java_script_enabled=False
    )
    page, words = context.pages[0], to_words(CODE, "en")
    look(page, boxed, "en", " ".join([*words[:8], "qqqqqq"]))
    look(page, boxed, "en", " ".join(words))
    expect(page.locator(".message .words")).to_contain_text(CANARY)
    page.locator("#f-more").fill("x" * 2_001 + CANARY)
    page.locator('button[value="add"]').click()
    expect(page.locator('[role="status"].notice')).to_be_visible()
    page.wait_for_timeout(4_000)
    files = {path: path.read_bytes() for path in profile.rglob("*") if path.is_file()}
    context.close()
    files |= {path: path.read_bytes() for path in profile.rglob("*") if path.is_file()}
    assert any("Session_" in path.name for path in files), "this browser writes down its sessions"
    neighbours = [f"{one} {other}" for one, other in pairwise(words)]
    for secret in (CANARY, CODE.hex(), *neighbours):
        for one in (secret.encode(), secret.encode("utf-16-le")):
            assert not [path.name for path, content in files.items() if one in content], secret
