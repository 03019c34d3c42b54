"""What a visit costs on a slow line and an old phone: bytes on the wire, seconds until a report is sealed."""

import gzip
import re
import time

import httpx
import pytest
from playwright.sync_api import Browser

from intake.style import COMMON, squeezed
from tests.browser.driving import reach, tick
from tests.serving import Server

pytestmark = pytest.mark.browser
KIB = 1024
FORM_WITH_SCRIPT = 60 * KIB
WITHOUT_SCRIPT = 20 * KIB
FIRST_VIEW_WITHOUT_SCRIPT = 8 * KIB
SLOWDOWN = 6
SECONDS_TO_SEAL = 1.0


def wire_bytes(server: Server, path: str) -> int:
    """The bytes of one answer as they travel: the head and the compressed body."""
    with server.client.stream("GET", path, headers={"accept-encoding": "gzip"}) as answer:
        assert answer.status_code == 200
        body = sum(len(chunk) for chunk in answer.iter_raw())
    return body + sum(len(name) + len(value) + 4 for name, value in answer.headers.raw)


def loaded(text: str, *, script: bool) -> set[str]:
    """The files that a page loads where script runs, or where it does not."""
    text = re.sub(r"<noscript>.*?</noscript>", "", text, flags=re.DOTALL) if script else text
    styles = re.findall(r'<link rel="stylesheet" href="([^"]+)"', text)
    return {*styles, *(re.findall(r'<script src="([^"]+)"', text) if script else ())}


def visit(server: Server, path: str, *, script: bool) -> int:
    text = server.client.get(path).text
    return wire_bytes(server, path) + sum(wire_bytes(server, file) for file in loaded(text, script=script))


@pytest.mark.parametrize("lang", ["en", "es"])
def test_the_form_with_script_weighs_little_with_everything_counted(lang: str, shared_server: Server) -> None:
    assert visit(shared_server, f"/{lang}/report/", script=True) <= FORM_WITH_SCRIPT


@pytest.mark.parametrize("lang", ["en", "es"])
def test_the_page_of_codes_weighs_no_more_than_the_form(lang: str, shared_server: Server) -> None:
    assert visit(shared_server, f"/{lang}/code", script=True) <= FORM_WITH_SCRIPT


@pytest.mark.parametrize("lang", ["en", "es"])
def test_the_whole_form_without_script_weighs_a_third_of_that(lang: str, shared_server: Server) -> None:
    assert visit(shared_server, f"/{lang}/report/", script=False) <= WITHOUT_SCRIPT


@pytest.mark.parametrize(
    "path", ["/en/", "/es/", "/es/start", "/es/who", "/es/how", "/es/limits", "/es/code", "/es/upload"]
)
def test_a_first_view_without_script_weighs_less_still(path: str, shared_server: Server) -> None:
    assert visit(shared_server, path, script=False) <= FIRST_VIEW_WITHOUT_SCRIPT


def test_a_squeezed_style_sheet_has_the_rules_of_the_one_that_is_read(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<style></style><style></style>")
    style = COMMON.read_text(encoding="utf-8")
    rules = "([text, place]) => { const style = document.querySelectorAll('style')[place]; " + (
        "style.textContent = text; return [...style.sheet.cssRules].map(rule => rule.cssText); }"
    )
    read = page.evaluate(rules, [style, 0])
    assert len(read) > 50
    assert page.evaluate(rules, [squeezed(style), 1]) == read
    page.close()


def test_an_answer_is_compressed_only_for_those_who_can_read_it(shared_server: Server) -> None:
    path = f"{shared_server.address}/en/report/"
    plain = httpx.get(path, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    packed = shared_server.client.build_request("GET", "/en/report/", headers={"accept-encoding": "gzip"})
    answer = shared_server.client.send(packed, stream=True)
    packed_page = gzip.decompress(b"".join(answer.iter_raw()))
    # Each has a code of its own, and the stamp of its second.
    code = re.compile(rb'(name="_(?:code|stamp)" value=")[^"]+')
    assert code.sub(rb"\1", packed_page) == code.sub(rb"\1", plain.content)


def test_sealing_takes_under_a_second_on_a_phone_six_times_slower(
    browser: Browser, shared_server: Server
) -> None:
    page = browser.new_page()
    page.goto(f"{shared_server.address}/en/report/")
    tick(page, "setting", "police")
    reach(page, "#q-story")
    page.locator('[name="story"]').fill("x" * 2000)
    tick(page, "count", "yes")
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    with page.expect_request("**/sealed"):
        started = time.monotonic()
        page.locator("#seal-and-send").evaluate("button => button.click()")
    took = time.monotonic() - started
    page.close()
    assert took < SECONDS_TO_SEAL
