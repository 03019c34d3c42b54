"""What was added and what is said stand beside the report; what is typed there is a decision."""

import html
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from analysis.desk import Desk
from intake.crypto.receipt import Receipt
from tests.analysis.making import member, message, of
from tests.analysis.test_forms_of_pages import post
from tests.analysis.test_pages import text
from tests.analysis.test_workbench import Answer, Browser, start
from tests.threads.conftest import Round

HOSTILE = "<script>alert(1)</script> http://evil.example/ \u202eabc"


@dataclass
class Opened:
    """A workbench with a report that was added to, and somebody at it."""

    path: Path
    browser: Browser
    headers: dict[str, str]
    token: str
    mine: str

    def send(self, path: str, **fields: str) -> Answer:
        """Sends a form."""
        return post(self.browser, path, self.headers, token=self.token, **fields)


@pytest.fixture
def opened(round_trip: Round) -> Iterator[Opened]:
    to, mine, lost = round_trip.desk.recipients, Receipt.draw(), Receipt.draw()
    round_trip.bring(
        of(to, mine), member(to), message(to, mine, HOSTILE), message(to, lost, "Its report is not here.")
    )
    number = str(round_trip.number(mine.id))
    gone = Receipt.draw()
    round_trip.bring(of(to, gone))
    round_trip.bring(message(to, gone, None))
    round_trip.desk.close()
    process, browser, opening = start(round_trip.desk.path, dict(os.environ))
    browser.cookie = browser.get(opening).headers["Set-Cookie"].split(";")[0]
    here = f"127.0.0.1:{browser.port}"
    headers = {"Host": here, "Cookie": browser.cookie, "Origin": f"http://{here}"}
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    found = re.search(r'name="token" value="([^"]+)"', browser.get("/review").text)
    assert found
    yield Opened(round_trip.desk.path, browser, headers, found[1], number)
    process.terminate()
    process.communicate(timeout=20)
    round_trip.reopen()


def test_what_was_added_waits_until_somebody_has_read_it(opened: Opened) -> None:
    assert "2 follow-ups were not read yet" in text(opened.browser, "/")
    page = opened.browser.get("/review/followups").text
    assert "<script>alert" not in page
    assert "evil.example" not in re.sub(r">[^<]*<", "><", page)
    assert "Its report is not at this desk." in html.unescape(page)
    assert opened.send("/review/followups/1").headers["Location"] == "/review#who"
    opened.send("/review/who", who="Ana")
    beside = opened.browser.get(f"/report/{opened.mine}").text
    [action] = re.findall(r'action="(/review/followups/\d+)"', beside)
    assert opened.send(action, back=f"/report/{opened.mine}").headers["Location"] == f"/report/{opened.mine}"
    assert "1 follow-up was not read yet" in text(opened.browser, "/")
    assert "follow-up read" in text(opened.browser, "/review/log")
    assert "I have read it" not in text(opened.browser, f"/report/{opened.mine}")


def test_words_that_were_added_are_found_read_or_not(opened: Opened) -> None:
    opened.send("/review/who", who="Ana")
    opened.send("/review/followups/1")
    opened.send("/review/followups/2")
    assert "All was read." in text(opened.browser, "/review/followups")
    for words, found in {"reports": 1, "alert -evil": 0, "evil*": 1, "heronfeather": 0}.items():
        page = text(opened.browser, f"/review/followups?{urlencode({'q': words})}")
        assert ("n = 1" in page) == bool(found), words
        assert ("Nothing that people added has these words." in page) == (not found), words
        assert "<script>alert" not in opened.browser.get(f"/review/followups?{urlencode({'q': words})}").text
    # The page is one that a hostile address reaches as well.
    for words in ('"', "-", "*", "a" * 5_000, 'AND "', "\x00", "<script>alert(1)</script>"):
        page = opened.browser.get(f"/review/followups?{urlencode({'q': words})}")
        assert (page.status, "<script>alert" in page.text) == (200, False), words


