"""`deploy/WORKBENCH.md` says what the program says: its commands, its pages' words, its keys.

The commands are run as they stand in it, on complaints that are about nobody. Its figures are those of real
complaints, which are not part of the project: `python -m tests.real.guide` holds them to the truth.
"""

import csv
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.main import cli as desk
from templates import TEMPLATES
from tests.analysis.test_pages import text
from tests.analysis.test_workbench import Browser, start
from tests.catalogs import extracted
from tests.real.replay import ROOT
from tests.running import command

GUIDE = (ROOT / "deploy" / "WORKBENCH.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    (witnessbox-analysis .*)$", GUIDE, re.MULTILINE)
COLUMNS = (
    *("complaint", "year", "month", "precinct", "command", "officers"),
    *("complainant_ethnicity", "complainant_gender", "complainant_age"),
    *("contact_reason", "contact_outcome", "allegations"),
)


def complaints(path: Path) -> Path:
    """A sheet of complaints that are about nobody, with a pattern that is known."""
    stop, frisk, curse = "Abuse of Authority: Stop", "Abuse of Authority: Frisk", "Discourtesy: Word"
    rows = [[stop, frisk]] * 12 + [[curse]] * 12
    with path.open("w", newline="", encoding="utf-8") as file:
        sheet = csv.DictWriter(file, COLUMNS)
        sheet.writeheader()
        for number, acts in enumerate(rows):
            sheet.writerow(
                {
                    "complaint": number,
                    "year": 2012,
                    "month": number % 12 + 1,
                    "precinct": "75",
                    "command": "075 PCT" if number < 15 else "044 PCT",
                    "officers": "100" if number < 13 else f"2{number}",
                    "contact_reason": "no reason that the map knows",
                    "allegations": "|".join(acts),
                }
            )
    return path


def test_every_word_of_the_screen_that_the_guide_names_is_on_a_page() -> None:
    named = {" ".join(one.split()) for one in re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", GUIDE)}
    messages = [one for message in extracted() if message.id for one in _texts(message.id)]
    assert len(named) > 20
    assert sorted(named - set(messages)) == []


def _texts(message: object) -> list[str]:
    both = [message] if isinstance(message, str) else list(message)  # type: ignore[call-overload]
    return [re.sub(r"%\(\w+\)s ", "", str(one)) for one in both]


def test_the_guide_names_every_key_and_no_other() -> None:
    keyboard = GUIDE.partition("## The keyboard")[2].partition("##")[0]
    pages = "".join(path.read_text() for path in (TEMPLATES / "workbench" / "pages").glob("*.html"))
    frame = re.findall(r'\("/\w+", "(\w)"', pages)
    assert {*re.findall(r"`(\w)`", keyboard)} == {*re.findall(r'accesskey="(\w)"', pages), *frame}


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_guide_is_one_of_the_program(line: str) -> None:
    _, name, *words = shlex.split(line)
    known = {option for one in desk.commands[name].params for option in one.opts}
    assert {word for word in words if word.startswith("--")} <= known


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Browser]]:
    """What the import said, and somebody who opened the desk: all by the guide's own lines."""
    folder = tmp_path_factory.mktemp("guide")
    complaints(folder / "police_complaints.csv")
    given = {
        "practice": str(folder / "practice"),
        "police_complaints.csv": str(folder / "police_complaints.csv"),
    }
    lines = [[given.get(word, word) for word in shlex.split(line)] for line in COMMANDS]
    assert [line[1] for line in lines] == ["keygen", "import-csv", "open"]
    # The map's path is the project's, where the guide is read.
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.chdir(ROOT)
    command(*lines[0], "--no-passphrase")
    said = command(*lines[1])
    process, browser, opening = start(folder / "practice", dict(os.environ))
    browser.cookie = browser.get(opening).headers["Set-Cookie"].split(";")[0]
    yield said, browser
    process.terminate()
    process.communicate(timeout=20)
    monkeypatch.undo()


def test_the_import_says_what_the_guide_says_that_it_says(practice: tuple[str, Browser]) -> None:
    said, _ = practice
    assert "24 rows: 24 reports added" in said
    assert 'column "contact_reason": 24 values not in the map' in said
    for line in ("8229 rows: 8229 reports added", 'column "contact_reason": 3498 values not in the map'):
        assert f"`{line}`" in GUIDE


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        pytest.param("/", r"24 reports are at this desk\. All were received in", id="overview"),
        pytest.param(
            "/patterns/places?_of=marks", r"24 reports give a name.*As it was written 100 13 ", id="officers"
        ),
        pytest.param("/patterns/places?_of=station", r"075 PCT 15 .* 044 PCT 9 †", id="commands"),
        pytest.param(
            "/patterns/together", r"Stopped me for no reason Patted me down 12 6\.0 2\.0", id="acts together"
        ),
        pytest.param("/patterns/alike?_of=event", r"\d+ sets? with \d+ reports\.", id="one event"),
        pytest.param("/patterns/alike?_of=answers", r"\d+ sets? with \d+ reports\.", id="same answers"),
        pytest.param("/patterns/time", r"By month of the event n = 24 ", id="over time"),
    ],
)
def test_a_newcomer_finds_the_answer_where_the_guide_says(
    practice: tuple[str, Browser], path: str, shown: str
) -> None:
    assert re.search(shown, text(practice[1], path))
