"""A flood of junk, and one person who has something to say: real Chromium, loopback, bounded."""

import os
import re
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from analysis.identity import HybridIdentity
from analysis.unseal import unseal_bytes
from intake.crypto.padding import unpad
from intake.crypto.recipients import Recipient
from intake.forms import report
from intake.forms.form import shipped
from intake.work import MOST_BITS
from tests.browser.driving import reach, send, words
from tests.browser.test_page import STORY, fill_in
from tests.serving import ENOUGH, OCTETS, Server, make_data, sealed_body, stored
from tests.working import post_sealed

pytestmark = pytest.mark.browser
SECONDS = 30
JUNK = 100
MOST_JUNK = 3_000


class Flood(threading.Thread):
    """One sender of junk: bytes that are no report, reports without work, and some who do the work."""

    def __init__(self, server: Server, recipients: Sequence[Recipient], stop: threading.Event) -> None:
        super().__init__()
        self.posts = 0
        self._server, self._recipients, self._stop_at = server, recipients, stop
        self._stamp = server.stamp()

    def run(self) -> None:
        with httpx.Client(base_url=self._server.address, timeout=SECONDS) as client:
            while not self._stop_at.is_set() and self.posts < MOST_JUNK:
                self._once(client)
                self.posts += 1

    def _once(self, client: httpx.Client) -> None:
        junk = sealed_body(self._recipients)
        kind = self.posts % 10
        if kind == 0:
            post_sealed(client, junk)
        elif kind == 1:
            parts = {**ENOUGH, "_stamp": [self._stamp], "story": ["junk " * 300]}
            client.post("/en/report/", files=[(name, (None, value[0])) for name, value in parts.items()])
        elif kind == 2:
            client.post("/sealed", content=os.urandom(len(junk)), headers=OCTETS)
        else:
            client.post("/sealed", content=junk, headers=OCTETS)


@pytest.fixture
def flooded(tmp_path: Path, identity: HybridIdentity) -> Iterator[Server]:
    data = make_data(tmp_path / "data", identity, free_per_minute=10, scriptless_per_minute=10)
    with Server(data) as running:
        yield running


@pytest.fixture
def page(browser: Browser, flooded: Server) -> Iterator[Page]:
    context = browser.new_context(accept_downloads=True)
    context.set_default_timeout(SECONDS * 1_000)
    shown = context.new_page()
    shown.goto(f"{flooded.address}/en/report/")
    yield shown
    context.close()


def opened(sealed: bytes, identity: HybridIdentity) -> report.Report:
    form = shipped("report")
    return report.parse(unpad(unseal_bytes(sealed, [identity])), {form.digest: form})


def test_an_honest_reporter_gets_through_a_flood_within_half_a_minute(
    page: Page, flooded: Server, identity: HybridIdentity
) -> None:
    stop = threading.Event()
    floods = [Flood(flooded, [identity.recipient], stop) for _ in range(4)]
    try:
        for flood in floods:
            flood.start()
        while sum(flood.posts for flood in floods) < JUNK:
            time.sleep(0.05)
        assert not flooded.client.get("/challenge").text.startswith("1.0."), "the intake is under pressure"
        fill_in(page)
        before, start = sum(flood.posts for flood in floods), time.monotonic()
        send(page)
        page.wait_for_url("**/en/sent?sealed_by=browser")
        seconds = time.monotonic() - start
        during = sum(flood.posts for flood in floods) - before
    finally:
        stop.set()
        for flood in floods:
            flood.join(SECONDS)
    assert seconds < SECONDS
    assert before + during >= JUNK
    reports = [opened(sealed, identity) for sealed in stored(flooded.data).values()]
    assert [one.answers["story"] for one in reports].count(STORY) == 1
    # Few of the junk reports got in: those who did their work, and those that are free.
    assert len(reports) < (before + during) / 2


def test_the_page_shows_that_it_works_and_sends_nothing_in_the_clear(
    page: Page, flooded: Server, identity: HybridIdentity
) -> None:
    for _ in range(20):
        flooded.client.post("/sealed", content=sealed_body([identity.recipient]), headers=OCTETS)
    seen: list[str] = []
    sent: list[bytes] = []
    page.on("request", lambda request: sent.append(request.url.encode() + (request.post_data_buffer or b"")))
    page.expose_function("seen", lambda text: seen.append(text))
    page.evaluate(
        "new MutationObserver(() => seen(document.getElementById('status').textContent))"
        ".observe(document.getElementById('work'), {attributes: true})"
    )
    fill_in(page)
    send(page)
    page.wait_for_url("**/en/sent?sealed_by=browser")
    assert any("Your device has to work a little" in text for text in seen)
    assert not [one for one in sent if b"took my bag" in one or b"pat_down" in one]
    assert sum(b"/sealed" in one for one in sent) == 2


def test_a_phone_six_times_as_slow_gets_through_when_the_most_is_asked(
    page: Page, flooded: Server, identity: HybridIdentity
) -> None:
    for _ in range(20):
        post_sealed(flooded.client, sealed_body([identity.recipient]))
    assert flooded.client.get("/challenge").text.startswith(f"1.{MOST_BITS}.")
    fill_in(page)
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 6})
    start = time.monotonic()
    send(page)
    page.wait_for_url("**/en/sent?sealed_by=browser")
    assert time.monotonic() - start < SECONDS


def test_a_report_that_is_not_taken_can_be_saved_as_a_sealed_file(
    page: Page, flooded: Server, identity: HybridIdentity, tmp_path: Path
) -> None:
    posted: list[bytes] = []

    def refuse(route: Route) -> None:
        posted.append(route.request.post_data_buffer or b"")
        route.fulfill(status=503, body="nothing was saved: try again later\n")

    page.route("**/sealed", refuse)
    expect(page.locator("#keep-sealed")).to_be_hidden()
    fill_in(page)
    send(page)
    offer = page.locator("#keep-sealed")
    expect(offer).to_be_visible()
    expect(page.locator("#status")).to_have_text(words(page, "nothingSaved"))
    expect(page.locator('textarea[name="story"]')).to_have_value(STORY)
    with page.expect_download() as download:
        page.locator("#save-sealed").click()
    file = tmp_path / "saved"
    download.value.save_as(file)
    assert re.fullmatch(r"[0-9a-f]{32}\.age", download.value.suggested_filename)
    found = opened(file.read_bytes(), identity)
    assert found.receipt.id.hex() + ".age" == download.value.suggested_filename
    assert found.answers["story"] == STORY
    assert posted[0] == found.receipt.id + file.read_bytes()
    reach(page, 'textarea[name="story"]')
    page.locator('textarea[name="story"]').fill("other words")
    expect(offer).to_be_hidden()


def test_nothing_is_left_in_the_browser_after_work_and_refusal(page: Page, flooded: Server) -> None:
    page.route("**/sealed", lambda route: route.fulfill(status=503))
    fill_in(page)
    send(page)
    expect(page.locator("#keep-sealed")).to_be_visible()
    kept = page.evaluate(
        "async () => [localStorage.length, sessionStorage.length, document.cookie,"
        " (await indexedDB.databases()).length, (await caches.keys()).length,"
        " (await navigator.serviceWorker.getRegistrations()).length, Object.keys(history.state)]"
    )
    # Of the step that is shown, the browser's Back button knows the number and nothing else.
    assert kept == [0, 0, "", 0, 0, 0, ["step"]]
    assert page.context.cookies() == []
