"""A release in a real browser, from a folder as from a USB stick: light and dark, phone and desk."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.test_access import found
from tests.findings.site_files import files, write

pytestmark = pytest.mark.browser
PATHS = [
    *("index.html", "method.html", "findings/F01.html", "findings/F02.html", "findings/F04.html"),
    *(
        "findings/F07.html",
        "findings/F14.html",
        "findings/F15.html",
        "findings/F16.html",
        "findings/F17.html",
    ),
    *("embed/F02.html", "embed/F04.html", "embed/F15.html", "tables/F14-age.html"),
]
LOOKS = [
    pytest.param(way, scheme, width, id=f"{way or 'en/'}{scheme}-{width}")
    for way, scheme, width in product(("", "es/"), ("light", "dark"), (390, 1280))
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rich release on a disk, in a folder with a space and a sign that addresses write otherwise."""
    return write(files(), tmp_path_factory.mktemp("stick") / "our release #1")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A phone without script; whatever it asks for that is no file fails the test."""
    context = browser.new_context(viewport={"width": 390, "height": 800}, java_script_enabled=False)
    opened = context.new_page()
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    yield opened
    context.close()
    assert asked
    assert [url for url in asked if not url.startswith("file:///")] == []
    assert complaints == []


@pytest.mark.parametrize(("way", "scheme", "width"), LOOKS)
def test_axe_finds_nothing_on_any_page_of_a_release(
    browser: Browser, folder: Path, way: str, scheme: str, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    opened = context.new_page()
    objections = {}
    for path in PATHS:
        opened.goto((folder / way / path).as_uri())
        assert opened.evaluate(f"matchMedia('(prefers-color-scheme: {scheme})').matches")
        objections[path] = found(opened)
    context.close()
    assert {path: objected for path, objected in objections.items() if objected} == {}


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_styled_and_no_wider_than_a_phone(page: Page, folder: Path, path: str) -> None:
    page.goto((folder / "es" / path).as_uri())
    box = page.locator("main").bounding_box()
    assert box
    assert box["width"] <= 390
    # Without its style sheet the body would have the browser's own margin.
    body = page.locator("body").bounding_box()
    assert body
    assert body["x"] == 0


def test_a_reader_goes_from_the_overview_to_a_table_and_changes_language(page: Page, folder: Path) -> None:
    page.goto((folder / "index.html").as_uri())
    page.get_by_role("link", name="Acts by setting").click()
    page.get_by_role("link", name="Español").click()
    assert page.locator("html").get_attribute("lang") == "es"
    assert page.locator("h1").inner_text() == "F02 Actos por ámbito"
    page.get_by_role("link", name="en una página aparte").click()
    assert page.url.endswith("/es/tables/F02.html")


def test_a_page_inside_another_shows_its_caveats(page: Page, folder: Path) -> None:
    host = folder / "host.html"
    host.write_text('<iframe src="embed/F02.html" title="F02" width="390" height="900" sandbox></iframe>')
    page.goto(host.as_uri())
    inside = page.frame_locator("iframe")
    assert inside.locator("svg[role=img]").is_visible()
    assert "do not show how common this is" in inside.locator(".caveats").inner_text()
