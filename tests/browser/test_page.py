"""The form's page in a real browser: asks what applies, seals, sends, and loses nothing that was typed."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from analysis.identity import HybridIdentity
from analysis.unseal import unseal_bytes
from intake.crypto.padding import unpad
from intake.forms import report
from intake.forms.form import shipped
from tests.browser.driving import reach, send, tick
from tests.serving import Server, stored

pytestmark = pytest.mark.browser
FORM = shipped("report")
STORY = "They said “wait”.\nThey took my bag. 👩🏽‍🚒"


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """The police form, in a browser that keeps nothing between tests; a script's error fails the test."""
    context = browser.new_context()
    context.set_default_timeout(15_000)
    shown = context.new_page()
    errors: list[str] = []
    shown.on("pageerror", lambda error: errors.append(str(error)))
    shown.goto(f"{server.address}/en/report/")
    yield shown
    context.close()
    assert errors == []


def fill_in(page: Page) -> None:
    tick(page, "setting", "police")
    tick(page, "acts", "arrest", "pat_down")
    tick(page, "consent_search", "said_no")
    reach(page, "#q-when")
    page.locator('select[name="when.year"]').select_option("not_sure")
    reach(page, "#q-story")
    page.locator('textarea[name="story"]').fill(STORY)
    tick(page, "count", "yes")


def asked(page: Page, question: str) -> bool:
    return not page.locator(f"#q-{question}").evaluate("question => question.hidden")


def test_a_report_is_sealed_in_the_browser_and_opens_at_the_desk(
    page: Page, server: Server, identity: HybridIdentity
) -> None:
    posted: list[bytes] = []
    page.on("request", lambda request: posted.append(request.post_data_buffer or b""))
    fill_in(page)
    send(page)
    page.wait_for_url("**/en/sent?sealed_by=browser")
    [(name, sealed)] = stored(server.data).items()
    found = report.parse(unpad(unseal_bytes(sealed, [identity])), {FORM.digest: FORM})
    assert found.receipt.id == name
    assert (found.sealed_by, found.channel, found.lang) == ("browser", "web", "en")
    answered = {question: value for question, value in found.answers.items() if value is not None}
    assert answered == {
        "setting": "police",
        "acts": ["pat_down", "arrest"],
        "consent_search": "said_no",
        "when": "not_sure",
        "story": STORY,
        "count": "yes",
        "quote": "no",
        "keep": "delete_words_keep_ticks",
    }
    assert not any(b"took my bag" in body or b"pat_down" in body for body in posted)


def test_going_back_after_sending_shows_no_answers(page: Page) -> None:
    fill_in(page)
    send(page)
    page.wait_for_url("**/en/sent?sealed_by=browser")
    page.go_back()
    expect(page.locator('textarea[name="story"]')).to_have_value("")
    expect(page.locator('input[name="setting"]:checked')).to_have_count(0)


def test_only_questions_that_apply_are_shown(page: Page) -> None:
    assert not asked(page, "acts")
    tick(page, "setting", "police")
    assert asked(page, "acts")
    assert not asked(page, "consent_search")
    tick(page, "acts", "strip")
    assert asked(page, "consent_search")
    assert not asked(page, "court")
    tick(page, "outcome", "open_case")
    assert asked(page, "court")
    tick(page, "setting", "health")
    assert not asked(page, "consent_search")
    page.locator("#next").click()
    expect(page.locator("#s-when_where")).to_be_visible()


def test_ticking_none_unticks_the_rest_in_sight(page: Page) -> None:
    tick(page, "setting", "other_service")
    tick(page, "harm", "injury", "none")
    assert not page.locator('input[name="harm"][value="injury"]').is_checked()
    tick(page, "harm", "injury")
    assert not page.locator('input[name="harm"][value="none"]').is_checked()


def test_what_is_missing_is_listed_and_nothing_is_sent(page: Page, server: Server) -> None:
    tick(page, "setting", "other_service")
    reach(page, "#q-story")
    page.locator('textarea[name="story"]').fill("x" * 2001)
    page.locator("#next").click()
    problems = page.locator("#problems")
    expect(problems).to_be_focused()
    expect(page.locator("#problem-story")).to_be_visible()
    page.locator('textarea[name="story"]').fill("x" * 2000)
    send(page)
    expect(problems).to_be_focused()
    assert [link.get_attribute("href") for link in problems.locator("li a").all()] == ["#f-count"]
    assert stored(server.data) == {}


def test_a_failed_sending_keeps_what_was_typed_and_resends_the_same_bytes(page: Page, server: Server) -> None:
    tries: list[bytes] = []

    def lose(route: Route) -> None:
        tries.append(route.request.post_data_buffer or b"")
        route.abort()

    page.route("**/sealed", lose)
    fill_in(page)
    send(page)
    status = page.locator("#status")
    expect(status).to_have_text(status.get_attribute("data-failed") or "")
    expect(page.locator('textarea[name="story"]')).to_have_value(STORY)
    page.unroute("**/sealed")
    send(page)
    page.wait_for_url("**/en/sent?sealed_by=browser")
    [(name, sealed)] = stored(server.data).items()
    assert tries == [name + sealed] * 3


def test_pressing_enter_sends_nothing(page: Page, server: Server) -> None:
    fill_in(page)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    reach(page, "#q-station")
    page.locator('input[name="station"]').press("Enter")
    page.evaluate("document.getElementById('report').requestSubmit()")
    assert requests == []
    assert stored(server.data) == {}


def test_the_page_leaves_nothing_in_the_browser(page: Page) -> None:
    fill_in(page)
    send(page)
    page.wait_for_url("**/en/sent?sealed_by=browser")
    kept = page.evaluate(
        "async () => [localStorage.length, sessionStorage.length, document.cookie,"
        " (await indexedDB.databases()).length, history.state]"
    )
    assert kept == [0, 0, "", 0, None]
