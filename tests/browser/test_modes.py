"""One window for many people: an outreach worker's device or a kiosk, from the disk and without a network."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from analysis.identity import HybridIdentity
from intake.crypto.padding import SIZE_CLASSES
from intake.crypto.recipients import parse_recipient
from intake.crypto.seal import sealed_length
from intake.week import iso_week
from tests.browser.driving import reach, tick
from tests.browser.gathering import Saved, blank_state, close, everything, heap, make_file, opened, save_batch
from tests.browser.test_file import KEPT
from tests.serving import make_data, run

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)
GATHERING = ("outreach", "kiosk")
CANARY = "zebrafinch7431"
IDLE, WARNED = 90, 70


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, identity: HybridIdentity) -> dict[str, Path]:
    """The file of each mode."""
    data = make_data(tmp_path_factory.mktemp("modes") / "data", identity)
    return {mode: make_file(data, mode) for mode in GATHERING}


@pytest.fixture(params=GATHERING)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def page(browser: Browser, files: dict[str, Path], mode: str) -> Iterator[Page]:
    with opened(browser, files[mode]) as page:
        yield page


@pytest.fixture
def kiosk(browser: Browser, files: dict[str, Path]) -> Iterator[Page]:
    """A kiosk with a clock that the test moves."""
    with opened(browser, files["kiosk"], clock=True) as page:
        yield page


def fill_in(page: Page, words: str = CANARY) -> None:
    page.locator("#start").click()
    answer(page, words)


def answer(page: Page, words: str = CANARY) -> None:
    tick(page, "setting", "police")
    tick(page, "_shown", "short")
    tick(page, "agency", "other")
    page.locator('input[name="agency_other"]').press_sequentially(words)
    tick(page, "acts", "arrest", "pat_down")
    tick(page, "count", "yes")


def finish(page: Page) -> None:
    reach(page, "section.section:last-of-type h2")
    page.locator("#seal-and-save").click()
    expect(page.locator("#saved")).to_be_visible()


def report(page: Page, words: str = CANARY) -> None:
    fill_in(page, words)
    finish(page)


def code(page: Page) -> list[str]:
    """The words of the code, for somebody who asks."""
    page.locator("#code-show").click()
    return page.locator("#the-code li").all_inner_texts()


def check_batch(saved: Saved, mode: str, identity: HybridIdentity) -> None:
    length = sealed_length(SIZE_CLASSES[0], [parse_recipient(str(identity.recipient))])
    assert saved.file == f"witnessbox-batch-{hashlib.sha256(saved.bytes).hexdigest()[:16]}.tar"
    assert set(saved.sizes) == {length}
    assert {name.week for name in saved.names} == {iso_week(datetime.now(UTC))}
    stated = {(one["sealed_by"], one["channel"], one["lang"]) for one in saved.reports}
    assert stated == {("file", mode, "en")}


def test_reports_of_several_people_are_saved_together_and_open_at_the_desk(
    page: Page, mode: str, identity: HybridIdentity
) -> None:
    told = [f"{CANARY}-{number}" for number in range(3)]
    for words in told:
        report(page, words)
        page.locator("#another").click()
    if mode == "outreach":
        expect(page.locator(".waiting [data-waiting]")).to_have_text("3")
    saved = save_batch(page, identity)
    check_batch(saved, mode, identity)
    assert sorted(one["answers"]["agency_other"] for one in saved.reports) == told
    expect(page.locator("#batch [data-waiting]")).to_have_text("0")
    expect(page.locator("#batch-name")).to_have_text(saved.file)
    with page.expect_download() as again:
        page.locator("#batch-again").click()
    assert again.value.path().read_bytes() == saved.bytes


def test_the_order_in_a_batch_says_nothing_of_who_came_first(
    browser: Browser, files: dict[str, Path], identity: HybridIdentity
) -> None:
    orders = set()
    # Three reports fall in the order in which they came once in six times.
    for _ in range(2):
        with opened(browser, files["outreach"]) as page:
            for words in ("0", "1", "2"):
                report(page, words)
                page.locator("#another").click()
            saved = save_batch(page, identity)
        assert list(saved.names) == sorted(saved.names)
        orders.add(tuple(one["answers"]["agency_other"] for one in saved.reports))
    assert all(sorted(order) == ["0", "1", "2"] for order in orders)


def test_after_a_report_the_page_is_as_nobody_had_been_there(page: Page) -> None:
    blank = blank_state(page)
    page.locator("#start").click()
    started = blank_state(page)
    page.evaluate("document.getElementById('main').focus()")
    answer(page)
    assert CANARY in everything(page)
    finish(page)
    assert CANARY not in everything(page)
    words = code(page)
    assert all(f">{word}<" in everything(page) for word in words)
    page.locator("#another").click()
    left = everything(page)
    assert CANARY not in left
    assert [word for word in words if f">{word}<" in left] == []
    assert blank_state(page) == blank
    page.locator("#start").click()
    assert blank_state(page) == started


def test_no_script_of_the_page_remembers_what_was_written(page: Page) -> None:
    report(page)
    assert CANARY not in heap(page)
    page.locator("#another").click()
    assert CANARY not in heap(page)
    page.evaluate("words => { globalThis.kept = [words] }", CANARY)
    assert CANARY in heap(page)


def test_neither_back_nor_undo_brings_anything_of_a_report_back(page: Page) -> None:
    page.locator("#start").click()
    entries = page.evaluate("history.length")
    answer(page)
    finish(page)
    page.locator("#another").click()
    page.keyboard.press("Tab")
    page.locator(".skip:not([data-exit])").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    assert page.evaluate("[history.length, history.state, location.hash]") == [entries, None, ""]
    page.locator("#start").click()
    tick(page, "setting", "police")
    tick(page, "agency", "other")
    words = page.locator('input[name="agency_other"]')
    words.focus()
    for keys in ("Control+z", "Control+z", "Control+y", "Control+Shift+z"):
        page.keyboard.press(keys)
    assert words.input_value() == ""
    page.locator("#back").click()
    assert CANARY not in everything(page)


def test_nothing_is_stored_in_the_browser(page: Page) -> None:
    report(page)
    page.locator("#another").click()
    assert page.evaluate(KEPT) == [0, 0, "", 0, None]


def test_a_code_typed_back_is_gone_with_the_next_person(page: Page) -> None:
    report(page)
    words = code(page)
    assert len(words) == 9
    page.locator("#code-written").click()
    page.locator("#code-typed").fill(" ".join(words))
    page.locator("#another").click()
    report(page)
    expect(page.locator("#code-shown")).to_be_hidden()
    expect(page.locator("#code-back")).to_be_hidden()
    assert page.locator("#code-typed").input_value() == ""
    assert code(page) != words


def test_who_closes_the_window_is_asked_while_reports_wait(page: Page) -> None:
    report(page)
    assert close(page) == ["beforeunload"]


def test_who_closes_the_window_after_saving_is_not_asked(page: Page, identity: HybridIdentity) -> None:
    report(page)
    page.locator("#another").click()
    save_batch(page, identity)
    assert close(page) == []


@pytest.mark.parametrize("way", ["button", "shift"])
def test_leaving_clears_the_report_and_keeps_those_that_are_locked(
    page: Page, mode: str, way: str, identity: HybridIdentity
) -> None:
    report(page, "first")
    page.locator("#another").click()
    blank = blank_state(page)
    fill_in(page)
    if way == "button":
        page.locator(".exit").click()
    else:
        for _ in range(3):
            page.keyboard.press("Shift")
    expect(page.locator("#before")).to_be_visible()
    expect(page.locator("#leaving")).to_be_hidden()
    if way == "shift":
        page.wait_for_timeout(5_100)  # until the presses are forgotten
    assert blank_state(page) == blank
    assert CANARY not in everything(page)
    assert [one["answers"]["agency_other"] for one in save_batch(page, identity).reports] == ["first"]


def test_who_leaves_while_the_report_is_locked_takes_it_back(page: Page) -> None:
    fill_in(page)
    reach(page, "section.section:last-of-type h2")
    page.evaluate(
        "() => { document.getElementById('seal-and-save').click(); document.querySelector('.exit').click(); }"
    )
    page.wait_for_timeout(1_500)
    expect(page.locator("#before")).to_be_visible()
    expect(page.locator("#batch [data-waiting]")).to_have_text("0", use_inner_text=False)


def test_the_same_data_makes_the_same_file_of_a_mode(
    mode: str, files: dict[str, Path], tmp_path: Path
) -> None:
    data = files[mode].with_name("data")
    done = run("file-form", "report", "--data", data, "-o", tmp_path / "again.html", "--mode", mode)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "again.html").read_bytes() == files[mode].read_bytes()


def wait(page: Page, seconds: int) -> None:
    """Lets the page's clock run, and its timers with it."""
    page.clock.run_for(seconds * 1000)


