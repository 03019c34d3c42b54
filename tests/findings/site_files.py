"""The rich release as files, built once, and how tests read them."""

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

from analysis.findings.site.site import build
from tests.findings import rich


@cache
def files() -> dict[str, bytes]:
    """All files of the rich release in both languages."""
    return build(rich.release(), rich.KEY)


def write(found: dict[str, bytes], folder: Path) -> Path:
    """Lays files into a folder."""
    for path, data in found.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


@cache
def pages() -> dict[str, str]:
    """The HTML pages by their paths."""
    return {path: data.decode() for path, data in files().items() if path.endswith(".html")}


@cache
def tags_of(path: str) -> "Tags":
    """The tags of a page of the rich release."""
    return Tags(pages()[path])


@cache
def text_of(markup: str) -> str:
    """What a person reads in HTML or SVG."""
    parser = _Text()
    parser.feed(markup)
    return re.sub(r"\s+", " ", " ".join(parser.found))


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag == "style"
        self.found += [value for name, value in attrs if name in ("title", "aria-label") and value]

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag == "style"

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.found.append(data)


class Tags(HTMLParser):
    """The tags of a page with their attributes, and its identifiers."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    @property
    def ids(self) -> list[str]:
        """All identifiers, in their order."""
        return [attrs["id"] for _, attrs in self.tags if "id" in attrs]

    def links(self) -> list[str]:
        """What href and src point at, without other hosts."""
        found = [attrs[name] for _, attrs in self.tags for name in ("href", "src") if name in attrs]
        return [one for one in found if not re.match(r"[a-z]+:", one)]