def test_the_page_of_messages_says_to_which_report_each_went(opened: Opened) -> None:
    opened.send("/review/who", who="Ana")
    opened.send("/review/reply", report=opened.mine, do="typed", words="Hello.")
    page = opened.browser.get("/review/messages").text
    assert f'<a href="/report/{opened.mine}">To report {opened.mine}</a>' in page
    # The other one says that a report was taken back, which is not here any more.
    assert page.count("To report") == 1
    assert "1 reader" in page


def test_a_reply_is_typed_shown_logged_and_taken_back(opened: Opened) -> None:
    there = f"/report/{opened.mine}"
    opened.send("/review/who", who="Ana")
    answer = opened.send("/review/reply", report=opened.mine, do="typed", words=HOSTILE, back=there)
    assert answer.headers["Location"] == there
    page = opened.browser.get(there).text
    assert "<script>alert" not in page
    shown = text(opened.browser, there)
    assert "not sent yet" in shown
    assert "reply written" in shown
    assert "Ana" in shown
    found = re.search(r'action="(/review/undo/\d+)"', opened.browser.get("/review/messages").text)
    assert found
    opened.send(found[1], back="/review/messages")
    # The other one says that a report was taken back, and nobody wrote it.
    assert text(opened.browser, "/review/messages").count("not sent yet") == 1


def test_a_ready_reply_goes_out_in_the_language_of_the_report(opened: Opened) -> None:
    opened.send("/review/who", who="Ana")
    opened.send("/review/reply", report=opened.mine, do="canned", name="thanks")
    assert "We keep it safe" in text(opened.browser, f"/report/{opened.mine}")


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"do": "typed", "words": "é" * 1000}, "2,000 bytes, and 1,800 is the most"),
        ({"do": "typed", "words": ""}, "no words"),
        ({"do": "canned", "name": "nothing"}, "no canned reply of this name"),
        ({"do": "other"}, "no such decision"),
        ({"do": "typed", "words": "x", "report": "99"}, "not at this desk"),
        ({"do": "typed", "words": "x", "report": "x"}, "does not say which report"),
    ],
    ids=["too long", "empty", "unknown", "another thing", "no report", "no number"],
)
def test_a_reply_that_breaks_a_rule_is_refused_in_words(
    opened: Opened, fields: dict[str, str], rule: str
) -> None:
    opened.send("/review/who", who="Ana")
    answer = opened.send("/review/reply", **{"report": opened.mine, **fields})
    assert (answer.status, rule in html.unescape(answer.text)) == (409, True)


def test_a_form_without_its_token_writes_nothing(opened: Opened) -> None:
    opened.send("/review/who", who="Ana")
    answer = post(
        opened.browser, "/review/reply", opened.headers, token="x", report=opened.mine, do="typed", words="x"
    )
    assert answer.status == 403
    with_desk = Desk.unlock(opened.path, lambda: "")
    rows = with_desk.database.conn.execute("""SELECT * FROM "messages" WHERE "kind" = 'reply'""").fetchall()
    with_desk.close()
    assert rows == []


def test_the_flow_says_how_many_were_taken_back(opened: Opened) -> None:
    assert "1 report was taken back by the person who sent it." in text(opened.browser, "/review")


@pytest.mark.parametrize("table", ["withdrawals", "addressed", "trackers", "gone", "boxes"])
def test_keys_and_trackers_are_read_by_no_query(opened: Opened, table: str) -> None:
    assert opened.browser.get(f"/desk?sql=select+*+from+{table}").status >= 400
    assert opened.browser.get(f"/desk/{table}").status >= 400


def test_a_search_of_very_many_says_that_it_took_the_newest(opened: Opened) -> None:
    desk = Desk.unlock(opened.path, lambda: "")
    columns = '"name", "thread", "week", "lang", "sealed_by", "channel", "text"'
    with desk.database.atomic():
        desk.database.conn.executemany(
            f"INSERT INTO \"followups\" ({columns}) VALUES (?, ?, '2026-W48', 'en', 'browser', 'web', ?)",  # noqa: S608 - constants
            ((f"{n:032x}", f"{n:032x}", "the heron came") for n in range(100_000)),
        )
    desk.close()
    page = text(opened.browser, "/review/followups?q=heron")
    assert "n = 100,000" in page
    assert "Only the newest 100,000 were searched." in page
    assert "n = 0" in text(opened.browser, "/review/followups?q=reports")
