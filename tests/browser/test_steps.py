"""With script, the form is asked one section at a time, and nothing typed is lost on the way."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from analysis.identity import HybridIdentity
from analysis.unseal import unseal_bytes
from intake.crypto.padding import unpad
from intake.forms import report
from intake.forms.form import shipped
from tests.browser.driving import reach, send, tick
from tests.serving import Server, stored

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser, shared_server: Server) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(15_000)
    shown = context.new_page()
    shown.goto(f"{shared_server.address}/en/start")
    shown.goto(f"{shared_server.address}/en/report/")
    yield shown
    context.close()


def heading(page: Page) -> str:
    [section] = page.locator("section.section:not([hidden])").all()
    return section.locator("h2").inner_text().replace("\n", " | ")


def test_one_section_is_shown_at_a_time_with_its_place_among_those_that_apply(page: Page) -> None:
    assert heading(page) == "Step 1 of 7 | About this report"
    tick(page, "setting", "police")
    assert heading(page) == "Step 1 of 9 | About this report"
    page.locator("#next").click()
    assert heading(page) == "Step 2 of 9 | The police or other officers"
    assert page.locator("#progress").evaluate("bar => [bar.value, bar.max]") == [2, 9]


def test_the_focus_goes_to_the_heading_of_the_new_step(page: Page) -> None:
    tick(page, "setting", "police")
    page.locator("#next").click()
    expect(page.locator("#h-police")).to_be_focused()
    assert page.evaluate("scrollY") == 0


def test_back_and_the_browsers_own_back_button_lead_one_step_back_and_keep_what_was_typed(page: Page) -> None:
    tick(page, "setting", "police")
    page.locator("#next").click()
    page.locator('[name="station"]').fill("Fourth")
    page.locator("#next").click()
    page.go_back()
    assert heading(page) == "Step 2 of 9 | The police or other officers"
    expect(page.locator('[name="station"]')).to_have_value("Fourth")
    page.locator("#back").click()
    expect(page.locator("#s-about")).to_be_visible()
    expect(page.locator("#back")).to_be_hidden()
    assert page.locator('[name="setting"][value="police"]').is_checked()


def test_the_history_holds_the_number_of_the_step_and_nothing_that_was_answered(page: Page) -> None:
    address = page.url
    tick(page, "setting", "housing")
    page.locator("#next").click()
    assert page.evaluate("history.state") == {"step": 1}
    assert page.url == address


def test_a_needed_answer_holds_the_step_and_the_summary_leads_to_it(page: Page) -> None:
    page.locator("#next").click()
    assert heading(page).startswith("Step 1 ")
    expect(page.locator("#problems")).to_be_focused()
    question = page.locator("#q-setting")
    assert question.get_attribute("aria-describedby") == "problem-setting"
    expect(page).to_have_title("Error: Community survey")
    page.locator("#problems a").click()
    expect(page.locator("#f-setting")).to_be_focused()
    assert "#" not in page.url
    page.keyboard.press("Space")
    page.locator("#next").click()
    expect(page.locator("#problems")).to_be_hidden()
    expect(page).to_have_title("Community survey")
    assert question.get_attribute("aria-describedby") is None
    expect(page.locator("#problem-setting")).to_have_count(0)


def test_a_field_with_a_problem_is_called_invalid_until_it_is_mended(page: Page) -> None:
    tick(page, "setting", "police")
    page.locator("#next").click()
    marks = page.locator("#f-marks")
    marks.fill("9" * 121)
    page.locator("#next").click()
    expect(page.locator("#problems")).to_be_focused()
    assert marks.get_attribute("aria-invalid") == "true"
    assert marks.get_attribute("aria-describedby") == "hint-marks why-marks problem-marks"
    order = page.locator("#q-marks > *").evaluate_all("all => all.map(one => one.id || one.localName)")
    assert order == ["legend", "hint-marks", "why-marks", "problem-marks", "f-marks"]
    expect(marks).to_have_value("9" * 121)
    marks.fill("9")
    page.locator("#next").click()
    expect(page.locator("#h-police_acts")).to_be_focused()
    assert marks.get_attribute("aria-invalid") is None


def test_a_problem_of_an_earlier_step_can_be_reached_from_the_last_one(page: Page) -> None:
    tick(page, "setting", "other_service")
    reach(page, "#q-count")
    page.locator('[name="setting"][value="other_service"]').evaluate("box => { box.checked = false; }")
    page.locator("#seal-and-send").click()
    page.locator('#problems a[href="#f-setting"]').click()
    expect(page.locator("#f-setting")).to_be_focused()
    assert heading(page).startswith("Step 1 ")


def test_send_stands_on_the_last_step_alone(page: Page) -> None:
    expect(page.locator("#seal-and-send")).to_be_hidden()
    tick(page, "setting", "police")
    reach(page, "#q-count")
    expect(page.locator("#seal-and-send")).to_be_visible()
    expect(page.locator("#next")).to_be_hidden()
    tick(page, "count", "yes")
    send(page)
    page.wait_for_url("**/en/sent?sealed_by=browser")


def test_the_keyboard_alone_is_enough(page: Page) -> None:
    page.locator("#f-setting").focus()
    page.keyboard.press("Space")
    page.locator("#q-role input").first.focus()
    page.keyboard.press("Tab")
    expect(page.locator("#next")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#h-police")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#f-agency_type")).to_be_focused()


def tab_to(page: Page, selector: str) -> None:
    """Goes forward by the Tab key until an element has the focus."""
    for _ in range(150):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"the Tab key does not reach {selector}")


def test_a_whole_report_is_given_and_sent_by_the_keyboard_alone(page: Page) -> None:
    tab_to(page, '[name="setting"]')
    page.keyboard.press("Space")
    expect(page.locator('[name="setting"][value="police"]')).to_be_checked()
    for number in range(2, 10):
        tab_to(page, "#next")
        page.keyboard.press("Enter")
        # Each step begins at its heading, which says how far it is.
        focused = page.evaluate("document.activeElement.matches('h2') && document.activeElement.innerText")
        assert focused.startswith(f"Step {number} of 9")
        if number == 3:
            tab_to(page, "summary")
            page.keyboard.press("Enter")
            tab_to(page, '[name="acts"][value="strip"]')
            page.keyboard.press("Space")
            expect(page.locator("#q-consent_search")).to_be_visible()
        if number == 7:
            tab_to(page, "#f-story")
            page.keyboard.type("They took my bag.")
    tab_to(page, "#seal-and-send")
    page.keyboard.press("Enter")
    expect(page.locator("#problems")).to_be_focused()
    tab_to(page, "#problems a")
    page.keyboard.press("Enter")
    expect(page.locator("#f-count")).to_be_focused()
    page.keyboard.press("Space")
    tab_to(page, "#seal-and-send")
    page.keyboard.press("Enter")
    page.wait_for_url("**/en/sent?sealed_by=browser")


def test_a_script_that_comes_late_takes_nobody_from_what_they_are_writing(
    browser: Browser, shared_server: Server
) -> None:
    context = browser.new_context()
    page = context.new_page()
    held: list[Route] = []
    page.route("**/static/report.js", lambda route: held.append(route))
    page.goto(f"{shared_server.address}/en/report/", wait_until="commit")
    page.locator('[name="setting"][value="housing"]').check()
    page.locator("#f-story").press_sequentially("They took")
    while not held:
        page.wait_for_timeout(50)
    held[0].continue_()
    expect(page.locator("#next")).to_be_visible()
    expect(page.locator("#f-story")).to_be_focused()
    page.keyboard.type(" my bag.")
    expect(page.locator("#f-story")).to_have_value("They took my bag.")
    page.locator("#back").click()
    expect(page.locator("#s-about")).to_be_visible()
    reach(page, "#f-story")
    expect(page.locator("#f-story")).to_have_value("They took my bag.")
    context.close()


def test_the_link_that_skips_to_the_main_part_leaves_the_step_as_it_is(page: Page) -> None:
    tick(page, "setting", "police")
    page.locator("#next").click()
    page.locator('.skip[href="#main"]').focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    assert heading(page).startswith("Step 2 ")


def test_the_short_form_asks_less_and_going_back_to_all_loses_nothing(page: Page) -> None:
    tick(page, "setting", "police")
    tick(page, "role", "me")
    page.locator("#shown-short").check()
    expect(page.locator("#q-role")).to_be_hidden()
    assert heading(page) == "Step 1 of 6 | About this report"
    page.locator("#shown-all").check()
    assert page.locator('[name="role"][value="me"]').is_checked()
    assert heading(page) == "Step 1 of 9 | About this report"


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_a_short_report_says_nothing_of_what_it_did_not_show(
    script: bool, browser: Browser, server: Server, identity: HybridIdentity
) -> None:
    context = browser.new_context(java_script_enabled=script)
    page = context.new_page()
    page.goto(f"{server.address}/en/report/")
    tick(page, "setting", "police")
    tick(page, "role", "me")
    page.locator("#shown-short").check()
    expect(page.locator("#q-role")).to_be_hidden()
    expect(page.locator("#s-you")).to_be_hidden()
    tick(page, "acts", "insult", "hit_kick")
    tick(page, "count", "yes")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/en/sent?sealed_by=*")
    context.close()
    form = shipped("report")
    [sealed] = stored(server.data).values()
    found = report.parse(unpad(unseal_bytes(sealed, [identity])), {form.digest: form}).answers
    assert found["acts"] == ["insult", "hit_kick"]
    assert "role" not in found
    assert "gender" not in found
