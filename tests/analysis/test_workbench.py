"""The workbench: who gets in, what is shown, and that hostile text stays text."""

import http.client
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode

import pytest

from analysis import courier, loading
from tests.analysis.conftest import COMMAND, Run
from tests.analysis.making import CANARY, member, new_desk

HOSTILE = (
    "<img src=x onerror=alert(1)> <script>alert(2)</script> javascript:alert(3) "
    "http://evil.example/pixel.png [click](https://evil.example) \u202etxet desrever"
)
PAGES = (
    "/",
    "/browse",
    "/browse?setting=police&area=downtown&acts=pat_down&_facet=role",
    "/browse?q=evil",
    "/browse?q=%22%3Cimg&_page=9",
    "/browse?agency_type=-&nothing=known",
    "/report/1",
    "/report/2?setting=police",
    "/patterns",
    "/patterns/places",
    "/patterns/places?_of=station",
    "/patterns/together",
    "/patterns/time",
    "/patterns/time?_of=acts&_date=2026-04-01",
    "/patterns/words?_answer=acts:pat_down&_in=en",
    "/review",
    "/review/names",
    "/review/names?_of=station",
    "/review/log",
    "/review/log?_kind=names&_page=9",
    "/patterns/alike",
    "/patterns/alike?_of=answers",
    "/patterns/alike?_of=event",
    "/data",
    "/desk",
    "/desk/reports",
    "/desk/reports?_sort=week&_facet=channel",
    "/desk/reports/1",
    "/desk/texts",
    "/desk/texts?_search=evil",
    "/desk/texts/1",
    "/desk/answers?_facet=choice",
    "/desk/choices",
    "/desk/forms",
    "/desk/set_aside",
    "/desk/ticks",
    "/desk?sql=select+text+from+texts",
    "/nothing-here",
)


@dataclass
class Answer:
    """An HTTP answer."""

    status: int
    headers: http.client.HTTPMessage
    text: str


class References(HTMLParser):
    """Collects whatever a page's elements point to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Attributes that make a browser fetch or follow something."""
        pointing = {"href", "src", "action", "srcset", "data", "poster", "formaction", "background"}
        self.found += [value or "" for name, value in attrs if name in pointing]

    @classmethod
    def of(cls, page: str) -> list[str]:
        """The references of a page."""
        parser = cls()
        parser.feed(page)
        return parser.found


class Browser:
    """Asks a running workbench, with or without its cookie."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookie = ""

    def get(self, path: str, *, host: str | None = None, method: str = "GET", **more: str) -> Answer:
        """One request; `more` are headers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Host": host or f"127.0.0.1:{self.port}", "Cookie": self.cookie, **more}
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        found = Answer(answer.status, answer.headers, answer.read().decode())
        connection.close()
        return found

    def post(self, path: str, fields: Mapping[str, str]) -> Answer:
        """Sends a form of ours, as the page that shows it would."""
        token = re.search(r'name="token" value="([^"]+)"', self.get("/data").text)
        assert token
        here = f"127.0.0.1:{self.port}"
        kind = "application/x-www-form-urlencoded"
        headers = {"Host": here, "Cookie": self.cookie, "Origin": f"http://{here}", "Content-Type": kind}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("POST", path, urlencode({"token": token[1], **fields}), headers)
        answer = connection.getresponse()
        found = Answer(answer.status, answer.headers, answer.read().decode())
        connection.close()
        return found


def start(
    path: Path, environment: dict[str, str], prefix: tuple[str, ...] = ()
) -> tuple["subprocess.Popen[str]", Browser, str]:
    """Runs `open`; the process, a browser without cookie, and the opening path."""
    process = subprocess.Popen(
        [*prefix, *COMMAND, "open", "--desk", str(path), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment | {"PYTHONWARNINGS": "default"},
    )
    assert process.stdout is not None
    process.stdout.readline()
    found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)(/\S+)\n", process.stdout.readline())
    assert found
    return process, Browser(int(found[1])), found[2]


