"""Every set of alike reports has a page, however many there are."""

import html
import random
import re
from collections.abc import Iterator

import pytest

from analysis import courier, loading
from analysis.patterns.ranked import SHOWN
from tests.analysis.making import member, new_desk
from tests.analysis.test_pages import text
from tests.analysis.test_workbench import Browser, browsing

SETS = SHOWN + 4
LIST = "/patterns/alike?_of=story"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Somebody who opened a desk where many stories came twice."""
    folder = tmp_path_factory.mktemp("alike")
    desk, server = new_desk(folder)
    draw = random.Random(1)
    stories = [" ".join(f"word{draw.randrange(10**6)}" for _ in range(20)) for _ in range(SETS)]
    reports = [member(desk.recipients, story=[story]) for story in (*stories, *stories)]
    loading.load_delivery(desk, courier.receive(desk, server.bundle(folder, reports)))
    desk.close()
    with browsing(desk.path) as browser:
        yield browser


def listed(browser: Browser, path: str) -> list[str]:
    """The pages of sets that a page of the list leads to from its table."""
    return re.findall(r'<th scope="row"[^>]*><a href="([^"]+)">', browser.get(path).text)


def led(browser: Browser, path: str, where: str) -> str:
    """Where a page leads to as its next, or as the one before it."""
    found = re.search(rf'<a href="([^"]+)" rel="{where}"', browser.get(path).text)
    return html.unescape(found[1]) if found else ""


def test_the_list_of_sets_goes_on_until_all_were_shown(browser: Browser) -> None:
    first, second = (listed(browser, f"{LIST}&_page={page}") for page in (1, 2))
    assert (len(first), len(second), len({*first, *second})) == (SHOWN, SETS - SHOWN, SETS)
    assert f"Set {SHOWN + 1} " in text(browser, f"{LIST}&_page=2")
    assert "Page 2 of 2" in text(browser, f"{LIST}&_page=9")
    assert led(browser, f"{LIST}&_page=2", "prev") == "?_of=story&_page=1"


def test_every_set_has_a_page_and_leads_to_the_next(browser: Browser) -> None:
    (path, *_), seen = map(html.unescape, listed(browser, LIST)), list[str]()
    while path:
        assert f"{len(seen) + 1} of {SETS}" in text(browser, path)
        seen.append(path)
        path = led(browser, path, "next")
    assert len(set(seen)) == SETS
    assert led(browser, seen[-1], "prev") == seen[-2]
    back = re.search(r'<a href="([^"]+)" accesskey="l"', browser.get(seen[-1]).text)
    assert back
    assert html.unescape(back[1]) == f"{LIST}&_page=2"


def test_a_set_that_does_not_exist_has_no_page(browser: Browser) -> None:
    for number in ("0", str(3 * SETS), "x", ""):
        assert browser.get(f"/patterns/alike/one?_of=story&_set={number}").status == 404


def test_who_was_left_out_leaves_the_set_and_its_page(browser: Browser) -> None:
    path = html.unescape(listed(browser, f"{LIST}&_page=2")[-1])
    shown = re.findall(r'name="listed" value="(\d+)"', browser.get(path).text)
    assert len(shown) == 2
    browser.post("/review/who", {"who": "Ana"})
    browser.post("/review/decide", {"report": shown[1], "do": "exclude", "reason": "duplicate"})
    assert browser.get(path).status == 404
    assert f"{SETS - 1} sets with" in text(browser, LIST)
