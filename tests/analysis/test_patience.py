"""Queries that a limit of time does not end: none has the machine for long."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import cipher, courier, loading
from analysis.workbench import functions
from tests.analysis.making import member, new_desk
from tests.analysis.test_workbench import Browser

DOUBLED = (
    "with recursive t(x) as (select 'a' union all select x || x from t where length(x) < 4e6) "
    "select {} from t where length(x) > 2e6"
)
# Each letter of four million is compared with forty thousand: hours in one step.
STEP = DOUBLED.format("x like '%' || substr(x, 1, 40000) || 'b%'")
# The real command, which loses its patience sooner.
SOONER = (
    "from analysis.workbench import patience; patience.LONGEST = {}; from analysis.main import main; main()"
)
PATIENCE = 60


@pytest.fixture
def desk_path(tmp_path: Path) -> Path:
    """A desk with one report."""
    desk, server = new_desk(tmp_path)
    bundle = server.bundle(tmp_path, [member(desk.recipients, story=["They came at night."])])
    loading.load_delivery(desk, courier.receive(desk, bundle))
    desk.close()
    return desk.path


@pytest.fixture
def opened(desk_path: Path) -> Iterator[tuple["subprocess.Popen[str]", Browser]]:
    """An open workbench whose patience ends after four seconds, and somebody in it."""
    command = [sys.executable, "-c", SOONER.format(4), "open", "--desk", str(desk_path), "--port", "0"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, env=dict(os.environ), **pipes) as process:
        assert process.stdout
        process.stdout.readline()
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)(/\S+)\n", process.stdout.readline())
        assert found
        browser = Browser(int(found[1]))
        browser.cookie = browser.get(found[2]).headers["Set-Cookie"].split(";")[0]
        try:
            yield process, browser
        finally:
            process.kill()


def test_a_step_without_end_closes_the_workbench_and_says_so(
    opened: tuple["subprocess.Popen[str]", Browser],
) -> None:
    process, browser = opened

    def ask() -> None:
        with suppress(OSError):
            browser.get("/desk?" + urlencode({"sql": STEP}))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        assert browser.get("/browse?q=night").status == 200, "our own pages go on meanwhile"
        _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 1
        assert errors == (
            "witnessbox-analysis: error: a query could not be ended, so the workbench was closed\n"
            "hint: nothing is lost: open it again\n"
        )
    finally:
        process.kill()
        asking.join(PATIENCE)


def test_a_long_query_of_many_steps_is_given_up_and_nothing_closes(
    opened: tuple["subprocess.Popen[str]", Browser],
) -> None:
    process, browser = opened
    endless = "with recursive t(x) as (select 1 union all select x + 1 from t) select max(x) from t"
    for limit in ("50", "1000"):
        answer = browser.get("/desk?" + urlencode({"sql": endless, "_timelimit": limit}))
        assert answer.status == 400
    assert browser.get("/browse").status == 200
    assert process.poll() is None


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(DOUBLED.format("instr(x, substr(x, 1, 1e6) || 'b')"), id="a long text in a longer one"),
        pytest.param(
            DOUBLED.format("replace(x, substr(x, 1, 1e6) || 'b', '')"), id="replaced in a longer one"
        ),
        pytest.param("select sqlcipher_export('main')", id="a copy of the database"),
        pytest.param("select load_extension('x')", id="code in a file"),
        pytest.param("select fts3_tokenizer('simple')", id="a pointer"),
    ],
)
def test_functions_that_could_take_hours_end_at_once_or_are_refused(
    opened: tuple["subprocess.Popen[str]", Browser], query: str
) -> None:
    process, browser = opened
    assert browser.get("/desk?" + urlencode({"sql": query})).status in (200, 400)
    assert process.poll() is None


TEXTS = st.text("aábB\n'%", max_size=12)


@given(TEXTS, TEXTS, TEXTS)
def test_our_functions_say_of_texts_what_those_of_sqlite_say(text: str, old: str, new: str) -> None:
    ours, theirs = (cipher.sqlite.connect(":memory:") for _ in range(2))
    functions.prepare(ours)
    for query, values in (
        ("SELECT instr(?, ?)", [text, old]),
        ("SELECT replace(?, ?, ?)", [text, old, new]),
        ("SELECT instr(?, NULL)", [text]),
        ("SELECT replace(NULL, ?, ?)", [old, new]),
        ("SELECT instr(1234, ?)", ["3"]),
        ("SELECT instr(x'616263', x'6263') + length(?)", [text]),
    ):
        assert ours.execute(query, values).fetchone() == theirs.execute(query, values).fetchone(), query
    ours.close()
    theirs.close()
