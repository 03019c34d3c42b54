"""What the workbench makes by itself, when a killed import or a purge left it undone."""

import os
import re
import time
from pathlib import Path

from analysis import courier, loading
from analysis.patterns import making
from tests.analysis.conftest import unlock
from tests.analysis.making import member, new_desk
from tests.analysis.test_pages import text
from tests.analysis.test_workbench import start

PATIENCE = 60
STORY = "They came at night and took the tent and everything that was in it while I slept."


def made(folder: Path) -> Path:
    """A desk with five reports of which two tell nearly the same, and without summaries."""
    desk, server = new_desk(folder)
    told = [STORY, STORY.upper(), "Another one.", "And one more.", "Nothing."]
    reports = [member(desk.recipients, station=["4th District"], story=[one]) for one in told]
    loading.load_delivery(desk, courier.receive(desk, server.bundle(folder, reports)))
    assert making.is_true(desk.database.conn)
    desk.database.conn.execute('DELETE FROM "summaries"')
    desk.database.conn.commit()
    desk.close()
    return folder / "desk"


def test_summaries_that_are_missing_are_told_of_and_made_while_somebody_reads(tmp_path: Path) -> None:
    path = made(tmp_path)
    process, browser, opening = start(path, dict(os.environ))
    try:
        browser.cookie = browser.get(opening).headers["Set-Cookie"].split(";")[0]
        for page in ("/patterns/alike?_of=story", "/patterns/places?_of=station"):
            assert "This is being worked out." in text(browser, page)
        end = time.monotonic() + PATIENCE
        # What is made last.
        while "being worked out" in text(browser, "/patterns/alike?_of=event"):
            assert time.monotonic() < end
            time.sleep(0.2)
        assert re.search(r"5 reports give a name\.", text(browser, "/patterns/places?_of=station"))
        assert "1 set with 2 reports." in text(browser, "/patterns/alike?_of=story")
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in errors
    desk = unlock(path)
    assert making.is_true(desk.database.conn)
    desk.close()
