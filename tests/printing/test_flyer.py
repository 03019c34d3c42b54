"""The flyer: what a phone reads from it, what stands on it, and what is refused."""

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from pypdf import PdfReader

from intake import directory
from intake.crypto.fingerprint import fingerprint
from intake.printing.errors import PrintingError
from intake.printing.flyerfile import Flyer
from tests.printing.conftest import command

ADDRESS = "https://reports.example.org/"
ONION = "abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvwx.onion"
FLYER = f"""\
address = "{ADDRESS}"
onion = "{ONION}"
date = 2026-11-22
[headline]
en = "Were you treated badly at the clinic?"
es = "¿Le trataron mal en la clínica?"
[discreet]
en = "Do you want to tell something?"
es = "¿Quiere contar algo?"
"""
STRIPS = 8
STRIP = 78 / 25.4 * 72
SHA256 = hashlib.sha256(b"a file").hexdigest()
SHA256_GROUPS = [SHA256[at : at + 4] for at in range(0, 64, 4)]
LONG_HELP = (
    "Call 555 0100 by day or by night and ask for anyone of the union; they know what to do and whom to ask"
)


@pytest.fixture(scope="module")
def made(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all flyers on both papers, made by the command."""
    folder = tmp_path_factory.mktemp("made")
    for paper in ("a4", "letter"):
        for more in ([], ["--discreet"]):
            done = run(data, FLYER, folder / paper, folder, "--paper", paper, *more)
            assert done.returncode == 0, done.stderr
    return folder


def run(data: Path, text: str, out: Path, folder: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    file = folder / "flyer.toml"
    file.write_text(text)
    return command("flyer", "--data", data, file, "--out", out, *more)


def photographed(pdf: Path, resolution: int) -> "np.ndarray[tuple[int, int], np.dtype[np.uint8]]":
    """The sheet in grey, so many points an inch."""
    drawing = ["pdftoppm", "-gray", "-r", str(resolution), "-singlefile", str(pdf)]
    picture = subprocess.run(drawing, capture_output=True, check=True, timeout=60).stdout
    _, size, _, pixels = picture.split(b"\n", 3)
    width, height = map(int, size.split())
    return np.frombuffer(pixels, dtype=np.uint8).reshape(height, width)


FLYERS = [
    f"{paper}/{kind}-{language}.pdf"
    for paper in ("a4", "letter")
    for kind in ("flyer", "discreet")
    for language in ("en", "es")
]


@pytest.mark.parametrize("name", FLYERS)
def test_every_code_on_a_flyer_and_its_strips_reads_as_the_address(made: Path, name: str) -> None:
    found = zxingcpp.read_barcodes(photographed(made / name, 150))
    assert [one.text for one in found] == [ADDRESS] * (1 + STRIPS)


def test_the_code_is_read_from_a_bad_copy_too(made: Path) -> None:
    sheet = photographed(made / "a4/flyer-en.pdf", 100).astype(float)
    draw = np.random.default_rng(7)
    # A grey, grainy copy of a copy, with a fold across the large code.
    copied = 90 + sheet * 0.45 + draw.normal(0, 25, sheet.shape)
    copied[300:303] = 255
    found = zxingcpp.read_barcodes(copied.clip(0, 255).astype(np.uint8))
    assert ADDRESS in [one.text for one in found]


@pytest.mark.parametrize("more", [(), ("--discreet",)], ids=["flyer", "discreet"])
def test_the_white_edge_of_the_code_cuts_no_letter_above_it(
    data: Path, tmp_path: Path, more: tuple[str, ...]
) -> None:
    text = re.sub('(en|es) = ".*"', r'\1 = "gy gy gy gy gy gy gy"', FLYER)
    assert run(data, text, tmp_path / "out", tmp_path, *more).returncode == 0
    sheet = photographed(next((tmp_path / "out").glob("*-en.pdf")), 150)
    code = zxingcpp.read_barcodes(sheet)[0].position
    inked = [
        np.flatnonzero((sheet[: code.top_left.y - 4, left:right] < 128).any(axis=1))
        for left, right in ((code.top_left.x, code.top_right.x), (code.top_right.x + 80, None))
    ]
    # With its edge the code is 66 mm wide.
    white = (66 / 25.4 * 150 - (code.top_right.x - code.top_left.x)) / 2
    assert code.top_left.y - inked[0][-1] > white - 4
    if more:
        assert inked[0][-1] == inked[1][-1]


def test_all_that_a_stranger_needs_stands_on_it_as_text(made: Path, data: Path) -> None:
    reader = PdfReader(made / "a4/flyer-en.pdf")
    (page,) = reader.pages
    text = " ".join(page.extract_text().replace("\u200b", "").split())
    assert "Were you treated badly at the clinic?" in text
    assert "reports.example.org" in text
    assert ONION[:28] in text
    assert " ".join(fingerprint(directory.read(data).recipients)) in text
    assert "A lawyer" in text
    assert "Printed 2026-11-22" in text
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_discreet_one_says_neither_what_it_is_about_nor_whom_to_call(made: Path, language: str) -> None:
    reader = PdfReader(made / f"letter/discreet-{language}.pdf")
    text = reader.pages[0].extract_text() + str(reader.metadata)
    for telling in ("clinic", "clínica", "lawyer", "Abogad", "report mistreatment", "organizers", "grupo"):
        assert telling not in text.replace("\u200b", "")


def test_the_number_of_the_file_stands_on_both_flyers_in_groups(data: Path, tmp_path: Path) -> None:
    text = FLYER.replace("date =", f'file_sha256 = "{SHA256}"\ndate =')
    for more in ([], ["--discreet"]):
        assert run(data, text, tmp_path / "out", tmp_path, *more).returncode == 0
    for name in ("flyer-en", "flyer-es", "discreet-en", "discreet-es"):
        printed = PdfReader(tmp_path / "out" / f"{name}.pdf").pages[0].extract_text()
        assert " ".join(SHA256_GROUPS) in " ".join(printed.split())


@pytest.mark.parametrize("name", [name.replace(".pdf", ".svg") for name in FLYERS])
def test_the_picture_needs_nothing_from_anywhere(made: Path, name: str) -> None:
    picture = (made / name).read_text()
    assert "<svg" in picture
    for reference in (
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
        "http://www.w3.org/1999/xhtml",
    ):
        picture = picture.replace(reference, "")
    assert "http" not in picture
    assert "<script" not in picture


def test_the_same_file_makes_the_same_bytes_elsewhere(data: Path, made: Path, tmp_path: Path) -> None:
    done = run(data, FLYER, tmp_path / "again", tmp_path)
    assert done.returncode == 0
    for one in (tmp_path / "again").iterdir():
        assert digest(one) == digest(made / "a4" / one.name)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (ADDRESS, "https://reports.example.org/?flyer=17", "one flyer from another"),
        (ADDRESS, "https://reports.example.org/#north-door", "one flyer from another"),
        (ADDRESS, "https://bit.ly/abc", "a shortener"),
        (ADDRESS, "http://reports.example.org/", "must begin with https://"),
        (ADDRESS, "https://me:secret@reports.example.org/", "one flyer from another"),
        (ADDRESS, f"https://reports.example.org/{'a' * 60}", "more than 60 signs"),
        (ONION, "abc.onion", "not an onion address"),
        (
            "date = 2026-11-22",
            'date = 2026-11-22\nfile_sha256 = "12AB"',
            "64 hexadecimal digits in lower case",
        ),
        ("date = 2026-11-22", "date = 2026-11-22\nfile_sha256 = 12", "64 hexadecimal digits in lower case"),
        ("date = 2026-11-22", 'date = "soon"', "must be a day"),
        ("date = 2026-11-22", "", '"date" is missing'),
        ("date = 2026-11-22", "date = 2026-11-22\nnumber = 5", 'no setting "number"'),
        ('en = "Do you want to tell something?"\nes = "¿Quiere contar algo?"', 'xx = "?"', "printed in xx:"),
        ("Were you treated badly at the clinic?", "so " * 40, "more than 90 signs"),
        ("[headline]", "[headline", "is not TOML"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_rule(
    data: Path, tmp_path: Path, before: str, after: str, words: str
) -> None:
    assert before in FLYER
    more = ("--discreet",) if after.startswith("xx") else ()
    done = run(data, FLYER.replace(before, after), tmp_path / "out", tmp_path, *more)
    assert done.returncode == 1
    assert words in done.stderr
    assert "secret" not in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_the_fullest_flyer_leaves_its_strips_alone(data: Path, tmp_path: Path, paper: str) -> None:
    full = tmp_path / "full"
    shutil.copytree(data, full)
    (full / "lists" / "help.csv").write_text(
        "label::English (en),label::Español (es),text::English (en),text::Español (es)\n"
        + "".join(
            f"{label},{label},{LONG_HELP},{LONG_HELP}\n"
            for label in ("Now", "By day", "By night", "A lawyer")
        )
    )
    headline = ("Were you treated very badly by a clinic, " * 3)[:90]
    text = FLYER.replace("Were you treated badly at the clinic?", headline)
    text = text.replace("date =", f'file_sha256 = "{SHA256}"\ndate =')
    done = run(full, text, tmp_path / "out", tmp_path, "--paper", paper)
    assert done.returncode == 0, done.stderr
    for language in ("en", "es"):
        words, height = placed(tmp_path / "out" / f"flyer-{language}.pdf")
        cut = height - STRIP
        above = [word for word, bottom in words if bottom < cut]
        assert set(SHA256_GROUPS) <= set(above)
        assert sum(word.startswith("2026-11-22") for word in above) == 1
        assert above.count("anyone") == 4
        assert {word for word, bottom in words if bottom >= cut} <= {
            "reports.example.org",
            *fingerprint(directory.read(full).recipients),
        }


def placed(pdf: Path) -> tuple[list[tuple[str, float]], float]:
    """The words of a sheet with how far down each ends, and how tall the sheet is, in points."""
    drawn = subprocess.run(["pdftotext", "-bbox", str(pdf), "-"], capture_output=True, check=True, text=True)
    text = drawn.stdout.replace("\u200b", "")
    words = re.findall(r'yMax="([0-9.]+)">([^<]*)</word>', text)
    [height] = re.findall(r'<page width="[0-9.]+" height="([0-9.]+)"', drawn.stdout)
    return [(word, float(bottom)) for bottom, word in words], float(height)


def test_what_was_made_before_is_not_written_over(data: Path, made: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "flyer-es.svg").write_text("mine")
    done = run(data, FLYER, tmp_path / "out", tmp_path)
    assert (done.returncode, "exists already; nothing was written" in done.stderr) == (1, True)
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["flyer-es.svg"]


def test_an_onion_site_may_be_the_address_itself(tmp_path: Path) -> None:
    file = tmp_path / "flyer.toml"
    file.write_text(FLYER.replace(ADDRESS, f"http://{ONION}/"))
    assert Flyer.read(file).short == ONION


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PrintingError, match=r"cannot read .*nothing\.toml: No such file"):
        Flyer.read(tmp_path / "nothing.toml")


@pytest.mark.parametrize("package", ["segno", "typst"])
def test_without_the_packages_that_draw_it_says_which_to_install(
    data: Path, tmp_path: Path, package: str
) -> None:
    (tmp_path / "flyer.toml").write_text(FLYER)
    words = ["flyer", "--data", str(data), str(tmp_path / "flyer.toml"), "--out", str(tmp_path / "out")]
    code = (
        "import sys\n"
        f"sys.modules[{package!r}] = None\n"
        f"sys.argv[1:] = {words!r}\n"
        "from intake.main import main\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert f"{package} is not installed" in done.stderr
    assert "pip install 'witnessbox[print]'" in done.stderr
    assert not (tmp_path / "out").exists()
