"""The pages of codes in each state: axe, a narrow phone, dark colours, large targets, the way out."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from analysis.identity import HybridIdentity
from tests.boxing import ANSWERED, SAID, UNKNOWN, box_for, put
from tests.browser.driving import send, tick
from tests.browser.test_access import found
from tests.browser.test_code import report, shown_words
from tests.browser.test_exit import WEATHER
from tests.browser.test_layout import SMALLEST_TARGET, TARGETS, TOO_SMALL, overflow
from tests.browser.test_thread import look, words
from tests.running import configure
from tests.serving import Server, make_data, stored

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def boxed(tmp_path_factory: pytest.TempPathFactory, identity: HybridIdentity) -> Iterator[Server]:
    """A running intake with a box."""
    data = make_data(tmp_path_factory.mktemp("boxed") / "data", identity)
    put(data, box_for(data, SAID, bits=0))
    with Server(data) as server:
        yield server


def sent_states(page: Page, server: Server, lang: str) -> Iterator[str]:
    report(page, server, lang)
    yield "offered"
    page.locator("#code-show").click()
    yield "shown"
    page.locator("#code-written").click()
    page.locator("#code-typed").fill("zoo")
    page.locator("#code-check").click()
    yield "typed back"
    page.locator("#code-forget").click()
    yield "forgotten"


def thread_states(page: Page, server: Server, lang: str) -> Iterator[str]:
    look(page, server, "zoo", lang)
    expect(page.locator("#problem-words")).to_be_visible()
    yield "mistyped"
    look(page, server, words(UNKNOWN), lang)
    expect(page.locator("#thread")).to_be_visible()
    yield "nothing"
    look(page, server, words(ANSWERED), lang)
    expect(page.locator("#thread")).to_be_visible()
    page.locator("#take-back").click()
    page.locator("#f-more").fill("x")
    page.route("**/sealed", lambda route: route.fulfill(status=503))
    page.locator("#add").click()
    expect(page.locator("#keep-sealed")).to_be_visible()
    yield "a thread"


@pytest.mark.parametrize(
    ("lang", "width", "scheme"),
    [("en", 1280, "light"), ("es", 320, "dark")],
    ids=["English, wide, light", "Spanish, narrow, dark"],
)
def test_in_no_state_axe_objects_or_a_page_is_too_wide_or_a_target_too_small(
    lang: str, width: int, scheme: str, browser: Browser, boxed: Server
) -> None:
    size = {"width": width, "height": 640}
    context = browser.new_context(viewport=size, color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    seen, objections = [], {}
    for states in (sent_states, thread_states):
        for state in states(page, boxed, lang):
            seen.append(state)
            wide = [f"{overflow(page)} px too wide"] if overflow(page) else []
            small = page.evaluate(TOO_SMALL, [TARGETS, SMALLEST_TARGET])
            objections[state] = [*found(page), *wide, *small]
            expect(page.locator("a.exit")).to_be_in_viewport(ratio=1)
    context.close()
    assert {state: found for state, found in objections.items() if found} == {}
    assert len(seen) == 7


@pytest.mark.parametrize("state", ["the code is shown", "a reply is shown"])
def test_the_way_out_leaves_neither_code_nor_reply_behind(
    state: str, browser: Browser, boxed: Server
) -> None:
    context = browser.new_context()
    context.route("**/exit", lambda route: route.fulfill(body=WEATHER, content_type="text/html"))
    page = context.new_page()
    if state == "a reply is shown":
        look(page, boxed, words(ANSWERED))
        expect(page.locator("#messages")).to_contain_text("We read it.")
        secrets = ["We read it.", "k7f2-9b"]
    else:
        report(page, boxed)
        page.locator("#code-show").click()
        secrets = [f"<li>{word}</li>" for word in shown_words(page)]
    for _ in range(3):
        page.keyboard.press("Shift")
    expect(page).to_have_title("Weather")
    page.evaluate("setTimeout(() => history.back())")
    page.wait_for_timeout(1_000)
    assert not [one for one in secrets if one in page.content()]
    context.close()


def test_where_the_sent_page_cannot_be_fetched_the_browser_goes_there(
    browser: Browser, server: Server
) -> None:
    page = browser.new_page()

    def lose(route: Route) -> None:
        if route.request.resource_type == "document":
            route.continue_()
        else:
            route.abort()

    page.route("**/en/sent*", lose)
    page.goto(f"{server.address}/en/report/")
    tick(page, "setting", "other_service")
    tick(page, "count", "yes")
    send(page)
    page.wait_for_url("**/en/sent?sealed_by=browser")
    expect(page.locator("h1")).to_have_text("Your report was sent")
    expect(page.locator("#code-live")).to_be_hidden()
    assert len(stored(server.data)) == 1
    page.close()


def test_under_a_flood_of_looks_the_browser_works_and_finds_its_reply(browser: Browser, data: Path) -> None:
    configure(data, looks_per_minute=1)
    put(data, box_for(data, SAID, bits=0))
    with Server(data) as server:
        statuses: list[int] = []
        for _ in range(3):
            page = browser.new_page()
            page.on("response", lambda one: statuses.append(one.status) if "/box/" in one.url else None)
            look(page, server, words(ANSWERED))
            expect(page.locator("#messages")).to_contain_text("We read it.")
            page.close()
    assert statuses[0] == 200
    assert 428 in statuses
    assert statuses[-1] == 200
