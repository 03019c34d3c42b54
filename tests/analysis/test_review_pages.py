"""Decisions on our pages: taken by a name, shown where they hold, and taken back."""

import html
import os
import re
from collections.abc import Iterator
from typing import TypeAlias

import pytest

from analysis import courier, loading
from tests.analysis.making import member, new_desk
from tests.analysis.test_forms_of_pages import post
from tests.analysis.test_pages import text
from tests.analysis.test_workbench import Answer, Browser, start

Opened: TypeAlias = tuple[Browser, dict[str, str], str]
WORDS = "They came at night. They laughed. Nobody told us why they had come or when they would leave."


@pytest.fixture
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """Somebody who opened a desk with twelve reports, the headers of a form, and its token."""
    folder = tmp_path_factory.mktemp("review")
    desk, server = new_desk(folder)
    reports = [
        member(
            desk.recipients,
            area=["downtown" if n < 5 else "north_side"],
            story=[WORDS],
            quote=["yes_after_check"],
        )
        for n in range(12)
    ]
    loading.load_delivery(desk, courier.receive(desk, server.bundle(folder, reports)))
    desk.close()
    process, browser, opening = start(desk.path, dict(os.environ))
    browser.cookie = browser.get(opening).headers["Set-Cookie"].split(";")[0]
    here = f"127.0.0.1:{browser.port}"
    headers = {"Host": here, "Cookie": browser.cookie, "Origin": f"http://{here}"}
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    found = re.search(r'name="token" value="([^"]+)"', browser.get("/review").text)
    assert found
    yield browser, headers, found[1]
    process.terminate()
    process.communicate(timeout=20)


def send(opened: Opened, path: str, **fields: str | list[str]) -> Answer:
    """Sends a form."""
    browser, headers, token = opened
    return post(browser, path, headers, token=token, **fields)


def named(opened: Opened, name: str = "Ana") -> None:
    """Says who decides."""
    assert send(opened, "/review/who", who=name).headers["Location"] == "/review"


def test_who_has_not_said_who_they_are_decides_nothing(opened: Opened) -> None:
    answer = send(opened, "/review/decide", report="1", do="exclude", reason="junk")
    assert answer.headers["Location"] == "/review#who"
    assert "12 are counted" in text(opened[0], "/review")


def test_one_report_is_left_out_shown_so_and_taken_back(opened: Opened) -> None:
    named(opened)
    answer = send(opened, "/review/decide", report="3", do="exclude", reason="junk", remark="An advert.")
    assert answer.headers["Location"] == "/report/3"
    assert "Left out: junk." in text(opened[0], "/report/3")
    shown = text(opened[0], "/review")
    assert "Of 12 reports, 11 are counted." in shown
    assert re.search(r"Ana left out: junk 1 An advert\.", shown)
    assert "1 report of 12" in text(opened[0], "/browse?is.excluded=junk")
    assert send(opened, "/review/undo/1").status == 303
    assert "Of 12 reports, 12 are counted." in text(opened[0], "/review")
    assert "Left out: junk." not in text(opened[0], "/report/3")


def test_the_list_of_reports_says_which_are_left_out_and_why(opened: Opened) -> None:
    named(opened)
    assert "Left out:" not in text(opened[0], "/browse")
    send(opened, "/review/decide", report="3", do="exclude", reason="junk")
    shown = text(opened[0], "/browse")
    assert shown.count("Left out:") == 1
    assert re.search(r"Report 3 \S+ Left out: junk", shown)


def test_from_a_report_that_was_left_out_one_goes_on_to_the_next(opened: Opened) -> None:
    named(opened)
    answer = send(
        opened, "/review/decide", report="3", query="is.counted=yes", do="exclude", reason="duplicate"
    )
    page = opened[0].get(answer.headers["Location"]).text
    assert re.search(r'<a href="/report/2\?is\.counted=yes" rel="prev"', page)
    assert re.search(r'<a href="/report/4\?is\.counted=yes" rel="next"', page)


def test_all_reports_of_a_choice_are_left_out_at_once(opened: Opened) -> None:
    named(opened)
    fields = {"query": "area=downtown", "n": "5", "do": "exclude", "reason": "duplicate"}
    assert send(opened, "/review/decide", **fields).headers["Location"] == "/browse?area=downtown"
    assert "Of 12 reports, 7 are counted." in text(opened[0], "/review")
    page = browse = opened[0].get("/review").text
    link = re.search(r'href="(/browse\?is\.excluded=duplicate)">5', page)
    assert link, browse
    assert "5 reports of 12" in text(opened[0], html.unescape(link[1]))


