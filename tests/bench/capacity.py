"""Writes the figures of a file of `make bench` into deploy/CAPACITY.md, and draws deploy/growth.svg.

    python -m tests.bench.capacity [FILE]

What stands between two marks is written anew; the words around it are people's. A test holds both files to
deploy/capacity.json.
"""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench.aims import Kept, compare
from tests.bench.curve import draw

DEPLOY = Path(__file__).parents[2] / "deploy"
FIGURES, PAGE, PICTURE = DEPLOY / "capacity.json", DEPLOY / "CAPACITY.md", DEPLOY / "growth.svg"
_MARKED = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_NUMBER = re.compile(r"[\d,]+")


def written(page: str, parts: Mapping[str, Any]) -> str:
    """The page with the figures of these parts."""
    return _MARKED.sub(lambda found: f"{found[1]}\n{_figures(found[2], parts)}\n{found[3]}", page)


def _figures(name: str, parts: Mapping[str, Any]) -> str:
    if name == "aims":
        return _markdown(["what", "aim", "measured", "met", "load"], list(compare(parts)))
    if name not in parts:
        return "Not measured yet.\n"
    part = parts[name]
    tables = [f"**{_plain(one['title'])}** (load {one['load']})\n\n{_table(one)}" for one in part["tables"]]
    return "\n".join([f"{part['taken'][:16].replace('T', ' ')} UTC; {part['machine']}.\n", *tables])


def _table(table: Kept) -> str:
    return _markdown(table["head"], table["rows"])


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """All but the first column stand to the right."""
    rule = ["---", *("--:" for _ in head[1:])]
    return "".join(f"| {' | '.join(map(_plain, row))} |\n" for row in [head, rule, *rows])


def _plain(words: str) -> str:
    return words.replace("|", "\\|")


def picture(parts: Mapping[str, Any]) -> str | None:
    """The curve of the legs; None where they were not measured."""
    tables = parts["legs"]["tables"] if "legs" in parts else ()
    for table in tables:
        if table["title"].startswith("Growth"):
            counts = [(place, head) for place, head in enumerate(table["head"]) if _NUMBER.fullmatch(head)]
            costs = {
                row[0]: {
                    int(head.replace(",", "")): _cost(row[place])
                    for place, head in counts
                    if row[place] != "-"
                }
                for row in table["rows"]
            }
            taken = parts["legs"]["taken"][:10]
            return draw(
                costs, f"By the clock, without what comes before the first; {taken}, load {table['load']}"
            )
    return None


def _cost(cell: str) -> float:
    return float(cell.replace(",", ""))


def main(file: Path = FIGURES) -> None:
    """Brings both files up to the figures."""
    parts = json.loads(file.read_text())["parts"]
    PAGE.write_text(written(PAGE.read_text(), parts))
    if drawn := picture(parts):
        PICTURE.write_text(drawn)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
