"""Without script, a style sheet asks only what applies: it must never hide what the rules would ask."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from playwright.sync_api import Browser, Page, expect

from intake.forms import answers
from intake.forms.form import Form, Question, shipped
from intake.relevance_css import style_sheet
from tests.serving import Server

pytestmark = pytest.mark.browser
EVERY = Form.load(Path(__file__).parents[1] / "vectors" / "every.json")
FORMS = [shipped("report"), EVERY]
FIXED = 20260101
TRIES = 60
# Questions of the form that ask after words, lengths and numbers, which a style sheet cannot read.
READ_WORDS = {"remark", "again", "reply", "blank", "same"}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    shown = browser.new_context().new_page()
    yield shown
    shown.context.close()


def markup(form: Form) -> str:
    """The fields of a form, as the page has them, and nothing around them."""
    sections = "".join(
        f'<section id="s-{section.id}">'
        + "".join(fields(form.question(name)) for name in section.questions)
        + "</section>"
        for section in form.sections
    )
    return f'<style>{style_sheet(form)}</style><form id="report">{sections}</form>'


def fields(question: Question) -> str:
    kind = {"select_one": "radio", "select_multiple": "checkbox"}.get(question.kind, "text")
    boxes = "".join(
        f'<input type="{kind}" name="{question.id}" value="{choice.code}">' for choice in question.choices
    )
    text = "" if question.choices else f'<input name="{question.id}">'
    if question.kind == "month":
        years = "".join(f'<option value="{year}">x</option>' for year in ("", "not_sure", "2025", "2026"))
        text = f'<select name="{question.id}.year">{years}</select>'
    return f'<fieldset id="q-{question.id}">{question.id}{boxes}{text}</fieldset>'


FILL = """raw => {
  report.reset();
  for (const field of report.querySelectorAll("input, select")) {
    const values = raw[field.name] ?? [];
    if (field.type === "radio" || field.type === "checkbox") field.checked = values.includes(field.value);
    else field.value = values[0] ?? "";
  }
  const seen = [...report.querySelectorAll("fieldset")].filter(one => one.checkVisibility());
  return seen.map(one => one.id.slice(2));
}"""


def draw(form: Form, random: Random) -> dict[str, list[str]]:
    """Raw fields that break no rule, so that what applies is settled."""
    raw: dict[str, list[str]] = {}
    for question in form.asked:
        codes = [choice.code for choice in question.choices]
        match question.kind:
            case "select_one":
                raw[question.id] = (
                    [random.choice(codes)] if question.required or random.random() < 0.7 else []
                )
            case "select_multiple":
                raw[question.id] = random.sample(codes, random.randint(0, 2))
            case "month":
                raw[f"{question.id}.year"] = [random.choice(["", "not_sure", "2025", "2026"])]
            case "integer":
                raw[question.id] = [random.choice(["", "1", "2", "15", "60"])]
            case _:
                raw[question.id] = [random.choice(["", "x", "more words"])]
    return raw


def seen_and_asked(page: Page, form: Form) -> Iterator[tuple[set[str], set[str]]]:
    random = Random(FIXED)
    page.set_content(markup(form))
    for _ in range(TRIES):
        raw = draw(form, random)
        found = answers.clean(form, raw)
        asked = {one.id for one in form.questions if one.applies is None or one.applies(found)}
        yield set(page.evaluate(FILL, raw)), asked


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.id)
def test_the_style_sheet_hides_nothing_that_applies(form: Form, page: Page) -> None:
    for seen, asked in seen_and_asked(page, form):
        assert asked <= seen


def test_a_form_of_ticks_shows_just_what_applies(page: Page) -> None:
    for seen, asked in seen_and_asked(page, shipped("report")):
        assert seen == asked


def test_only_conditions_on_words_and_numbers_are_left_undecided(page: Page) -> None:
    undecided = set()
    for seen, asked in seen_and_asked(page, EVERY):
        undecided |= seen - asked
    assert undecided
    assert undecided <= READ_WORDS


def test_without_script_the_page_itself_asks_what_applies(browser: Browser, shared_server: Server) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{shared_server.address}/en/report/")
    acts, search, section = (page.locator(one) for one in ("#q-acts", "#q-consent_search", "#s-police_acts"))
    expect(section).to_be_hidden()
    page.locator('[name="setting"][value="police"]').check()
    expect(acts).to_be_visible()
    expect(search).to_be_hidden()
    page.locator('[name="acts"][value="pat_down"]').check()
    expect(search).to_be_visible()
    page.locator('[name="setting"][value="health"]').check()
    expect(search).to_be_hidden()
    expect(section).to_be_hidden()
    context.close()


def test_without_script_the_page_says_that_none_stands_alone(browser: Browser, shared_server: Server) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{shared_server.address}/en/report/")
    page.locator('[name="harm"][value="injury"]').check()
    note = page.locator("#q-harm .alone")
    expect(note).to_be_hidden()
    page.locator('[name="harm"][value="none"]').check()
    expect(note).to_be_visible()
    context.close()


def test_a_form_that_nobody_has_gives_no_style_sheet(shared_server: Server) -> None:
    assert shared_server.client.get(f"/forms/{'0' * 64}.css").status_code == 404
    found = shared_server.client.get(f"/forms/{shipped('report').digest}.css")
    assert found.headers["content-type"].startswith("text/css")
