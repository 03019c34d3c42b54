"""The workbench in a real browser: axe finds nothing, no script is asked for, forms come back."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Download, Page, Request, expect

from analysis import courier, loading
from intake.crypto.receipt import Receipt
from tests.analysis.making import FORM, member, message, new_desk, of, varied
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
    "/patterns/places?_of=marks",
    "/patterns/places?_of=station",
    "/patterns/together?_of=health_acts",
    "/patterns/time?_of=acts&_date=soon",
    "/patterns/alike?_of=answers",
    "/patterns/alike?_of=event",
    "/review",
    "/review/names?_of=station",
    "/review/names/one?_of=station&_name=station~4th+District",
    "/review/log",
    "/review/followups",
    "/review/messages",
    "/data",
    # Datasette's own.
    "/desk",
    "/desk/reports?_facet=area&_facet=channel",
    "/desk/reports?area__exact=1&_sort_desc=week",
    "/desk/reports/3",
    "/desk/texts?_search=night",
    "/desk/texts/1",
    "/desk/answers?_facet=choice",
    "/desk/choices/1",
    "/desk/forms",
    "/desk/set_aside",
    "/desk/bases",
    "/desk?sql=select+week,+:n+from+reports&n=1",
    "/-/versions",
)
# Each says so, and is a page like the others.
REFUSED = {
    "/nothing-here": 404,
    "/-/patterns": 404,
    "/desk/nothing": 404,
    "/desk/receipts": 403,
    "/desk/reports?_where=nonsense": 400,
    "/desk?sql=select+nonsense": 400,
}
# Words of a picture that stand outside of it: nobody can read them.
CUT = """() => [...document.querySelectorAll("svg text")].filter(text => {
    const own = text.getBBox(), all = text.ownerSVGElement.viewBox.baseVal;
    return own.x < -3 || own.x + own.width > all.width + 3;
}).map(text => "cut off: " + text.textContent)"""
# A code with a line in it is no word of any language.
CODES = {
    code
    for question in FORM.questions
    for code in (question.id, *(choice.code for choice in question.choices))
    if "_" in code
}


@pytest.fixture(scope="module")
def opened(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> Iterator[tuple[str, BrowserContext]]:
    """The address of a workbench with sixty reports, and a browser that was let in by Ana."""
    folder: Path = tmp_path_factory.mktemp("workbench")
    desk, server = new_desk(folder)
    stations = ["4th District"] * 3 + ["4th Distrcit", "Harbor <b>house</b>", "x" * 118]
    told = "They came in the night and took what was mine, and then they laughed about it."
    mine, to = Receipt.draw(), desk.recipients
    reports = [of(to, mine, station=[stations[0]], story=[told])]
    reports += [member(to, station=[one], story=[told]) for one in stations[1:]] + varied(to, 54)
    reports += [message(to, one, f"They came <b>back</b>. {'z' * 200}") for one in (mine, Receipt.draw())]
    loading.load_delivery(desk, courier.receive(desk, server.bundle(folder, reports)))
    desk.close()
    process, asking, opening = start(desk.path, dict(os.environ))
    address = f"http://127.0.0.1:{asking.port}"
    context = browser.new_context()
    page = context.new_page()
    page.goto(address + opening)
    page.goto(f"{address}/review")
    page.get_by_label("Your name").fill("Ana")
    page.get_by_role("button", name="This is me").click()
    page.goto(f"{address}/report/1")
    page.get_by_label("Reply to the person").fill(f"We read it. {'x' * 200}")
    page.get_by_role("button", name="Write the reply").click()
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


def page_of_a_set(page: Page, address: str) -> str:
    """The page of the one set of reports that tell the same."""
    page.goto(f"{address}/patterns/alike")
    return str(page.locator("tbody th a").get_attribute("href"))


def odd(page: Page) -> list[str]:
    """What is wrong with how a page looks: too wide, words cut off, and codes on pages of ours."""
    wrong = ["too wide"] if page.evaluate("document.documentElement.scrollWidth > innerWidth") else []
    shown = {*re.findall(r"\w+", page.locator("main").evaluate("main => main.textContent"))}
    ours = not page.locator("body.data").count()
    return [*wrong, *page.evaluate(CUT), *(f"a code: {code}" for code in CODES & shown if ours)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("lang", ["en", "es"])
def test_axe_finds_nothing_and_nothing_is_cut_off_on_any_page(
    opened: tuple[str, BrowserContext], browser: Browser, lang: str, width: int, scheme: str
) -> None:
    address, _ = opened
    page = let_in(opened, browser, width, scheme)
    asked, said = list[Request](), list[str]()
    page.on("request", lambda request: asked.append(request))
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{address}/?_lang={lang}")
    objections = {}
    for path in (*PATHS, *REFUSED, page_of_a_set(page, address)):
        answer = page.goto(address + path)
        assert answer
        assert answer.status == REFUSED.get(path, 404 if "999" in path else 200), path
        objections[path] = [*found(page), *odd(page)]
    assert {path: one for path, one in objections.items() if one} == {}
    assert {request.resource_type for request in asked} <= {"document", "stylesheet", "other"}
    assert not [request.url for request in asked if not request.url.startswith(address)]
    # Only what is refused is spoken of.
    assert [one for one in said if not re.search(r"status of 40[034]", one)] == []
    page.goto(f"{address}/?_lang=en")
    page.context.close()


def test_buttons_and_bars_are_seen_in_forced_colours(
    opened: tuple[str, BrowserContext], browser: Browser
) -> None:
    address, first = opened
    context = browser.new_context(forced_colors="active", color_scheme="dark")
    context.add_cookies([{**cookie} for cookie in first.cookies()])  # type: ignore[typeddict-item]
    page = context.new_page()
    page.goto(f"{address}/patterns/together")
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    fill = "getComputedStyle(document.querySelector('svg rect.bar')).fill"
    assert page.evaluate(fill) != paper
    page.goto(f"{address}/review")
    button = "getComputedStyle(document.querySelector('main button')).borderTopWidth"
    assert page.evaluate(button) == "2px"
    assert found(page) == []
    context.close()


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


def press(page: Page, key: str) -> None:
    """Presses Alt and a key. Playwright leaves out the letter, by which Chromium knows an access key."""
    session = page.context.new_cdp_session(page)
    given = {"key": key, "text": key, "unmodifiedText": key, "windowsVirtualKeyCode": ord(key.upper())}
    session.send(
        "Input.dispatchKeyEvent", {"type": "keyDown", "modifiers": 1, "code": f"Key{key.upper()}", **given}
    )
    session.detach()


def test_names_are_decided_and_taken_back_by_keys_alone(
    opened: tuple[str, BrowserContext], browser: Browser
) -> None:
    address, context = opened
    page = context.new_page()
    page.goto(f"{address}/review/names?_of=station")
    press(page, "n")
    expect(page.get_by_role("heading", level=1)).to_have_text("4th District")
    press(page, "a")
    # A reason is asked for before anything is sent.
    expect(page.get_by_role("heading", level=1)).to_have_text("4th District")
    expect(page.locator("#reason")).to_be_focused()
    page.keyboard.type("I know the house")
    press(page, "a")
    # The first was the reply.
    expect(page.locator("#done")).to_contain_text("Decision 2 is written down.")
    expect(page.locator("table")).to_contain_text("4th District · 4th Distrcit")
    press(page, "u")
    expect(page.locator("#done")).to_have_count(0)
    expect(page.get_by_role("heading", name=re.compile("Put together by decision"))).to_contain_text("n = 0")


def test_reports_are_read_one_after_the_other_and_left_out_by_keys(
    opened: tuple[str, BrowserContext], browser: Browser
) -> None:
    address, context = opened
    page = context.new_page()
    page.goto(f"{address}/report/2")
    first = page.get_by_role("heading", level=1).inner_text()
    press(page, "n")
    expect(page.get_by_role("heading", level=1)).not_to_have_text(first)
    press(page, "x")
    expect(page.get_by_text("Left out: duplicate.")).to_be_visible()
    press(page, "r")
    expect(page.get_by_text("Of 60 reports, 59 are counted.")).to_be_visible()
    press(page, "u")
    expect(page.get_by_text("Of 60 reports, 60 are counted.")).to_be_visible()


def test_sets_that_are_alike_are_decided_by_keys(opened: tuple[str, BrowserContext]) -> None:
    address, context = opened
    page = context.new_page()
    page.goto(f"{address}/patterns/alike")
    press(page, "n")
    expect(page.get_by_role("heading", level=1)).to_have_text("Are these one and the same?")
    press(page, "a")
    expect(page.locator("table")).to_contain_text("said to be different")
    page.goto(f"{address}/review/log")
    # Who leaves a page before it has sent what was decided has decided nothing.
    with page.expect_navigation():
        press(page, "u")
    page.goto(f"{address}/patterns/alike")
    expect(page.locator("table")).not_to_contain_text("said to be different")
