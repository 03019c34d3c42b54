"""The command that makes the form as one file: what it says, what it refuses, what it leaves."""

import hashlib
import json
import re
import sqlite3
import subprocess
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import pytest

from analysis.identity import HybridIdentity
from intake import directory, fileform
from intake.crypto.fingerprint import fingerprint
from intake.fileform import FileFormError, FilePages
from intake.forms.form import Form, canonical, shipped
from tests.serving import make_data, run


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, identity: HybridIdentity) -> Path:
    """A data directory that no test changes."""
    return make_data(tmp_path_factory.mktemp("fileform") / "data", identity)


def test_it_says_the_number_of_the_file_and_the_words_of_its_keys(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    done = run("file-form", "report", "--data", data, "-o", out)
    assert (done.returncode, done.stderr) == (0, "")
    words = " ".join(fingerprint(directory.read(data).recipients))
    assert done.stdout.splitlines() == [
        str(out),
        f"SHA-256 {hashlib.sha256(out.read_bytes()).hexdigest()}",
        f"it seals to these keys: {words}",
    ]
    assert f">{words}<" in out.read_text(encoding="utf-8")


def test_the_guide_tells_how_to_make_the_file_and_check_it(data: Path, tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "deploy" / "OFFLINE.md").read_text(encoding="utf-8")
    lines = re.findall(r"^    witnessbox-intake (file-form .*?)(?: +#.*)?$", guide, re.MULTILINE)
    [check] = re.findall(r"^    (sha256sum .*?) +#", guide, re.MULTILINE)
    runs = [run(*line.replace("--data intake", f"--data {data}").split(), cwd=tmp_path) for line in lines]
    assert [made.stderr for made in runs if made.returncode] == []
    assert len(runs) == 4
    [made] = [one for one in runs if check.split()[-1] in one.stdout]
    found = subprocess.run(check.split(), cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert f"SHA-256 {found.split()[0]}\n" in made.stdout


class Elements(HTMLParser):
    """What the elements of a file refer to, and the text of its scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        names = {"src", "href", "action", "data", "srcset", "poster", "formaction", "background", "style"}
        self.links += [value or "" for name, value in attrs if name in names or name.startswith("on")]


def test_the_file_refers_to_nothing_outside_but_the_way_out(data: Path) -> None:
    text = fileform.make(directory.read(data), "report").html.decode()
    found = Elements()
    found.feed(text)
    assert set(found.links) == {"https://www.bbc.com/weather", "#main", "about:blank"}
    assert not found.tags & {"link", "img", "iframe", "object", "embed", "base", "audio", "video", "svg"}
    assert set(re.findall(r"https?://[\w./]+", text)) == {"https://www.bbc.com/weather"}
    assert "url(" not in text
    assert "@import" not in text


def test_the_policy_stands_before_anything_that_it_rules(data: Path) -> None:
    text = fileform.make(directory.read(data), "report").html.decode()
    policy = text.index('<meta http-equiv="Content-Security-Policy"')
    assert policy < min(text.index(one) for one in ("<style", "<script", "<title", "<body"))
    assert "default-src &#39;none&#39;" in text
    assert "unsafe" not in text[policy : text.index(">", policy)]


def test_the_file_says_where_to_hand_in_when_it_is_told(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    done = run("file-form", "report", "--data", data, "-o", out, "--address", "https://reports.example.org/")
    assert done.returncode == 0
    assert out.read_text(encoding="utf-8").count(">reports.example.org/upload<") == 2


def test_the_same_file_again_is_no_error_and_another_is_not_replaced(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    first = run("file-form", "report", "--data", data, "-o", out)
    again = run("file-form", "report", "--data", data, "-o", out)
    assert (again.returncode, again.stdout) == (0, first.stdout)
    out.write_text("mine")
    done = run("file-form", "report", "--data", data, "-o", out)
    assert done.returncode == 1
    assert f"{out} exists already, and is another file\nhint: choose a new name" in done.stderr
    assert out.read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["nothing"], 'offers no form "nothing"\nhint: it offers report', id="no such form"),
        pytest.param(["../report"], 'offers no form "../report"', id="a path"),
        pytest.param(
            ["report", "--address", "http://plain.example.org/"], "must begin with https://", id="http"
        ),
        pytest.param(["report", "--address", "https://bit.ly/x"], "a shortener", id="shortener"),
        pytest.param(["report", "--mode", "party"], "Invalid value for '--mode'", id="no such mode"),
    ],
)
def test_what_cannot_be_made_is_refused_and_leaves_no_file(
    data: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    done = run("file-form", *arguments, "--data", data, "-o", tmp_path / "out.html")
    assert done.returncode != 0
    assert words in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_a_key_to_seal_to_there_is_no_file(tmp_path: Path, identity: HybridIdentity) -> None:
    data = make_data(tmp_path / "data", identity)
    for card in (data / "desks").iterdir():
        card.unlink()
    done = run("file-form", "report", "--data", data, "-o", tmp_path / "out.html")
    assert done.returncode == 1
    assert "desks" in done.stderr
    assert not (tmp_path / "out.html").exists()


def test_a_folder_that_is_not_there_is_named(data: Path, tmp_path: Path) -> None:
    done = run("file-form", "report", "--data", data, "-o", tmp_path / "nowhere" / "out.html")
    assert done.returncode == 1
    assert re.search(r"error: cannot write .*out\.html: No such file or directory\n", done.stderr)


def french(languages: tuple[str, ...]) -> Form:
    """The form that ships, in French, and in some of its own languages."""

    def spoken(value: object) -> object:
        if isinstance(value, list):
            return [spoken(one) for one in value]
        if not isinstance(value, dict):
            return value
        if value.keys() == {"en", "es"}:
            return {"fr": value["en"]} | {one: value[one] for one in languages}
        return {name: spoken(one) for name, one in value.items()}

    value = spoken(json.loads(shipped("report").json))
    assert isinstance(value, dict)
    value |= {"default_language": "fr", "languages": ["fr", *languages]}
    return Form.from_json(canonical(value) + b"\n")


@pytest.mark.parametrize("also", [(), ("es",)], ids=["none is left", "one is left"])
def test_a_language_without_words_for_the_pages_is_left_out_and_said(
    tmp_path: Path, identity: HybridIdentity, also: tuple[str, ...]
) -> None:
    data = make_data(tmp_path / "data", identity)
    (data / "forms").mkdir(exist_ok=True)
    (data / "forms" / "report.json").write_bytes(french(also).json)
    for notes in ("help", "deadlines"):
        text = (data / "lists" / f"{notes}.csv").read_text(encoding="utf-8")
        (data / "lists" / f"{notes}.csv").write_text(text.replace("English (en)", "Français (fr)"))
    done = run("file-form", "report", "--data", data, "-o", tmp_path / "out.html")
    if also:
        assert "left out: fr; the pages have no words in it\n" in done.stdout, done.stderr
        assert '<html lang="es"' in (tmp_path / "out.html").read_text(encoding="utf-8")
    else:
        assert 'form "report" is in fr: there are no words of the pages in it' in done.stderr
        assert not (tmp_path / "out.html").exists()


def test_languages_that_do_not_line_up_are_refused(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its script swaps words in place: with other elements it would put them in the wrong one."""
    whole = FilePages._body

    def longer(self: FilePages, language: str, *rest: object) -> str:
        return whole(self, language, *rest) + ("<p>más</p>" if language == "es" else "")  # type: ignore[arg-type]

    monkeypatch.setattr(FilePages, "_body", longer)
    with pytest.raises(FileFormError, match="has not the same parts in es as in en"):
        fileform.make(directory.read(data), "report")


def test_the_next_bundle_brings_the_form_of_the_file_to_the_desk(
    tmp_path: Path, identity: HybridIdentity
) -> None:
    """The server was not started again since the organizers edited a list."""
    data = make_data(tmp_path / "data", identity)
    list_of_areas = data / "lists" / "areas.csv"
    text = list_of_areas.read_text(encoding="utf-8").splitlines()
    list_of_areas.write_text("\n".join(text[:-1]) + "\n", encoding="utf-8")
    assert run("file-form", "report", "--data", data, "-o", tmp_path / "out.html").returncode == 0
    with closing(sqlite3.connect(data / "reports.db")) as connection:
        kept = {digest for (digest,) in connection.execute("SELECT digest FROM forms")}
    assert len(kept) == 2
    assert directory.read(data).forms[0].digest in kept
