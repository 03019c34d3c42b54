"""Names on our pages: proposed with evidence, put together, taken apart, counted so, and all of it undone."""

import html
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from analysis import courier, loading
from tests.analysis.conftest import unlock
from tests.analysis.making import FORM, Server, member, new_desk
from tests.analysis.test_forms_of_pages import post
from tests.analysis.test_pages import text
from tests.analysis.test_workbench import Answer, Browser, start

Opened: TypeAlias = tuple[Browser, dict[str, str], str]
LIST = "/review/names?_of=station"
PLACES = "/patterns/places?_of=station"
# What each report writes, with the number of reports that do.
WRITTEN = {
    "4th District": 5, "4th district": 1, "4th Distrcit": 2, "District Four": 2,
    "<b>Harbor</b> & Co": 3, "Harbor \u202e& Co": 2, "Riverside": 4,
}  # fmt: skip
CLINIC = next(one for one in FORM.question("facility").choices if one.code != "other")
HEALTH: dict[str, list[str]] = {"setting": ["health"], "acts": []}


@pytest.fixture
def served(tmp_path: Path) -> tuple[Path, Server]:
    """A desk with reports that name stations, marks and a clinic, and the intake that sent them."""
    folder = tmp_path
    desk, server = new_desk(folder)
    names = [name for name, times in WRITTEN.items() for _ in range(times)]
    reports = [member(desk.recipients, station=[name], marks=["Smith, B-45"]) for name in names]
    reports.append(member(desk.recipients, **HEALTH, facility=[CLINIC.code]))
    other = {"facility": ["other"], "facility_other": [CLINIC.label["en"].upper()]}
    reports.append(member(desk.recipients, **HEALTH, **other))
    loading.load_delivery(desk, courier.receive(desk, server.bundle(folder, reports)))
    desk.close()
    return desk.path, server


@pytest.fixture
def opened(served: tuple[Path, Server]) -> Iterator[Opened]:
    """Somebody who opened the desk, the headers of a form, and its token."""
    process, browser, opening = start(served[0], dict(os.environ))
    browser.cookie = browser.get(opening).headers["Set-Cookie"].split(";")[0]
    here = f"127.0.0.1:{browser.port}"
    headers = {"Host": here, "Cookie": browser.cookie, "Origin": f"http://{here}"}
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    found = re.search(r'name="token" value="([^"]+)"', browser.get("/review").text)
    assert found
    opened = browser, headers, found[1]
    assert send(opened, "/review/who", who="Ana").status == 303
    yield opened
    process.terminate()
    process.communicate(timeout=20)


def send(opened: Opened, path: str, **fields: str) -> Answer:
    """Sends a form."""
    browser, headers, token = opened
    return post(browser, path, headers, **({"token": token} | fields))


def page_of(opened: Opened, name: str, listed: str = LIST) -> str:
    """The page of the set that the list shows by this name."""
    page = opened[0].get(listed).text
    found = re.search(rf'href="(/review/names/one[^"]+)"[^>]*>{re.escape(html.escape(name))}<', page)
    assert found, page
    return html.unescape(found[1])


def fields(opened: Opened, path: str, *leave: str) -> dict[str, str]:
    """What the page's own form would send, with these names ticked."""
    page = opened[0].get(path).text
    found = dict(re.findall(r'name="(of|group)" value="([^"]+)"', page))
    places = [tick_of(page, name) for name in leave]
    return found | ({"leave": places[0]} if places else {})


def tick_of(page: str, name: str) -> str:
    found = re.search(rf'value="(\d+)"><label[^>]+>Not part of it: {re.escape(html.escape(name))}<', page)
    assert found, page
    return found[1]


def decide(opened: Opened, path: str, do: str, *leave: str, **more: str) -> Answer:
    """Decides from the page at a path."""
    given = {"do": do, "label": "District 4", "remark": "I know the house"} | more
    return send(opened, "/review/names/decide", **(fields(opened, path, *leave) | given))


def counted(opened: Opened, path: str = PLACES) -> dict[str, int]:
    """What the page of places counts, by name; each number leads to as many reports."""
    page = opened[0].get(path).text
    rows = re.findall(
        r'<th scope="row"><a href="[^"]+">([^<]*)<.*?<a href="(/browse[^"]+)">(\d+)', page, re.DOTALL
    )
    for _, link, n in rows:
        assert f"{n} report" in text(opened[0], html.unescape(link)), link
    return {html.unescape(name): int(n) for name, _, n in rows}


def test_a_proposal_shows_what_speaks_for_it(opened: Opened) -> None:
    shown = text(opened[0], page_of(opened, "4th District"))
    assert re.search(r"8 reports · 1 week · 1 channel", shown)
    assert re.search(r"4th District reads the same 5 † 1 1", shown)
    assert re.search(r"4th Distrcit a letter or two differ · alike \d\d of 100 2 † 1 1", shown)
    assert "Nobody decided yet" in shown


