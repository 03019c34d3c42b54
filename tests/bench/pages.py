"""What a visit costs: bytes and requests, seconds to the first view, and until a report is sealed.

All of it on a slow line and an old phone (`tests.bench.slowly`). Each visit is a first one.
"""

import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from analysis.identity import HybridIdentity
from tests.bench.sealing import show_sealing
from tests.bench.slowly import CONDITIONS, chromium, opened
from tests.bench.table import machine, show
from tests.serving import Server, make_data
from tests.serving import run as command

ROUNDS = 3
PAGES = (("form", "/en/report/"), ("code", "/en/code"), ("upload", "/en/upload"), ("start", "/en/"))
# A page has been seen when the first of its words are (Paint Timing, W3C).
PAINTED = """() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime"""
# So many visits, each until so many seconds after all was loaded, before a page counts as never shown.
TRIES, PAINT_SECONDS, LOOK_MS = 3, 20.0, 50


@dataclass(frozen=True, slots=True)
class Visit:
    """Bytes on the wire and requests, seconds to the first view and to the last byte."""

    bytes: int
    requests: int
    first: float
    whole: float


def visit(browser: Browser, address: str, *, script: bool = True, patience: float = PAINT_SECONDS) -> Visit:
    """A first visit, until everything that the page loads is there and has been seen."""
    for _ in range(TRIES):
        if found := _visit(browser, address, script, patience):
            return found
    raise SystemExit(
        f"{address}: no words were on the screen {patience:g} seconds after it was loaded, in {TRIES} visits"
    )


def _visit(browser: Browser, address: str, script: bool, patience: float) -> Visit | None:
    with opened(browser, script=script) as (page, line):
        line.slow()
        begin = time.monotonic()
        page.goto(address, wait_until="load")
        whole = time.monotonic() - begin
        first = _painted(page, patience)
        return None if first is None else Visit(line.bytes, line.requests, first, whole)


def _painted(page: Page, patience: float) -> float | None:
    """Seconds to the first view; None where there is none.

    It is asked for from outside again and again: `wait_for_function` asks in the page, by the page's own
    timers. A page without script has none that run, and was asked once only.
    """
    end = time.monotonic() + patience
    while True:
        painted = page.evaluate(PAINTED)
        if painted is not None:
            return float(painted) / 1000
        if time.monotonic() > end:
            return None
        page.wait_for_timeout(LOOK_MS)


def run() -> None:
    """Prints what each page weighs and how long it takes, and how long sealing takes on each way."""
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        data, file = make_data(Path(name) / "data", HybridIdentity.generate()), Path(name) / "report.html"
        done = command(
            "file-form", "report", "--data", data, "-o", file, "--address", "https://reports.example.org/"
        )
        assert done.returncode == 0, done.stderr
        with Server(data) as server:
            _show_visits(browser, server.address, file)
            show_sealing(browser, server.address, file, ROUNDS)


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


if __name__ == "__main__":
    print(machine())
    run()
