"""Seconds until a report is sealed and kept, on a slow line and an old phone.

From the press of the button the line and the processor are slow from then on, and the page was loaded and
filled in before. On the whole way both are slow from the beginning, and the clock runs from asking for the
address; as soon as the page and its scripts are loaded, a script ticks what must be ticked, puts the story
into its field and presses the button, all at once. So nobody's reading, typing and going from step to step
is in it.
"""

import statistics
import time
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.bench.slowly import CONDITIONS, opened
from tests.bench.table import show
from tests.browser.driving import reach, tick

STORY = "x" * 2000
WITH_SCRIPT, WITHOUT_SCRIPT = "#seal-and-send", "button[formmethod]"
KEPT = "**/sent?**"
# A person does this in minutes.
AT_ONCE = """([button, story]) => {
    for (const choice of ["setting=police", "count=yes"]) {
        const [name, value] = choice.split("=");
        document.querySelector(`input[name="${name}"][value="${value}"]`).click();
    }
    const field = document.querySelector('[name="story"]');
    field.value = story;
    for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true }));
    document.querySelector(button).click();
}"""


def sealed(browser: Browser, address: str) -> tuple[float, float]:
    """Seconds from pressing Send to the sealed report on the wire, and to the page that says it is kept."""
    with opened(browser) as (page, line):
        page.goto(address)
        _fill(page)
        line.slow()
        with page.expect_request("**/sealed"):
            begin = time.monotonic()
            page.locator(WITH_SCRIPT).evaluate("button => button.click()")
        took = time.monotonic() - begin
        page.wait_for_url(KEPT)
        return took, time.monotonic() - begin


def typed(browser: Browser, address: str) -> float:
    """Seconds from pressing Send without script to the page that says it is kept: the server seals."""
    with opened(browser, script=False) as (page, line):
        page.goto(address)
        _fill(page)
        line.slow()
        begin = time.monotonic()
        page.locator(WITHOUT_SCRIPT).click()
        page.wait_for_url(KEPT)
        return time.monotonic() - begin


def locked(browser: Browser, file: Path) -> float:
    """Seconds from pressing the button to the sealed file on the device, in the form as one file."""
    with opened(browser) as (page, line):
        page.goto(file.as_uri())
        page.locator("#start").click()
        _fill(page)
        line.slow()
        with page.expect_download():
            begin = time.monotonic()
            page.locator("#seal-and-save").evaluate("button => button.click()")
        return time.monotonic() - begin


def whole(browser: Browser, address: str) -> tuple[float, float]:
    """Seconds from asking for the form to the sealed report on the wire, and to the page that says so."""
    with opened(browser) as (page, line):
        line.slow()
        begin = time.monotonic()
        with page.expect_request("**/sealed"):
            page.goto(address, wait_until="load")
            page.evaluate(AT_ONCE, [WITH_SCRIPT, STORY])
        took = time.monotonic() - begin
        page.wait_for_url(KEPT)
        return took, time.monotonic() - begin


def whole_typed(browser: Browser, address: str) -> float:
    """The same without script, to the page that says so; what fills it in is no script of the page."""
    with opened(browser, script=False) as (page, line):
        line.slow()
        begin = time.monotonic()
        page.goto(address, wait_until="load")
        page.evaluate(AT_ONCE, [WITHOUT_SCRIPT, STORY])
        page.wait_for_url(KEPT)
        return time.monotonic() - begin


def _fill(page: Page) -> None:
    tick(page, "setting", "police")
    reach(page, "#q-story")
    page.locator('[name="story"]').fill(STORY)
    tick(page, "count", "yes")
    reach(page, "section.section:last-of-type h2")


def show_sealing(browser: Browser, address: str, file: Path, rounds: int) -> None:
    """Prints the table."""
    form = f"{address}/en/report/"
    pressed, all_of_it = (
        [
            statistics.median(column)
            for column in zip(*(way(browser, form) for _ in range(rounds)), strict=True)
        ]
        for way in (sealed, whole)
    )
    plain, all_plain = (
        statistics.median(way(browser, form) for _ in range(rounds)) for way in (typed, whole_typed)
    )
    saved = statistics.median(locked(browser, file) for _ in range(rounds))
    show(
        "Sealing: seconds from the press of the button, or on the whole way from asking for the form,"
        f" {len(STORY):,} letters, at {CONDITIONS}; median of {rounds}",
        ["way", "sealed", "the page says so"],
        [
            ["form, with script", f"{pressed[0]:.2f}", f"{pressed[1]:.1f}"],
            ["form, without script", "-", f"{plain:.1f}"],
            ["form as one file", f"{saved:.2f}", "-"],
            ["whole way, with script", f"{all_of_it[0]:.2f}", f"{all_of_it[1]:.1f}"],
            ["whole way, without script", "-", f"{all_plain:.1f}"],
        ],
    )
