"""Our pages of the workbench: what is counted, chosen, found and laid out, in either language."""

import html
import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from analysis import courier, loading
from tests.analysis.making import member, new_desk
from tests.analysis.test_workbench import Browser, browsing

GIVEN: tuple[dict[str, list[str]], ...] = (
    {"area": ["downtown"], "acts": ["insult", "pat_down"], "story": ["A cold night by the river."]},
    {"area": ["downtown"], "acts": ["insult"], "story": ["The night was cold. They shouted."]},
    {"area": ["north_side"], "acts": ["pat_down"], "story": ["Shouting at the station, no cold."]},
    {"area": [], "acts": [], "story": [], "quote": ["yes_after_check"]},
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Somebody who opened a desk with four reports and twelve more that say nothing."""
    folder = tmp_path_factory.mktemp("pages")
    desk, server = new_desk(folder)
    plain = {"area": ["east_side"], "acts": ["move_on"], "story": ["Nothing else."]}
    short = {**plain, "_shown": ["short"]}
    reports = [member(desk.recipients, **given) for given in (*GIVEN, *[plain] * 11, short)]
    loading.load_delivery(desk, courier.receive(desk, server.bundle(folder, reports)))
    desk.close()
    with browsing(desk.path) as browser:
        yield browser


def text(browser: Browser, path: str) -> str:
    """The words of a page, without its elements."""
    answer = browser.get(path)
    assert answer.status == 200
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)))


def found(browser: Browser, **query: object) -> int:
    """How many reports a choice finds."""
    shown = re.search(r"([\d,]+) reports? of 16", text(browser, "/browse?" + urlencode(query, doseq=True)))
    assert shown
    return int(shown[1])


def numbers(browser: Browser, path: str) -> list[int]:
    """The reports of a list, in its order."""
    return [int(n) for n in re.findall(r'<h3><a href="/report/(\d+)', browser.get(path).text)]


def test_the_overview_counts_reports_and_says_so_in_words(browser: Browser) -> None:
    shown = text(browser, "/")
    assert "16 reports are at this desk." in shown
    assert "Most often: Police or other officers, 16." in shown
    assert re.search(r"1 † say that their words may be used after a check", shown)


def test_every_count_of_the_overview_leads_to_as_many_reports(browser: Browser) -> None:
    page = browser.get("/").text
    links = re.findall(r'<td class="n"><a href="(/browse\?[^"]+)">(\d+)', page)
    assert len(links) > 5
    for link, n in links:
        assert f"{n} report" in text(browser, html.unescape(link))


def test_small_numbers_are_marked_and_others_are_not(browser: Browser) -> None:
    page = browser.get("/").text
    assert re.search(r">2<span class=\"sign\" title=\"not for publication\">†", page)
    assert re.search(r'">12</a>', page)
    assert "fewer than 10 reports: not for publication" in text(browser, "/")


@pytest.mark.parametrize(
    ("query", "n"),
    [
        pytest.param({}, 16, id="everything"),
        pytest.param({"area": "downtown"}, 2, id="one answer"),
        pytest.param({"area": ["downtown", "north_side"]}, 3, id="either of two answers"),
        pytest.param({"area": "-"}, 1, id="no answer"),
        pytest.param({"acts": ["insult", "pat_down"]}, 1, id="both of two ticks"),
        pytest.param({"acts": "-"}, 1, id="no tick"),
        pytest.param({"area": "downtown", "acts": "insult", "q": "river"}, 1, id="answers and words"),
        pytest.param({"reports": "1.2.99999"}, 2, id="a list"),
        pytest.param({"q": "cold night"}, 2, id="both words"),
        pytest.param({"q": '"cold night"'}, 1, id="words one after the other"),
        pytest.param({"q": "cold -shouted"}, 1, id="not a word"),
        pytest.param({"q": "riv*"}, 1, id="how a word begins"),
        pytest.param({"q": "NEAR(cold night)"}, 0, id="words of the index's language are words"),
        pytest.param({"q": 'cold" OR "nothing'}, 0, id="a quotation that is not closed"),
        pytest.param({"q": '"'}, 0, id="nothing to search for"),
        pytest.param({"area": "unheard_of"}, 0, id="an answer that nobody knows"),
        pytest.param({"unheard_of": "downtown"}, 0, id="a question that nobody knows"),
        pytest.param({"story": "x"}, 0, id="a question that is not counted"),
        pytest.param({"form": "²"}, 0, id="a digit that is none"),
    ],
)
def test_a_choice_finds_the_reports_that_fit(browser: Browser, query: dict[str, object], n: int) -> None:
    assert found(browser, **query) == n


def test_facets_show_labels_and_count_within_the_choice(browser: Browser) -> None:
    shown = text(browser, "/browse?acts=insult")
    assert re.search(r"Which part of town was it in\? Downtown 2 †", shown)
    assert "downtown" not in shown
    # An answer beside the chosen one can be added to it, so it keeps its count.
    assert re.search(r"Downtown 2 † .*East Side 12", text(browser, "/browse?area=downtown"))


def test_what_was_searched_for_is_marked(browser: Browser) -> None:
    page = browser.get("/browse?q=cold").text
    assert page.count("<mark>cold</mark>") == 3
    number = numbers(browser, "/browse?q=river")[0]
    assert "<mark>cold</mark>" in browser.get(f"/report/{number}?q=cold").text


def test_next_leads_through_all_chosen_reports_once(browser: Browser) -> None:
    listed = numbers(browser, "/browse?area=downtown&area=north_side")
    path, visited = f"/report/{listed[0]}?area=downtown&area=north_side", list[int]()
    while path:
        visited.append(int(re.findall(r"\d+", path)[0]))
        onward = re.search(r'<a href="([^"]+)" rel="next" accesskey="n">', browser.get(path).text)
        path = html.unescape(onward[1]) if onward else ""
    assert visited == listed
    assert len(listed) == 3


def test_a_report_is_laid_out_as_its_form_was(browser: Browser) -> None:
    number = numbers(browser, "/browse?q=river")[0]
    page = browser.get(f"/report/{number}").text
    headings = re.findall(r"<h[23]>([^<]+)</h[23]>", page)
    assert headings.index("What the officers did") < headings.index("When and where")
    assert headings.index("When and where") < headings.index("Your own words")
    assert "The health service" not in headings
    assert re.search(r"<h3>What did they do\?</h3>\s*<ul><li>[^<]+</li><li>[^<]+</li></ul>", page)
    assert re.search(r"May we count this report\?|May we count it\?", page)


def test_another_language_is_kept_by_the_session_and_not_by_the_browser(browser: Browser) -> None:
    try:
        answer = browser.get("/browse?area=downtown&_lang=es")
        assert (answer.status, answer.headers["Location"]) == (302, "/browse?area=downtown")
        assert answer.headers["Set-Cookie"] is None
        shown = text(browser, "/browse?area=downtown")
        assert "2 reportes de 16" in shown
        assert "¿En qué parte de la ciudad" in shown
        assert "What" not in shown
    finally:
        browser.get("/?_lang=en")
    assert "2 reports of 16" in text(browser, "/browse?area=downtown")
    assert browser.get("/?_lang=xx").status == 302
    assert "16 reports" in text(browser, "/")


def test_a_page_far_beyond_the_end_is_the_last_one(browser: Browser) -> None:
    assert "1 to 16" in text(browser, "/browse?_page=99999")
    assert "1 to 16" in text(browser, "/browse?_page=x")


@pytest.mark.parametrize("path", ["/report/99", "/report/0", "/report/x", "/browse/x"])
def test_what_is_not_there_is_not_found(browser: Browser, path: str) -> None:
    assert browser.get(path).status == 404


def test_a_report_tells_what_was_left_blank_from_what_its_page_did_not_ask(browser: Browser) -> None:
    shown = {number: text(browser, f"/report/{number}") for number in range(1, 17)}
    short = [number for number, page in shown.items() if "Not asked, on the short form:" in page]
    assert len(short) == 1
    assert re.search(r"Not asked, on the short form: .*How did it end\?", shown[short[0]])
    whole = next(page for number, page in shown.items() if number not in short)
    assert re.search(r"Left blank: .*How did it end\?", whole)
