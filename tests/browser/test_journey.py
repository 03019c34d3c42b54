"""What a kiosk and a keeper of paper sealed reaches the desk: by hand, and over the page of the server."""

from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from analysis.desk import Desk
from tests.browser.gathering import make_file, opened
from tests.browser.test_handin import hand_in
from tests.browser.test_modes import report
from tests.browser.test_sheets import DIGITS, codes, lock
from tests.faults.chain import DESK, INTAKE, Chain
from tests.serving import Server

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)
CHANNELS = 'SELECT "channel", "sealed_by", COUNT(*) FROM "reports" GROUP BY 1, 2 ORDER BY 1'


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    made = Chain(tmp_path)
    made.make()
    return made


def save(page: Page, folder: Path) -> Path:
    with page.expect_download() as saving:
        page.locator("#batch-save").click()
    path = folder / saving.value.suggested_filename
    saving.value.save_as(path)
    return path


def of_a_kiosk(browser: Browser, chain: Chain) -> Path:
    """The batch of two people at a kiosk."""
    with opened(browser, make_file(chain.data, "kiosk")) as page:
        for words in ("the first", "the second"):
            report(page, words)
            page.locator("#another").click()
        page.locator("#keeper summary").click()
        return save(page, chain.home)


def of_paper(browser: Browser, chain: Chain) -> Path:
    """The batch of three sheets."""
    with opened(browser, make_file(chain.data, "paper")) as page:
        page.locator("#start").click()
        page.locator("#f-version").fill(DIGITS)
        for typed in ("a1 b2 d7 12 k2026-05 o1", "a2 g3 k? o1", "a3 j1 j4 o1"):
            codes(page, typed)
            lock(page)
        return save(page, chain.home)


def test_batches_of_a_kiosk_and_of_paper_reach_the_desk_once(browser: Browser, chain: Chain) -> None:
    paper, kiosk = of_paper(browser, chain), of_a_kiosk(browser, chain)
    with Server(chain.data) as server:
        page = browser.new_page()
        page.goto(f"{server.address}/en/upload")
        assert "Locked files that are here now: 3." in hand_in(page, paper)
        page.close()
    chain.run(INTAKE, *chain.export())
    # The bundle brings the form, by which the desk reads what came by hand.
    chain.run(DESK, *chain.imported(chain.bundles()[0]))
    said = chain.run(DESK, "import", "--desk", chain.desk, kiosk, paper)
    assert "2 reports added, 3 known before" in said
    rows = [(channel, by, int(number)) for channel, by, number in chain.query(CHANNELS)]
    assert rows == [("kiosk", "file", 2), ("paper", "file", 3)]
    with closing(Desk.unlock(chain.desk, lambda: "")) as desk:
        texts = {text for (text,) in desk.database.conn.execute('SELECT "text" FROM "texts"')}
    assert texts == {"the first", "the second"}
    assert not any(text in said for text in texts)