def test_a_pattern_counts_and_shows_no_report_that_was_left_out(opened: Opened) -> None:
    named(opened)
    link = re.compile(r'href="(/browse\?week=[^"]+)">(\d+)')
    assert [n for _, n in link.findall(opened[0].get("/patterns/time").text)] == ["12"]
    send(opened, "/review/decide", report="3", do="exclude", reason="junk")
    ((path, n),) = link.findall(opened[0].get("/patterns/time").text)
    assert n == "11"
    assert "11 reports of 12" in text(opened[0], html.unescape(path))


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"query": "area=downtown", "n": "4"}, id="other reports than were shown"),
        pytest.param({"query": "", "n": "12"}, id="no choice"),
        pytest.param({"query": "area=downtown", "n": "x"}, id="no number"),
        pytest.param({"report": "99"}, id="a report that is not there"),
        pytest.param({"report": "²"}, id="no report"),
        pytest.param({"report": "1", "reason": "dislike"}, id="a reason that is none"),
        pytest.param({"report": "1", "do": "delete"}, id="a decision that is none"),
    ],
)
def test_what_cannot_be_decided_changes_nothing(opened: Opened, fields: dict[str, str]) -> None:
    named(opened)
    answer = send(opened, "/review/decide", **({"do": "exclude", "reason": "junk"} | fields))
    assert answer.status == 409
    assert "Of 12 reports, 12 are counted." in text(opened[0], "/review")


def test_labels_and_people_become_choices_of_the_list(opened: Opened) -> None:
    named(opened)
    send(opened, "/review/decide", report="1", do="label", words="<i>night</i>")
    send(opened, "/review/decide", report="2", do="assign", words="Ben")
    send(opened, "/review/decide", report="2", do="note", words="Ask \u202e again.")
    assert "&lt;i&gt;night&lt;/i&gt;" in opened[0].get("/review").text
    assert "1 report of 12" in text(opened[0], "/browse?is.label=%3Ci%3Enight%3C%2Fi%3E")
    assert "Who looks at it: Ben" in text(opened[0], "/report/2")
    assert re.search(r"Labels\s+<i>night</i> 1", text(opened[0], "/browse"))


def test_a_quote_passes_after_two_different_people_read_it(opened: Opened) -> None:
    named(opened)
    send(opened, "/review/decide", report="1", do="quote", question="story", words="They laughed.")
    assert "0 can be used now." in text(opened[0], "/review")
    send(opened, "/review/quote/1", do="check")
    assert send(opened, "/review/quote/1", do="check").status == 409
    named(opened, "ANA ")
    assert send(opened, "/review/quote/1", do="check").status == 409
    named(opened, "Ben")
    assert send(opened, "/review/quote/1", do="check").status == 303
    assert "1 can be used now." in text(opened[0], "/review")


def test_words_that_nobody_wrote_cannot_be_proposed_as_a_quote(opened: Opened) -> None:
    named(opened)
    answer = send(opened, "/review/decide", report="1", do="quote", question="story", words="They sang.")
    assert answer.status == 409
    assert "They sang" not in answer.text


def test_a_set_of_alike_reports_is_decided_in_bulk_and_one_stays(opened: Opened) -> None:
    named(opened)
    link = re.search(r'href="(/patterns/alike/one[^"]+)"', opened[0].get("/patterns/alike").text)
    assert link
    page = opened[0].get(html.unescape(link[1])).text
    shown = re.findall(r'name="listed" value="(\d+)"', page)
    ticked = re.findall(r'name="leave" value="(\d+)" checked', page)
    assert (len(shown), ticked) == (12, shown[1:])
    numbers = re.findall(r'name="reports" value="([0-9.]+)"', page)[0]
    fields = {"of": "story", "reports": numbers, "do": "exclude", "reason": "duplicate", "listed": shown}
    assert send(opened, "/review/alike", **fields, leave=shown).status == 409, "none would stay"
    assert send(opened, "/review/alike", **fields).status == 409, "nothing is ticked"
    assert send(opened, "/review/alike", **fields, leave=["99"]).status == 409
    junk = fields | {"reason": "junk", "leave": shown}
    assert send(opened, "/review/alike", **junk).status == 303, "of junk none has to stay"
    send(opened, "/review/undo/1")
    assert send(opened, "/review/alike", **fields, leave=ticked).headers["Location"].endswith("?_of=story")
    assert "Of 12 reports, 1 are counted." in text(opened[0], "/review")
    assert send(opened, "/review/alike", **fields, leave=ticked).status == 409, "a second press"
    assert send(opened, "/review/alike", **(fields | {"do": "apart"})).status == 409, "a page of before"


