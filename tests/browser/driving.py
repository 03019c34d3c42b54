"""Leads a real browser through the form's page, as a reporter would."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, expect


@contextmanager
def watched(browser: Browser, patience: int = 15_000, **options: Any) -> Iterator[Page]:
    """A page of a browser that keeps nothing; a script's error fails the test. Patience in milliseconds."""
    context = browser.new_context(**options)
    context.set_default_timeout(patience)
    shown = context.new_page()
    errors: list[str] = []
    shown.on("pageerror", lambda error: errors.append(str(error)))
    yield shown
    context.close()
    assert errors == []


def words(page: Page, name: str) -> str:
    """What the page says of the sending, by its name."""
    return str(page.evaluate("name => witnessbox.words.status[name]", name))


def reach(page: Page, selector: str) -> None:
    """Goes on, or back, to the step that holds an element. Without steps, all is in sight already."""
    if not page.locator("#steps").is_visible():
        return
    section = "el => [...document.querySelectorAll('section.section')].indexOf(el.closest('section'))"
    for _ in range(20):
        wanted = page.locator(selector).first.evaluate(section)
        current = page.locator("section.section:not([hidden])").evaluate(section)
        if wanted == current:
            return
        page.locator("#next" if wanted > current else "#back").click()
    raise AssertionError(f"no step shows {selector}")


def tick(page: Page, question: str, *codes: str) -> None:
    """Ticks choices of a question, where a reporter could: in its step, and after opening what is closed."""
    for code in codes:
        selector = f'input[name="{question}"][value="{code}"]'
        reach(page, selector)
        closed = page.locator(f"details:not([open]):has({selector}) summary")
        if closed.count():
            closed.click()
        page.locator(selector).check()


def send(page: Page) -> None:
    """Goes to the end and presses Send."""
    reach(page, "section.section:last-of-type h2")
    page.locator("#seal-and-send").click()


def lock(page: Page) -> tuple[str, bytes]:
    """Goes to the end of the form in a file and locks it; the name and the bytes of what was saved."""
    reach(page, "section.section:last-of-type h2")
    with page.expect_download() as saving:
        page.locator("#seal-and-save").click()
    saved = saving.value
    expect(page.locator("#saved")).to_be_visible()
    return saved.suggested_filename, saved.path().read_bytes()
