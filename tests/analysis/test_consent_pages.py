"""Whose sender said no to counting is in no count of the workbench; and every count leads to its reports."""

import html
import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from analysis import courier, loading
from analysis.review.exclusions import exclude
from analysis.review.marking import label
from analysis.review.people import Reviewer
from tests.analysis.making import CANARY, member, new_desk
from tests.analysis.test_pages import text
from tests.analysis.test_workbench import Browser, browsing

YES: dict[str, list[str]] = {"area": ["downtown"], "story": ["Nothing else happened to anybody here."]}
NO: dict[str, list[str]] = {
    "count": ["no"],
    "area": ["north_side"],
    "station": ["Quillfeather"],
    "quote": ["yes_after_check"],
    "story": [f"A {CANARY} in a cage."],
}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Five reports that may be counted, one of them left out, and two that may not, one of them left out."""
    folder = tmp_path_factory.mktemp("consent")
    desk, server = new_desk(folder)
    for given in ([YES] * 5, [NO] * 2):
        bundle = server.bundle(folder, [member(desk.recipients, **one) for one in given])
        loading.load_delivery(desk, courier.receive(desk, bundle))
    exclude(desk, [5, 7], "duplicate", Reviewer.named("Ana"))
    label(desk, [1, 2, 6], "medicine", Reviewer.named("Ana"))
    desk.close()
    with browsing(desk.path) as browser:
        yield browser


def test_the_overview_counts_what_may_be_counted_and_says_so(browser: Browser) -> None:
    shown = text(browser, "/")
    assert "7 reports are at this desk. 4 of them are counted here." in shown
    assert "Most often: Downtown, 4." in shown
    assert "North side" not in shown
    assert "2 † say that they may not be counted" in shown


@pytest.mark.parametrize("path", ["/", "/review", "/browse?area=downtown", "/browse?count=no"])
def test_every_number_leads_to_as_many_reports(browser: Browser, path: str) -> None:
    page = browser.get(path).text
    links = re.findall(r'href="(/browse\?[^"]+)"[^>]*>(?:<span>[^<]*</span> <span class="n">)?(\d+)', page)
    assert links
    for link, n in links:
        if "area=downtown&amp;area=" not in link:
            assert f" {n} report" in text(browser, html.unescape(link)), link


@pytest.mark.parametrize(
    ("query", "n"),
    [
        ({}, 5),
        ({"q": CANARY}, 0),
        ({"area": "north_side"}, 0),
        ({"named": "station~Quillfeather"}, 0),
        ({"quote": "yes_after_check"}, 0),
        ({"reports": "1.6.7"}, 1),
        ({"is.excluded": "duplicate"}, 1),
        ({"count": "no"}, 2),
        ({"count": "no", "q": CANARY}, 2),
        ({"count": "no", "is.counted": "yes"}, 0),
    ],
)
def test_a_report_that_may_not_be_counted_is_found_by_that_answer_alone(
    browser: Browser, query: dict[str, str], n: int
) -> None:
    shown = text(browser, "/browse?" + urlencode(query))
    assert f" {n} report{'' if n == 1 else 's'} of 7" in shown
    assert ("Not in this list: reports that may not be counted. 2 †" in shown) == ("count" not in query)


@pytest.mark.parametrize(
    "path",
    ["/patterns/places?_of=station", "/patterns/words?_answer=acts:pat_down&_in=en", "/patterns/alike"],
)
def test_no_pattern_tells_of_a_report_that_may_not_be_counted(browser: Browser, path: str) -> None:
    shown = text(browser, path)
    assert "Quillfeather" not in shown
    assert CANARY not in shown
