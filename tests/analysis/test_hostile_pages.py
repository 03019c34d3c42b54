"""Names and questions that an adversary writes, on our pages and on Datasette's."""

import html
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlencode

import pytest

from analysis import courier, loading
from analysis.desk import Desk
from analysis.identity import HybridIdentity, format_identity
from analysis.pinning import pin
from intake.crypto.shard import Member, ReportName
from tests.analysis.conftest import unlock
from tests.analysis.making import CANARY, Server, member, new_desk
from tests.analysis.test_workbench import Browser, browsing, start

OBEYED = "\u202e\u2066\u200b\u3164"
NAME = f"North {OBEYED}<b>Station</b> {CANARY}"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Somebody who opened a desk where three reports name one station in a hostile way."""
    folder = tmp_path_factory.mktemp("hostile")
    desk, server = new_desk(folder)
    reports = [member(desk.recipients, station=[NAME], marks=[NAME], story=[NAME]) for _ in range(3)]
    loading.load_delivery(desk, courier.receive(desk, server.bundle(folder, reports)))
    desk.close()
    with browsing(desk.path) as browser:
        yield browser


@pytest.mark.parametrize(
    "path",
    [
        "/patterns/places?_of=station",
        "/patterns/places?_of=marks",
        "/browse?" + urlencode({"named": f"station~{NAME}"}),
        "/desk/texts",
        "/desk/texts?_facet=text",
        "/desk/texts?" + urlencode({"text": NAME}),
        "/desk/texts?" + urlencode({"text__contains": NAME}),
        "/desk?sql=select+text+from+texts",
    ],
)
def test_a_hostile_name_turns_nothing_round_and_stands_in_no_title(browser: Browser, path: str) -> None:
    # Nobody sees a hidden field, and what it holds is sent back.
    page = re.sub(r'<input type="hidden"[^>]*>', "", browser.get(path).text)
    assert "\u27e8202E\u27e9\u27e82066\u27e9\u27e8200B\u27e9\u27e83164\u27e9" in page
    assert not set(OBEYED) & set(page)
    assert "<b>Station" not in page
    title = re.search(r"<title>(.*?)</title>", page, re.DOTALL)
    assert title
    assert CANARY not in title[1]


@pytest.mark.parametrize("path", ["/desk/texts?_search=", "/browse?q="])
def test_what_was_searched_for_stands_in_no_title_of_a_window(browser: Browser, path: str) -> None:
    title = re.search(r"<title>(.*?)</title>", browser.get(path + CANARY).text, re.DOTALL)
    assert title
    assert CANARY not in title[1]


def test_a_search_within_a_hostile_name_keeps_the_name(browser: Browser) -> None:
    page = browser.get("/browse?" + urlencode({"named": f"station~{NAME}"})).text
    sent = re.search(r'<input type="hidden" name="(named)" value="([^"]+)">', page)
    assert sent
    query = urlencode({"q": CANARY, "named": html.unescape(sent[2])})
    assert re.search(r"\b3 reports of 3", browser.get(f"/browse?{query}").text)


@pytest.mark.parametrize(
    "query",
    [
        *(
            "q=a%00b",
            "q=%22a%00%22",
            "q=%00",
            "q=NEAR(a+b)",
            "q=text:a",
            "q=%5Ea",
            "q=(",
            "q=a+AND",
            "q=%22-%22",
        ),
        *(
            "reports=%C2%B2",
            "reports=1.%D9%A3",
            "reports=99999999999",
            "form=0",
            "form=%C2%B2",
            "form=99999999999",
        ),
        *("days_without=%C2%BD", "named=marks~%00", "when=%00", "_page=%C2%B2", "is.label=%00"),
    ],
)
def test_a_hostile_question_is_a_question_like_others(browser: Browser, query: str) -> None:
    assert browser.get(f"/browse?{query}").status == 200
    assert browser.get(f"/report/1?{query}").status == 200


@pytest.mark.parametrize(
    "weeks", [("2025-W53", "2026-W01"), ("0000-W01", "2026-W01"), ("0001-W01", "9999-W52")]
)
def test_weeks_that_no_server_can_mean_do_not_keep_the_desk_closed(
    tmp_path: Path, weeks: Sequence[str]
) -> None:
    Desk.create(tmp_path / "desk", format_identity(HybridIdentity.generate()), None)
    desk, server = unlock(tmp_path / "desk"), Server()
    pin(desk, server.public(tmp_path))
    sealed = [member(desk.recipients) for _ in weeks]
    named = [
        Member(ReportName(week, one.name.id), one.sealed) for week, one in zip(weeks, sealed, strict=True)
    ]
    loading.load_delivery(desk, courier.receive(desk, server.bundle(tmp_path, named)))
    desk.close()
    process, browser, opening = start(desk.path, dict(os.environ))
    try:
        browser.cookie = browser.get(opening).headers["Set-Cookie"].split(";")[0]
        for path in ("/", "/browse", "/patterns/time"):
            page = browser.get(path)
            assert page.status == 200
            assert len(page.text) < 200_000
            assert all(week in page.text for week in weeks)
    finally:
        process.terminate()
        process.communicate(timeout=20)
