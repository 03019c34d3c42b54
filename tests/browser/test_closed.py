"""An intake that takes sealed reports only, in browsers with script and without."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from analysis.identity import HybridIdentity
from tests.browser.driving import send, tick
from tests.serving import Server, make_data, stored

pytestmark = pytest.mark.browser


@pytest.fixture
def closed(tmp_path_factory: pytest.TempPathFactory, identity: HybridIdentity) -> Iterator[Server]:
    data = make_data(tmp_path_factory.mktemp("closed") / "data", identity)
    file = data / "intake.toml"
    file.write_text(
        file.read_text().replace("reports_without_script = true", "reports_without_script = false")
    )
    with Server(data) as running:
        yield running


def test_without_script_nothing_can_be_filled_in_that_cannot_be_sent(
    browser: Browser, closed: Server
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{closed.address}/en/report/")
    expect(page.locator(".no-way")).to_be_visible()
    expect(page.locator(".no-way")).to_contain_text("Nothing can be sent from this browser.")
    expect(page.locator("#report")).to_be_hidden()
    assert page.get_by_role("button").count() == 0
    context.close()


def test_with_script_the_form_is_as_it_always_is(browser: Browser, closed: Server) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{closed.address}/en/report/")
    expect(page.locator(".no-way")).to_have_count(0)
    tick(page, "setting", "other_service")
    tick(page, "count", "yes")
    send(page)
    page.wait_for_url("**/en/sent?sealed_by=browser")
    assert len(stored(closed.data)) == 1
    context.close()


def test_a_lost_script_offers_no_way_that_is_closed(browser: Browser, closed: Server) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.route("**/static/report.js", lambda route: route.abort())
    page.goto(f"{closed.address}/en/report/")
    missing = page.locator("#script-missing")
    expect(missing).to_be_visible(timeout=30_000)
    expect(missing).to_contain_text("try another browser")
    expect(missing).not_to_contain_text("turn scripts off")
    context.close()
