"""The printed sheets: one page each, in two languages, loading nothing, and secret ones in memory alone."""

import re
import shutil
import signal
import subprocess
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest

from analysis import paper, sheets
from analysis.desk_errors import UnsafePlace
from analysis.identities import Life
from analysis.identity import HybridIdentity
from analysis.shares import Scheme, split
from analysis.sheets import Keys
from intake.crypto.fingerprint import fingerprint
from tests.analysis.conftest import COMMAND, Run
from tests.analysis.holding import hold

IDENTITY = HybridIdentity(bytes(32))
LIFE = Life(date(2026, 11, 22), date(2027, 11, 22))
WORDS = " ".join(fingerprint([IDENTITY.recipient]))
SHARE = split(IDENTITY, Scheme(2, 3))[1]
MEMORY = Path("/dev/shm")
in_memory = pytest.mark.skipif(not MEMORY.is_dir(), reason="/dev/shm is not there")
needs_poppler = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")


def keys(*, by_passphrase: bool = True, by_shares: bool = True, rotated: bool = False) -> Keys:
    return Keys([IDENTITY.recipient], LIFE, by_passphrase, by_shares, rotated=rotated)


def every(lang: str) -> dict[str, bytes]:
    """All sheets of a language, under names of their own."""
    found = dict(sheets.leaflets(keys(), lang))
    found |= {f"rotated-{name}": data for name, data in sheets.leaflets(keys(rotated=True), lang).items()}
    return found | sheets.filled(keys(), SHARE, 2, Scheme(2, 3), lang)


class Elements(HTMLParser):
    """What a page would load, and whether its elements are closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)
        self.loads += [f"{tag} {name}" for name, _ in attrs if name in ("src", "href", "srcset", "data")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("lang", sheets.LANGUAGES)
def test_a_sheet_loads_nothing_and_is_closed_html(lang: str) -> None:
    for name, data in every(lang).items():
        if name.endswith(".html"):
            elements = Elements(data.decode())
            assert (elements.loads, elements.open) == ([], []), name
            assert b"url(" not in data
            assert b"http" not in data.replace(b"http-equiv", b"")


@needs_poppler
@pytest.mark.parametrize("lang", sheets.LANGUAGES)
def test_every_sheet_is_one_printed_page_with_the_same_words(lang: str, tmp_path: Path) -> None:
    for name, data in every(lang).items():
        if name.endswith(".pdf"):
            (tmp_path / name).write_bytes(data)
            info = subprocess.run(["pdfinfo", tmp_path / name], capture_output=True, text=True, check=True)
            assert re.search(r"^Pages: +1$", info.stdout, re.MULTILINE), name
            text = subprocess.run(
                ["pdftotext", "-layout", tmp_path / name, "-"], capture_output=True, text=True, check=True
            ).stdout
            assert WORDS in " ".join(text.split()), name


def test_the_sheets_say_what_there_is_to_protect() -> None:
    def page(**given: bool) -> str:
        return sheets.leaflets(keys(**given), "en")["next.html"].decode()

    assert "Nobody can bring it back" in page(by_shares=False)
    assert "the sheets still open the reports" in page()
    assert "Write the passphrase" not in page(by_passphrase=False)
    assert "--shares" in page(by_passphrase=False)
    assert "init --data" not in page(rotated=True)
    assert "in the next acknowledgement" in page(rotated=True)


def test_what_lies_in_the_desk_s_folder_does_not_say_how_many_shares_there_are() -> None:
    made = sheets.leaflets(keys(), "en")
    assert set(made) == {"next.html", "next.pdf", "share-blank.html", "share-blank.pdf"}
    for name in ("next.html", "share-blank.html"):
        assert not re.search(r"sheet \d|of \d|any \d", made[name].decode(), re.IGNORECASE)
    assert made["share-blank.html"].count(b"<td></td>") == 33


def test_a_filled_sheet_has_the_words_in_their_places() -> None:
    page = sheets.filled(keys(), SHARE, 2, Scheme(2, 3), "en")["share-2.html"].decode()
    cells = re.findall(r'<td class="number">(\d+)</td><td>([a-z]+)</td>', page)
    assert {int(number): word for number, word in cells} == dict(enumerate(SHARE, start=1))
    assert "This is sheet 2 of 3. Any 2 of them together" in page


def test_spanish_sheets_have_no_english_sentence_left() -> None:
    english = {name: re.findall(r">([^<>{}]{12,})<", data.decode()) for name, data in pages("en").items()}
    spanish = pages("es")
    for name, sentences in english.items():
        left = [one for one in sentences if one.strip() and one in spanish[name].decode()]
        own = [
            one for one in left if "witnessbox-" not in one and one not in (WORDS, str(IDENTITY.recipient))
        ]
        assert own == [], name


def pages(lang: str) -> dict[str, bytes]:
    return {name: data for name, data in every(lang).items() if name.endswith(".html")}


def test_a_folder_on_a_disk_is_refused_for_secret_sheets(run: Run, tmp_path: Path) -> None:
    done = run("keygen", "--desk", tmp_path / "new", "--shares", "2/3", "--sheets", tmp_path / "sheets")
    assert (done.returncode, done.stdout) == (1, "")
    assert "this place is on a disk, and a disk keeps what was removed\nhint: choose a folder" in done.stderr
    assert not (tmp_path / "sheets").exists()
    assert not (tmp_path / "new").exists()


@in_memory
def test_swap_that_is_not_encrypted_keeps_secret_sheets_from_being_made() -> None:
    with pytest.raises(UnsafePlace, match="swap space"), paper.in_memory(MEMORY / "sheets-x", ["/dev/sda2"]):
        pass
    assert not (MEMORY / "sheets-x").exists()


@in_memory
def test_secret_sheets_are_gone_when_the_ceremony_ends(
    tmp_path: Path, environment: dict[str, str], folder: Path
) -> None:
    made = hold(
        *("keygen", "--desk", tmp_path / "new", "--shares", "2/3", "--sheets", folder),
        environment=environment,
    )
    assert (made.status, made.errors) == (0, "")
    assert f"The 3 sheets lie in {folder} until the end of this step" in made.output
    assert not folder.exists()


@in_memory
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_secret_sheets_are_gone_when_the_ceremony_is_ended(
    number: signal.Signals, tmp_path: Path, environment: dict[str, str], folder: Path
) -> None:
    process = subprocess.Popen(
        [*COMMAND, "keygen", "--desk", tmp_path / "new", "--shares", "2/3", "--sheets", folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout
    while not (line := process.stdout.readline()).startswith("share 1 of 3: "):
        assert process.poll() is None
    shown = line.split(": ")[1].split()
    names = {f"share-{one}.{kind}" for one in (1, 2, 3) for kind in ("html", "pdf")}
    assert {file.name for file in folder.iterdir()} == names
    page = (folder / "share-1.html").read_text()
    assert all(f"<td>{word}</td>" in page for word in shown)
    process.send_signal(number)
    assert process.communicate(timeout=30)[1].strip() == ""
    assert process.returncode == 130
    assert not folder.exists()
    assert not (tmp_path / "new").exists()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A name of our own in memory."""
    return MEMORY / f"witnessbox-{tmp_path.name}"


@in_memory
def test_a_folder_that_exists_is_not_taken_for_secret_sheets(folder: Path) -> None:
    folder.mkdir()
    try:
        (folder / "mine").write_text("mine")
        with pytest.raises(UnsafePlace, match="file exists"), paper.in_memory(folder, []):
            pass
        assert (folder / "mine").read_text() == "mine"
    finally:
        shutil.rmtree(folder)
