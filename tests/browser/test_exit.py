"""The way out: by button, by its twin at the head of the tab order, by keyboard, with and without script."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.driving import tick
from tests.serving import Server

pytestmark = pytest.mark.browser
WEATHER = "<!doctype html><title>Weather</title><h1>Weather</h1>"


def open_page(browser: Browser, server: Server, path: str, *, script: bool = True) -> Page:
    """A page in a browser that stays offline: the address that leads away shows the weather itself."""
    context = browser.new_context(java_script_enabled=script)
    context.set_default_timeout(15_000)
    context.route("**/exit", lambda route: route.fulfill(body=WEATHER, content_type="text/html"))
    page = context.new_page()
    page.goto("about:blank")
    page.goto(server.address + path)
    return page


@pytest.fixture
def page(browser: Browser, shared_server: Server) -> Iterator[Page]:
    shown = open_page(browser, shared_server, "/en/report/")
    yield shown
    shown.context.close()


def left(page: Page) -> None:
    expect(page).to_have_title("Weather")


def test_the_button_leaves_and_takes_the_pages_place_in_the_history(page: Page) -> None:
    page.locator("a.exit").click()
    left(page)
    assert page.evaluate("history.length") == 2
    page.go_back()
    assert page.url == "about:blank"


def test_going_back_after_leaving_a_later_step_shows_no_answers(page: Page) -> None:
    tick(page, "setting", "police")
    page.locator("#next").click()
    page.locator('[name="station"]').fill("the third one")
    page.locator("#next").click()
    page.locator("a.exit").click()
    left(page)
    # Its steps stand in the history, so the form itself can come back.
    page.evaluate("history.back()")
    page.wait_for_url("**/en/report/")
    expect(page.locator('[name="station"]')).to_have_value("")
    expect(page.locator('[name="setting"]:checked')).to_have_count(0)
    expect(page.locator("#leaving")).to_be_hidden()


def test_the_first_key_after_opening_the_page_reaches_the_way_out(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.locator("a.skip[data-exit]")).to_be_focused()
    expect(page.locator("a.skip[data-exit]")).to_be_in_viewport()
    page.keyboard.press("Enter")
    left(page)


def test_shift_pressed_three_times_leaves(page: Page) -> None:
    page.keyboard.press("Shift")
    expect(page.locator("#presses")).to_have_text("Press Shift 2 more times to leave this page.")
    page.keyboard.press("Shift")
    expect(page.locator("#presses")).to_have_text("Press Shift 1 more time to leave this page.")
    page.keyboard.press("Shift")
    left(page)


def test_capital_letters_do_not_lead_away(page: Page) -> None:
    tick(page, "setting", "police")
    page.locator("#next").click()
    page.locator('[name="station"]').focus()
    for letter in "ABCD":
        page.keyboard.press(f"Shift+{letter}")
    expect(page.locator("#presses")).to_be_hidden()
    expect(page.locator('[name="station"]')).to_have_value("ABCD")


def test_shift_pressed_three_times_too_slowly_stays(page: Page) -> None:
    page.clock.install()
    page.reload()
    for _ in range(2):
        page.keyboard.press("Shift")
    page.clock.run_for(6_000)
    page.keyboard.press("Shift")
    expect(page.locator("#presses")).to_have_text("Press Shift 2 more times to leave this page.")


def test_the_page_is_blank_while_the_next_one_is_on_its_way(page: Page) -> None:
    # No content: the browser waits where it is.
    page.route("**/exit", lambda route: route.fulfill(status=204))
    tick(page, "setting", "police")
    for _ in range(3):
        page.keyboard.press("Shift")
    cover = page.locator("#leaving")
    expect(cover).to_have_text("Leaving this page…")
    size = page.viewport_size
    box = cover.bounding_box()
    assert size
    assert box
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, size["width"], size["height"])
    assert page.evaluate("document.elementFromPoint(100, 300).id") == "leaving"
    assert page.locator("input:checked").count() == page.locator("input[checked]").count()


@pytest.mark.parametrize(
    "path", ["/en/", "/es/start", "/en/report/", "/es/who", "/en/sent", "/en/code", "/en/no/"]
)
def test_without_script_the_button_is_a_plain_link(
    path: str, browser: Browser, shared_server: Server
) -> None:
    page = open_page(browser, shared_server, path, script=False)
    page.locator("a.exit").click()
    left(page)
    page.context.close()


def test_the_button_stays_in_sight_at_the_end_of_a_long_page(browser: Browser, shared_server: Server) -> None:
    page = open_page(browser, shared_server, "/en/report/", script=False)
    page.keyboard.press("End")
    expect(page.locator("a.exit")).to_be_in_viewport(ratio=1)
    page.context.close()
