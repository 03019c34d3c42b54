"""axe-core finds nothing on any page: in each language, with script and without, on a phone and a desk."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.driving import tick
from tests.browser.node import BROWSER
from tests.serving import ENOUGH, Server

pytestmark = pytest.mark.browser
AXE = (BROWSER / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
PATHS = [
    *("", "start", "how", "who", "keep", "limits"),
    *("report/", "sent?sealed_by=browser", "code", "upload", "nowhere/"),
]
LANGUAGES = ["en", "es"]
WIDTHS = [320, 1280]
RUN = "async () => (await axe.run({ resultTypes: ['violations', 'incomplete'] }))"


def found(page: Page) -> list[str]:
    """What axe objects to on a page: rule and element."""
    page.evaluate(AXE)
    result: dict[str, Any] = page.evaluate(RUN)
    assert result["passes"]
    return [f"{one['id']}: {node['html'][:120]}" for one in result["violations"] for node in one["nodes"]]


@pytest.fixture(params=WIDTHS)
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": request.param, "height": 800})
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_axe_finds_nothing_on_any_page(lang: str, page: Page, shared_server: Server) -> None:
    objections = {}
    for path in PATHS:
        page.goto(f"{shared_server.address}/{lang}/{path}")
        objections[path] = found(page)
    assert {path: found for path, found in objections.items() if found} == {}


def test_axe_finds_enough_contrast_in_dark_colours(browser: Browser, shared_server: Server) -> None:
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    for path in ("", "report/", "who"):
        page.goto(f"{shared_server.address}/en/{path}")
        assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
        assert found(page) == []
    context.close()


def without_script(route: Route) -> None:
    """The page as a browser shows it that runs no script; axe itself could not run in one."""
    answer = route.fetch()
    text = re.sub(r"<script[^>]*src=.*?</script>|</?noscript>", "", answer.text(), flags=re.DOTALL)
    route.fulfill(response=answer, body=text)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_axe_finds_nothing_on_any_page_without_script(lang: str, page: Page, shared_server: Server) -> None:
    page.route(re.compile(f"/{lang}/"), without_script)
    objections = {}
    for path in PATHS:
        page.goto(f"{shared_server.address}/{lang}/{path}")
        objections[path] = found(page)
    assert {path: found for path, found in objections.items() if found} == {}


def test_axe_finds_nothing_in_any_step_nor_in_a_summary_of_problems(
    page: Page, shared_server: Server
) -> None:
    page.goto(f"{shared_server.address}/en/report/")
    page.locator("#next").click()
    expect(page.locator("#problems")).to_be_visible()
    objections = [found(page)]
    tick(page, "setting", "police")
    while page.locator("#next").is_visible():
        page.locator("#next").click()
        objections.append(found(page))
    page.locator("#seal-and-send").click()
    expect(page.locator("#problems")).to_be_visible()
    objections.append(found(page))
    assert [one for one in objections if one] == []
    assert len(objections) == 10


def test_axe_finds_nothing_on_a_page_that_comes_back_to_be_mended(page: Page, shared_server: Server) -> None:
    answer = shared_server.post_form({**ENOUGH, "count": [], "story": ["x" * 2001]})
    assert answer.status_code == 422
    page.route(
        "**/en/report/", lambda route: route.fulfill(status=200, body=answer.text, content_type="text/html")
    )
    page.goto(f"{shared_server.address}/en/report/")
    assert found(page) == []
