"""Publishes the real complaints of 2012, then of 2012 to 2013, and attacks both from their public files.

    python -m tests.real.findings [--records FILE]

An area is a precinct under the command whose officers are complained of; allegations stand under their
four types. The records are read in place and copied nowhere; the desk lies in a temporary folder.
"""

import csv
import json
import re
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from analysis.desk import Desk
from analysis.findings.control.attack import attack
from analysis.findings.model import Model, Span, system
from analysis.findings.past import parse_cell
from analysis.findings.publish import Written, publish
from analysis.findings.releasefile import read_release_file
from analysis.findings.site.site import build
from analysis.identity import HybridIdentity, format_identity
from intake.forms.form import Form
from tests.findings.releasing import KEY
from tests.findings.small_desk import SmallDesk, choice, form, question
from tests.real.replay import RECORDS

RELEASE = """
organization = "Real records"
release = "{name}"
date = {date}
title = "Complaints"
languages = ["en"]
k = 10
# All came with one spreadsheet.
one_arrival = true
{tables}
without = ["F03-received"]
[period]
first = "2012-01"
last = "{last}"
undated = false
"""
PERIODS = {"2012": "2012-12", "2013": "2013-12"}
SINGLE = {"gender": "complainant_gender", "age": "complainant_age", "contact": "contact_reason"}


def code(text: str) -> str:
    """A permanent code out of words."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:40] or "blank"


def options(pairs: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Choices (code, group), each once, in their order."""
    return [choice(name, rollup=group) for name, group in dict.fromkeys(sorted(pairs))]


def area_of(record: dict[str, str]) -> tuple[str, str]:
    """The code of a precinct under a command, and the command's."""
    command = f"c_{code(record['command'])}"
    return f"p{record['precinct']}_{command}", command


def allegations_of(record: dict[str, str]) -> list[tuple[str, str]]:
    """The codes of allegations, with their types'."""
    pairs = (text.partition(":")[::2] for text in filter(None, record["allegations"].split("|")))
    return [(code(f"{kind[:1]} {what}"), code(kind)) for kind, what in pairs]


def make_form(records: Sequence[dict[str, str]]) -> Form:
    """A questionnaire that these records answer."""
    single = [
        question(name, "select_one", options((code(one[column]), "") for one in records if one[column]))
        for name, column in SINGLE.items()
    ]
    area = question("area", "select_one", options(map(area_of, records)), role="act")
    acts = options(pair for one in records for pair in allegations_of(one))
    return form(area, question("acts", "select_multiple", acts), *single, name="complaints")


def fill(desk: Desk, records: Sequence[dict[str, str]]) -> None:
    """Writes the records down as reports."""
    with desk.database.atomic():
        small = SmallDesk(make_form(records), desk.database)
        for one in records:
            answers = {name: code(one[column]) for name, column in SINGLE.items() if one[column]}
            small.add(
                1,
                sorted({f"acts.{name}" for name, _ in allegations_of(one)}),
                when=f"{one['year']}-{int(one['month']):02d}",
                channel="paper",
                area=area_of(one)[0],
                **answers,
            )


def attack_files(folders: Sequence[Path]) -> tuple[int, int]:
    """Cells that anybody with these folders can try to work out, and how many of them become exact.

    Nothing is read but public files.
    """
    book = json.loads((folders[-1] / "codebook.json").read_text())
    entries = [json.loads(line) for line in (folders[-1] / "ledger.jsonl").read_text().splitlines()]
    spans = [Span(name, tuple(own)) for name, own in book["spans"]]
    whole = system(Model.from_json(book["model"]), spans)
    known = dict.fromkeys(map(parse_cell, book["zeros"]), 0)
    for entry in entries:
        known |= {parse_cell(name): number for name, number in entry["printed"].items()}
    known = {cell: number for cell, number in known.items() if cell in whole.index}
    withheld = {parse_cell(name) for entry in entries for name in entry["withheld"]} - known.keys()
    found = attack(whole, known, sorted(withheld))
    return len(found), sum(one.exact and one.integer.low > 0 for one in found.values())


def tell(name: str, made: Written, seconds: float) -> None:
    """One release in figures."""
    edition = made.edition
    click.echo(
        f"{name}: {edition.printed[('batch=' + edition.span.id,)]} complaints, {len(edition.printed)} cells "
        f"published, {len(edition.withheld)} masked ({len(edition.primary)} of them sensitive), "
        f"{len(edition.sensitive)} sensitive with the differences, {seconds:.1f} s"
    )


def sensitive_exposed(made: Written) -> int:
    """How many sensitive cells, differences too, the audit from inside finds outside of what they need."""
    edition = made.edition
    known = {cell: n for cell, n in edition.known.items() if cell in edition.system.index}
    counts = {cell: one.reports for cell, one in edition.counts.items()}
    found = attack(edition.system, known, sorted(edition.sensitive - known.keys()))
    return sum(
        one.integer.low > 0 or not (one.integer.high is None or one.integer.high >= max(10, counts[cell] + 1))
        for cell, one in found.items()
    )


@click.command()
@click.option("--records", type=click.Path(path_type=Path), default=RECORDS, help="The CSV file.")
@click.option("--tables", default="", help="Which, with commas between; otherwise all that say something.")
def main(records: Path, tables: str) -> None:
    """Publishes twice, attacks both together, and ends with status 1 where anything is recovered."""
    if not records.is_file():
        raise SystemExit(f"{records.name}: the records are not there; name them with --records")
    with records.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    named = f"tables = {json.dumps(tables.split(','))}" if tables else ""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Desk.create(folder / "desk", format_identity(HybridIdentity.generate()), None)
        with Desk.unlocked(folder / "desk", lambda: "") as desk:
            fill(desk, rows)
            folders = []
            for release, last in PERIODS.items():
                asked = folder / f"{release}.toml"
                values = {"name": release, "date": f"{int(release) + 1}-02-01", "last": last}
                asked.write_text(RELEASE.format(tables=named, **values))
                start = time.perf_counter()
                made = publish(
                    desk, read_release_file(asked), folder / release, lambda release: build(release, KEY)
                )
                tell(release, made, time.perf_counter() - start)
                folders.append(made.path)
        start = time.perf_counter()
        attacked, recovered = attack_files(folders)
        exposed = sensitive_exposed(made)
    click.echo(
        f"both, attacked from their public files: {attacked} masked cells, {recovered} recovered; "
        f"{exposed} sensitive cells outside of what they need ({time.perf_counter() - start:.1f} s)"
    )
    if recovered or exposed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
