"""The workbench in a real browser: axe finds nothing, no script is asked for, forms come back."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Download, Page, Request, expect

from analysis import courier, loading
from analysis.desk import Desk
from analysis.identity import HybridIdentity, format_identity
from analysis.pinning import pin
from tests.analysis.conftest import unlock
from tests.analysis.making import Server, varied
from tests.analysis.test_workbench import start
from tests.browser.test_access import found

pytestmark = pytest.mark.browser
PATHS = (
    "/",
    "/browse",
    "/browse?setting=police&area=downtown&q=night",
    "/browse?q=absent",
    "/report/3?setting=police",
    "/report/999",
    "/patterns",
    "/patterns/places",
    "/patterns/together",
    "/patterns/time?_of=acts&_date=2026-05-01",
    "/patterns/words?_answer=acts:insult&_in=en",
    "/patterns/alike",
    "/review",
    "/data",
)


@pytest.fixture(scope="module")
def opened(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> Iterator[tuple[str, BrowserContext]]:
    """The address of a workbench with sixty reports, and a browser that was let in."""
    folder: Path = tmp_path_factory.mktemp("workbench")
    Desk.create(folder / "desk", format_identity(HybridIdentity.generate()), None)
    desk, server = unlock(folder / "desk"), Server()
    pin(desk, server.public(folder))
    loading.load_delivery(desk, courier.receive(desk, server.bundle(folder, varied(desk.recipients, 60))))
    desk.close()
    process, asking, opening = start(desk.path, dict(os.environ))
    address = f"http://127.0.0.1:{asking.port}"
    context = browser.new_context()
    context.new_page().goto(address + opening)
    yield address, context
    context.close()
    process.terminate()
    process.communicate(timeout=20)


def let_in(opened: tuple[str, BrowserContext], browser: Browser, width: int, scheme: str) -> Page:
    """A page of another window of the same session."""
    _, first = opened
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme="dark" if scheme == "dark" else "light"
    )
    context.add_cookies([{**cookie} for cookie in first.cookies()])  # type: ignore[typeddict-item]
    return context.new_page()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("lang", ["en", "es"])
def test_axe_finds_nothing_and_nothing_overflows_on_any_page(
    opened: tuple[str, BrowserContext], browser: Browser, lang: str, width: int, scheme: str
) -> None:
    address, _ = opened
    page = let_in(opened, browser, width, scheme)
    asked, said = list[Request](), list[str]()
    page.on("request", lambda request: asked.append(request))
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{address}/?_lang={lang}")
    objections = {}
    for path in PATHS:
        page.goto(address + path)
        too_wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        objections[path] = [*found(page), *(["too wide"] if too_wide else [])]
    assert {path: one for path, one in objections.items() if one} == {}
    assert {request.resource_type for request in asked} <= {"document", "stylesheet", "other"}
    assert not [request.url for request in asked if not request.url.startswith(address)]
    # The one page that is not there says so.
    assert [one for one in said if "404" not in one] == []
    page.goto(f"{address}/?_lang=en")
    page.context.close()


def test_a_question_is_saved_and_deleted_by_forms_of_a_real_browser(
    opened: tuple[str, BrowserContext], browser: Browser
) -> None:
    address, context = opened
    page = context.new_page()
    page.goto(f"{address}/browse?setting=police")
    page.get_by_text("Save this question").click()
    page.get_by_label("Its name").fill("About the police")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page).to_have_url(f"{address}/browse?setting=police")
    page.goto(address)
    expect(page.locator("#saved + .cards")).to_contain_text(re.compile(r"60\s+About the police"))
    page.get_by_role("button", name=re.compile("Delete.*About the police")).click()
    expect(page).to_have_url(f"{address}/")
    expect(page.locator("#saved")).to_have_count(0)


def test_a_form_on_another_page_of_the_same_browser_changes_nothing(
    opened: tuple[str, BrowserContext], browser: Browser
) -> None:
    address, context = opened
    page = context.new_page()
    page.goto("about:blank")
    form = (
        f'<form method=post action="{address}/saved/add"><input name=name value=x><button>go</button></form>'
    )
    page.set_content(form)
    with page.expect_response(f"{address}/saved/add") as answer:
        page.get_by_role("button").click()
    assert answer.value.status == 403


def test_a_file_is_saved_once_the_box_that_says_what_it_means_is_ticked(
    opened: tuple[str, BrowserContext], browser: Browser
) -> None:
    address, _ = opened
    page = let_in(opened, browser, 1280, "light")
    page.goto(f"{address}/data?setting=police")
    begun = list[Download]()
    page.on("download", lambda saved: begun.append(saved))
    page.get_by_role("button", name="Save the file").click()
    assert begun == [], "the browser asks for the box first"
    page.get_by_label("I know that anybody").check()
    with page.expect_download() as saving:
        page.get_by_role("button", name="Save the file").click()
    assert re.fullmatch(r"reports-\d{4}-\d\d-\d\d\.csv", saving.value.suggested_filename)
    lines = Path(saving.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert (len(lines), lines[0].split(",")[0]) == (61, "report")
