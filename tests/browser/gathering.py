"""Opens the modes of the form as one file, without a network, and looks for what one person leaves behind."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Dialog, Error, Page

from analysis.identity import HybridIdentity
from analysis.unseal import unseal_bytes
from intake.crypto.padding import unpad
from intake.crypto.shard import ReportName, index_shard
from intake.forms import report
from intake.forms.form import Form, shipped
from tests.serving import run

FORM = shipped("report")
MODES = ("outreach", "kiosk", "paper")
# All that a page can be asked for: its tree with what stands in it, its fields, and what scripts could read.
EVERYTHING = """async () => {
  const fields = [...document.querySelectorAll('input, textarea, select, option')];
  const globals = {};
  for (const name of Object.getOwnPropertyNames(window)) {
    try { if (typeof window[name] !== 'function') globals[name] = JSON.stringify(window[name]); } catch {}
  }
  return JSON.stringify([
    document.documentElement.outerHTML, document.documentElement.innerText, document.title, location.href,
    fields.map(one => [one.value, one.defaultValue, one.placeholder]), String(getSelection()),
    fields.filter(one => one.checked !== one.defaultChecked).map(one => one.name + one.value),
    [...document.querySelectorAll('select')].map(one => one.selectedIndex),
    globals, history.state, window.name, document.cookie, {...localStorage}, {...sessionStorage},
    await indexedDB.databases(), await caches.keys().catch(() => []),
  ]);
}"""

STATE = r"""() => {
  const tree = document.documentElement.cloneNode(true);
  for (const place of tree.querySelectorAll('[data-waiting]')) place.textContent = '';
  tree.querySelector('#batch-save').disabled = false;
  tree.querySelector('#leaving').remove();
  for (const one of tree.querySelectorAll('[class=""]')) one.removeAttribute('class');
  if (!tree.className) tree.removeAttribute('class');
  const fields = [...document.querySelectorAll('input, textarea, select, details, progress')];
  // What is only air between elements comes and goes.
  const html = tree.outerHTML.replace(/>\s+</g, '><').replaceAll('><', '>\n<');
  const held = ['id', 'name', 'value', 'checked', 'selectedIndex', 'open'];
  return [...html.split('\n'), ...fields.map(one => held.map(name => one[name] ?? '').join())];
}"""


@dataclass(frozen=True, slots=True)
class Saved:
    """A batch as it came out of the browser: its file name, its bytes, and its reports in their order."""

    file: str
    bytes: bytes
    names: tuple[ReportName, ...]
    sizes: tuple[int, ...]
    reports: tuple[dict[str, Any], ...]


def make_file(data: Path, mode: str, form: str = "report") -> Path:
    """The form as a file, made by the real command."""
    path = data.with_name(f"{form}-{mode}.html")
    done = run("file-form", form, "--data", data, "-o", path, "--mode", mode)
    assert done.returncode == 0, done.stderr
    return path


@contextmanager
def opened(browser: Browser, file: Path, *, clock: bool = False, **options: Any) -> Iterator[Page]:
    """The file in a browser without a network; an error, a word in its console or a request is a failure."""
    context = browser.new_context(**{"locale": "en-US", **options})
    context.set_offline(True)
    context.set_default_timeout(15_000)
    page = context.new_page()
    if clock:
        page.clock.install()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text))
    page.goto(file.as_uri())
    page.on("request", lambda request: wrong.append(request.url))
    yield page
    context.close()
    mistakes = [one for one in wrong if not one.startswith("blob:null/")]
    assert mistakes == [], mistakes


def everything(page: Page) -> str:
    """All of EVERYTHING as one text."""
    return str(page.evaluate(EVERYTHING))


def blank_state(page: Page) -> list[Any]:
    """The tree of the page and what its fields hold, but for what tells how many reports wait."""
    found: list[Any] = page.evaluate(STATE)
    return found


def heap(page: Page) -> str:
    """All that the page's script still holds, as the browser's own tools see it."""
    session = page.context.new_cdp_session(page)
    parts: list[str] = []
    session.on("HeapProfiler.addHeapSnapshotChunk", lambda event: parts.append(event["chunk"]))
    session.send("HeapProfiler.collectGarbage")
    session.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    session.detach()
    return json.dumps(json.loads("".join(parts))["strings"], ensure_ascii=False)


def close(page: Page) -> list[str]:
    """Closes the window as a person does; what the browser asks then. Nobody agrees."""
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", answer)
    page.close(run_before_unload=True)
    with suppress(Error):
        for _ in range(50):
            if asked:
                break
            page.wait_for_timeout(100)
    assert asked or page.is_closed()
    return asked


def save_batch(page: Page, identity: HybridIdentity, form: Form = FORM) -> Saved:
    """Presses the button, and opens what came of it with the real reader and the desk's key."""
    keeper = page.locator("#keeper:not([open]) summary")
    if keeper.count():
        keeper.click()
    with page.expect_download() as saving:
        page.locator("#batch-save").click()
    return read_batch(saving.value.suggested_filename, saving.value.path().read_bytes(), identity, form)


def read_batch(file: str, data: bytes, identity: HybridIdentity, form: Form = FORM) -> Saved:
    """A batch, opened."""
    entries = tuple(index_shard(io.BytesIO(data)))
    reports = []
    for entry in entries:
        body = unpad(unseal_bytes(data[entry.offset : entry.offset + entry.size], [identity]))
        assert report.parse(body, {form.digest: form}).receipt.id == entry.name.id
        reports.append(json.loads(body))
    names, sizes = tuple(entry.name for entry in entries), tuple(entry.size for entry in entries)
    return Saved(file, data, names, sizes, tuple(reports))
