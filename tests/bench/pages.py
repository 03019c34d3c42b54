"""What a visit costs: bytes and requests, seconds to the first view and until a report is sealed.

On a slow 3G line as Chromium's own preset has it (400 kbit/s each way, 400 ms there and back) and a
processor slowed six times, in Chromium, told over its DevTools protocol. The line is made by the browser:
neither lost packets nor the way through Tor are in it, and there is no TLS. Each visit is a first one.
"""

import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from analysis.identity import HybridIdentity
from tests.bench.table import machine, show
from tests.browser.conftest import QUIET
from tests.browser.driving import reach, tick
from tests.serving import Server, make_data
from tests.serving import run as command

KBIT, ROUND_TRIP_MS, SLOWDOWN = 400, 400, 6
ROUNDS = 3
PATIENCE_MS = 120_000
CONDITIONS = f"{KBIT} kbit/s, {ROUND_TRIP_MS} ms, CPU / {SLOWDOWN}"
STORY = "x" * 2000
PAGES = (("form", "/en/report/"), ("code", "/en/code"), ("upload", "/en/upload"), ("start", "/en/"))
# A page has been seen when the first of its words are (Paint Timing, W3C).
PAINTED = (
    """() => (performance.getEntriesByName("first-contentful-paint")[0] || {startTime: NaN}).startTime"""
)


@dataclass(frozen=True, slots=True)
class Visit:
    """Bytes on the wire and requests, seconds to the first view and to the last byte."""

    bytes: int
    requests: int
    first: float
    whole: float


@contextmanager
def opened(browser: Browser, *, script: bool = True) -> Iterator[tuple[Page, "Line"]]:
    """An empty page of a browser that keeps nothing, and the line that it is on."""
    context = browser.new_context(java_script_enabled=script)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    yield page, Line(context.new_cdp_session(page))
    context.close()


class Line:
    """Counts what comes over it, heads and compressed bodies, and can be made slow."""

    def __init__(self, session: CDPSession) -> None:
        self.bytes = self.requests = 0
        self._session = session
        session.send("Network.enable")
        session.on("Network.loadingFinished", self._finished)

    def slow(self) -> None:
        """From now on the line is slow, and the processor too."""
        limit = KBIT * 1000 / 8
        speeds = {"downloadThroughput": limit, "uploadThroughput": limit}
        conditions = {"offline": False, "latency": ROUND_TRIP_MS, **speeds}
        self._session.send("Network.emulateNetworkConditions", conditions)
        self._session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})

    def _finished(self, event: dict[str, Any]) -> None:
        self.bytes += int(event["encodedDataLength"])
        self.requests += 1


def visit(browser: Browser, address: str, *, script: bool = True) -> Visit:
    """A first visit, until everything that the page loads is there."""
    with opened(browser, script=script) as (page, line):
        line.slow()
        begin = time.monotonic()
        page.goto(address, wait_until="load")
        whole = time.monotonic() - begin
        page.wait_for_function(PAINTED)
        first = float(page.evaluate(PAINTED)) / 1000
        return Visit(line.bytes, line.requests, first, whole)


def sealed(browser: Browser, address: str) -> tuple[float, float]:
    """Seconds from pressing Send to the sealed report on the wire, and to the page that says it is kept."""
    with opened(browser) as (page, line):
        page.goto(address)
        _fill(page)
        line.slow()
        with page.expect_request("**/sealed"):
            begin = time.monotonic()
            page.locator("#seal-and-send").evaluate("button => button.click()")
        took = time.monotonic() - begin
        page.wait_for_url("**/sent?**")
        return took, time.monotonic() - begin


def typed(browser: Browser, address: str) -> float:
    """Seconds from pressing Send without script to the page that says it is kept: the server seals."""
    with opened(browser, script=False) as (page, line):
        page.goto(address)
        _fill(page)
        line.slow()
        begin = time.monotonic()
        page.locator("button[formmethod]").click()
        page.wait_for_url("**/sent?**")
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


def _fill(page: Page) -> None:
    tick(page, "setting", "police")
    reach(page, "#q-story")
    page.locator('[name="story"]').fill(STORY)
    tick(page, "count", "yes")
    reach(page, "section.section:last-of-type h2")


def run() -> None:
    """Prints what each page weighs and how long it takes, and how long sealing takes on each way."""
    with tempfile.TemporaryDirectory() as name, _chromium() as browser:
        data, file = make_data(Path(name) / "data", HybridIdentity.generate()), Path(name) / "report.html"
        done = command(
            "file-form", "report", "--data", data, "-o", file, "--address", "https://reports.example.org/"
        )
        assert done.returncode == 0, done.stderr
        with Server(data) as server:
            _show_visits(browser, server.address, file)
            _show_sealing(browser, server.address, file)


def _show_visits(browser: Browser, address: str, file: Path) -> None:
    rows = []
    for label, path in PAGES:
        for script in (True, False):
            visits = [visit(browser, f"{address}{path}", script=script) for _ in range(ROUNDS)]
            rows.append([f"{label}, {'with' if script else 'without'} script", *_row(visits)])
    # It lies on the device: nothing comes over the line.
    _, _, first, whole = _row([visit(browser, file.as_uri()) for _ in range(ROUNDS)])
    label = f"form as one file, {file.stat().st_size / 1024:.0f} KB on the device"
    rows.append([label, "-", "-", first, whole])
    show(
        f"Pages: a first visit at {CONDITIONS}; median of {ROUNDS}",
        ["page", "KB on the wire", "requests", "first view, s", "all loaded, s"],
        rows,
    )


def _row(visits: Sequence[Visit]) -> list[str]:
    size, requests, first, whole = (
        statistics.median(getattr(one, name) for one in visits)
        for name in ("bytes", "requests", "first", "whole")
    )
    return [f"{size / 1024:.1f}", f"{requests:.0f}", f"{first:.1f}", f"{whole:.1f}"]


def _show_sealing(browser: Browser, address: str, file: Path) -> None:
    form = f"{address}/en/report/"
    pairs = [sealed(browser, form) for _ in range(ROUNDS)]
    on_the_wire, kept = (statistics.median(column) for column in zip(*pairs, strict=True))
    plain = statistics.median(typed(browser, form) for _ in range(ROUNDS))
    saved = statistics.median(locked(browser, file) for _ in range(ROUNDS))
    show(
        f"Sealing: seconds from the press of the button, {len(STORY):,} letters, at {CONDITIONS};"
        f" median of {ROUNDS}",
        ["way", "sealed", "the page says so"],
        [
            ["form, with script", f"{on_the_wire:.2f}", f"{kept:.1f}"],
            ["form, without script", "-", f"{plain:.1f}"],
            ["form as one file", f"{saved:.2f}", "-"],
        ],
    )


@contextmanager
def _chromium() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield running
        running.close()


if __name__ == "__main__":
    print(machine())
    run()
