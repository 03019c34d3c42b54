"""A slow line and an old phone, in Chromium, told over its DevTools protocol.

The line is slow 3G as Chromium's own preset has it (400 kbit/s each way, 400 ms there and back), and the
processor six times slower. The line is made by the browser: neither lost packets nor the way through Tor
are in it, and there is no TLS.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from tests.browser.conftest import QUIET

KBIT, ROUND_TRIP_MS, SLOWDOWN = 400, 400, 6
PATIENCE_MS = 120_000
CONDITIONS = f"{KBIT} kbit/s, {ROUND_TRIP_MS} ms, CPU / {SLOWDOWN}"


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium, as the system has it."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield running
        running.close()


@contextmanager
def opened(browser: Browser, *, script: bool = True) -> Iterator[tuple[Page, "Line"]]:
    """An empty page of a browser that keeps nothing, and the line that it is on."""
    context = browser.new_context(java_script_enabled=script)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    try:
        yield page, Line(context.new_cdp_session(page))
    finally:
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
