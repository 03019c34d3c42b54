"""What the tests in a real browser share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.boxing import SAID, box_for, put
from tests.browser.driving import watched
from tests.serving import Server

# Chromium asks its maker for updates and lists unless it is told not to.
QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, as the system has it."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "Chromium is missing: run `make test` as root, or install the package chromium"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=chromium,
            args=QUIET,
            # People's browsers keep the page that was left; so must this one.
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page that fails its test when a script fails; most modules open theirs on what they test."""
    with watched(browser) as shown:
        yield shown


@pytest.fixture
def boxed(data: Path) -> Iterator[Server]:
    """A running intake with a box of one bucket."""
    put(data, box_for(data, SAID, bits=0))
    with Server(data) as server:
        yield server


@pytest.fixture
def offline(browser: Browser) -> Iterator[BrowserContext]:
    """A browser without a network, which keeps nothing."""
    context = browser.new_context(locale="en-US")
    context.set_offline(True)
    context.set_default_timeout(15_000)
    yield context
    context.close()
