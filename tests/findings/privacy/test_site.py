"""What a release with noise says to people and programs, made by the real command, in both languages."""

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pypdf
import pytest

from analysis.findings.site.site import SUMS
from intake.forms.form import shipped
from tests.findings.privacy.desks import asked
from tests.findings.releasing import Publisher, write_release_file
from tests.findings.site_files import text_of
from tests.findings.test_packages import validated
from tests.findings.test_words import PATTERNS

TITLE = {"en": "What people told us", "es": "Lo que nos contaron"}
TABLES = ("F02", "F03", "F09", "F13-gender", "F14-gender", "F17")
TABLE_IDS = [
    *("F01", "F02", "F03", "F03-received", "F09", "F09-injury"),
    *("F13-gender", "F14-gender", "F17-2026-03"),
]
NOISE = {
    "en": "To protect people, noise was put on every number: none is exact, and sums may not agree.",
    "es": "Para proteger a las personas, a cada número se le puso ruido: ninguno es exacto, y las sumas",
}


def run(*arguments: object, without_opendp: bool = False) -> "subprocess.CompletedProcess[str]":
    """The real command; without the extra, as on a machine on which nobody installed it."""
    hidden = "import sys; sys.modules['opendp'] = None; " if without_opendp else ""
    command = [sys.executable, "-c", f"{hidden}from analysis.main import main; main()"]
    return subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=240
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a desk, a release file, and a release that the command made of both."""
    place = tmp_path_factory.mktemp("noise")
    made = Publisher(place, shipped("report"))
    made.reports.add(90, ["pat_down", "insult", "harm.injury"], setting="police", gender="woman")
    made.reports.add(60, ["arrest", "harm.injury"], setting="police", gender="man", when="2026-02")
    made.desk.database.conn.commit()
    made.desk.close()
    settings = asked(8.0, TABLES, languages=["en", "es"], title=TITLE, campaign="2026-03")
    file = write_release_file(place / "release.toml", **settings)
    assert run("release-key", "--desk", place / "desk").returncode == 0
    done = run("publish", "--desk", place / "desk", file, "--out", place / "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert 'epsilon 8 for each report of "2026-1": 8 of its budget of 8 spent' in done.stdout
    return place


def pages(folder: Path) -> dict[str, str]:
    out = folder / "out"
    return {path.relative_to(out).as_posix(): path.read_text() for path in out.rglob("*.html")}


def language(path: str) -> str:
    return "es" if path.startswith("es/") else "en"


def test_the_command_makes_the_same_release_again_byte_for_byte(folder: Path) -> None:
    done = run("publish", "--desk", folder / "desk", folder / "release.toml", "--out", folder / "again")
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing more is spent" in done.stdout
    assert (folder / "again" / SUMS).read_bytes() == (folder / "out" / SUMS).read_bytes()


def test_without_opendp_the_command_says_what_to_install_and_writes_nothing(folder: Path) -> None:
    other = write_release_file(folder / "other.toml", **asked(release="x", languages=["en"]))
    done = run("publish", "--desk", folder / "desk", other, "--out", folder / "x", without_opendp=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "witnessbox-analysis: error: numbers with noise need OpenDP, which is not installed\n"
        "hint: pip install 'witnessbox[privacy]'\n"
    )
    assert not (folder / "x").exists()


def test_without_opendp_a_release_can_still_be_made_again_and_checked(folder: Path) -> None:
    command = ("publish", "--desk", folder / "desk", folder / "release.toml", "--out", folder / "bare")
    assert run(*command, without_opendp=True).returncode == 0
    assert (folder / "bare" / SUMS).read_bytes() == (folder / "out" / SUMS).read_bytes()
    done = run("attack", folder / "bare", without_opendp=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "files that tell what the ledger does not: 0" in done.stdout


def test_every_page_of_a_table_says_that_no_number_is_exact(folder: Path) -> None:
    found = [path for path in pages(folder) if re.search(r"(findings|tables|embed)/F", path)]
    findings, tables = 7, 9
    assert len(found) == 2 * (findings + 2 * tables)
    for path in found:
        assert NOISE[language(path)] in text_of(pages(folder)[path]), path


def test_no_page_says_that_numbers_are_withheld(folder: Path) -> None:
    for path, page in pages(folder).items():
        assert not re.search(r"withheld|\[c\]|no se muestra para proteger|retenid", text_of(page)), path


def test_no_page_says_more_than_reports_can_tell(folder: Path) -> None:
    for path, page in pages(folder).items():
        assert not PATTERNS[language(path)].findall(text_of(page)), path


def test_the_method_tells_epsilon_and_the_noise_of_each_table(folder: Path) -> None:
    for name, said in (
        (
            "method.html",
            "For each report, 8 was spent on this release and all before it",
        ),
        ("es/method.html", "Por cada reporte se gastó 8 en esta publicación y en todas las anteriores"),
    ):
        text = text_of(pages(folder)[name])
        assert said in text
        assert "opendp 0." in text
        told = re.findall(r"(?:Table|Tabla) (F[\w-]+): (?:epsilon|épsilon) ([0-9.]+);", text)
        assert 7.9999 < sum(float(share) for _, share in told) <= 8
        assert [table for table, _ in told] == TABLE_IDS


def test_sentences_say_about_and_how_far_a_number_may_be_off(folder: Path) -> None:
    assert re.search(
        r"about \d+ ± \d+ \(\d+%\) said that this happened", text_of(pages(folder)["index.html"])
    )
    assert re.search(r"cerca de \d+ ± \d+ \(\d+ %\)", text_of(pages(folder)["es/index.html"]))


def test_no_n_stands_anywhere_without_how_far_it_may_be_off(folder: Path) -> None:
    for path, page in pages(folder).items():
        text = text_of(page)
        assert re.findall(r"(?:[Aa]bout|[Cc]erca de|[Uu]nos) \d+(?!\d|[\s\u00a0]±)", text) == [], path
    assert re.search(r"n = about \d+ ± \d+ reports about events", text_of(pages(folder)["findings/F02.html"]))
    for path in ("CITATION.cff", "cite.bib", "datapackage.json"):
        told = (folder / "out" / path).read_text()
        assert re.findall(r"about \d+(?!\d| ±)", told) == [], path


def test_no_number_stands_in_a_table_or_chart_as_if_exact(folder: Path) -> None:
    for path in ("findings/F02.html", "es/findings/F14.html", "tables/F03.html", "findings/F01.html"):
        page = pages(folder)[path]
        cells = [text_of(cell) for cell in re.findall(r"<td>.*?</td>", page, re.DOTALL)]
        numbers = [cell for cell in cells if cell.strip()[:1].isdigit()]
        assert numbers, path
        assert [cell for cell in numbers if not re.match(r"\s*\d+\s±\s\d+", cell)] == [], path
    for name in ("F01", "F02", "F03", "F13-gender", "F14-gender"):
        chart = (folder / "out" / "charts" / f"{name}.svg").read_text()
        numbers = re.findall(r'<text [^>]*class="(?:number|light)"[^>]*>([^<\[]*)<', chart)
        assert numbers, name
        # A field of a heat table has its margin on a line of its own.
        alone = [one for one in numbers if one.isdigit()]
        assert len(alone) == len([one for one in numbers if one.startswith("±")]), name
        assert all("±" in one or one in alone for one in numbers), name
    flow = (folder / "out" / "es" / "charts" / "F01.svg").read_text()
    assert re.findall(r">[^<]*±\s*<|>\s*±", flow) == []


def test_a_number_within_the_noise_is_in_no_sentence(tmp_path: Path) -> None:
    made = Publisher(tmp_path, shipped("report"))
    made.reports.add(3, ["pat_down"], setting="police")
    made.publish(**asked(0.05, ("F02",)))
    text = text_of((tmp_path / "out" / "findings" / "F02.html").read_text())
    assert "no answer to this stands out from the noise" in text or "±" in text
    made.desk.close()


def test_the_data_files_have_a_margin_beside_each_number(folder: Path) -> None:
    for path in (folder / "out" / "tables").glob("*.csv"):
        for row in csv.DictReader(io.StringIO(path.read_text())):
            assert row["status"] in ("", "z")
            assert (row["margin"] == "") == (row["reports"] == "")
            assert int(row["margin"] or 1) > 0 or row["reports"] == "0"
    table = json.loads((folder / "out" / "tables" / "F02.json").read_bytes())
    assert {"reports", "base", "percent", "margin", "status"} <= table["cells"][0].keys()
    assert any(NOISE["en"] in line for line in table["caveats"]["en"])


def test_frictionless_finds_the_data_package_of_noise_valid(folder: Path) -> None:
    assert validated(folder / "out")[0] == "True"
    package = json.loads((folder / "out" / "datapackage.json").read_bytes())
    assert NOISE["en"] in package["description"]
    assert "differential privacy" in package["keywords"]
    assert "margin" in {field["name"] for field in package["resources"][0]["schema"]["fields"]}


def test_the_report_to_print_says_that_no_number_is_exact(folder: Path) -> None:
    for name, said in (("report.pdf", "none is exact"), ("es/report.pdf", "ninguno es exacto")):
        text = " ".join(page.extract_text() for page in pypdf.PdfReader(folder / "out" / name).pages)
        assert said in re.sub(r"\s+", " ", text)
