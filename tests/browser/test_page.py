"""The form's page in a real browser: asks what applies, seals, sends, and loses nothing that was typed."""

import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from analysis.identity import HybridIdentity
from analysis.unseal import unseal_bytes
from intake.crypto.padding import unpad
from intake.forms import report
from intake.forms.form import shipped
from tests.browser.driving import reach, send, tick, watched, words
from tests.serving import Server, stored

pytestmark = pytest.mark.browser
FORM = shipped("report")
# Three tries and two pauses pass before the script gives up, and the machine may be busy.
expect.set_options(timeout=30_000)
STORY = "They said “wait”.\nThey took my bag. 👩🏽‍🚒"


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """The form, in a browser that keeps nothing between tests; a script's error fails the test."""
    with watched(browser) as shown:
        shown.goto(f"{server.address}/en/report/")
        yield shown


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
    page.evaluate("history.back()")
    page.wait_for_url("**/en/report/")
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
    expect(page.locator("#q-service")).to_be_visible()


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
    expect(status).to_have_text(words(page, "failed"))
    expect(page.locator('textarea[name="story"]')).to_have_value(STORY)
    page.unroute("**/sealed")
    send(page)
    page.wait_for_url("**/en/sent?sealed_by=browser")
    [(name, sealed)] = stored(server.data).items()
    assert tries == [name + sealed] * 3


def test_nothing_but_its_own_button_sends_the_form(page: Page, server: Server) -> None:
    fill_in(page)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    reach(page, "#q-station")
    page.locator('input[name="station"]').press("Enter")
    page.locator('input[name="setting"]:checked').press("Enter")
    page.evaluate("document.getElementById('report').requestSubmit()")
    # What a password manager or another extension may call; it asks no listener.
    page.evaluate("document.getElementById('report').submit()")
    page.wait_for_timeout(300)
    assert requests == []
    assert stored(server.data) == {}
    expect(page.locator('textarea[name="story"]')).to_have_value(STORY)


def lose(route: Route) -> None:
    route.abort()


def break_off(route: Route) -> None:
    """What a browser makes of a script that is newer than itself: nothing."""
    route.fulfill(body="const = newer than this browser;", content_type="text/javascript")


@pytest.mark.parametrize(
    ("script", "fate"),
    [
        pytest.param("**/static/report.js", lose, id="the script is lost"),
        pytest.param("**/static/report.js", break_off, id="the browser is too old"),
        pytest.param("**/forms/*/en.js", lose, id="its rules are lost"),
    ],
)
def test_a_page_whose_script_did_not_load_sends_nothing(
    script: str, fate: Callable[[Route], None], browser: Browser, server: Server
) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.route(script, fate)
    page.goto(f"{server.address}/en/report/")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    missing = page.locator("#script-missing")
    expect(missing).to_be_visible(timeout=30_000)
    expect(missing).to_contain_text("Nothing was sent or saved.")
    expect(missing).to_contain_text("you can turn scripts off in your browser")
    page.locator('textarea[name="story"]').fill(STORY)
    page.locator('input[name="station"]').press("Enter")
    page.evaluate("for (const button of document.querySelectorAll('button')) button.click()")
    page.evaluate("document.getElementById('report').submit()")
    page.wait_for_timeout(300)
    assert requests == []
    assert stored(server.data) == {}
    context.close()


def test_leaving_the_page_and_coming_back_shows_no_answers(page: Page, server: Server) -> None:
    page.evaluate("addEventListener('pageshow', (event) => { window.kept = event.persisted; })")
    fill_in(page)
    page.goto(f"{server.address}/en/")
    # A page out of the browser's own copy is shown without loading, which go_back() would wait for.
    page.evaluate("history.back()")
    page.wait_for_function("window.kept === true")
    expect(page.locator('textarea[name="story"]')).to_have_value("")
    expect(page.locator('input[name="setting"]:checked')).to_have_count(0)
    assert not asked(page, "acts")


WATCH_THE_BUTTON = """
const watching = setInterval(() => {
  const button = document.getElementById("seal-and-send");
  if (button) saw(button.disabled);
  else clearInterval(watching);
}, 20);
"""


def test_while_the_next_page_is_on_its_way_nothing_can_be_sent_again(page: Page, server: Server) -> None:
    def slowly(route: Route) -> None:
        time.sleep(1)
        route.continue_()

    seen: list[bool] = []
    page.expose_function("saw", lambda disabled: seen.append(disabled))
    page.route("**/en/sent*", slowly)
    fill_in(page)
    page.evaluate(WATCH_THE_BUTTON)
    send(page)
    page.wait_for_url("**/en/sent?sealed_by=browser")
    assert len(seen) > 40, "the next page took a second, and the button was looked at all the while"
    assert all(seen[seen.index(True) :])
    assert len(stored(server.data)) == 1


def test_a_report_that_may_have_arrived_is_never_called_unsaved_nor_kept_twice(
    page: Page, server: Server
) -> None:
    """The answer is lost, then the server is full; then one letter is changed."""
    status = page.locator("#status")

    def arrives_unheard(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/sealed", arrives_unheard)
    fill_in(page)
    send(page)
    expect(status).to_have_text(words(page, "failed"))
    assert len(stored(server.data)) == 1
    page.unroute("**/sealed")
    page.route("**/sealed", lambda route: route.fulfill(status=503))
    send(page)
    expect(page.locator("#seal-and-send")).to_be_enabled()
    expect(status).to_have_text(words(page, "failed"))
    page.unroute("**/sealed")
    reach(page, "#q-story")
    page.locator('textarea[name="story"]').fill(STORY + "!")
    send(page)
    expect(status).to_have_text(words(page, "arrived"))
    assert len(stored(server.data)) == 1


def test_without_script_the_form_ends_on_the_same_page_with_the_same_length(
    browser: Browser, page: Page, server: Server, identity: HybridIdentity
) -> None:
    fill_in(page)
    send(page)
    page.wait_for_url("**/en/sent?sealed_by=browser")
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(f"{server.address}/en/report/")
    expect(plain.locator("#seal-and-send")).to_be_hidden()
    expect(plain.locator("#script-missing")).to_be_hidden()
    fill_in(plain)
    plain.locator('input[name="station"]').press("Enter")
    assert len(stored(server.data)) == 1
    plain.get_by_role("button", name="Send").click()
    plain.wait_for_url("**/en/sent?sealed_by=server&once=*")
    expect(plain.locator("h1")).to_have_text(page.locator("h1").inner_text())
    context.close()
    sealed = list(stored(server.data).values())
    assert len({len(one) for one in sealed}) == 1
    found = [report.parse(unpad(unseal_bytes(one, [identity])), {FORM.digest: FORM}) for one in sealed]
    assert {one.sealed_by for one in found} == {"browser", "server"}
    assert found[0].answers == found[1].answers


def test_the_page_leaves_nothing_in_the_browser(page: Page) -> None:
    fill_in(page)
    send(page)
    page.wait_for_url("**/en/sent?sealed_by=browser")
    kept = page.evaluate(
        "async () => [localStorage.length, sessionStorage.length, document.cookie,"
        " (await indexedDB.databases()).length, history.state]"
    )
    assert kept == [0, 0, "", 0, None]