def test_a_kiosk_clears_itself_when_nobody_touches_it(kiosk: Page, identity: HybridIdentity) -> None:
    report(kiosk, "first")
    wait(kiosk, 1)
    kiosk.locator("#another").click()
    blank = blank_state(kiosk)
    fill_in(kiosk)
    wait(kiosk, WARNED - 1)
    expect(kiosk.locator("#idle")).to_be_hidden()
    wait(kiosk, 2)
    expect(kiosk.locator("#idle")).to_be_visible()
    assert 17 <= int(kiosk.locator("#idle-left").inner_text()) <= 20
    assert CANARY in everything(kiosk)
    wait(kiosk, IDLE - WARNED)
    expect(kiosk.locator("#before")).to_be_visible()
    expect(kiosk.locator("#idle")).to_be_hidden()
    assert blank_state(kiosk) == blank
    assert CANARY not in everything(kiosk)
    wait(kiosk, 10 * IDLE)
    expect(kiosk.locator("#idle")).to_be_hidden()
    assert [one["answers"]["agency_other"] for one in save_batch(kiosk, identity).reports] == ["first"]


def test_any_touch_stops_the_countdown_of_a_kiosk(kiosk: Page) -> None:
    fill_in(kiosk)
    for stay in (
        lambda: kiosk.locator("#idle-stay").click(),
        lambda: kiosk.keyboard.press("ArrowDown"),
        lambda: kiosk.mouse.move(200, 300),
    ):
        wait(kiosk, WARNED + 5)
        expect(kiosk.locator("#idle")).to_be_visible()
        stay()
        wait(kiosk, 2)
        expect(kiosk.locator("#idle")).to_be_hidden()
    assert CANARY in everything(kiosk)


