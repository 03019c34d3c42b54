"""What programs read of a release, checked with the tools and schemas of others."""

import csv
import hashlib
import io
import json
import re
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from analysis.findings.released import Axis, Category, Cell, Kind, Status, Table
from analysis.findings.site import citing, tidy
from analysis.findings.site.site import build
from analysis.findings.site.voice import Voice
from tests.findings import rich
from tests.findings.site_files import files, pages, write

SCHEMA = Path(__file__).parent / "schemas" / "cff-1.2.0.json"
IDS = [table.id for table in rich.release().tables]
# frictionless looks for nothing outside, and this makes sure of it.
OFFLINE = (
    "import socket, sys\n"
    "def refused(*_, **__): raise OSError('this test has no network')\n"
    "socket.socket.connect = socket.getaddrinfo = refused\n"
    "from frictionless import validate\n"
    "report = validate(sys.argv[1])\n"
    "print(report.valid, *(error for error in report.flatten(['type'])), sep='\\n')\n"
    "print(len(report.tasks))"
)


def validated(package: Path) -> list[str]:
    """What frictionless says of a package: whether it is valid, its errors, and how many tables it has."""
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE, "datapackage.json"],
        cwd=package,
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )
    return done.stdout.split("\n")


def test_frictionless_finds_the_data_package_valid(tmp_path: Path) -> None:
    assert validated(write(files(), tmp_path / "release"))[:2] == ["True", str(len(IDS))]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b",c\n", b",x\n", id="a status that is none"),
        pytest.param(b"F02,", b"F03,", id="a byte"),
        pytest.param(b"reports,base", b"base,reports", id="columns in another order"),
    ],
)
def test_frictionless_finds_what_was_changed_in_a_table(tmp_path: Path, old: bytes, new: bytes) -> None:
    folder = write(files(), tmp_path / "release")
    table = folder / "tables" / "F02.csv"
    assert old in table.read_bytes()
    table.write_bytes(table.read_bytes().replace(old, new, 1))
    assert validated(folder)[0] == "False"


