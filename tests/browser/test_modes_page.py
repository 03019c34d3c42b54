"""How the modes of the form as one file look: in each language, on a phone and a desk, from right to left."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from analysis.identity import HybridIdentity
from tests import pseudo
from tests.browser.driving import reach, tick
from tests.browser.gathering import FORM, MODES, make_file, opened
from tests.browser.test_access import found
from tests.browser.test_file_page import EVERY, SIZES, pages, speak
from tests.browser.test_layout import SMALLEST_TARGET, TARGETS, TOO_SMALL, overflow
from tests.serving import make_data

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)
# The boxes of a sheet are many, and for a keeper at a keyboard; WCAG's own least is 24.
LEAST = {"paper": 36}
OF_OTHERS = ".fingerprint, .languages, #filling h1, #report section, #report fieldset"
SHOWN_ALL = """name => {
  for (const one of document.querySelectorAll('#main > div')) one.hidden = one.id !== name;
  for (const one of document.querySelectorAll('#main [hidden], #idle')) one.hidden = false;
}"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, identity: HybridIdentity) -> dict[str, Path]:
    data = make_data(tmp_path_factory.mktemp("looks") / "data", identity)
    return {mode: make_file(data, mode) for mode in MODES}


Look = Callable[[str], None]


def on_paper(page: Page, look: Look) -> None:
    page.locator("#start").click()
    look("sheet")
    page.locator("#f-version").fill("wrong version")
    page.locator("#f-codes").fill("A1 D99 ")
    page.locator("#seal-and-save").click()
    look("wrong version")
    page.locator("#f-version").fill(FORM.digest[:8])
    look("wrong codes")
    page.locator("#f-codes").fill("A1 B5 D7 K2026-05")
    page.locator("#seal-and-save").click()
    expect(page.locator("#problems")).to_be_visible()
    look("problems")
    page.locator("#f-codes").fill("A1 B5 D7 K2026-05 O1")
    page.locator("#seal-and-save").click()
    expect(page.locator(".waiting [data-waiting]")).to_have_text("1")
    look("locked")


def by_people(page: Page, look: Look) -> None:
    page.locator("#start").click()
    look("form")
    tick(page, "setting", "health")
    tick(page, "count", "yes")
    reach(page, "section.section:last-of-type h2")
    look("end")
    page.locator("#seal-and-save").click()
    expect(page.locator("#saved")).to_be_visible()
    look("locked")
    page.locator("#another").click()


@pytest.mark.parametrize(("width", "colours"), SIZES)
@pytest.mark.parametrize("mode", MODES)
def test_every_part_of_a_mode_fits_and_axe_finds_nothing(
    mode: str, width: int, colours: str, browser: Browser, files: dict[str, Path]
) -> None:
    objections: dict[str, object] = {}
    with opened(browser, files[mode], viewport={"width": width, "height": 700}, color_scheme=colours) as page:

        def look(part: str) -> None:
            for language in ("en", "es") if page.locator(".languages").is_visible() else ("",):
                if language:
                    speak(page, language)
                small = page.evaluate(TOO_SMALL, [TARGETS, LEAST.get(mode, SMALLEST_TARGET)])
                seen = (found(page), overflow(page), small)
                if seen != ([], 0, []):
                    objections[f"{part} {language}"] = seen

        look("before")
        (on_paper if mode == "paper" else by_people)(page, look)
        if mode == "kiosk":
            page.locator("#keeper summary").click()
        with page.expect_download():
            page.locator("#batch-save").click()
        look("saved")
        if mode == "kiosk":
            page.evaluate("document.getElementById('idle').hidden = false")
            look("nobody there")
    assert objections == {}


@pytest.mark.parametrize("mode", MODES)
def test_a_language_from_right_to_left_turns_a_mode_around(
    mode: str, browser: Browser, tmp_path: Path, identity: HybridIdentity
) -> None:
    locale = pseudo.make_locale(tmp_path / "locale")
    made = pages([EVERY], tmp_path, identity, names=pseudo.NAMES, locale=locale)
    file = tmp_path / "made.html"
    file.write_text(made.whole(EVERY, mode, ""), encoding="utf-8")
    with opened(browser, file) as page:
        speak(page, pseudo.LANGUAGE)
        assert page.evaluate("getComputedStyle(document.body).direction") == "rtl"
        # The questions have their own words, and those of the keys are English.
        page.locator(OF_OTHERS).evaluate_all("all => all.forEach((one) => one.style.display = 'none')")
        for part in ("before", "filling", "saved"):
            page.evaluate(SHOWN_ALL, part)
            assert overflow(page) == 0
            # Codes, and what holds the place of a month, are the same in every language.
            text = re.sub(r"SHA|Ctrl|Enter|/upload", "", page.locator("body").inner_text())
            assert re.findall("[A-Za-z]{2,}", text) == []
