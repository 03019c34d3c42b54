"""The pages of patterns: every number leads to as many reports, and names stay text."""

import html
import re
from collections.abc import Iterator

import pytest

from analysis import courier, loading
from intake.crypto.shard import Member, ReportName
from tests.analysis.making import member, new_desk
from tests.analysis.test_pages import text
from tests.analysis.test_workbench import Browser, browsing

STATIONS = ("4th District", "4th district", "4th Distrcit", "<b>Harbor</b> & Co ~ x", "Harbor, by the river")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Somebody who opened a desk with thirty reports that name stations and marks."""
    folder = tmp_path_factory.mktemp("patterns")
    desk, server = new_desk(folder)
    reports = [
        member(
            desk.recipients,
            station=[STATIONS[n % 5] if n < 20 else "4th District"],
            marks=["A 123, B-45" if n % 3 else ""],
            agency=["city_police"],
            acts=["insult", "pat_down"] if n % 2 else ["insult"],
            grounds=["drug_use"],
            story=[f"They came at night {'with dogs' if n % 2 else 'quietly'}."],
        )
        for n in range(30)
    ]
    reports[:5] = [Member(ReportName("2026-W45", one.name.id), one.sealed) for one in reports[:5]]
    loading.load_delivery(desk, courier.receive(desk, server.bundle(folder, reports)))
    desk.close()
    with browsing(desk.path) as browser:
        yield browser


@pytest.mark.parametrize(
    "path",
    [
        "/patterns/places?_of=station",
        "/patterns/places?_of=marks",
        "/patterns/places?_of=agency",
        "/patterns/together",
        "/patterns/time",
    ],
)
def test_every_number_leads_to_as_many_reports(browser: Browser, path: str) -> None:
    page = browser.get(path).text
    links = re.findall(r'<a (?:class="inline" )?href="(/browse\?[^"]+)">(?:[^<]*</a> )?([\d,]+)<?', page)
    assert links
    for link, n in links:
        assert re.search(rf"\b{n} reports? of 30", text(browser, html.unescape(link))), link


def test_spellings_of_one_station_are_proposed_as_one(browser: Browser) -> None:
    shown = text(browser, "/patterns/places?_of=station")
    assert re.search(r"4th District.*22.*3 spellings", shown)
    assert "a letter or two differ" in shown


def test_a_hostile_name_is_shown_and_found_as_text(browser: Browser) -> None:
    page = browser.get("/patterns/places?_of=station").text
    assert "&lt;b&gt;Harbor&lt;/b&gt; &amp; Co ~ x" in page
    link = re.search(r'href="(/browse\?named=station~%3Cb%3E[^"]+)"', page)
    assert link
    shown = browser.get(html.unescape(link[1])).text
    assert "4 reports of 30" in shown
    assert "<b>Harbor" not in shown


def test_marks_of_officers_say_that_they_are_never_for_publication(browser: Browser) -> None:
    assert "Badge marks are never for publication" in text(browser, "/patterns/places?_of=marks")
    assert "Badge marks are never for publication" not in text(browser, "/patterns/places?_of=station")


def test_many_reports_of_one_week_and_channel_are_pointed_out(browser: Browser) -> None:
    shown = text(browser, "/patterns/places?_of=station")
    assert "most came in one week by one channel" in shown
    assert "Nearly all reports came in one week" not in shown


def test_a_set_of_acts_leads_to_the_reports_with_nothing_else(browser: Browser) -> None:
    assert "15 reports of 30" in text(browser, "/browse?acts=insult&only=acts")
    assert "30 reports of 30" in text(browser, "/browse?acts=insult")


def test_before_and_after_a_date_are_told_apart(browser: Browser) -> None:
    shown = text(browser, "/patterns/time?_of=acts&_date=2026-06-01")
    assert "30 reports are about events before that month and 0 about events after it." in shown
    assert "Write the date as year, month and day" in text(browser, "/patterns/time?_of=acts&_date=soon")


def test_words_typical_of_an_act_lead_to_its_stories(browser: Browser) -> None:
    shown = text(browser, "/patterns/words?_answer=acts:pat_down&_in=en")
    assert "dogs" in shown
    assert "quietly" not in shown


@pytest.mark.parametrize("filters", ["named=~", "named=story~x", "only=story", "only=", "named=nobody~x"])
def test_a_filter_that_means_nothing_finds_nothing(browser: Browser, filters: str) -> None:
    assert re.search(r"\b(0 reports|30 reports) of 30", text(browser, f"/browse?{filters}"))


def test_a_pair_as_frequent_as_by_chance_does_not_stand_out(browser: Browser) -> None:
    shown = text(browser, "/patterns/together")
    assert "30 reports answer this question." in shown
    assert "No two come together more often than by chance" in shown
    assert "What stands out most" not in shown


def test_spanish_pages_write_a_comma_before_decimals(browser: Browser) -> None:
    browser.get("/patterns?_lang=es")
    shown = browser.get("/patterns/together").text
    browser.get("/patterns?_lang=en")
    assert '<td class="n">15,0</td><td class="n">1,0</td>' in shown
    assert '<td class="n">15.0</td><td class="n">1.0</td>' in browser.get("/patterns/together").text
