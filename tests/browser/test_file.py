"""The form as one file, opened from the disk without a network: asks, seals, saves, and sends nothing."""

import hashlib
import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from analysis.identity import HybridIdentity
from analysis.unseal import unseal_bytes
from intake.crypto.code import from_words
from intake.crypto.padding import unpad
from intake.forms import report
from intake.forms.form import shipped
from tests.browser.conftest import QUIET
from tests.browser.driving import lock, reach, send, tick
from tests.intake.test_crashes import forms_of
from tests.serving import CANARY, Server, make_data, run, stored

pytestmark = pytest.mark.browser
FORM = shipped("report")
expect.set_options(timeout=30_000)
STORY = "They said “wait”.\nThey took my bag. 👩🏽‍🚒"
# What stands in the way of each kind of report: the first answer, and ticks that bring more questions.
REPORTS: dict[str, dict[str, tuple[str, ...]]] = {
    "short": {"_shown": ("short",), "setting": ("police",), "acts": ("arrest", "slur")},
    "police": {"setting": ("police",), "acts": ("arrest", "pat_down"), "consent_search": ("said_no",)},
    "health": {"setting": ("health",), "role": ("saw_it",)},
    "housing": {"setting": ("housing",), "role": ("told_to_me",), "behalf_ok": ("yes",)},
}
KEPT = """async () => [localStorage.length, sessionStorage.length, document.cookie,
  (await indexedDB.databases()).length, history.state]"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, identity: HybridIdentity) -> Path:
    """The data directory that the file is made from."""
    return make_data(tmp_path_factory.mktemp("file") / "data", identity)


@pytest.fixture(scope="module")
def file(data: Path) -> Path:
    """The form as a file, made by the command."""
    path = data.with_name("report.html")
    done = run("file-form", "report", "--data", data, "-o", path)
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture
def page(offline: BrowserContext, file: Path) -> Iterator[Page]:
    """The file, opened; an error of its script, a word in its console or a request of its own fails."""
    shown = offline.new_page()
    wrong: list[str] = []
    shown.on("pageerror", lambda error: wrong.append(str(error)))
    shown.on("console", lambda said: wrong.append(said.text))
    shown.goto(file.as_uri())
    shown.on("request", lambda request: wrong.append(request.url))
    yield shown
    assert [one for one in wrong if not one.startswith("blob:null/")] == []


def answer(page: Page, given: dict[str, tuple[str, ...]]) -> None:
    for question, codes in given.items():
        tick(page, question, *codes)
    reach(page, "#q-when")
    page.locator('select[name="when.year"]').select_option("not_sure")
    if "_shown" not in given:
        reach(page, "#q-story")
        page.locator('textarea[name="story"]').fill(STORY)
    tick(page, "count", "yes")


def opened(sealed: bytes, identity: HybridIdentity) -> dict[str, Any]:
    body = unpad(unseal_bytes(sealed, [identity]))
    report.parse(body, {FORM.digest: FORM})
    found: dict[str, Any] = json.loads(body)
    return found


@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize("kind", REPORTS)
def test_a_report_from_the_file_says_what_the_servers_page_says(
    kind: str, lang: str, page: Page, browser: Browser, shared_server: Server, identity: HybridIdentity
) -> None:
    before = stored(shared_server.data).keys()
    page.locator(f'[data-speak="{lang}"]').click()
    page.locator("#start").click()
    answer(page, REPORTS[kind])
    name, sealed = lock(page)
    found = opened(sealed, identity)
    assert name == f"{found['receipt']['id']}.age"
    assert (found["sealed_by"], found["channel"], found["lang"]) == ("file", "web", lang)

    online = browser.new_page()
    online.goto(f"{shared_server.address}/{lang}/report/")
    answer(online, REPORTS[kind])
    send(online)
    online.wait_for_url(f"**/{lang}/sent?sealed_by=browser")
    online.close()
    [arrived] = [one for one in stored(shared_server.data).items() if one[0] not in before]
    same = opened(arrived[1], identity)
    assert len(arrived[1]) == len(sealed)
    assert found | {name: same[name] for name in ("sealed_by", "receipt")} == same


def test_saving_leaves_nothing_in_the_page_or_the_browser(page: Page) -> None:
    page.locator("#start").click()
    answer(page, REPORTS["police"])
    lock(page)
    assert page.evaluate(KEPT) == [0, 0, "", 0, None]
    for _ in range(3):
        page.evaluate("history.back()")
    page.wait_for_timeout(300)
    expect(page.locator("#saved")).to_be_visible()
    assert page.locator('textarea[name="story"]').input_value() == ""
    assert page.locator('#report input:checked:not([name="_shown"])').evaluate_all(
        "all => all.every((one) => one.defaultChecked)"
    )


def test_no_file_of_the_browser_holds_what_was_typed_nor_the_code(
    tmp_path: Path, browser: Browser, file: Path
) -> None:
    """While it is typed, when it was saved, and after the browser was closed."""
    profile = tmp_path / "profile"
    context = browser.browser_type.launch_persistent_context(
        str(profile), executable_path=shutil.which("chromium"), args=QUIET, downloads_path=tmp_path / "saved"
    )
    page = context.pages[0]
    page.goto(file.as_uri())
    page.locator("#start").click()
    tick(page, "setting", "police")
    reach(page, "#q-station")
    page.locator('input[name="station"]').fill(f"{CANARY} station")
    reach(page, "#q-story")
    page.locator('textarea[name="story"]').fill(CANARY)
    tick(page, "count", "yes")
    page.wait_for_timeout(4_000)
    files = contents(tmp_path, 1)
    lock(page)
    page.locator("#code-show").click()
    words = page.locator("#the-code li").all_inner_texts()
    page.wait_for_timeout(4_000)
    files |= contents(tmp_path, 2)
    context.close()
    files |= contents(tmp_path, 3)
    assert any("Session_" in path for path in files), "this browser writes down its sessions"
    code = from_words(" ".join(words), "en").hex().encode()
    for secret in (*forms_of(CANARY), *forms_of(" ".join(words[:4])), code):
        assert not [path for path, content in files.items() if secret in content]


def contents(folder: Path, moment: int) -> dict[str, bytes]:
    return {f"{path} {moment}": path.read_bytes() for path in folder.rglob("*") if path.is_file()}


APPEND = "document.head.append(Object.assign(document.createElement('{}'), {}))"
VIOLATED = """(attempt) => new Promise((resolve) => {
  document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
  attempt();
  setTimeout(() => resolve(""), 5000);
})"""


@pytest.mark.parametrize(
    ("attempt", "directive"),
    [
        pytest.param("fetch('http://HERE/').catch(() => 0)", "connect-src", id="a request"),
        pytest.param("new Image().src = 'http://HERE/'", "img-src", id="a picture"),
        pytest.param("new Image().src = 'data:image/png;base64,AAAA'", "img-src", id="a picture in the page"),
        pytest.param("navigator.sendBeacon('http://HERE/')", "connect-src", id="a beacon"),
        pytest.param("new WebSocket('ws://HERE/')", "connect-src", id="a socket"),
        pytest.param(APPEND.format("iframe", "{src: 'http://HERE/'}"), "frame-src", id="a frame"),
        pytest.param(APPEND.format("style", "{textContent: 'p{}'}"), "style-src-elem", id="a style"),
        pytest.param(APPEND.format("script", "{textContent: '1'}"), "script-src-elem", id="a script"),
        pytest.param(
            APPEND.format("script", "{src: 'http://HERE/'}"), "script-src-elem", id="a script of others"
        ),
        pytest.param(APPEND.format("base", "{href: 'http://HERE/'}"), "base-uri", id="another base"),
    ],
)
def test_the_policy_of_the_file_stops(attempt: str, directive: str, browser: Browser, file: Path) -> None:
    """With a network, and somebody there who would answer: it is the file that forbids it."""
    page = browser.new_page()
    page.goto(file.as_uri())
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        code = attempt.replace("HERE", f"127.0.0.1:{listening.getsockname()[1]}")
        assert page.evaluate(VIOLATED.replace("attempt();", code), None) == directive
        page.wait_for_timeout(300)
        assert heard(listening) == (b"" if directive == "frame-src" else None)
    page.close()


def heard(listening: socket.socket) -> bytes | None:
    """What was said to a socket, or None when nobody even connected.

    For a frame Chromium connects ahead, before it asks the policy, and then says nothing.
    """
    try:
        connection, _ = listening.accept()
    except BlockingIOError:
        return None
    with connection:
        connection.settimeout(2)
        try:
            return connection.recv(4096)
        except TimeoutError:
            return b""


def test_the_same_data_makes_the_same_file_anywhere(data: Path, file: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    again = tmp_path / "elsewhere" / "other name.html"
    zone = {"TZ": "Pacific/Kiritimati", "LANG": "C", "PATH": "/usr/bin:/bin", "PYTHONHASHSEED": "77"}
    done = run("file-form", "report", "--data", data, "-o", again, cwd=tmp_path, env=zone)
    assert done.returncode == 0, done.stderr
    assert again.read_bytes() == file.read_bytes()
    assert f"SHA-256 {hashlib.sha256(file.read_bytes()).hexdigest()}\n" in done.stdout