def test_names_put_together_count_as_one_from_then_on(opened: Opened) -> None:
    assert counted(opened)["4th District"] == 8
    answer = decide(opened, page_of(opened, "4th District"), "together", "4th Distrcit")
    assert answer.headers["Location"] == f"{LIST}&_done=1#done"
    assert (counted(opened)["District 4"], counted(opened)["4th Distrcit"]) == (6, 2)
    shown = text(opened[0], answer.headers["Location"].removesuffix("#done"))
    assert "Decision 1 is written down." in shown
    assert re.search(r"Put together by decision n = 1 .*District 4", shown)
    made = text(opened[0], page_of(opened, "District 4"))
    assert re.search(r"Put together by Ana on \d{4}-\d\d-\d\d\. “I know the house”", made)
    assert "put together by decision" in text(opened[0], PLACES)


def test_a_name_that_was_said_to_be_another_is_not_proposed_again(opened: Opened) -> None:
    decide(opened, page_of(opened, "4th District"), "together", "4th Distrcit")
    assert "4th Distrcit" not in text(opened[0], LIST).split("Put together by decision")[0]


def test_all_names_of_a_proposal_are_said_to_be_different(opened: Opened) -> None:
    path = page_of(opened, "4th District")
    assert decide(opened, path, "apart").status == 303
    assert (
        "4th District"
        not in re.findall(r"Waiting for a decision.*", text(opened[0], LIST))[0].split("Put")[0]
    )
    # What reads the same is one name all the same.
    assert (counted(opened)["4th District"], counted(opened)["4th Distrcit"]) == (6, 2)


def test_two_groups_are_merged_and_the_merging_is_taken_back(opened: Opened) -> None:
    decide(opened, page_of(opened, "4th District"), "together")
    path = page_of(opened, "District 4")
    page = opened[0].get(path).text
    other = re.search(r'<option value="([0-9a-f]{32})">District Four \(2\)', page)
    assert other
    assert decide(opened, path, "merge", other=other[1], label="The fourth").status == 303
    assert counted(opened)["The fourth"] == 10
    log = text(opened[0], "/review/log?_kind=names")
    assert re.search(r"Ana groups put together .*“The fourth”: .*District Four.* I know the house", log)
    assert send(opened, "/review/undo/2", back="/review/log").headers["Location"] == "/review/log"
    assert (counted(opened)["District 4"], counted(opened)["District Four"]) == (8, 2)


def test_a_group_is_taken_apart_and_what_leaves_may_be_one_too(opened: Opened) -> None:
    decide(opened, page_of(opened, "4th District"), "together")
    path = page_of(opened, "District 4")
    assert decide(opened, path, "together").status == 409, "nothing leaves"
    assert decide(opened, path, "together", "4th Distrcit", other_label="Another").status == 303
    assert (counted(opened)["District 4"], counted(opened)["Another"]) == (6, 2)
    assert decide(opened, page_of(opened, "Another"), "apart").status == 303
    assert (counted(opened)["District 4"], counted(opened)["4th Distrcit"]) == (6, 2)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"remark": "  "}, id="no reason"),
        pytest.param({"label": ""}, id="no name"),
        pytest.param({"label": "turned \u202e round"}, id="a name that nobody can see"),
        pytest.param({"group": "0" * 32}, id="another set"),
        pytest.param({"of": "story"}, id="no question of names"),
        pytest.param({"leave": "99"}, id="a name that is not there"),
        pytest.param({"leave": "\u00b2"}, id="no number"),
        pytest.param({"do": "delete"}, id="a decision that is none"),
        pytest.param({"do": "merge", "other": "x"}, id="together with nothing"),
        pytest.param({"as": "Ben"}, id="a page that was shown to somebody else"),
    ],
)
def test_what_was_not_shown_or_not_explained_changes_nothing(opened: Opened, wrong: dict[str, str]) -> None:
    path = page_of(opened, "4th District")
    assert decide(opened, path, wrong.pop("do", "together"), **wrong).status == 409
    assert "Nothing was decided yet." in text(opened[0], "/review/log")


def test_a_form_without_the_session_s_token_decides_nothing_about_names(opened: Opened) -> None:
    path = page_of(opened, "4th District")
    for token in ("", "guess"):
        assert decide(opened, path, "together", token=token).status == 403
    assert "Nothing was decided yet." in text(opened[0], "/review/log")


def test_a_second_press_and_a_page_of_before_do_nothing(opened: Opened) -> None:
    path = page_of(opened, "4th District")
    given = fields(opened, path) | {"do": "together", "label": "District 4", "remark": "one house"}
    assert send(opened, "/review/names/decide", **given).status == 303
    again = send(opened, "/review/names/decide", **given)
    assert again.status == 409
    assert "these names are not as they were shown" in again.text
    send(opened, "/review/who", who="Ben")
    late = send(opened, "/review/names/decide", **(given | {"do": "apart", "remark": "two houses"}))
    assert late.status == 409
    assert counted(opened)["District 4"] == 8
    assert "Ben" not in text(opened[0], "/review/log").split("Day Who What")[1]


