"""A release in a real browser, from a folder as from a USB stick: light and dark, phone and desk."""

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from threading import Thread

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


@pytest.fixture
def address(folder: Path) -> Iterator[str]:
    """The same folder, as a site on this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        running = Thread(target=server.serve_forever)
        running.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        running.join()


def test_the_code_to_embed_a_chart_shows_it_with_its_caveats(
    browser: Browser, folder: Path, address: str
) -> None:
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.goto(address + "findings/F02.html")
    opened.locator("details summary").click()
    code = opened.locator("details pre").inner_text()
    assert "https://union.example/findings/2026H1/embed/F02.html" in code
    (folder / "host.html").write_text(code.replace("https://union.example/findings/2026H1/", ""))
    opened.goto(address + "host.html")
    inside = opened.frame_locator("iframe")
    assert "do not show how common this is" in inside.locator(".caveats").inner_text()
    # Its style sheet came along.
    box, frame = inside.locator("svg[role=img]").bounding_box(), opened.locator("iframe").bounding_box()
    assert box
    assert frame
    assert box["width"] <= frame["width"]
    assert inside.locator("main").evaluate("main => getComputedStyle(main.parentNode).maxWidth") == "704px"
    context.close()
    assert [one for one in complaints if "favicon" not in one and "404" not in one] == []
