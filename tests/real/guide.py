"""Holds the figures of deploy/WORKBENCH.md to the real complaints: `python -m tests.real.guide`.

The complaints are imported into a desk in a temporary folder and the workbench is opened; what the guide says
is looked for on the pages where it says so. Ends with an error for each figure that is not there.
"""

import html
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from tests.analysis.test_workbench import Browser, start
from tests.real.replay import DESK, MAP, RECORDS, ROOT
from tests.running import command

GUIDE = ROOT / "deploy" / "WORKBENCH.md"
MARKS, COMMANDS = "/patterns/places?_of=marks", "/patterns/places?_of=station"
TOGETHER = "/patterns/together"
EVENT, ANSWERS = "/patterns/alike?_of=event", "/patterns/alike?_of=answers"
PAGES = ("/", MARKS, COMMANDS, TOGETHER, EVENT, ANSWERS, "/patterns/alike")
# A page, what the guide says of it, and how the page says it.
PROSE = (
    ("/", r"([\d,]+) reports are at this desk", "{} reports are at this desk."),
    (EVENT, r"There are (\d+) sets with (\d+) complaints", "{} sets with {} reports."),
    (ANSWERS, r"finds (\d+) sets of two, (\d+) complaints", "{} sets with {} reports."),
    (
        MARKS,
        r"All ([\d,]+) complaints name an officer; ([\d,]+)",
        "{} reports give a name. Those are {} ",
    ),
    (COMMANDS, r"([\d,]+) complaints name one; (\d+)", "{} reports give a name. Those are {} "),
)
# What is counted once the guide's reader has left one out.
ELSEWHERE = {"8,228"}
NUMBER = re.compile(r"(?<![\d.,])\d[\d,.]*\d(?!\d)")


def words(browser: Browser, path: str) -> str:
    """What a page says."""
    plain = html.unescape(re.sub(r"<[^>]+>", " ", browser.get(path).text))
    return re.sub(r"\s+", " ", plain)


def rows(guide: str) -> Iterator[list[str]]:
    """The cells of the guide's tables that hold figures."""
    for line in re.findall(r"^\|(.+)\|$", guide, re.MULTILINE):
        cells = [cell.strip() for cell in line.split("|")]
        if any(cell[:1].isdigit() for cell in cells[1:]):
            yield cells


def wanted(guide: str) -> Iterator[tuple[str, str]]:
    """The page and what must stand on it, for each row and each figure of the guide."""
    for cells in rows(guide):
        if ", with " in cells[0]:
            yield TOGETHER, " ".join([*cells[0].split(", with "), *cells[1:]])
            continue
        page = MARKS if cells[0].isdigit() else COMMANDS
        for name, n in zip(cells[::2], cells[1::2], strict=True):
            if name:
                yield page, f"{name} {n} "
    for page, said, shown in PROSE:
        (figures,) = re.findall(said, guide)
        yield page, shown.format(*([figures] if isinstance(figures, str) else figures))
    yield "/patterns/alike", "0 sets with 0 reports."


def check(said: str, pages: dict[str, str], guide: str) -> list[str]:
    """What the guide says and nobody else does."""
    wrong = [f"{page}: {text}" for page, text in wanted(guide) if text not in pages[page]]
    before, _, after = guide.partition("## Look")
    wrong += [line for line in re.findall(r"`([^`\n]*\d{4}[^`\n]*)`", before) if line not in said]
    everything = set(NUMBER.findall(" ".join(pages.values())))
    numbers = set(NUMBER.findall(after)) - ELSEWHERE
    return wrong + [f"no page says {number}" for number in sorted(numbers - everything)]


@click.command()
@click.option("--records", type=click.Path(path_type=Path), default=RECORDS, help="The CSV file.")
def main(records: Path) -> None:
    """Looks for every figure of the guide where the guide says that it is."""
    if not records.is_file():
        raise SystemExit(f"{records.name}: the records are not there; name them with --records")
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "desk"
        command(DESK, "keygen", "--desk", path, "--no-passphrase")
        said = command(DESK, "import-csv", "--desk", path, MAP, records)
        process, browser, opening = start(path, dict(os.environ))
        try:
            browser.cookie = browser.get(opening).headers["Set-Cookie"].split(";")[0]
            pages = {page: words(browser, page) for page in PAGES}
        finally:
            process.terminate()
            process.communicate(timeout=20)
    guide = GUIDE.read_text(encoding="utf-8")
    if wrong := check(said, pages, guide):
        raise SystemExit("the guide is wrong:\n  " + "\n  ".join(wrong))
    click.echo(f"{len(list(wanted(guide)))} statements of the guide, and all its figures, are true")


if __name__ == "__main__":
    main()
