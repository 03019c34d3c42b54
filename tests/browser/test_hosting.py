"""A group that shares a server, in a real browser: nothing it asks for is outside of the group's address."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from analysis.identity import HybridIdentity
from intake.crypto.code import from_words
from intake.crypto.receipt import Receipt
from tests.boxing import SAID, box_for, put
from tests.browser.driving import send, tick, watched
from tests.serving import Server, make_data, stored

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)


@pytest.fixture
def group(tmp_path: Path, identity: HybridIdentity) -> Path:
    """The data directory of a server's only group, whose box has an answer for somebody."""
    path = tmp_path / "server" / "groups" / "tenants"
    path.parent.mkdir(parents=True)
    data = make_data(path, identity)
    put(data, box_for(data, SAID, bits=0))
    return data


@pytest.fixture
def page(browser: Browser, group: Path) -> Iterator[Page]:
    """The group's first page; the test fails if any request was for another address than the group's."""
    asked: list[str] = []
    with Server(group.parent.parent) as server, watched(browser) as shown:
        shown.on("request", lambda request: asked.append(request.url))
        shown.route("https://**", lambda route: route.abort())
        shown.goto(f"{server.address}/en/")
        yield shown
        outside = [one for one in asked if not one.startswith((f"{server.address}/", "https://www.bbc.com/"))]
        assert [one for one in outside if not one.endswith("/favicon.ico")] == []


def test_a_report_its_code_and_the_answer_stay_in_the_group(page: Page, group: Path) -> None:
    page.locator("a.button").click()
    page.locator("a.button").click()
    tick(page, "setting", "other_service")
    tick(page, "count", "yes")
    send(page)
    page.wait_for_url("**/g/tenants/en/sent?sealed_by=browser")
    page.locator("#code-show").click()
    words = " ".join(page.locator("ol.code li").all_inner_texts())
    assert list(stored(group)) == [Receipt.from_code(from_words(words, "en")).id]
    page.goto(page.url.replace("/sent?sealed_by=browser", "/code"))
    page.locator("#f-words").fill(words)
    page.locator("#look").click()
    expect(page.locator("#thread")).to_be_visible()


def test_the_exit_of_a_group_is_the_one_that_the_group_chose(page: Page, group: Path) -> None:
    with page.expect_request("**/g/tenants/exit"):
        page.locator("a.exit").click()
