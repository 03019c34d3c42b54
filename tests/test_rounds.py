"""`COURIER.md`, `GROUPS.md` and `OFFLINE.md`: the lines of the weekly rounds are run as they stand.

Stood in for: another machine (`ssh`, `rsync` and `scp` reach a folder here), the tools of macOS and Windows
that show a SHA-256, and the installing of Chromium. The kiosk's browser is the real one, without a screen.
"""

import hashlib
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from intake.crypto.receipt import Receipt
from intake.crypto.recipients import read_recipients
from tests.faults.chain import sealed_body
from tests.guides import Walk, parts
from tests.outfit import Outfit
from tests.running import serving

SERVE = "witnessbox-intake serve --data intake"
COURIER, GROUPS, OFFLINE = (parts(guide) for guide in ("COURIER.md", "GROUPS.md", "OFFLINE.md"))


@pytest.fixture
def outfit(tmp_path: Path) -> Iterator[Outfit]:
    """A server and a desk, in folders of the names that the guides give them."""
    made = Outfit(tmp_path / "outfit")
    with made.running:
        made.begin()
        (made.home / "intake").symlink_to(made.data)
        yield made


def seal_into(folder: Path, desk: Path, name: str = "") -> str:
    """A sealed file, as the one-file form saves it; the name of its report."""
    receipt = Receipt.draw()
    folder.mkdir(exist_ok=True)
    body = sealed_body(receipt, tuple(read_recipients((desk / "recipients.txt").read_text())))
    (folder / (name or f"{receipt.id.hex()}.age")).write_bytes(body[len(receipt.id) :])
    return receipt.id.hex()


def test_every_line_for_the_courier_works_in_the_guide_s_order(outfit: Outfit) -> None:
    walk, home = outfit.walk, outfit.home
    kept = outfit.send(2)
    walk.go(COURIER["One trip"])
    assert any("to export: 2 reports" in said for said in walk.said.values())
    assert "to export: 0 reports" in walk.run("witnessbox-intake status --data intake")
    outfit.empty_stick()
    kept |= {seal_into(home / "stick", outfit.desk), seal_into(home / "other", outfit.desk)}
    one = seal_into(home, outfit.desk, "one.age")
    walk.words["/media/other/stick"] = str(home / "other")
    walk.go(COURIER["Sealed files, at the desk"])
    assert len(outfit.at_desk()) == len(kept) + 1
    assert set(outfit.at_desk()) >= kept - {one}
    walk.go(COURIER["Copies"])
    assert (home / "saved.age").exists()


def test_without_a_courier_the_same_bundle_goes_by_ssh(outfit: Outfit) -> None:
    walk = outfit.walk
    walk.words["intake:outbox/"] = "outbox/"
    walk.instead |= {
        r"^ssh intake ": lambda line: walk.run(line.removeprefix("ssh intake ")),
        r"^rsync --archive intake:outbox/ inbox/$": lambda _: walk.run("cp -a outbox/. inbox"),
    }
    kept = outfit.send(2)
    walk.go(COURIER["Without a courier"])
    assert outfit.at_desk() == sorted(kept)
    assert "to export: 0 reports" in walk.run("witnessbox-intake status --data intake")


