"""What the form as one file saves in a browser without a network is imported by the desk's real command."""

import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from analysis.desk import Desk
from analysis.identity import HybridIdentity, format_identity
from tests.analysis.conftest import COMMAND, unlock
from tests.browser.gathering import make_file, opened, save_batch
from tests.browser.test_modes import report
from tests.serving import make_data

pytestmark = pytest.mark.browser


def test_a_batch_that_a_worker_saved_is_imported_once(
    browser: Browser, identity: HybridIdentity, tmp_path: Path
) -> None:
    Desk.create(tmp_path / "desk", format_identity(identity), None)
    file = make_file(make_data(tmp_path / "data", identity), "outreach")
    with opened(browser, file) as page:
        for words in ("zebrafinch one", "zebrafinch two"):
            report(page, words)
            page.locator("#another").click()
        saved = save_batch(page, identity)
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick" / saved.file).write_bytes(saved.bytes)
    line = [*COMMAND, "import", "--desk", tmp_path / "desk", tmp_path / "stick"]
    for said in ("files: 2 reports added", "files: 0 reports added, 2 known before"):
        done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[0] == said
    desk = unlock(tmp_path / "desk")
    query = 'SELECT "sealed_by", "channel", "text" FROM "reports" JOIN "texts" ON "report" = "reports"."id"'
    rows = sorted(tuple(row) for row in desk.database.conn.execute(query))
    desk.close()
    assert rows == [("file", "outreach", "zebrafinch one"), ("file", "outreach", "zebrafinch two")]
