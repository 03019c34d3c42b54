"""The pages fit: on a narrow phone, at twice the size, from right to left, on paper, in forced colours."""

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect

from analysis.identity import HybridIdentity
from intake.app import assemble
from intake.database import create
from intake.forms.form import Form
from intake.pages import Pages
from intake.settings import Settings, starting_text
from intake.sqlite import Sqlite
from intake.store import Store
from tests import pseudo
from tests.serving import Server

pytestmark = pytest.mark.browser
EVERY = Form.load(Path(__file__).parents[1] / "vectors" / "every.json")
INFORMATION = ("", "start", "how", "who", "keep", "limits")
PATHS = [*INFORMATION, "report/", "sent?sealed_by=browser", "code", "upload", "nowhere/"]
SMALLEST_TARGET = 44
TARGETS = "a, button, summary, select, .choice, textarea, input[type=text]"
TOO_SMALL = """([targets, least]) => [...document.querySelectorAll(targets)]
  .filter(one => one.checkVisibility() && !one.closest('p, li') && !one.matches('.skip'))
  .map(one => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
  .filter(([, box]) => box.height && (box.height < least || box.width < least))
  .map(([html]) => html)"""

# Where the words of a label stand.
WORDS = """label => {
  const range = document.createRange();
  range.selectNodeContents(label.lastChild);
  return range.getBoundingClientRect().toJSON();
}"""


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory, identity: HybridIdentity) -> Iterator[str]:
    """The address of an intake in the pseudo-language."""
    folder = tmp_path_factory.mktemp("turned")
    create(folder / "reports.db")
    (folder / "intake.toml").write_text(starting_text(("every",)))
    settings = Settings.read(folder / "intake.toml")
    locale = pseudo.make_locale(folder / "locale")
    pages = Pages(settings, [EVERY], [identity.recipient], names=pseudo.NAMES, locale=locale)
    store = Store(Sqlite(folder / "reports.db"), max_reports=10, min_free_bytes=1)
    config = uvicorn.Config(assemble(settings, [identity.recipient], store, pages), port=0, log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    [socket] = server.servers[0].sockets
    yield f"http://127.0.0.1:{socket.getsockname()[1]}/{pseudo.LANGUAGE}/"
    server.should_exit = True
    thread.join()


def overflow(page: Page) -> int:
    """How many pixels of the page lie beyond its edge."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize(
    ("width", "scale"),
    [
        pytest.param(320, 1, id="narrow phone"),
        pytest.param(640, 2, id="desk at 200 %"),
        pytest.param(320, 4, id="desk at 400 %"),
    ],
)
def test_no_page_is_wider_than_the_screen(
    width: int, scale: int, lang: str, browser: Browser, shared_server: Server
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 512}, device_scale_factor=scale)
    page = context.new_page()
    for path in PATHS:
        page.goto(f"{shared_server.address}/{lang}/{path}")
        assert overflow(page) == 0, path
        expect(page.locator("a.exit")).to_be_in_viewport(ratio=1)
    context.close()


def test_letters_of_twice_the_size_still_fit(browser: Browser, shared_server: Server) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    for path in PATHS:
        page.goto(f"{shared_server.address}/es/{path}")
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert overflow(page) == 0, path
    context.close()


@pytest.mark.parametrize("path", ["", "start", "report/", "sent?sealed_by=server", "code", "upload"])
def test_what_is_pressed_is_large_enough_for_a_thumb(
    path: str, browser: Browser, shared_server: Server
) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 640})
    page.goto(f"{shared_server.address}/en/{path}")
    assert page.evaluate(TOO_SMALL, [TARGETS, SMALLEST_TARGET]) == []
    page.close()


@pytest.mark.parametrize("width", [320, 1280])
def test_a_language_from_right_to_left_is_turned_around(width: int, browser: Browser, turned: str) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    for path in (*INFORMATION, "every/", "sent?sealed_by=browser", "code", "upload"):
        page.goto(turned + path)
        assert page.evaluate("getComputedStyle(document.body).direction") == "rtl"
        assert overflow(page) == 0, path
        assert page.locator("a.exit").evaluate("one => one.getBoundingClientRect().x") < width / 2
    page.goto(turned + "every/")
    box = page.locator("#f-one").bounding_box()
    words = page.locator(".choice:has(#f-one)").evaluate(WORDS)
    assert box
    assert box["x"] > words["x"] + words["width"]
    page.close()


def test_every_word_of_every_page_comes_from_the_catalog_or_the_form(browser: Browser, turned: str) -> None:
    page = browser.new_page()
    for path in (*INFORMATION, "sent?sealed_by=server", "code", "upload", "nowhere/"):
        page.goto(turned + path)
        page.locator(".fingerprint, .languages").evaluate_all("all => all.forEach(one => one.remove())")
        seen = page.locator("body").inner_text()
        spoken = page.evaluate(
            "[...document.querySelectorAll('[aria-label]')].map(one => one.ariaLabel).join(' ')"
        )
        assert re.findall("[A-Za-z]{2,}", seen + spoken) == [], path
    page.close()


def test_on_paper_the_page_is_its_words(browser: Browser, shared_server: Server) -> None:
    page = browser.new_page()
    page.goto(f"{shared_server.address}/en/who")
    page.emulate_media(media="print")
    for hidden in (".bar", ".foot", ".actions", ".languages"):
        expect(page.locator(hidden)).to_be_hidden()
    expect(page.locator(".fingerprint")).to_be_visible()
    page.close()


def test_in_forced_colours_a_tick_and_the_focus_are_seen(browser: Browser, shared_server: Server) -> None:
    context = browser.new_context(forced_colors="active")
    page = context.new_page()
    page.goto(f"{shared_server.address}/en/report/")
    choice = page.locator(".choice:has(#f-setting)")
    border, outline = (f"one => getComputedStyle(one).{edge}Width" for edge in ("borderTop", "outline"))
    assert choice.evaluate(border) == "1px"
    page.locator("#f-setting").check()
    assert choice.evaluate(border) == "3px"
    page.locator("#f-setting").press("Tab")
    page.keyboard.press("Shift+Tab")
    assert choice.evaluate(outline) == "3px"
    context.close()