def test_two_organizers_who_decide_differently_both_stand_in_the_log(opened: Opened) -> None:
    decide(opened, page_of(opened, "4th District"), "together")
    send(opened, "/review/who", who="Ben")
    decide(opened, page_of(opened, "District 4"), "apart", remark="two houses, I was there")
    shown = text(opened[0], "/review/log?_kind=names")
    assert re.search(r"2 \S+ Ben names taken apart .*two houses, I was there", shown)
    assert re.search(r"1 \S+ Ana names put together .*I know the house", shown)
    assert (counted(opened)["4th District"], counted(opened)["4th Distrcit"]) == (6, 2)
    assert "Ana" not in re.findall(r"<td>(\w+)</td>", opened[0].get("/review/log?_who=Ben").text)
    send(opened, "/review/undo/2")
    assert counted(opened)["District 4"] == 8


def test_hostile_names_stay_text_in_every_page_of_a_decision(opened: Opened) -> None:
    harbor = "<b>Harbor</b> & Co"
    path = page_of(opened, "4th District")
    other = re.search(r'value="([0-9a-f]{32})">&lt;b&gt;Harbor', opened[0].get(path).text)
    assert other
    decide(opened, path, "merge", other=other[1], label=harbor)
    for one in (LIST, "/review/log", PLACES, "/review", page_of(opened, harbor)):
        page = opened[0].get(one).text
        assert "<b>Harbor" not in page, one
        assert "\u202e" not in page, one
    assert "&lt;b&gt;Harbor&lt;/b&gt; &amp; Co" in opened[0].get("/review/log").text


def test_what_waits_stands_on_the_overview_and_the_review(opened: Opened) -> None:
    for path in ("/", "/review"):
        assert re.search(r"\d sets? of names may be one: Stations and units", text(opened[0], path))
    assert re.search(r"\d sets? of names waits? for a decision", text(opened[0], PLACES))


def test_keys_lead_from_one_proposal_to_the_next_and_decide(opened: Opened) -> None:
    page = opened[0].get(LIST).text
    assert re.search(r'<a href="/review/names/one[^"]+" accesskey="n">', page)
    one = opened[0].get(page_of(opened, "4th District")).text
    for key in ("l", "a", "x", "w"):
        assert len(re.findall(rf'accesskey="{key}"', one)) == 1, key
    keys = re.findall(r'accesskey="(.)"', one)
    assert len(keys) == len(set(keys))


def test_a_page_from_before_an_import_decides_nothing(opened: Opened, served: tuple[Path, Server]) -> None:
    path, server = served
    shown = page_of(opened, "4th District")
    given = fields(opened, shown) | {"do": "together", "label": "District 4", "remark": "one house"}
    desk = unlock(path)
    more = [member(desk.recipients, station=[one]) for one in ("4th  DISTRICT", "4th District")]
    loading.load_delivery(desk, courier.receive(desk, server.bundle(path.parent, more)))
    desk.close()
    assert send(opened, "/review/names/decide", **given).status == 409
    assert decide(opened, shown, "together").status == 303, "the page as it is now"
    assert counted(opened)["District 4"] == 10


def test_a_name_of_a_list_is_taken_from_what_people_wrote_and_put_back(opened: Opened) -> None:
    places = "/patterns/places?_of=facility"
    label = CLINIC.label["en"]
    assert counted(opened, places) == {label: 2}
    link = re.search(r'href="(/review/names/one[^"]+)"', opened[0].get(places).text)
    assert link
    path = html.unescape(link[1])
    assert decide(opened, path, "together", label.upper(), label="The clinic").status == 303
    assert counted(opened, places) == {"The clinic": 1, label.upper(): 1}
    assert f"\u201cThe clinic\u201d: {label} apart: {label.upper()}" in text(opened[0], "/review/log")
    send(opened, "/review/undo/1")
    assert counted(opened, places) == {label: 2}


def test_marks_of_officers_are_decided_one_by_one_though_an_answer_names_several(opened: Opened) -> None:
    places = "/patterns/places?_of=marks"
    assert counted(opened, places) == {"B-45": 19, "Smith": 19}
    page = opened[0].get(places).text
    path = html.unescape(re.findall(r'href="(/review/names/one[^"]+Smith)"', page)[0])
    other = re.search(r'<option value="([0-9a-f]{32})">B-45', opened[0].get(path).text)
    assert other
    assert decide(opened, path, "merge", other=other[1], label="Smith").status == 303
    assert counted(opened, places) == {"Smith": 19}
    assert "Badge marks are never for publication" in text(opened[0], places)
