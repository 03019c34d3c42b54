import csv
import datetime
import os
import re
import subprocess
import sys
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo

import templates
from analysis.desk_errors import Unwritable
from analysis.findings import pages
from analysis.findings.errors import FindingsError, NothingToPublish, Recoverable, RefusedRelease
from analysis.findings.publish import Release, publish
from intake.forms.form import shipped
from tests.findings.small_desk import ORGANIZATION, SmallDesk, choice, form, question, settings_form

ROOT = Path(__file__).resolve().parents[2]
DATE = datetime.date(2026, 11, 22)
FILES = ["SHA256SUMS", "findings/F02.html", "index.html", "method.html", "style.css", "tables/F02.csv"]


def _publish(desk: SmallDesk, out: Path, k: int = 10, organization: str = ORGANIZATION) -> Release:
    return publish(desk.database, out, organization=organization, release="2026-11", date=DATE, k=k)


def _desk(push: int = 4) -> SmallDesk:
    desk = SmallDesk(settings_form("police", acts=("shout", "push", "never")))
    desk.add(31, ["shout"], setting="police")
    desk.add(push, ["push"], setting="police")
    desk.add(9 - push, setting="police")
    return desk


def _read(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


class _Rows(HTMLParser):
    """The cells of each row that has an id, as text."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, list[str]] = {}
        self._row: list[str] | None = None
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            name = dict(attrs).get("id")
            self._row = self.rows.setdefault(name, []) if name else None
        elif tag == "td" and self._row is not None:
            self._row.append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "td":
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell and self._row is not None:
            self._row[-1] = f"{self._row[-1]} {data.strip()}".strip()


def test_a_release_is_whole_and_its_checksums_are_right(tmp_path: Path) -> None:
    release = _publish(_desk(), tmp_path / "out")
    files = _read(release.path)
    assert list(files) == FILES
    sums = files.pop("SHA256SUMS")
    assert release.digest == sha256(sums).hexdigest()
    assert sums.decode() == "".join(f"{sha256(data).hexdigest()}  {name}\n" for name, data in files.items())
    assert sha256(files["tables/F02.csv"]).hexdigest() in files["findings/F02.html"].decode()
    assert (release.reports, release.shown, release.withheld) == (40, 2, 2)


def test_everybody_may_read_a_release(tmp_path: Path) -> None:
    out = _publish(_desk(), tmp_path / "out").path
    assert {path.stat().st_mode & 0o777 for path in [out, *out.rglob("*")] if path.is_dir()} == {0o755}
    assert {path.stat().st_mode & 0o777 for path in out.rglob("*") if path.is_file()} == {0o644}


def test_the_finding_says_n_and_period_and_what_was_found(tmp_path: Path) -> None:
    page = _read(_publish(_desk(), tmp_path / "out").path)["findings/F02.html"].decode()
    sentence = (
        "Of 40 reports sent to Union of Reporters about events in May 2026, 31 (78%) said that this "
        "happened: “Label of shout”."
    )
    assert sentence in page
    assert "n = 40 reports about events in May 2026" in page


def test_no_byte_of_a_release_depends_on_a_withheld_number(tmp_path: Path) -> None:
    releases = [_read(_publish(_desk(push), tmp_path / str(push)).path) for push in (0, 4, 9)]
    assert releases[0] == releases[1] == releases[2]


def test_withheld_numbers_stand_in_no_file(tmp_path: Path) -> None:
    desk = SmallDesk(settings_form("police", acts=("shout", "push", "shove")))
    desk.add(83, ["shout", "push"], setting="police", when="2026-02")
    desk.add(89, ["shout", "shove"], setting="police", when="2026-03")
    desk.add(141, ["shout"], setting="police", when="2026-04")
    desk.add(97, ["shout"], setting="police", count="no")
    text = b"\n".join(_read(_publish(desk, tmp_path / "out", k=100).path).values()).decode()
    numbers = set(re.findall(r"(?<![0-9a-f])[0-9]+(?![0-9a-f])", text))
    assert "313" in numbers
    # The counts, their percentages, the excluded, and sums of these with what is shown.
    assert numbers.isdisjoint({"83", "89", "97", "27", "28", "172", "410"})


def test_a_percentage_never_stands_beside_a_withheld_number(tmp_path: Path) -> None:
    files = _read(_publish(_desk(), tmp_path / "out").path)
    rows = list(csv.DictReader(files["tables/F02.csv"].decode().splitlines()))
    assert [row for row in rows if row["status"] == "c"]
    for row in rows:
        assert (row["status"] == "c") == (row["reports"] == row["base"] == row["percent"] == "")
    parser = _Rows()
    parser.feed(files["findings/F02.html"].decode())
    assert parser.rows["acts.push"] == parser.rows["acts.never"] == ["[c]"]


def _three_settings(housing: int = 3) -> SmallDesk:
    """Police, health and housing with acts of their own; the last one is small."""
    settings = ("police", "health", "housing")
    own = {"acts": ["shout", "push"], "health_acts": ["refused"], "housing_acts": ["evict"]}
    desk = SmallDesk(
        form(
            question("setting", "select_one", [choice(code) for code in settings]),
            *(
                question(
                    name,
                    "select_multiple",
                    [choice(code) for code in codes],
                    relevant=["=", ["answer", "setting"], setting],
                )
                for setting, (name, codes) in zip(settings, own.items(), strict=True)
            ),
        )
    )
    desk.add(30, ["shout"], setting="police")
    desk.add(10, setting="police")
    desk.add(15, ["health_acts.refused"], setting="health", when="2026-06")
    desk.add(10, setting="health")
    desk.add(housing, ["housing_acts.evict"], setting="housing", when="2020-01", count="yes")
    desk.add(housing, setting="housing", count="no")
    return desk


def test_settings_with_acts_of_their_own_each_have_a_sentence_and_a_chart(tmp_path: Path) -> None:
    page = _read(_publish(_three_settings(), tmp_path / "out").path)["findings/F02.html"].decode()
    assert re.findall(
        r'<p class="lead"><strong>(.*?):</strong> (Of \d+ reports) .*? (\d+ \(\d+%\)) said', page
    ) == [
        ("Label of police", "Of 40 reports", "30 (75%)"),
        ("Label of health", "Of 25 reports", "15 (60%)"),
    ]
    assert re.findall(r"Reports that name each act: (.*?)\.", page) == [
        "Label of police, n = 40",
        "Label of health, n = 25",
    ]
    identifiers = re.findall(r'\sid="([^"]+)"', page)
    assert len(identifiers) == len(set(identifiers))
    assert "n = 65 reports about events between May 2026 and June 2026" in page


def test_a_setting_withheld_whole_is_named_and_shown_as_such(tmp_path: Path) -> None:
    release = _publish(_three_settings(), tmp_path / "out")
    files = _read(release.path)
    parser = _Rows()
    parser.feed(files["findings/F02.html"].decode())
    assert parser.rows["n"] == ["40", "25", "[c]"]
    assert parser.rows["housing_acts.evict"] == ["[z]", "[z]", "[c]"]
    assert parser.rows["health_acts.refused"] == ["[z]", "15 of 25, 60%", "[z]"]
    assert (release.reports, release.shown, release.withheld) == (65, 4, 3)
    for page in ("index.html", "findings/F02.html", "method.html"):
        assert b"Withheld whole, and left out of n and of all totals: Label of housing." in files[page]


def test_no_byte_of_a_release_depends_on_a_setting_withheld_whole(tmp_path: Path) -> None:
    releases = [_read(_publish(_three_settings(few), tmp_path / str(few)).path) for few in (0, 3, 9)]
    assert releases[0] == releases[1] == releases[2]


def test_the_csv_file_and_the_page_agree(tmp_path: Path) -> None:
    desk = SmallDesk(
        form(
            question("setting", "select_one", [choice("police"), choice("health")]),
            question("acts", "select_multiple", [choice("shout"), choice("push")]),
            question(
                "health_acts",
                "select_multiple",
                [choice("refused"), choice("waited")],
                relevant=["=", ["answer", "setting"], "health"],
            ),
        )
    )
    desk.add(25, ["shout", "push"], setting="police")
    desk.add(12, ["shout", "push", "health_acts.refused"], setting="health")
    files = _read(_publish(desk, tmp_path / "out").path)
    parser = _Rows()
    parser.feed(files["findings/F02.html"].decode())
    columns = ["police", "health", "total"]
    lines = files["tables/F02.csv"].decode().splitlines()
    assert lines[1:] == sorted(lines[1:])
    for row in csv.DictReader(lines):
        cell = parser.rows[row["act"]][columns.index(row["setting"])]
        percent = f", {row['percent']}%" if row["percent"] else ""
        shown = f"{row['reports']} of {row['base']}{percent}"
        assert cell == (f"[{row['status']}]" if row["status"] else shown)
    assert parser.rows["n"] == ["25", "12", "37"]
    assert parser.rows["health_acts.refused"] == ["[z]", "12 of 12", "12 of 12"]


def test_a_csv_file_has_lf_and_no_mark_at_its_start(tmp_path: Path) -> None:
    data = _read(_publish(_desk(), tmp_path / "out").path)["tables/F02.csv"]
    assert data.startswith(b"act,setting,reports,base,percent,status\n")
    assert b"\r" not in data


_SCRIPT = """
import sys
from tests.findings.test_publish import _desk, _publish
from pathlib import Path
_publish(_desk(), Path(sys.argv[1]))
"""


def test_a_release_is_the_same_in_another_place_and_time_zone(tmp_path: Path) -> None:
    places = [
        {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "1", "cwd": str(ROOT)},
        {"TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "2", "cwd": str(tmp_path)},
    ]
    for number, place in enumerate(places):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **place}
        out = tmp_path / f"out{number}"
        command = [sys.executable, "-c", _SCRIPT, str(out)]
        subprocess.run(command, check=True, env=environment, cwd=place["cwd"], umask=0o77 * number)
    assert _read(tmp_path / "out0") == _read(tmp_path / "out1")


def test_a_page_loads_nothing_from_elsewhere_and_runs_no_script(tmp_path: Path) -> None:
    for name, data in _read(_publish(_desk(), tmp_path / "out").path).items():
        text = data.decode()
        assert "//" not in text.replace('href="../', ""), name
        assert not re.search(r"<script|<iframe|\son[a-z]+=|\sstyle=|@import|javascript:", text), name
        if name.endswith(".html"):
            policy = "default-src 'none'; style-src 'self'; img-src 'self'"
            assert f'http-equiv="Content-Security-Policy" content="{policy}"' in text


def test_every_link_of_a_release_leads_to_a_file_of_it(tmp_path: Path) -> None:
    out = _publish(_desk(), tmp_path / "out").path
    for page in out.rglob("*.html"):
        for link in re.findall(r'href="([^"]+)"', page.read_text()):
            assert (page.parent / link).is_file(), (page, link)


def test_names_are_shown_as_text(tmp_path: Path) -> None:
    files = _read(_publish(_desk(), tmp_path / "out", organization="<b>Union</b> & friends").path)
    assert b"<b>" not in files["index.html"]
    assert b"&lt;b&gt;Union&lt;/b&gt; &amp; friends" in files["index.html"]


def test_the_form_that_ships_gives_a_table_of_the_acts_of_the_police(tmp_path: Path) -> None:
    desk = SmallDesk(shipped("report"))
    desk.add(40, ["pat_down", "insult"], setting="police")
    desk.add(3, setting="health")
    release = _publish(desk, tmp_path / "out")
    rows = list(csv.DictReader((release.path / "tables/F02.csv").read_text().splitlines()))
    asked = [row["act"] for row in rows if row["setting"] == "police" and row["status"] != "z"]
    assert len(asked) == len(shipped("report").question("acts").choices)
    assert {row["act"] for row in rows if row["reports"] == "40"} == {"acts.pat_down", "acts.insult"}


def test_a_refused_table_leaves_nothing_behind(tmp_path: Path) -> None:
    acts = [choice("none", exclusive=True), choice("shout")]
    desk = SmallDesk(form(question("acts", "select_multiple", acts), name="clinic"))
    desk.add(40, ["none"])
    desk.add(3, ["shout"])
    with pytest.raises(Recoverable, match="refusing to publish"):
        _publish(desk, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_leaves_no_part_of_a_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unwritable, match="no space left on device"):
        _publish(_desk(), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", ["folder", "file", "link"])
def test_what_is_there_already_is_never_overwritten(tmp_path: Path, there: str) -> None:
    out = tmp_path / "out"
    if there == "folder":
        out.mkdir()
    elif there == "file":
        out.write_text("mine")
    else:
        out.symlink_to(tmp_path / "nowhere")
    before = out.lstat()
    with pytest.raises(RefusedRelease, match="out: exists already"):
        _publish(_desk(), out)
    assert out.lstat() == before
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("name", ["", "..", "2026/11", "-2026", "<b>", "a" * 41])
def test_a_release_has_a_plain_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(RefusedRelease, match="letters, digits, dots and hyphens only"):
        publish(_desk().database, tmp_path / "out", organization="Union", release=name, date=DATE)


def test_a_release_names_its_organization(tmp_path: Path) -> None:
    with pytest.raises(RefusedRelease, match="needs the name of the organization"):
        _publish(_desk(), tmp_path / "out", organization=" ")


def test_a_language_without_translation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedRelease, match='no translation into "xx"'):
        publish(_desk().database, tmp_path / "out", organization="Union", release="1", date=DATE, lang="xx")
    assert list(tmp_path.iterdir()) == []


def _write_catalog(folder: Path, *, complete: bool) -> None:
    """A language "xx" in which every message of the findings' pages starts with a mark."""
    catalog = Catalog(locale="en")
    for template in sorted((templates.TEMPLATES / "findings").glob("*.html")):
        for _, message, _, _ in extract_from_file("jinja2.ext:babel_extract", template):
            plural = isinstance(message, tuple)
            catalog.add(message, tuple(f"¡{one}" for one in message[:2]) if plural else f"¡{message}")
    if not complete:
        catalog.delete("Method")
    target = folder / "xx" / "LC_MESSAGES" / f"{templates.DOMAIN}.mo"
    target.parent.mkdir(parents=True)
    with target.open("wb") as file:
        write_mo(file, catalog)


def test_a_complete_catalog_gives_a_release_in_its_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write_catalog(tmp_path / "locale", complete=True)
    monkeypatch.setattr(pages, "LOCALE", tmp_path / "locale")
    out = tmp_path / "out"
    publish(_desk().database, out, organization="Union", release="1", date=DATE, lang="xx")
    page = (out / "findings" / "F02.html").read_text()
    assert '<html lang="xx">' in page
    assert "¡Of 40 reports sent to Union ¡about events in ¡¡May 2026" in page


def test_a_catalog_that_lacks_a_word_stops_the_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write_catalog(tmp_path / "locale", complete=False)
    monkeypatch.setattr(pages, "LOCALE", tmp_path / "locale")
    with pytest.raises(RefusedRelease, match='the translation into "xx" lacks "Method"'):
        publish(_desk().database, tmp_path / "out", organization="Union", release="1", date=DATE, lang="xx")


def test_a_form_without_acts_gives_no_table(tmp_path: Path) -> None:
    desk = SmallDesk(form(question("harm", "select_multiple", [choice("none")])))
    with pytest.raises(NothingToPublish, match="no questionnaire here asks about acts"):
        _publish(desk, tmp_path / "out")


def test_every_refusal_has_a_message_and_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(FindingsError, match="exists already") as refusal:
        _publish(_desk(), tmp_path / "out")
    assert refusal.value.hint == "a release is never overwritten: choose another folder"
    assert not refusal.value.message.endswith(".")


def test_a_release_in_spanish_speaks_spanish_on_every_page(tmp_path: Path) -> None:
    out = tmp_path / "out"
    publish(_desk().database, out, organization="Union", release="1", date=DATE, lang="es")
    for page, words in {
        "index.html": "Lo que la gente reportó",
        "findings/F02.html": "Actos por ámbito",
        "method.html": "Qué no se muestra, y por qué",
    }.items():
        text = (out / page).read_text(encoding="utf-8")
        assert '<html lang="es">' in text
        assert words in text
