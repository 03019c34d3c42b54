"""`deploy/FIRST-EVENING.md` leads from nothing to a report that is read: its lines are run as they stand.

Two things stand in for what a test cannot have. `install.sh` (which `tests/deploy/machine.py` runs on whole
machines) is stood in for by what it gives to the intake's own command: `init`, and `serve` on loopback where
systemd would be. And copying to the server is copying to a folder. The phone is a browser without script.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from pypdf import PdfReader

from intake.crypto.code import to_words
from tests.analysis.conftest import COMMAND
from tests.guides import PASSPHRASE, Walk, parts
from tests.running import configure, serving

GUIDE = parts("FIRST-EVENING.md")
WORDS = "test of the first evening"
REPLY = "Thank you"


class Evening:
    """The people of the evening, and what they see that no command prints."""

    def __init__(self, home: Path) -> None:
        self.server = ExitStack()
        self.address = self.code = ""
        self.read = False
        instead = {
            r"install\.sh": self.install,
            r"^systemctl restart witnessbox$": self.restart,
            r"witnessbox-analysis open": self.open,
        }
        self.walk = Walk(home, instead)
        self.data = home / "server" / "data"

    def install(self, line: str) -> str:
        """What the installer gives to the command, and the folder for bundles."""
        assert line.endswith("--desk ../desk.pub")
        said = self.walk.run(
            "witnessbox-intake init --data /var/lib/witnessbox/data --desk /media/stick/desk.pub"
        )
        # Nobody who fills in a form in a test takes as long as a person.
        configure(self.data, min_fill_seconds=0)
        (self.data.parent / "courier").mkdir()
        self.restart(line)
        return said

    def restart(self, _: str) -> str:
        """The service starts, or starts again."""
        self.server.close()
        serve = serving("witnessbox-intake", "serve", "--data", self.data, "--port", "0")
        self.address = self.server.enter_context(serve)
        return ""

    def send(self) -> None:
        """The phone sends a report, and asks for its code."""
        with httpx.Client(base_url=self.address, timeout=30) as phone:
            page = phone.get("/en/report/").text
            hidden = dict(re.findall(r'name="(_\w+)" value="([^"]+)"', page))
            fields = {**hidden, "setting": "police", "count": "yes", "story": WORDS}
            sent = phone.post("/en/report/", files={name: (None, value) for name, value in fields.items()})
        assert "/sent" in sent.headers["location"]
        self.code = " ".join(to_words(bytes.fromhex(hidden["_code"]), "en"))

    def look(self) -> str:
        """What the phone is shown for its code."""
        with httpx.Client(base_url=self.address, timeout=30) as phone:
            (stamp,) = re.findall(r'name="_stamp" value="([^"]+)"', phone.get("/en/report/").text)
            fields = {"words": (None, self.code), "_stamp": (None, stamp)}
            answer = phone.post("/en/code", files=fields)
            return phone.get(answer.headers["location"]).text

    def open(self, line: str) -> str:
        """The desk person opens the address that is printed, and reads."""
        words = [str(self.walk.home / one) if one == "desk" else one for one in line.split()]
        opening = serving(words[0], *words[1:], "--port", "0", passphrase=PASSPHRASE)
        with opening as address, httpx.Client(follow_redirects=True, timeout=30) as browser:
            home = browser.get(address).raise_for_status().url
            self.read = WORDS in browser.get(home.join("/report/1")).text
        return ""


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening]:
    """The whole evening, as the guide says it."""
    home = tmp_path_factory.mktemp("evening")
    monkeypatch = pytest.MonkeyPatch()
    # The tools of the project's own environment, wherever the guide says that they are.
    monkeypatch.setenv("PATH", f"{Path(COMMAND[0]).parent}:/usr/bin:/bin")
    made = Evening(home)
    try:
        for head, text in GUIDE.items():
            if head.startswith("6."):
                made.send()
            made.walk.go(text)
        yield made
    finally:
        made.server.close()
        monkeypatch.undo()


def test_the_first_evening_ends_with_a_report_that_is_read(evening: Evening) -> None:
    assert evening.read
    look = "witnessbox-intake status --data /var/lib/witnessbox/data"
    assert "to export: 1 report\n" in evening.walk.first[look]
    assert "to export: 0 reports\n" in evening.walk.said[look]


def test_the_reply_of_the_first_evening_reaches_the_phone(evening: Evening) -> None:
    page = re.sub(r"<[^>]+>", " ", evening.look())
    assert REPLY in page


def test_the_same_eight_words_are_shown_at_desk_and_server_and_flyer(evening: Evening) -> None:
    said = evening.walk.said
    (made,) = (one for line, one in said.items() if "keygen" in line)
    (words,) = re.findall(r"the eight words of its keys: (.+)", made)
    assert len(words.split()) == 8
    assert [line for line, one in said.items() if "init --data ours" in line and words in one]
    assert [line for line, one in said.items() if "install.sh" in line and words in one]
    (flyer,) = PdfReader(evening.walk.home / "flyers" / "flyer-en.pdf").pages
    assert words in " ".join(flyer.extract_text().replace("\u200b", "").split())


def test_the_evening_leaves_its_stick_empty_of_reports(evening: Evening) -> None:
    assert {path.name for path in (evening.walk.home / "stick").iterdir()} == {"desk.pub", "server.pub"}