def test_the_data_package_says_how_its_tables_are_to_be_read() -> None:
    package = json.loads(files()["datapackage.json"])
    assert package["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"
    assert [one["path"] for one in package["resources"]] == [f"tables/{name}.csv" for name in IDS]
    for resource in package["resources"]:
        data = files()[resource["path"]]
        assert resource["bytes"] == len(data)
        assert resource["hash"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
        assert resource["schema"]["missingValues"] == [""]
        assert "do not show how common this is" in resource["description"]


@pytest.mark.parametrize("name", IDS)
def test_csv_metadata_name_the_columns_that_the_file_has(name: str) -> None:
    metadata = json.loads(files()[f"tables/{name}.csv-metadata.json"])
    header, *rows = csv.reader(io.StringIO(files()[f"tables/{name}.csv"].decode(), newline=""))
    columns = metadata["tableSchema"]["columns"]
    assert metadata["@context"][0] == "http://www.w3.org/ns/csvw"
    assert metadata["url"] == f"{name}.csv"
    assert [one["titles"] for one in columns] == header
    key = [header.index(name) for name in metadata["tableSchema"]["primaryKey"]]
    assert len({tuple(row[place] for place in key) for row in rows}) == len(rows)


@pytest.mark.parametrize("name", IDS)
def test_a_table_as_csv_is_plain_utf8_with_line_feeds(name: str) -> None:
    data = files()[f"tables/{name}.csv"]
    assert data.decode("utf-8")
    assert b"\r" not in data
    assert data.endswith(b"\n")
    assert not data.startswith(b"\xef\xbb\xbf")


def test_no_cell_of_a_csv_file_can_run_as_a_formula() -> None:
    for name in IDS:
        for row in csv.reader(io.StringIO(files()[f"tables/{name}.csv"].decode(), newline="")):
            assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert "'=City police, 1st precinct" in files()["tables/F06-agency.csv"].decode()


def test_a_line_break_in_a_label_does_not_break_a_row() -> None:
    label = {"en": 'two\nlines, "quoted"\r\n=1+1'}
    axis = Axis("agency", {"en": "Which one?"}, (Category("one", label),))
    table = Table("F06", "F06", Kind.BARS, (axis,), {("one",): Cell(Status.WITHHELD)}, {}, False)
    release = rich.release(tables=(table,), languages=("en",))
    data = tidy.csv_file(table, [Voice(release, "en")])
    assert data.decode().splitlines() == [
        "table,agency,agency_en,reports,base,percent,status",
        'F06,one,"two lines, ""quoted"" =1+1",,,,c',
    ]


@pytest.mark.parametrize("name", IDS)
def test_a_table_as_json_has_the_cells_and_their_caveats(name: str) -> None:
    document = json.loads(files()[f"tables/{name}.json"])
    table = next(one for one in rich.release().tables if one.id == name)
    names = [axis["name"] for axis in document["axes"]]
    assert len(set(names)) == len(names) == len(table.axes)
    cells = {tuple(cell[name] for name in names): cell for cell in document["cells"]}
    assert set(cells) == set(product(*([one.code for one in axis.categories] for axis in table.axes)))
    for codes, cell in table.cells.items():
        assert (cells[codes]["reports"], cells[codes]["status"]) == (cell.reports, str(cell.status))
    assert set(document["caveats"]) == {"en", "es"}
    assert document["sentence"]["en"] in pages()[f"embed/{name}.html"].replace("&#34;", '"').replace(
        "&lt;", "<"
    ).replace("&gt;", ">").replace("&amp;", "&").replace("&#39;", "'")


def test_the_dataset_names_every_file_with_its_checksum() -> None:
    document = json.loads(files()["dataset.jsonld"])
    assert (document["@context"], document["@type"]) == ("https://schema.org/", "Dataset")
    assert document["temporalCoverage"] == "2026-01/2026-06"
    for one in document["distribution"]:
        assert one["contentUrl"] == f"https://union.example/findings/2026H1/{one['name']}"
        assert one["sha256"] == hashlib.sha256(files()[one["name"]]).hexdigest()
    named = {one["name"] for one in document["distribution"]}
    assert {"tables/F02.csv", "report.pdf", "es/report.pdf", "audit.json", "ledger.jsonl"} <= named
    assert 'type="application/ld+json" href="dataset.jsonld"' in pages()["index.html"]


@pytest.mark.parametrize("changes", [{}, {"doi": None, "address": None}], ids=["known", "without address"])
def test_the_citation_file_fits_the_schema_of_its_format(changes: dict[str, Any]) -> None:
    data = build(rich.release(**changes, languages=("en",), tables=()), rich.KEY)["CITATION.cff"]
    found = yaml.safe_load(data)
    jsonschema.validate(found, json.loads(SCHEMA.read_bytes()))
    assert found["type"] == "dataset"
    assert found["authors"] == [{"name": rich.ORGANIZATION}]
    assert found["date-released"] == "2026-11-22"
    assert ("doi" in found) == (not changes)


def test_bibtex_escapes_what_it_would_take_for_its_own() -> None:
    text = files()["cite.bib"].decode()
    entries = re.findall(r"^@dataset\{([^,]+),$", text, re.MULTILINE)
    assert entries == ["2026H1", *(f"2026H1-{one}" for one in citing.findings(rich.release()))]
    assert r"author = {{The \"Union\" of <Reporters> \& Friends}}," in text.replace('"', r"\"")
    assert text.count("{") == text.count("}")
    release = rich.release(organization=r"50% {of} \them_all", tables=(), quotes=(), languages=("en",))
    escaped = citing.bibtex(Voice(release, "en")).decode()
    assert r"{50\% \{of\} \textbackslash{}them\_all}" in escaped


def test_csl_json_names_the_release_and_each_finding() -> None:
    entries = json.loads(files()["cite.csl.json"])
    assert [one["id"] for one in entries][:3] == ["2026H1", "2026H1-F01", "2026H1-F02"]
    for one in entries:
        assert one["type"] == "dataset"
        assert one["author"] == [{"literal": rich.ORGANIZATION}]
        assert one["issued"] == {"date-parts": [[2026, 11, 22]]}


def test_a_citation_says_n_period_release_and_licence() -> None:
    text = citing.text(Voice(rich.release(), "en"), "Table F02", "findings/F02.html")
    assert text == (
        f"{rich.ORGANIZATION} (2026). What people reported, January to June 2026, release 2026H1, "
        "version 1.0.0, Table F02. n = 1204 reports about events between January 2026 and June 2026. "
        "CC BY 4.0. https://union.example/findings/2026H1/findings/F02.html"
    )