@contextmanager
def browsing(path: Path) -> Iterator[Browser]:
    """Somebody who used the opening address of a workbench, which runs as long as this is open."""
    process, browser, opening = start(path, dict(os.environ))
    browser.cookie = browser.get(opening).headers["Set-Cookie"].split(";")[0]
    try:
        yield browser
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture(scope="module")
def full_desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk with a hostile report and two plain ones."""
    folder = tmp_path_factory.mktemp("workbench")
    desk, server = new_desk(folder)
    stories = (HOSTILE, f"Plain {CANARY}.", "http://only.example/")
    bundle = server.bundle(folder, [member(desk.recipients, story=[story]) for story in stories])
    loading.load_delivery(desk, courier.receive(desk, bundle))
    desk.close()
    return desk.path


@pytest.fixture(scope="module")
def browser(full_desk: Path) -> Iterator[Browser]:
    """Somebody who used the opening address."""
    with browsing(full_desk) as browser:
        yield browser


@pytest.fixture
def stranger(browser: Browser) -> Browser:
    """Another user of the machine, or a page in the same browser."""
    return Browser(browser.port)


@pytest.mark.parametrize("path", ["/", "/desk/reports", "/desk/texts.json", "/-/static/app.css", "/-/actor"])
def test_whoever_has_not_used_the_opening_address_gets_nothing(stranger: Browser, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status == 403
    assert CANARY not in answer.text


def test_the_opening_address_works_once_and_guesses_do_not(
    full_desk: Path, environment: dict[str, str]
) -> None:
    process, browser, opening = start(full_desk, environment)
    try:
        assert browser.get("/-/open?token=guess").status == 403
        assert browser.get(opening, method="HEAD").status == 405
        first = browser.get(opening)
        assert (first.status, first.headers["Location"]) == (303, "/")
        assert "HttpOnly; SameSite=Strict" in first.headers["Set-Cookie"]
        assert browser.get(opening).status == 403
        browser.cookie = "witnessbox=guess"
        assert browser.get("/").status == 403
    finally:
        process.send_signal(2)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1:1", "[::1]"])
def test_another_host_name_is_not_answered(browser: Browser, host: str) -> None:
    answer = browser.get("/desk/texts", host=host)
    assert answer.status == 421
    assert CANARY not in answer.text


@pytest.mark.parametrize("path", PAGES)
def test_every_page_stays_on_this_machine_and_runs_nothing(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer.status == (404 if path == "/nothing-here" else 200)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'")
    assert "script" not in policy
    assert "unsafe" not in policy
    assert answer.headers.get_all("Cache-Control") == ["no-store"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "<script" not in answer.text
    assert "<img" not in answer.text
    here = f"http://127.0.0.1:{browser.port}/"
    outside = [one for one in References.of(answer.text) if not one.startswith(("/", "#", "?", here))]
    assert [one for one in References.of(answer.text) if one.startswith("//")] == outside == []


@pytest.mark.parametrize(
    "paths",
    [
        pytest.param(["/desk/texts"], id="table"),
        pytest.param(["/desk?sql=select+text+from+texts"], id="query"),
        pytest.param([f"/desk/texts/{number}" for number in (1, 2, 3)], id="row"),
        pytest.param([f"/desk/reports/{number}" for number in (1, 2, 3)], id="report"),
        pytest.param(["/browse"], id="our list"),
        pytest.param(["/browse?q=pixel"], id="our list of what was searched for"),
        pytest.param([f"/report/{number}" for number in (1, 2, 3)], id="our page of a report"),
    ],
)
def test_hostile_words_are_shown_as_words(browser: Browser, paths: list[str]) -> None:
    text = "".join(browser.get(path).text for path in paths)
    text = text.replace("<mark>", "").replace("</mark>", "")
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    assert "javascript:alert(3) http://evil.example/pixel.png" in text
    assert not re.search(r"<a[^>]*(evil|only)\.example", text)
    # What turns the reading direction around is shown by its number.
    assert "\u202e" not in text
    assert "\u27e8202E\u27e9" in text


def test_a_word_is_found_and_another_is_not(browser: Browser) -> None:
    assert CANARY in browser.get(f"/desk/texts?_search={CANARY}").text
    assert "0 rows" in browser.get("/desk/texts?_search=absent").text


def test_groups_show_the_words_of_the_form_and_not_its_codes(browser: Browser) -> None:
    text = browser.get("/desk/reports?_facet=agency_type").text
    assert re.search(r"<h2>Who was it\?.*?City police</span> <span class=.n.>3<", text, re.DOTALL)
    ticks = browser.get("/desk/answers?_facet=choice").text
    assert re.search(r"Patted me down</span> <span class=.n.>3<", ticks)


def test_a_report_tells_what_was_left_blank_from_what_was_not_asked(browser: Browser) -> None:
    text = browser.get("/desk/reports/1").text
    assert "on the whole form" in text
    assert re.search(r"<dt>How did it end\?</dt>\s*<dd class=.blank.>left blank</dd>", text)
    assert re.search(r"<dt>Do you have a lease\?</dt>\s*<dd class=.blank.>not asked</dd>", text)


def test_the_workbench_shows_how_many_were_asked_each_question(browser: Browser) -> None:
    text = browser.get("/desk/bases?question=acts").text
    assert re.search(r"acts.*?>3<", text, re.DOTALL)
    assert "How many were asked" in text


@pytest.mark.parametrize(
    "path",
    [
        "/desk/receipts",
        "/desk/servers",
        "/desk/bundles",
        "/desk/bitmaps",
        "/desk/texts_fts",
        "/desk?sql=select+*+from+receipts",
        "/desk?sql=select+count(box)+from+receipts",
        "/desk?sql=select+key+from+servers",
        "/desk.db",
        "/desk/texts.csv",
        "/desk/texts.csv?_stream=on",
        "/desk/texts.json?_dl=1",
        "/desk/texts.json?%5Fdl=1",
        "/desk/texts.json?_d%6c=1",
        "/_internal",
    ],
)
def test_keys_and_downloads_are_refused(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer.status in (400, 403)
    assert CANARY not in answer.text


def test_no_address_leads_to_another_host(browser: Browser) -> None:
    for path in ("//evil.example/", "//evil.example", "/\\evil.example/", "/browse//evil.example/"):
        location = browser.get(path).headers["Location"] or "/"
        assert re.match(r"/(?![/\\])", location), path


def test_a_form_s_text_is_not_read_but_its_title_is(browser: Browser) -> None:
    rows = json.loads(browser.get("/desk/forms.json?_shape=array").text)
    assert [(row["title"], row["json"]) for row in rows] == [("Tell what happened", None)]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_the_workbench_is_read_only(browser: Browser, method: str) -> None:
    assert browser.get("/desk/reports", method=method).status == 405


def test_no_plugin_is_loaded_but_ours(browser: Browser) -> None:
    found = json.loads(browser.get("/-/plugins.json").text)
    assert [plugin["name"] for plugin in found] == ["analysis.workbench.plugin"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing-here?q=", 404),
        ("/report/9?q=", 404),
        ("/desk/texts?_size=x&_search=", 400),
        ("/desk/texts?_through=", 500),
        ("/desk/reports/1,2?q=", 404),
        ("/desk/reports?_facet=%00", 500),
        ("/desk/texts?_sort=", 500),
    ],
)
def test_an_error_prints_nothing_in_the_terminal(
    full_desk: Path, environment: dict[str, str], path: str, status: int
) -> None:
    process, browser, opening = start(full_desk, environment)
    assert process.stdout
    assert "Ctrl-C" in process.stdout.readline()
    try:
        browser.cookie = browser.get(opening).headers["Set-Cookie"].split(";")[0]
        answer = browser.get(path + CANARY)
        assert (answer.status, CANARY in answer.text) == (status, False)
        assert 'id="main"' in answer.text, "a page of ours"
    finally:
        process.send_signal(2)
        printed = process.communicate(timeout=20)
    assert printed == ("", "")


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("select hex(zeroblob(2e8))", id="a blob of zeros"),
        pytest.param("select randomblob(2e8)", id="a random blob"),
        pytest.param("select printf('%200000000d', 1)", id="a wide number"),
        pytest.param(
            "with recursive t(x) as (select 'a' union all select x || x from t where length(x) < 1e8) "
            "select max(x) from t",
            id="a text that doubles",
        ),
    ],
)
def test_a_query_cannot_make_a_page_of_any_length(browser: Browser, query: str) -> None:
    answer = browser.get("/desk?" + urlencode({"sql": query}))
    assert answer.status == 400
    assert len(answer.text) < 100_000


def test_a_port_that_is_taken_is_an_error(run: Run, full_desk: Path, browser: Browser) -> None:
    result = run("open", "--desk", full_desk, "--port", browser.port)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == (
        f"witnessbox-analysis: error: port {browser.port}: address already in use\n"
        "hint: choose another one with --port\n"
    )


def test_an_empty_desk_opens_too(desk_path: Path, environment: dict[str, str]) -> None:
    process, browser, opening = start(desk_path, environment)
    try:
        browser.cookie = browser.get(opening).headers["Set-Cookie"].split(";")[0]
        for path in ("/", "/browse", "/browse?q=x", "/data", "/desk/reports", "/desk/texts?_search=x"):
            assert browser.get(path).status == 200
        assert browser.get("/desk/reports/1").status == browser.get("/report/1").status == 404
    finally:
        process.send_signal(2)
        process.communicate(timeout=20)


def test_a_plugin_that_somebody_installed_is_not_even_imported(
    desk_path: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    foreign = tmp_path / "site"
    (foreign / "foreign-1.dist-info").mkdir(parents=True)
    (foreign / "foreign-1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: foreign\nVersion: 1\n"
    )
    (foreign / "foreign-1.dist-info" / "entry_points.txt").write_text("[datasette]\nforeign = foreign\n")
    (foreign / "foreign.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w')\n")
    process, browser, opening = start(desk_path, environment | {"PYTHONPATH": str(foreign)})
    try:
        assert browser.get(opening).status == 303
    finally:
        process.send_signal(2)
        process.communicate(timeout=20)
    assert not (tmp_path / "imported").exists()