def test_a_set_that_was_said_to_be_different_waits_no_more(opened: Opened) -> None:
    named(opened)
    assert "1 set of reports tells nearly the same story" in text(opened[0], "/")
    page = opened[0].get("/patterns/alike/one?_of=story&_set=1").text
    numbers = re.findall(r'name="reports" value="([0-9.]+)"', page)[0]
    fields = {"of": "story", "reports": numbers, "do": "apart", "remark": "twelve people of one house"}
    assert send(opened, "/review/alike", **fields).status == 303
    assert send(opened, "/review/alike", **fields).status == 409, "a second press"
    assert "said to be different" in text(opened[0], "/patterns/alike")
    assert "Of 12 reports, 12 are counted." in text(opened[0], "/review")
    assert "nearly the same story" not in text(opened[0], "/")
    assert "reports said to be different 12 twelve people of one house" in text(opened[0], "/review/log")
    send(opened, "/review/undo/1")
    assert "nearly the same story" in text(opened[0], "/")


def test_every_page_says_who_decides_and_leads_back_from_saying_so(opened: Opened) -> None:
    there = "/report/2?area=downtown"
    assert "Say who you are" in text(opened[0], there)
    assert 'name="do"' not in opened[0].get(there).text, "nothing can be filled in and lost"
    assert send(opened, "/review/who", who="Ana", back=there).headers["Location"] == there
    assert "You are Ana" in text(opened[0], there)
    for empty in ("", "  ", "...", "An\u202ea"):
        assert send(opened, "/review/who", who=empty).status == 409
    assert "You are Ana" in text(opened[0], "/")


@pytest.mark.parametrize(
    "back",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "/review\r\nX: y",
        "/desk?sql=x",
        "/report/1#é",
    ],
)
def test_a_form_leads_nowhere_but_to_pages_of_ours(opened: Opened, back: str) -> None:
    answer = send(opened, "/review/who", who="Ana", back=back)
    assert (answer.status, answer.headers["Location"]) == (303, "/review")


def test_a_page_that_was_shown_to_one_person_decides_nothing_for_the_next(opened: Opened) -> None:
    named(opened)
    page = opened[0].get("/report/1").text
    shown_to = re.findall(r'name="as" value="([^"]*)"', page)
    assert set(shown_to) == {"Ana"}
    named(opened, "Ben")
    answer = send(opened, "/review/decide", **{"report": "1", "do": "exclude", "reason": "junk", "as": "Ana"})
    assert answer.status == 409
    assert "shown to somebody else" in answer.text
    assert "Of 12 reports, 12 are counted." in text(opened[0], "/review")


def test_a_name_with_a_joiner_that_nobody_sees_decides_as_itself(opened: Opened) -> None:
    name = "\u0645\u06cc\u200c\u0646\u0627"
    named(opened, name)
    page = opened[0].get("/report/1").text
    assert set(re.findall(r'name="as" value="([^"]*)"', page)) == {name}
    given = re.findall(r'name="words" value="([^"]+)"', page)
    answer = send(opened, "/review/decide", **{"report": "1", "do": "assign", "words": given[0], "as": name})
    assert answer.status == 303
    assert "1 report was given to you" in text(opened[0], "/")


def test_what_was_given_to_a_person_waits_for_them(opened: Opened) -> None:
    named(opened)
    send(opened, "/review/decide", query="area=downtown", n="5", do="assign", words="ben")
    assert "5 reports were given to ben" in text(opened[0], "/")
    named(opened, "Ben")
    assert "5 reports were given to you" in text(opened[0], "/")


def test_a_quote_waits_for_whoever_has_not_read_it(opened: Opened) -> None:
    named(opened)
    send(opened, "/review/decide", report="1", do="quote", question="story", words="They came at night.")
    send(opened, "/review/quote/1", do="check")
    assert "your check" not in text(opened[0], "/")
    shown = text(opened[0], "/report/1")
    assert "You checked it. Now somebody else has to read it." in shown
    named(opened, "Ben")
    assert "1 quote waits for your check" in text(opened[0], "/")
    there = send(opened, "/review/quote/1", do="check", back="/report/1").headers["Location"]
    assert there == "/report/1"
    assert "checked by Ana, Ben" in text(opened[0], there)


def test_what_may_point_to_somebody_is_shown_beside_a_quote(opened: Opened) -> None:
    named(opened)
    send(opened, "/review/decide", report="12", do="quote", question="story", words="They laughed.")
    assert "found nothing that points to somebody" in text(opened[0], "/report/12")


def test_all_decisions_are_turned_over_page_by_page(opened: Opened) -> None:
    named(opened)
    for number in range(27):
        send(opened, "/review/decide", report="1", do="label", words=f"label {number}")
        send(opened, "/review/decide", report="1", do="note", words=f"note {number}")
    first = opened[0].get("/review/log").text
    assert re.search(r'rel="next" accesskey="n"', first)
    assert "label 0<" not in first
    assert "label put on: label 0" in text(opened[0], "/review/log?_page=2")
    assert "Nothing was decided yet." in text(opened[0], "/review/log?_kind=quotes")
    keys = re.findall(r'accesskey="(.)"', first)
    assert len(keys) == len(set(keys))
