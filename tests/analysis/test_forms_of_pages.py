"""Our forms: only a page that this session was shown can send one."""

import http.client
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from analysis.desk import Desk
from tests.analysis.conftest import unlock
from tests.analysis.test_pages import text
from tests.analysis.test_workbench import Answer, Browser, browsing, full_desk, start

__all__ = ["full_desk"]


@pytest.fixture(scope="module")
def browser(full_desk: Path) -> Iterator[Browser]:
    """Somebody who used the opening address."""
    with browsing(full_desk) as browser:
        yield browser


@pytest.fixture
def right(browser: Browser) -> dict[str, str]:
    """The headers that a browser sends with a form of ours."""
    here = f"127.0.0.1:{browser.port}"
    return {
        "Host": here,
        "Cookie": browser.cookie,
        "Origin": f"http://{here}",
        "Content-Type": "application/x-www-form-urlencoded",
    }


@pytest.fixture
def token(browser: Browser) -> str:
    """What stands in the session's forms."""
    found = re.search(r'name="token" value="([^"]+)"', browser.get("/browse?setting=police").text)
    assert found
    return found[1]


def post(browser: Browser, path: str, headers: dict[str, str], **fields: str | list[str]) -> Answer:
    """Sends a form."""
    connection = http.client.HTTPConnection("127.0.0.1", browser.port, timeout=20)
    connection.request("POST", path, urlencode(fields, doseq=True), headers)
    answer = connection.getresponse()
    found = Answer(answer.status, answer.headers, answer.read().decode())
    connection.close()
    return found


def names(desk: Path) -> list[str]:
    """The saved questions, as the database has them."""
    opened = unlock(desk)
    try:
        return [row[0] for row in opened.database.conn.execute('SELECT "name" FROM "saved_questions"')]
    finally:
        opened.close()


def test_a_question_is_saved_shown_with_its_count_and_deleted(
    browser: Browser, full_desk: Path, right: dict[str, str], token: str
) -> None:
    fields = {"token": token, "name": "  Police <b>here</b> ", "query": "setting=police&_page=3&q=plain"}
    answer = post(browser, "/saved/add", right, **fields)
    assert (answer.status, answer.headers["Location"]) == (303, "/browse?setting=police&q=plain")
    page = browser.get("/").text
    assert "Police &lt;b&gt;here&lt;/b&gt;" in page
    assert names(full_desk) == ["Police <b>here</b>"]
    number = re.findall(r'action="(/saved/\d+/delete)"', page)
    assert post(browser, number[0], right, token=token).status == 303
    assert names(full_desk) == []
    assert "Police" not in re.findall(r"Saved questions.*What waits", text(browser, "/") + "What waits")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param({"Cookie": ""}, 403, id="no cookie"),
        pytest.param({"Cookie": "witnessbox=guess"}, 403, id="another cookie"),
        pytest.param({"Origin": "http://evil.example"}, 403, id="another origin"),
        pytest.param({"Origin": "null"}, 403, id="a hidden origin"),
        pytest.param({"Origin": ""}, 403, id="an empty origin"),
        pytest.param({"Origin": "https://127.0.0.1"}, 403, id="an origin of another port"),
        pytest.param({"Host": "evil.example", "Origin": "http://evil.example"}, 421, id="another host"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, 403, id="another site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, 403, id="another port of this machine"),
        pytest.param({"Content-Type": "text/plain"}, 403, id="what a page may send without asking"),
    ],
)
def test_a_form_from_elsewhere_changes_nothing(
    browser: Browser, full_desk: Path, right: dict[str, str], token: str, change: dict[str, str], status: int
) -> None:
    fields = {"token": token, "name": "x", "query": "setting=police"}
    assert post(browser, "/saved/add", right | change, **fields).status == status
    assert names(full_desk) == []


@pytest.mark.parametrize("wrong", ["", "guess", "é"])
def test_a_form_without_the_session_s_token_changes_nothing(
    browser: Browser, full_desk: Path, right: dict[str, str], wrong: str
) -> None:
    fields = {"token": wrong, "name": "x", "query": "setting=police"}
    assert post(browser, "/saved/add", right, **fields).status == 403
    assert names(full_desk) == []


@pytest.mark.parametrize("path", ["/", "/browse", "/desk/reports", "/desk/-/query", "/-/messages", "/saved"])
def test_no_other_address_takes_a_form(
    browser: Browser, right: dict[str, str], token: str, path: str
) -> None:
    assert post(browser, path, right, token=token).status == 405


def test_a_form_that_is_too_long_is_refused(browser: Browser, right: dict[str, str], token: str) -> None:
    assert post(browser, "/saved/add", right, token=token, name="x" * 300_000).status == 413
    many = {f"field{number}": "" for number in range(20_001)}
    assert post(browser, "/saved/add", right, token=token, **many).status in (400, 413)


@pytest.mark.parametrize("fields", [{}, {"name": "x", "query": ""}, {"name": "x" * 61, "query": "q=a"}])
def test_a_question_that_cannot_be_saved_is_refused_in_words(
    browser: Browser, full_desk: Path, right: dict[str, str], token: str, fields: dict[str, str]
) -> None:
    answer = post(browser, "/saved/add", right, token=token, **fields)
    assert answer.status == 409
    assert "Nothing was changed." in answer.text
    assert names(full_desk) == []


def test_a_form_waits_for_nobody_while_another_command_changes_the_desk(
    browser: Browser, full_desk: Path, right: dict[str, str], token: str
) -> None:
    desk: Desk = unlock(full_desk)
    with desk.changing():
        answer = post(browser, "/saved/add", right, token=token, name="x", query="setting=police")
    desk.close()
    assert answer.status == 409
    assert "another command is changing this desk" in answer.text


def test_a_form_that_is_only_looked_at_does_nothing(browser: Browser, full_desk: Path) -> None:
    assert browser.get("/saved/add?name=x&query=setting%3Dpolice").status == 302
    assert names(full_desk) == []


def test_a_full_disk_is_said_and_loses_nothing(full_desk: Path) -> None:
    full = ("prlimit", "--fsize=4096")
    process, browser, opening = start(full_desk, dict(os.environ), prefix=full)
    try:
        browser.cookie = browser.get(opening).headers["Set-Cookie"].split(";")[0]
        here = f"127.0.0.1:{browser.port}"
        right = {"Host": here, "Cookie": browser.cookie, "Origin": f"http://{here}"}
        right["Content-Type"] = "application/x-www-form-urlencoded"
        found = re.search(r'name="token" value="([^"]+)"', browser.get("/review").text)
        assert found
        answer = post(browser, "/saved/add", right, token=found[1], name="x", query="setting=police")
        assert answer.status == 409
        assert "its disk may be full" in answer.text
        assert browser.get("/").status == 200
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert names(full_desk) == []
