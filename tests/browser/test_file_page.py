"""How the form as one file shows itself: its languages, its way out, its code, its looks."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from analysis.identity import HybridIdentity
from analysis.unseal import unseal_bytes
from intake.crypto.code import from_words
from intake.crypto.padding import unpad
from intake.crypto.receipt import Receipt
from intake.fileform import FilePages
from intake.forms import report
from intake.forms.form import Form, shipped
from intake.settings import Settings, starting_text
from tests import attaching, pseudo
from tests.browser.driving import lock, reach, tick
from tests.browser.test_access import found
from tests.browser.test_layout import SMALLEST_TARGET, TARGETS, TOO_SMALL, overflow
from tests.serving import Server, make_data, run

pytestmark = pytest.mark.browser
FORM = shipped("report")
EVERY = Form.load(Path(__file__).parents[1] / "vectors" / "every.json")
expect.set_options(timeout=30_000)
SIZES = [pytest.param(320, "dark", id="narrow phone, dark"), pytest.param(1280, "light", id="desk")]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, identity: HybridIdentity) -> Path:
    """The form as a file, made by the command, which says where to hand in."""
    folder = tmp_path_factory.mktemp("shown")
    data, path = make_data(folder / "data", identity), folder / "report.html"
    done = run("file-form", "report", "--data", data, "-o", path, "--address", "https://reports.example.org/")
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture
def page(offline: BrowserContext, file: Path) -> Page:
    """The file, opened without a network."""
    shown = offline.new_page()
    shown.goto(file.as_uri())
    return shown


def speak(page: Page, language: str) -> None:
    page.locator(f'[data-speak="{language}"]').click()


def finish(page: Page) -> tuple[str, bytes]:
    page.locator("#start").click()
    tick(page, "setting", "housing")
    tick(page, "count", "yes")
    return lock(page)


def test_another_language_changes_the_words_and_nothing_that_was_ticked_or_typed(
    page: Page, identity: HybridIdentity
) -> None:
    page.locator("#start").click()
    tick(page, "setting", "police")
    tick(page, "acts", "strip", "insult")
    reach(page, "#q-station")
    page.locator('input[name="station"]').fill("the third one")
    reach(page, "#q-when")
    page.locator('select[name="when.year"]').select_option(index=3)
    page.locator('select[name="when.month"]').select_option("5")
    step, year = page.locator(".step:visible").inner_text(), page.locator('[name="when.year"]').input_value()
    speak(page, "es")
    assert page.locator("html").get_attribute("lang") == "es"
    expect(page).to_have_title("Encuesta comunitaria")
    assert page.locator(".step:visible").inner_text() == step.replace("Step", "Paso").replace("of", "de")
    expect(page.locator('select[name="when.month"] option:checked')).to_have_text("mayo", ignore_case=True)
    expect(page.locator('select[name="when.year"]')).to_have_value(year)
    reach(page, "#q-acts")
    expect(page.locator('input[name="acts"][value="strip"]')).to_be_visible()
    speak(page, "en")
    speak(page, "es")
    tick(page, "count", "yes")
    _, sealed = lock(page)
    read = report.parse(unpad(unseal_bytes(sealed, [identity])), {FORM.digest: FORM})
    assert read.lang == "es"
    assert (read.answers["acts"], read.answers["station"]) == (["insult", "strip"], "the third one")
    assert read.answers["when"] == f"{year}-05"


def test_what_is_to_be_mended_is_said_in_the_new_language(page: Page) -> None:
    page.locator("#start").click()
    page.locator("#next").click()
    english = page.locator("#problems").inner_text()
    speak(page, "es")
    spanish = page.locator("#problems").inner_text()
    assert "We need an answer" in english
    assert "We need an answer" not in spanish
    assert page.locator("#problem-setting").inner_text() in spanish
    expect(page).to_have_title(re.compile("^Error: Encuesta"))
    speak(page, "en")
    assert page.locator("#problems").inner_text() == english


def test_the_file_opens_in_the_language_of_the_browser(browser: Browser, file: Path) -> None:
    context = browser.new_context(locale="es-MX")
    page = context.new_page()
    page.goto(file.as_uri())
    expect(page.locator("h1:visible")).to_have_text("Cuéntenos qué pasó")
    expect(page.locator('[data-speak="es"]')).to_have_attribute("aria-pressed", "true")
    context.close()


def test_loading_the_page_again_asks_first_and_then_shows_nothing(page: Page) -> None:
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.reload()
    assert asked == []
    page.locator("#start").click()
    tick(page, "setting", "police")
    reach(page, "#q-station")
    page.locator('input[name="station"]').fill("the third one")
    page.reload()
    assert asked == ["beforeunload"]
    expect(page.locator("#before")).to_be_visible()
    assert page.locator('input[name="station"]').input_value() == ""
    assert page.locator('input[name="setting"]:checked').count() == 0


def test_once_a_report_is_saved_the_page_may_be_left_unasked(page: Page) -> None:
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    finish(page)
    page.reload()
    assert asked == []
    expect(page.locator("#before")).to_be_visible()


@pytest.mark.parametrize("by_key", [False, True], ids=["button", "Shift three times"])
def test_exit_asks_nothing_and_leaves_for_a_blank_page_without_a_network(page: Page, by_key: bool) -> None:
    page.on("dialog", lambda dialog: pytest.fail("the way out asked a question"))
    page.locator("#start").click()
    tick(page, "setting", "police")
    if by_key:
        for _ in range(3):
            page.keyboard.press("Shift")
    else:
        page.locator("a.exit").click()
    page.wait_for_url("about:blank")


def test_a_page_left_while_it_locks_a_report_does_not_go_on_with_it(page: Page) -> None:
    """A browser keeps a page that was left, and brings it back as it was in the middle of its work."""
    saved: list[str] = []
    page.on("download", lambda download: saved.append(download.suggested_filename))
    page.locator("#start").click()
    tick(page, "setting", "police")
    tick(page, "count", "yes")
    page.evaluate(
        "document.getElementById('seal-and-save').click(), dispatchEvent(new PageTransitionEvent('pagehide'))"
    )
    page.wait_for_timeout(5_000)
    expect(page.locator("#before")).to_be_visible()
    assert saved == []
    assert finish(page)[0] in saved


def test_the_first_key_after_opening_the_file_reaches_the_way_out(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.locator("a.skip[data-exit]")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("about:blank")


def test_exit_leads_to_the_organizers_page_where_there_is_a_network(browser: Browser, file: Path) -> None:
    context = browser.new_context()
    asked: list[str] = []
    context.route(
        re.compile("^https:"), lambda route: (asked.append(route.request.url), route.fulfill(body="weather"))
    )
    page = context.new_page()
    page.goto(file.as_uri())
    page.locator("a.exit").click()
    page.wait_for_url(re.compile("^https:"))
    assert asked == ["https://www.bbc.com/weather"]
    context.close()


def test_the_code_of_a_report_is_shown_once_to_whoever_asks(page: Page, identity: HybridIdentity) -> None:
    _, sealed = finish(page)
    read = report.parse(unpad(unseal_bytes(sealed, [identity])), {FORM.digest: FORM})
    assert page.locator("#the-code li").count() == 0
    page.locator("#code-show").click()
    words = page.locator("#the-code li").all_inner_texts()
    assert Receipt.from_code(from_words(" ".join(words), "en")) == read.receipt
    page.locator("#code-written").click()
    page.locator("#code-typed").fill(" ".join(words))
    page.locator("#code-check").click()
    expect(page.locator("#code-status")).to_have_text("That is right. This page has forgotten the code now.")
    assert page.locator("#the-code li").count() == 0
    shown = page.locator("#saved").inner_text().split()
    # One of the words alone may stand in any sentence ("page" is one).
    assert not set(pairwise(words)) & set(pairwise(shown))


def test_another_report_begins_with_nothing_of_the_last(page: Page) -> None:
    first, sealed = finish(page)
    page.locator("#code-show").click()
    with page.expect_download() as saving:
        page.locator("#save-again").click()
    assert (saving.value.suggested_filename, saving.value.path().read_bytes()) == (first, sealed)
    page.locator("#another").click()
    expect(page.locator("#before")).to_be_visible()
    assert page.locator("#the-code li").count() == 0
    assert first not in page.content()
    second, other = finish(page)
    assert second != first
    assert len(other) == len(sealed)
    expect(page.locator("#code-show")).to_be_visible()


def test_a_saved_file_is_taken_by_a_server_as_it_is(page: Page, shared_server: Server) -> None:
    name, sealed = finish(page)
    body = bytes.fromhex(name.removesuffix(".age")) + sealed
    assert shared_server.post_sealed(body).status_code == 201


def test_without_script_it_says_so_in_each_language_and_asks_nothing(browser: Browser, file: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    expect(page.locator("#unable")).to_contain_text("This file cannot work here")
    expect(page.locator("#unable")).to_contain_text("Este archivo no puede funcionar aquí")
    assert page.locator("input:visible, button:visible, textarea:visible").count() == 0
    context.close()


def test_a_form_that_takes_files_says_that_the_file_takes_none(
    offline: BrowserContext, tmp_path: Path, identity: HybridIdentity
) -> None:
    page = opened(offline, pages([attaching.FORM], tmp_path, identity), attaching.FORM, tmp_path)
    page.locator("#start").click()
    tick(page, "setting", "police")
    tick(page, "count", "yes")
    assert page.locator("input[type=file]").count() == 0
    expect(page.locator("#send")).to_contain_text("You cannot add photos or papers here.")
    _, sealed = lock(page)
    known = {attaching.FORM.digest: attaching.FORM}
    assert report.parse(unpad(unseal_bytes(sealed, [identity])), known).attachments == ()


@pytest.mark.parametrize(("width", "colours"), SIZES)
def test_every_part_fits_and_axe_finds_nothing(
    width: int, colours: Literal["dark", "light"], browser: Browser, file: Path
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 700}, color_scheme=colours)
    context.set_offline(True)
    page = context.new_page()
    page.goto(file.as_uri())
    objections: dict[str, object] = {}

    def look(part: str) -> None:
        for language in ("en", "es") if page.locator(".languages").is_visible() else ("",):
            if language:
                speak(page, language)
            seen = (found(page), overflow(page), page.evaluate(TOO_SMALL, [TARGETS, SMALLEST_TARGET]))
            if seen != ([], 0, []):
                objections[f"{part} {language}"] = seen

    # Fetched by nobody: axe is put in by the test, past the policy of the file.
    look("before")
    page.locator("#start").click()
    page.locator("#next").click()
    look("problems")
    tick(page, "setting", "health")
    while page.locator("#next").is_visible():
        page.locator("#next").click()
        look(page.locator("section.section:not([hidden]) h2").inner_text())
    tick(page, "count", "yes")
    lock(page)
    look("saved")
    page.locator("#code-show").click()
    look("code")
    page.locator("#code-written").click()
    look("code typed back")
    assert objections == {}
    context.close()


def test_a_language_from_right_to_left_turns_the_file_around(
    offline: BrowserContext, tmp_path: Path, identity: HybridIdentity
) -> None:
    """All that is said comes from the catalog: in letters that nobody speaks, no Latin word is left."""
    locale = pseudo.make_locale(tmp_path / "locale")
    made = pages([EVERY], tmp_path, identity, names=pseudo.NAMES, locale=locale)
    page = opened(offline, made, EVERY, tmp_path)
    before = page.evaluate("getComputedStyle(document.body).direction")
    speak(page, pseudo.LANGUAGE)
    assert (before, page.evaluate("getComputedStyle(document.body).direction")) == ("ltr", "rtl")
    assert overflow(page) == 0
    page.locator(".fingerprint, .languages").evaluate_all("all => all.forEach((one) => one.remove())")
    assert re.findall("[A-Za-z]{2,}", page.locator("#before").inner_text().replace("SHA", "")) == []
    page.evaluate(
        "for (const one of document.querySelectorAll('#main > div')) one.hidden = one.id !== 'saved'"
    )
    assert re.findall("[A-Za-z]{2,}", page.locator("#saved").inner_text()) == []


def pages(forms: list[Form], folder: Path, identity: HybridIdentity, **said: object) -> FilePages:
    (folder / "intake.toml").write_text(starting_text(tuple(form.id for form in forms)))
    return FilePages(Settings.read(folder / "intake.toml"), forms, [identity.recipient], **said)  # type: ignore[arg-type]


def opened(offline: BrowserContext, made: FilePages, form: Form, folder: Path) -> Page:
    path = folder / "made.html"
    path.write_text(made.whole(form, "web", ""), encoding="utf-8")
    page = offline.new_page()
    page.goto(path.as_uri())
    return page
