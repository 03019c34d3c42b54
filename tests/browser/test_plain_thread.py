"""The page where a code is used, in a browser that runs no script: the server reads the code, and says so."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from analysis.identity import HybridIdentity
from intake.crypto.code import to_words
from intake.crypto.receipt import Receipt
from tests.boxing import ANSWERED, COLLECTED, UNKNOWN
from tests.browser.conftest import QUIET
from tests.browser.test_code import send_plainly, shown_words
from tests.browser.test_thread import opened, words
from tests.serving import CANARY, Server, stored

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A browser that runs no script."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def look(page: Page, server: Server, typed: str, lang: str = "en") -> None:
    page.goto(f"{server.address}/{lang}/code")
    page.locator("#f-words").fill(typed)
    page.locator("button[formmethod]").click()


@pytest.mark.parametrize(
    ("lang", "said", "week"),
    [
        ("en", "The organizers have your report.", "16 November 2026"),
        ("es", "tienen su reporte", "16 de noviembre de 2026"),
    ],
)
def test_replies_are_read_in_the_words_that_the_script_would_use(
    lang: str, said: str, week: str, page: Page, boxed: Server
) -> None:
    look(page, boxed, words(ANSWERED, lang), lang)
    expect(page.locator("main")).to_contain_text(said)
    articles = page.locator(".message").all_inner_texts()
    assert ["We read it.\nThank you." in one for one in articles] == [True, False, False]
    assert "k7f2-9b" in articles[2]
    assert all(week in one for one in articles)
    assert "long ago" not in page.content()


def test_the_page_says_that_the_server_reads_the_code(page: Page, shared_server: Server) -> None:
    page.goto(f"{shared_server.address}/en/code")
    expect(page.locator("#open .notice")).to_contain_text("our server reads your code and the answer")
    expect(page.locator("#look")).to_be_hidden()
    expect(page.locator("#thread")).to_be_hidden()
    expect(page.locator("#script-missing")).to_be_hidden()


def test_a_code_that_finds_nothing_is_told_the_reasons(page: Page, boxed: Server) -> None:
    look(page, boxed, words(UNKNOWN))
    expect(page.locator("main")).to_contain_text("We found nothing for this code.")
    expect(page.locator("main")).to_contain_text("The code is not from this site.")


def test_a_mistyped_code_is_named_on_the_page_where_it_was_typed(page: Page, shared_server: Server) -> None:
    right = words(ANSWERED).split()
    typed = " ".join([*right[:2], "absrb", *right[3:]])
    look(page, shared_server, typed)
    expect(page.locator("#problem-words")).to_have_text(
        "Word 3 is in no list of ours. Did you mean “absorb”?"
    )
    expect(page).to_have_title("Error: Community survey")
    expect(page.locator("#f-words")).to_have_value(typed)


@pytest.mark.parametrize("lang", ["en", "es"])
def test_something_is_added_and_the_report_taken_back_without_script(
    lang: str, page: Page, boxed: Server, identity: HybridIdentity
) -> None:
    look(page, boxed, words(COLLECTED, lang), lang)
    page.locator("#f-more").fill("They came back.")
    page.locator('button[value="add"]').click()
    expect(page.locator('main [role="status"]')).to_contain_text(
        "does not count" if lang == "en" else "No cuenta"
    )
    # What was sent is not offered again, and a reload sends nothing.
    expect(page.locator("#f-more")).to_have_value("")
    page.reload()
    assert len(stored(boxed.data)) == 1
    look(page, boxed, words(COLLECTED, lang), lang)
    page.locator('button[value="take-back"]').click()
    assert len(stored(boxed.data)) == 1
    page.locator('button[value="take-back-now"]').click()
    expect(page.locator('main [role="status"]')).to_contain_text(
        "locked request" if lang == "en" else "pedido cerrado"
    )
    messages = [opened(sealed, identity) for sealed in stored(boxed.data).values()]
    assert {(one.kind, one.text) for one in messages} == {
        ("followup", "They came back."),
        ("withdrawal", None),
    }
    assert {one.receipt for one in messages} == {Receipt.from_code(COLLECTED)}
    assert {one.sealed_by for one in messages} == {"server"}


def test_a_report_of_this_browser_is_deleted_by_its_code(
    page: Page, boxed: Server, identity: HybridIdentity
) -> None:
    send_plainly(page, boxed)
    page.locator("details:has(ol.code) summary").click()
    typed = " ".join(shown_words(page))
    look(page, boxed, typed)
    expect(page.locator("main")).to_contain_text("Your report is here on our server, locked.")
    page.locator('button[value="take-back"]').click()
    page.locator('button[value="take-back-now"]').click()
    expect(page.locator("main")).to_contain_text("Your report is deleted from our server.")
    assert [opened(sealed, identity).kind for sealed in stored(boxed.data).values()] == ["withdrawal"]


def test_no_file_of_a_browser_without_script_holds_code_answer_or_message(
    tmp_path: Path, browser: Browser, boxed: Server
) -> None:
    profile = tmp_path / "profile"
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    context = browser.browser_type.launch_persistent_context(
        str(profile), executable_path=chromium, args=QUIET, java_script_enabled=False
    )
    page = context.pages[0]
    look(page, boxed, f"{words(ANSWERED)}zzzz")
    expect(page.locator("#problem-words")).to_contain_text("Word 9")
    expect(page.locator("#f-words")).to_have_value(f"{words(ANSWERED)}zzzz")
    page.wait_for_timeout(4_000)
    page.locator("#f-words").fill(words(ANSWERED))
    page.locator("button[formmethod]").click()
    expect(page.locator(".message").first).to_contain_text("We read it.")
    page.locator("#f-more").fill(CANARY)
    page.locator('button[value="add"]').click()
    expect(page.locator('main [role="status"]')).to_contain_text("does not count")
    page.wait_for_timeout(4_000)
    files = {path: path.read_bytes() for path in profile.rglob("*") if path.is_file()}
    context.close()
    files |= {path: path.read_bytes() for path in profile.rglob("*") if path.is_file()}
    assert any("Session_" in path.name for path in files), "this browser writes down its sessions"
    for secret in (
        CANARY,
        words(ANSWERED),
        "We read it.",
        *(" ".join(to_words(ANSWERED, "en")[at:][:2]) for at in range(8)),
    ):
        for one in (secret.encode(), secret.encode("utf-16-le")):
            assert not [path for path, content in files.items() if one in content], secret
