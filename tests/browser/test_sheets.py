"""Sheets of paper are typed in by their codes or by their boxes, sealed one by one, and saved together."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from analysis.identity import HybridIdentity
from intake.forms import ticks
from intake.forms.answers import clean
from intake.forms.form import Form
from tests.browser.gathering import FORM, blank_state, close, everything, heap, make_file, opened, save_batch
from tests.browser.test_file import KEPT
from tests.serving import make_data

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)
CANARY = "zebrafinch7431"
VECTORS = Path(__file__).parents[1] / "vectors"
EVERY = Form.load(VECTORS / "every.json")
SHEETS = [
    one
    for one in json.loads((VECTORS / "ticks.json").read_text())
    if one["form"] == "report" and not one["problems"] and "count" in one["raw"] and "setting" in one["raw"]
]
DIGITS = FORM.digest[:8]
LETTERS = ticks.letters(FORM)
# What a person can do at one key a second.
MINUTE = 60
# "A1 B5 D1 3 12 K2026-05 L3 M2 N4 O1 P1", and a name.
USUAL = "a1 b5 d1 3 12 k2026-05 l3 m2 n4 o1 p1"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, identity: HybridIdentity) -> Path:
    return make_data(tmp_path_factory.mktemp("sheets") / "data", identity)


@pytest.fixture(scope="module")
def file(data: Path) -> Path:
    """The file where sheets are typed in."""
    return make_file(data, "paper")


@pytest.fixture
def page(browser: Browser, file: Path) -> Iterator[Page]:
    """The file with the right form named, ready for the first sheet."""
    with opened(browser, file) as page:
        page.locator("#start").click()
        expect(page.locator("#f-version")).to_be_focused()
        page.keyboard.type(DIGITS)
        expect(page.locator("#version-right")).to_be_visible()
        yield page


def codes(page: Page, typed: str) -> None:
    page.locator("#f-codes").fill(typed)


def lock(page: Page) -> None:
    before = int(page.locator(".waiting [data-waiting]").inner_text())
    page.locator("#seal-and-save").click()
    expect(page.locator(".waiting [data-waiting]")).to_have_text(str(before + 1))


def ticked(page: Page) -> list[str]:
    """The codes beside the boxes that are ticked, in the order of the page."""
    return page.locator(".boxes label:has(input:checked) .tick").all_text_contents()


def answers(raw: dict[str, Any]) -> dict[str, Any]:
    return clean(FORM, {**raw, "_shown": ["short"]})


def test_typed_sheets_become_the_answers_that_python_reads_from_them(
    page: Page, identity: HybridIdentity
) -> None:
    sheets = SHEETS[-8:]
    for sheet in sheets:
        codes(page, sheet["typed"])
        lock(page)
    saved = save_batch(page, identity)
    assert saved.file == f"witnessbox-batch-{hashlib.sha256(saved.bytes).hexdigest()[:16]}.tar"
    stated = {(one["sealed_by"], one["channel"], one["lang"]) for one in saved.reports}
    assert stated == {("file", "paper", "en")}
    found = sorted(json.dumps(one["answers"], sort_keys=True) for one in saved.reports)
    assert found == sorted(json.dumps(answers(sheet["raw"]), sort_keys=True) for sheet in sheets)
    assert list(saved.names) == sorted(saved.names)


def test_a_usual_sheet_takes_a_minute_at_one_key_a_second(page: Page, identity: HybridIdentity) -> None:
    """From the sheet in hand to the next sheet, without a mouse: codes, a name in words, and the lock."""
    codes(page, "a1 o1")
    lock(page)
    expect(page.locator("#f-codes")).to_be_focused()
    keys = 0
    for key in (*USUAL, "Enter", *"river police", "Enter", "Enter"):
        page.keyboard.press(key)
        keys += 1
    expect(page.locator(".waiting [data-waiting]")).to_have_text("2")
    expect(page.locator("#f-codes")).to_be_focused()
    expect(page.locator("#status")).to_have_text("The sheet is locked. Take the next one.")
    assert keys <= MINUTE
    [typed] = [one["answers"] for one in save_batch(page, identity).reports if one["answers"]["acts"]]
    assert typed["agency_other"] == "river police"
    assert len(typed["acts"]) == 3
    assert typed["when"] == "2026-05"


def test_codes_tick_boxes_and_boxes_write_codes(page: Page) -> None:
    codes(page, "A1 D7 12 K2026-5")
    assert ticked(page) == ["A1", "D7", "D12"]
    assert page.locator("#f-when").input_value() == "2026-05"
    page.locator("#q-acts label", has_text="D3").first.click()
    page.locator("#q-count label").first.click()
    assert page.locator("#f-codes").input_value() == "A1 D3 D7 D12 K2026-05 O1"
    page.locator("#q-acts label", has_text="D7").first.click()
    page.locator("#f-when").fill("?")
    page.locator("#f-when").blur()
    assert page.locator("#f-codes").input_value() == "A1 D3 D12 K? O1"
    codes(page, "A1 D12")
    assert ticked(page) == ["A1", "D12"]
    assert page.locator("#f-when").input_value() == ""


def test_the_screen_has_the_boxes_of_the_sheet_in_the_papers_order(page: Page) -> None:
    shown = ".boxes fieldset:not([hidden])"
    assert page.locator(f"{shown} legend .tick").all_text_contents() == [LETTERS["setting"]]
    for choice in FORM.question("setting").choices:
        page.locator(f'input[name="setting"][value="{choice.code}"]').check()
        asked = ticks.sheet(FORM, choice.code)
        boxes = [one for one in asked if one.kind not in ("text", "long_text")]
        letters = page.locator(f"{shown} legend .tick").all_text_contents()
        assert letters == [LETTERS["setting"], *(LETTERS[one.id] for one in boxes)]
        printed = [
            f"{LETTERS[one.id]}{number} {tick.label['en']}"
            for one in boxes
            for number, tick in enumerate(one.choices, start=1)
        ]
        labels = page.locator(f"{shown}:not(#q-setting) label").all_inner_texts()
        assert [" ".join(label.split()) for label in labels] == printed


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        pytest.param("A1 D99 O1", "D99: the question has no such box.", id="no box"),
        pytest.param("A1 G3 O1", "G3: this sheet does not ask that question.", id="another sheet"),
        pytest.param("A1 O1 O2", "O2: this question takes one answer, and has one already.", id="one only"),
        pytest.param("A1 D7 D7 O1", "D7 stands here twice.", id="twice"),
        pytest.param("A1 K2026-13 O1", "K2026-13: write a month as 2026-05", id="month"),
        pytest.param("A1 O1 hello!", "HELLO! is no code.", id="no code"),
    ],
)
def test_a_wrong_code_is_named_with_its_rule_and_nothing_is_locked(page: Page, typed: str, said: str) -> None:
    codes(page, typed)
    page.locator("#seal-and-save").click()
    expect(page.locator("#codes-wrong p")).to_have_count(1)
    assert page.locator("#codes-wrong p").inner_text().startswith(said)
    expect(page.locator("#f-codes")).to_be_focused()
    expect(page.locator(".waiting [data-waiting]")).to_have_text("0")


def test_a_code_is_not_called_wrong_while_it_is_being_typed(page: Page) -> None:
    page.locator("#f-codes").press_sequentially("A1 D")
    expect(page.locator("#codes-wrong p")).to_have_count(0)
    page.locator("#f-codes").press_sequentially("99")
    expect(page.locator("#codes-wrong p")).to_have_count(0)
    page.locator("#f-codes").press_sequentially(" ")
    expect(page.locator("#codes-wrong p")).to_have_text(["D99: the question has no such box."])


def test_a_wrong_code_stays_until_its_question_is_mended(page: Page) -> None:
    codes(page, "A1 D99 O9 ")
    expect(page.locator("#codes-wrong p")).to_have_count(2)
    page.locator("#q-acts label", has_text="D3").first.click()
    expect(page.locator("#codes-wrong p")).to_have_count(1)
    assert page.locator("#f-codes").input_value() == "O9 A1 D3"
    page.locator("#q-count label").first.click()
    expect(page.locator("#codes-wrong p")).to_have_count(0)
    assert page.locator("#f-codes").input_value() == "A1 D3 O1"


def test_a_sheet_without_what_is_needed_is_not_locked(page: Page) -> None:
    codes(page, "A1 D7")
    page.locator("#seal-and-save").click()
    expect(page.locator("#problems li")).to_have_count(1)
    page.locator("#problems li a").click()
    expect(page.locator("#f-count")).to_be_focused()
    expect(page.locator(".waiting [data-waiting]")).to_have_text("0")


@pytest.mark.parametrize("typed", ["", "00000000", "4bad234", "Form report, version 1, 00000000"])
def test_no_sheet_of_another_form_is_locked(browser: Browser, file: Path, typed: str) -> None:
    with opened(browser, file) as page:
        page.locator("#start").click()
        page.locator("#f-version").fill(typed)
        codes(page, "A1 O1")
        page.locator("#seal-and-save").click()
        expect(page.locator("#problem-version")).to_be_visible()
        expect(page.locator("#f-version")).to_be_focused()
        page.wait_for_timeout(500)
        expect(page.locator(".waiting [data-waiting]")).to_have_text("0")


def test_the_whole_line_of_the_sheet_names_the_form_too(browser: Browser, file: Path) -> None:
    with opened(browser, file) as page:
        page.locator("#start").click()
        page.locator("#f-version").fill(f" Form report, version 1, {DIGITS.upper()} ")
        expect(page.locator("#version-right")).to_be_visible()
        codes(page, "A1 O1")
        lock(page)
        assert page.locator("#f-version").input_value().strip().endswith(DIGITS.upper())


def test_nothing_of_a_sheet_is_left_for_the_next(page: Page) -> None:
    codes(page, "")
    page.locator("#seal-and-save").focus()
    blank = blank_state(page)
    codes(page, USUAL)
    page.locator('input[name="agency_other"]').press_sequentially(CANARY)
    assert CANARY in everything(page)
    lock(page)
    expect(page.locator("#f-codes")).to_be_focused()
    assert CANARY not in everything(page)
    assert CANARY not in heap(page)
    said = [line for line in blank_state(page) if line not in blank]
    assert [line for line in said if 'id="status"' not in line] == []
    page.keyboard.press("Control+z")
    assert page.locator("#f-codes").input_value() == ""
    assert page.evaluate(KEPT) == [0, 0, "", 0, None]


def test_exit_clears_the_sheet_and_keeps_what_is_locked(page: Page, identity: HybridIdentity) -> None:
    codes(page, "A1 D7 O1")
    lock(page)
    codes(page, USUAL)
    page.locator('input[name="agency_other"]').fill(CANARY)
    page.locator(".exit").click()
    expect(page.locator("#before")).to_be_visible()
    assert CANARY not in everything(page)
    assert ticked(page) == []
    assert len(save_batch(page, identity).reports) == 1


def test_closing_the_window_asks_while_sheets_wait(page: Page) -> None:
    codes(page, "A1 O1")
    lock(page)
    assert close(page) == ["beforeunload"]


def test_from_twenty_sheets_on_the_page_says_to_save(page: Page, identity: HybridIdentity) -> None:
    for _ in range(19):
        codes(page, "A1 O1")
        lock(page)
    expect(page.locator(".waiting [data-reminder]")).to_be_hidden()
    codes(page, "A1 O1")
    lock(page)
    expect(page.locator(".waiting [data-reminder]")).to_be_visible()
    assert len(save_batch(page, identity).reports) == 20
    expect(page.locator(".waiting [data-reminder]")).to_be_hidden()


def test_a_sheet_states_the_language_in_which_it_is_shown(page: Page, identity: HybridIdentity) -> None:
    codes(page, "A1 D7")
    page.locator('[data-speak="es"]').click()
    assert ticked(page) == ["A1", "D7"]
    expect(page.locator("#seal-and-save")).to_have_text("Cerrar esta hoja con llave")
    codes(page, "A1 D7 O1 Q9 ")
    expect(page.locator("#codes-wrong p")).to_have_text(["Q9: la pregunta no tiene esa casilla."])
    codes(page, "A1 D7 O1")
    lock(page)
    [one] = save_batch(page, identity).reports
    assert one["lang"] == "es"


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory, identity: HybridIdentity) -> Path:
    """The file of a form with numbers, conditions on ticks, and one sheet for each of two answers."""
    data = make_data(tmp_path_factory.mktemp("every") / "data", identity)
    (data / "forms").mkdir(exist_ok=True)
    (data / "forms" / "every.json").write_bytes(EVERY.json)
    for name in ("help", "deadlines"):
        # The lists that come with the program have no Arabic.
        names = data / "lists" / f"{name}.csv"
        names.write_text(names.read_text().splitlines()[0] + "\n")
    settings = data / "intake.toml"
    settings.write_text(settings.read_text().replace('"report"', '"every"'))
    return make_file(data, "paper", "every")


def test_a_form_with_numbers_is_typed_in_too(browser: Browser, every: Path, identity: HybridIdentity) -> None:
    letters = ticks.letters(EVERY)
    with opened(browser, every) as page:
        page.locator("#start").click()
        page.locator("#f-version").fill(EVERY.digest[:8])
        days, few, one, many = (letters[name] for name in ("days", "few", "one", "many"))
        codes(page, f"{one}2 {few}1 {days}7 ")
        page.locator("#seal-and-save").click()
        # Only who ticked "c" was to answer it.
        expect(page.locator("#codes-wrong p")).to_have_count(1)
        assert page.locator("#codes-wrong p").inner_text().startswith(f"{few}1: the other answers")
        codes(page, f"{one}2 {many}4 {few}1 {days}7")
        assert page.locator("#f-days").input_value() == "7"
        lock(page)
        [found] = save_batch(page, identity, EVERY).reports
    assert found["answers"] | {"days": 7, "few": ["a"], "many": ["c"], "one": "no"} == found["answers"]
