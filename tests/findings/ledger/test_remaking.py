"""What a release's files say is what its ledger says, whoever asks, and nothing else."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import typst

from analysis.findings import wrapping
from analysis.findings.ledger import remaking
from analysis.findings.ledger.errors import BadRelease
from analysis.findings.ledger.remaking import Compared, compare
from analysis.findings.ledger.stranger import read_releases
from analysis.findings.site import minisign
from analysis.findings.site.site import SIGNATURE, SUMS
from tests.findings.ledger.test_stranger import run
from tests.findings.releasing import KEY, Publisher
from tests.findings.small_desk import choice, form, question


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Publisher, Path]]:
    acts = [choice(code) for code in ("shout", "push", "never")]
    place = question("place_type", "select_one", [choice("street"), choice("home")])
    desk = Publisher(tmp_path_factory.mktemp("desk"), form(question("acts", "select_multiple", acts), place))
    desk.reports.add(31, ["shout"], place_type="street")
    desk.reports.add(4, ["push"], place_type="home")
    desk.reports.add(15, place_type="street")
    yield desk, desk.publish(outreach="We gave out flyers.", campaign="2026-03").path
    desk.desk.close()


@pytest.fixture
def folder(published: tuple[Publisher, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(published[1], tmp_path / "copy"))


def compared(folder: Path) -> Compared:
    public = read_releases([folder])
    return compare(folder, public, public.attack())


def sign_again(folder: Path) -> None:
    """As somebody does who holds the key: its checksums tell nothing of a number that was changed."""
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    listed = [path for path in paths if path not in (SUMS, SIGNATURE)]
    sums = "".join(
        f"{sha256((folder / path).read_bytes()).hexdigest()}  {path}\n" for path in listed
    ).encode()
    (folder / SUMS).write_bytes(sums)
    (folder / SIGNATURE).write_bytes(minisign.sign(KEY, sums, "again"))


def test_a_stranger_makes_the_whole_release_again(published: tuple[Publisher, Path]) -> None:
    desk, folder = published
    assert desk.last
    public = read_releases([folder])
    entry = json.loads(public.lines[-1])
    ledger, codebook, audit, words = (
        (folder / name).read_bytes()
        for name in ("ledger.jsonl", "codebook.json", "audit.json", "release.json")
    )
    assert wrapping.read(words, ledger, codebook, audit, public.known, entry) == desk.last
    assert compared(folder) == Compared()


NUMBER = {
    "a CSV file": ("tables/F02.csv", rb",,,,c", b",4,50,8,"),
    "a table as JSON": ("tables/F02.json", rb'"reports": null', b'"reports": 4'),
    "the sentence of a page": ("findings/F02.html", rb"\b31 \(62%\)", b"30 (62%)"),
    "a percentage of a page": ("findings/F02.html", rb"\b62%", b"60%"),
    "a cell of a page": ("tables/F02.html", rb'<span class="mark"><abbr[^>]*>\[c\]</abbr>', b"<span>4"),
    "a part to embed": ("embed/F02.html", rb"n = 50", b"n = 54"),
    "a chart": ("charts/F02.svg", rb">31 ", b">34 "),
    "the width of a bar": ("charts/F02.svg", rb'width="\d\d\d\.\d"', b'width="121.5"'),
    "the overview": ("index.html", rb"\b31 ", b"32 "),
    "the method": ("method.html", rb"<td>50</td>", b"<td>51</td>"),
    "a citation": ("cite.bib", rb"year = \{2026\}", b"year = {2026}, note = {4}"),
    "the package": ("datapackage.json", rb"n = 50", b"n = 49"),
    "the metadata of a table": ("tables/F02.csv-metadata.json", rb"n = 50", b"n = 49"),
    "the data set": ("dataset.jsonld", rb"50 reports", b"49 reports"),
    "the audit": ("audit.json", rb'"integer":\[0,', b'"integer":[4,'),
    "the style": ("style.css", rb"\A", b"/* push: 4 */\n"),
    "the words": ("release.json", rb'"k":10', b'"k":4'),
}


@pytest.mark.parametrize("kind", NUMBER)
def test_a_number_that_no_ledger_tells_is_found_in(folder: Path, kind: str) -> None:
    path, old, new = NUMBER[kind]
    data, changed = re.subn(old, lambda _: new, (folder / path).read_bytes(), count=1)
    assert changed, "the file says what this test changes"
    (folder / path).write_bytes(data)
    sign_again(folder)
    found = compared(folder).wrong
    assert any(f"{folder / path}" in line for line in found), found


def test_a_report_to_print_with_another_number_is_found(folder: Path) -> None:
    page = typst.compile(b'#set document(title: "x")\n= 4 said: push', format="pdf", pdf_standards="ua-1")
    (folder / "report.pdf").write_bytes(page)
    sign_again(folder)
    assert f"{folder / 'report.pdf'} is not what its ledger makes" in compared(folder).wrong


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda folder: (folder / "notes.txt").write_text("push: 4"), id="a file more"),
        pytest.param(lambda folder: (folder / "tables" / "F99.csv").symlink_to("F02.csv"), id="a link"),
    ],
)
def test_a_file_that_is_of_no_release_is_found(folder: Path, change: Callable[[Path], object]) -> None:
    change(folder)
    (wrong,) = compared(folder).wrong
    assert wrong.endswith("is no file of a release")


def test_a_signature_of_another_key_or_none_of_it_is_found(folder: Path) -> None:
    data = (folder / SIGNATURE).read_bytes()
    (folder / SIGNATURE).write_bytes(data.replace(b"trusted comment: release", b"trusted comment: Release"))
    assert "does not sign SHA256SUMS" in compared(folder).wrong[0]


def test_without_its_words_a_release_is_not_said_to_be_whole(folder: Path) -> None:
    (folder / "release.json").unlink()
    assert "could not be compared" in compared(folder).wrong[0]


@pytest.mark.parametrize("data", [b"", b"{}", b'{"v":1}\n', b"[" * 100_000, b"\xff"])
def test_words_that_are_none_are_refused(folder: Path, data: bytes) -> None:
    (folder / "release.json").write_bytes(data)
    with pytest.raises(BadRelease, match=r"release\.json is none as this version knows it"):
        compared(folder)


def test_pages_of_another_version_are_held_to_their_numbers(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = {"witnessbox": "9", "typst": "9"}
    monkeypatch.setattr(remaking.wrapping, "made_with", lambda: newer)
    page = folder / "findings" / "F02.html"
    page.write_bytes(page.read_bytes().replace(b"Before you quote", b"Ere you quote"))
    found = compared(folder)
    assert found.wrong == []
    assert "another version made it" in found.notes[-1]
    page.write_bytes(page.read_bytes().replace(b"31 (62%)", b"33 (62%)"))
    assert [line.rpartition(": ")[2] for line in compared(folder).wrong] == ["33"]


def test_the_command_says_which_file_tells_another_number(folder: Path) -> None:
    sound = run("attack", folder)
    assert (sound.returncode, sound.stderr) == (0, "")
    assert "files that tell what the ledger does not: 0" in sound.stdout
    path = folder / "tables" / "F02.csv"
    path.write_bytes(path.read_bytes().replace(b",31,", b",32,"))
    told = run("attack", folder)
    assert told.returncode == 1
    assert f"{path}, line 2: the ledger does not give these numbers: 32" in told.stdout
    assert json.loads(run("attack", folder, "--json").stdout)["wrong"]


def test_numbers_in_the_words_of_organizers_are_pointed_out(published: tuple[Publisher, Path]) -> None:
    desk, _ = published
    desk.reports.add(40, ["shout"], place_type="street", when="2025-05")
    asked: dict[str, Any] = {"release": "told", "period": ("2025-01", "2025-12")}
    folder = desk.publish("told", **asked, outreach="At 12 clinics.").path
    assert compared(folder).wrong == []
    assert compared(folder).notes[0].endswith("by people: 12")