class Hosts:
    """Whoever runs a server for two groups, each with a desk."""

    def __init__(self, home: Path) -> None:
        self.running = ExitStack()
        self.walk = Walk(
            home,
            {
                r"-intake serve ": self.serve,
                r"^taking reports at ": self.told,
                r"-intake acknowledge ": self.answer,
                r"^systemctl stop witnessbox$": self.stop,
                r"^systemctl start witnessbox$": lambda _: self.serve(
                    "witnessbox-intake serve --data intake"
                ),
            },
        )
        for name in ("tenants", "patients"):
            self.walk.run(f"witnessbox-analysis keygen --desk {name}-desk")
            self.walk.run(f"cp {name}-desk/desk.pub {name}-desk.pub")
        self.address, self.sent = "", False

    def serve(self, line: str) -> str:
        """It runs on a free port."""
        program, *rest = line.split()
        words = [str(self.walk.home / one) if one == "intake" else one for one in rest]
        self.address = self.running.enter_context(serving(program, *words, "--port", "0"))
        if not self.sent:
            self.send()
        return ""

    def send(self) -> None:
        """Somebody reports to the tenants."""
        recipients = tuple(read_recipients((self.walk.home / "tenants-desk" / "recipients.txt").read_text()))
        body, kind = sealed_body(Receipt.draw(), recipients), {"content-type": "application/octet-stream"}
        address = self.address.replace("/patients/", "/tenants/")
        self.sent = httpx.post(f"{address}sealed", content=body, headers=kind, timeout=30).status_code == 201

    def stop(self, _: str) -> str:
        """It ends."""
        self.running.close()
        return ""

    def told(self, line: str) -> str:
        """The guide says what it prints; the first line is looked at, the other has the other group."""
        groups = self.walk.home / "intake" / "groups"
        assert {path.name for path in groups.iterdir()} == {"patients", "tenants"}
        assert self.address.endswith("/g/patients/")
        assert re.search(r"8000/g/(patients|tenants)/$", line)
        return ""

    def answer(self, line: str) -> str:
        """What its desk does before a group's answer can be taken in."""
        self.walk.instead.pop(r"-intake acknowledge ")
        desk = "witnessbox-analysis {} --desk tenants-desk"
        self.walk.run(f"{desk.format('pin')} intake/groups/tenants/server.pub")
        self.walk.run(f"{desk.format('import')} /media/stick")
        self.walk.run(f"{desk.format('acknowledge')} --out /media/stick")
        return self.walk.run(line)


def test_two_groups_share_a_server_as_the_guide_says(tmp_path: Path) -> None:
    hosts = Hosts(tmp_path / "hosts")
    with hosts.running:
        for text in GROUPS.values():
            hosts.walk.go(text)
        assert hosts.sent
        status = hosts.walk.said["witnessbox-intake status --data intake/groups/tenants"]
        assert "to export: 0 reports" in status
        assert "bundle 1: acknowledged, and deleted here" in status
        root = hosts.address.partition("/g/")[0]
        assert httpx.get(f"{root}/g/patients/en/", timeout=30).status_code == 200
        assert httpx.get(f"{root}/g/tenants/en/", timeout=30).status_code == 404


def test_every_line_about_the_form_as_one_file_works(outfit: Outfit) -> None:
    walk, home = outfit.walk, outfit.home
    told: list[str] = []
    kiosk: list[str] = []

    def browse(line: str) -> str:
        kiosk.append(line.replace("chromium ", "chromium --headless --no-sandbox --dump-dom ", 1))
        if not line.startswith("rm "):
            return ""
        script = walk.here(" && ".join(kiosk))
        done = subprocess.run(
            ["bash", "-ec", script],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def show(_: str) -> str:
        return hashlib.sha256((home / "survey.html").read_bytes()).hexdigest()

    walk.instead |= {
        r'^file_sha256 = "\.\.\."': lambda line: told.append(line) or "",  # type: ignore[func-returns-value]
        r"^(shasum|certutil) ": show,
        r"^sudo apt install": lambda _: "",
        r"^(profile=|chromium |rm -r \"\$profile\")": browse,
    }
    walk.words["FOLDER"] = str(home / "handed")
    kept = seal_into(home / "handed", outfit.desk)
    for text in OFFLINE.values():
        walk.go(text)
    assert told
    assert outfit.at_desk() == [kept]
    shown = [said for line, said in walk.said.items() if "survey.html" in line]
    assert len(shown) == 4
    assert all(show("") in said for said in shown)
    assert [said for line, said in walk.said.items() if line.startswith("rm -r") and "<form" in said]
    assert not list((home / "memory").iterdir())
    assert {path.name for path in home.glob("*.html")} == {
        "survey.html",
        "outreach.html",
        "kiosk.html",
        "sheets.html",
    }
