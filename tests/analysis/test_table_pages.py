"""Datasette's pages of tables: shorter questions find the same, and no page is older than the desk."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from analysis import courier, loading
from analysis.workbench import shorter
from tests.analysis.making import member, new_desk
from tests.analysis.test_workbench import Browser, browsing

STORIES = ("They came at night.", "Nobody came, at noon or at night.", "A dog came: nothing of the kind.")
PLAIN = "select id from texts where id in (select rowid from texts_fts where texts_fts match :words)"
SEARCHES = [
    *({"_search": words} for words in ("came", "at night", '"at night"', "nothing-of", "quokka")),
    *({"_search": words, "_searchmode": "raw"} for words in ("came NOT dog", "no* OR dog", '"came at"')),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Somebody who opened a desk with twelve stories."""
    folder = tmp_path_factory.mktemp("tables")
    desk, server = new_desk(folder)
    reports = [member(desk.recipients, story=[STORIES[n % 3]], station=["night"]) for n in range(12)]
    loading.load_delivery(desk, courier.receive(desk, server.bundle(folder, reports)))
    desk.close()
    with browsing(desk.path) as browser:
        yield browser


def ask(browser: Browser, path: str, **options: str) -> Any:
    """What a page says as JSON."""
    return json.loads(browser.get(f"{path}.json?{urlencode(options)}").text)


@pytest.mark.parametrize("more", [{}, {"question": "story"}, {"_col": "report"}])
@pytest.mark.parametrize("search", SEARCHES)
def test_a_search_in_a_table_finds_page_by_page_what_plain_sql_finds(
    browser: Browser, search: dict[str, str], more: dict[str, str]
) -> None:
    sql = PLAIN if "_searchmode" in search else PLAIN.replace(":words", "escape_fts(:words)")
    sql += " and question = 'story'" if "question" in more else ""
    rows = ask(browser, "/desk", sql=sql, words=search["_search"])["rows"]
    found = sorted(number for (number,) in rows)
    options = {"_size": "5", "_shape": "objects", **search, **more}
    page = ask(browser, "/desk/texts", **options)
    assert page["filtered_table_rows_count"] == len(found)
    shown = [row["id"] for row in page["rows"]]
    while page["next"]:
        page = ask(browser, "/desk/texts", **options, _next=page["next"])
        shown += [row["id"] for row in page["rows"]]
    assert shown == found


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) from texts where id in (select rowid from texts_fts where texts_fts match :search) "
        "and question = :p1 ",
        "select id from texts where id in (select rowid from texts_fts where texts_fts match :search) "
        "order by report limit 51",
        "select count(*) from texts ",
        "select 1",
    ],
)
def test_a_query_of_any_other_shape_is_left_as_it_is(sql: str) -> None:
    assert shorter.shorten(sql) == sql


def test_a_page_that_was_seen_before_shows_what_was_decided_since(browser: Browser) -> None:
    path = "/desk/exclusions"
    before = [browser.get(path).text for _ in range(2)]
    assert before[0] == before[1]
    assert "0 rows" in before[0]
    browser.post("/review/who", {"who": "Ana"})
    browser.post("/review/decide", {"report": "3", "do": "exclude", "reason": "junk"})
    assert "1 row" in browser.get(f"{path}?_sort=report").text
    assert browser.get(path).text != before[0]


def test_a_page_that_asks_for_chance_is_drawn_anew(browser: Browser) -> None:
    for path in ("/desk?sql=select+random()", "/desk/texts?_where=id%3E0+or+random()"):
        assert browser.get(path).status == 200
    pages = {browser.get("/desk?sql=select+random()").text for _ in range(3)}
    assert len(pages) == 3