def test_a_kiosk_does_not_leave_a_code_in_sight(kiosk: Page) -> None:
    report(kiosk)
    words = code(kiosk)
    wait(kiosk, IDLE + 1)
    expect(kiosk.locator("#before")).to_be_visible()
    left = everything(kiosk)
    assert [word for word in words if f">{word}<" in left] == []


def test_a_kiosk_goes_back_to_its_own_language_for_the_next_person(kiosk: Page) -> None:
    blank = blank_state(kiosk)
    kiosk.locator('[data-speak="es"]').click()
    expect(kiosk.locator("#start")).to_have_text("Empezar")
    report(kiosk)
    kiosk.locator("#another").click()
    expect(kiosk.locator("#start")).to_have_text("Start")
    assert blank_state(kiosk) == blank


def test_a_kiosk_fills_the_screen_when_it_is_asked_to(kiosk: Page) -> None:
    kiosk.locator("#full-screen").click()
    kiosk.wait_for_function("document.fullscreenElement === document.documentElement")
    expect(kiosk.locator("#full-screen")).to_be_hidden()
    report(kiosk)
    kiosk.locator("#another").click()
    assert kiosk.evaluate("document.fullscreenElement !== null")


def test_visitors_of_a_kiosk_do_not_see_how_many_reports_wait(kiosk: Page) -> None:
    report(kiosk)
    expect(kiosk.locator("[data-waiting]").first).to_be_hidden()
    kiosk.locator("#another").click()
    expect(kiosk.locator("[data-waiting]").first).to_be_hidden()
    kiosk.locator("#keeper summary").click()
    expect(kiosk.locator("[data-waiting]").first).to_have_text("1")
    # What the keeper opened, the next visitor does not find open.
    wait(kiosk, IDLE + 1)
    expect(kiosk.locator("[data-waiting]").first).to_be_hidden()
