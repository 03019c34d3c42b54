"""Every page and asset of the workbench that links lead to: none refers to another host, none runs anything.

The desk's one text that looks like addresses is hostile, so that a link made of it would be found.
"""

import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urljoin

import pytest

from tests.analysis.test_workbench import Browser, References, browser, full_desk

__all__ = ["browser", "full_desk"]

FIRST = ("/", "/desk/reports?_where=nonsense", "/nothing-here", "/desk/receipts", "/-/plugins", "/-/versions")
# Datasette's pages for its makers, which carry scripts or links to their own site.
GONE = ("patterns", "allow-debug", "permissions", "messages", "logout", "threads", "static/app.css")
# Of pages that differ in numbers and choices alone, so many.
EACH = 2
MOST = 400
# What would make a browser fetch, run or style something, or go elsewhere by itself.
ACTIVE = re.compile(r"script|img|style|iframe|object|embed|base|http-equiv|srcset|on[a-z]+")
ADDRESS = re.compile(r"(?:https?:)?//[^\s\"'<>)]+|url\(|@import")


class Active(References):
    """Collects elements and attributes that do more than show text."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One element."""
        self.found += [one for one in (tag, *(name for name, _ in attrs)) if ACTIVE.fullmatch(one)]


def kind(path: str) -> str:
    """A page's address without what makes it one of many."""
    return re.sub(r"\d+|=[^&]*", "", path)


def pointed(browser: Browser, text: str) -> list[str]:
    """What a page points to. Datasette writes some of its own addresses with their host."""
    return [one.removeprefix(f"http://127.0.0.1:{browser.port}") for one in References.of(text)]


def crawl(browser: Browser) -> Iterator[tuple[str, str, str]]:
    """Address, type and text of the pages, a few of each kind, and of whatever they need."""
    waiting, seen, kinds = list(FIRST), set[str](), Counter[str]()
    while waiting and len(seen) < MOST:
        path = waiting.pop(0).partition("#")[0]
        if path in seen or kinds[kind(path)] >= EACH:
            continue
        seen.add(path)
        kinds[kind(path)] += 1
        answer = browser.get(path)
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'; ")
        assert answer.status != 500, path
        yield path, answer.headers["Content-Type"] or "", answer.text
        if "_lang=" not in path:
            waiting += [urljoin(path, one) for one in pointed(browser, answer.text)]


def test_nothing_that_the_workbench_serves_refers_to_another_host(browser: Browser) -> None:
    pages = Counter[str]()
    for path, mime, text in crawl(browser):
        pages[mime.partition(";")[0]] += 1
        assert path.startswith("/"), path
        if mime.startswith("text/html"):
            assert Active.of(text) == [], path
            assert [one for one in pointed(browser, text) if re.match(r"\w+:|//|/\\", one)] == [], path
        else:
            assert ADDRESS.findall(text) == [], path
    assert pages["text/html"] > 100
    assert pages["text/css"] == 2


@pytest.mark.parametrize("name", GONE)
def test_pages_for_datasette_s_makers_are_not_there(browser: Browser, name: str) -> None:
    assert browser.get(f"/-/{name}").status == 404


@pytest.mark.parametrize(("path", "status"), [("/nothing-here", 404), ("/desk/texts?_size=x", 400)])
def test_an_error_is_a_page_in_the_language_of_the_others(browser: Browser, path: str, status: int) -> None:
    answer = browser.get(path, **{"Accept-Language": "es"})
    assert answer.status == status
    assert '<html lang="es">' in answer.text


def test_a_question_of_two_lines_stands_on_its_page_as_it_was_asked(browser: Browser) -> None:
    shown = browser.get("/desk?sql=select+1%0D%0Aas+one").text
    assert ">select 1\nas one</textarea>" in shown
