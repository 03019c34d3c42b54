"""A server, a desk, and the sticks between them, for guides that are tried: all by the real commands.

`install.sh` is stood in for by the intake's own `init` and `serve` on loopback.
"""

import re
import shutil
from contextlib import ExitStack, closing
from pathlib import Path

import httpx

from analysis.desk import Desk
from intake.crypto.receipt import Receipt
from intake.crypto.recipients import read_recipients
from tests.faults.chain import sealed_body
from tests.guides import PASSPHRASE, Walk
from tests.running import be_patient, serving

DATA = "/var/lib/witnessbox/data"


class Outfit:
    """A server, a desk, and the sticks between them, in the folders of a walk."""

    def __init__(self, home: Path) -> None:
        self.running = ExitStack()
        self.address = ""
        self.walk = Walk(
            home,
            {
                r"install\.sh": self.install,
                r"^systemctl restart witnessbox$": self.restart,
                # Files of a test belong to whoever runs it.
                r"^chown ": lambda _: "",
                # Nothing was published here.
                r"restore-ledger": lambda _: "",
                r" pin ": self.pin,
            },
        )
        self.home, self.data, self.desk = home, home / "server" / "data", home / "desk"

    def begin(self) -> None:
        """The first evening: a desk of shares and passphrase, and a server."""
        self.walk.run("witnessbox-analysis keygen --desk desk --passphrase --shares 2/3")
        self.install("")
        self.walk.run(f"cp {DATA}/server.pub /media/stick/")
        self.walk.run("witnessbox-analysis pin --desk desk /media/stick/server.pub")

    def install(self, _: str) -> str:
        """What the installer gives to the command, and the folder for bundles."""
        said = self.walk.run(f"witnessbox-intake init --data {DATA} --desk desk/desk.pub")
        be_patient(self.data)
        (self.data.parent / "courier").mkdir(exist_ok=True)
        return said + self.restart("")

    def restart(self, _: str) -> str:
        """The service starts, or starts again."""
        self.running.close()
        serve = serving("witnessbox-intake", "serve", "--data", self.data, "--port", "0")
        self.address = self.running.enter_context(serve)
        return ""

    def pin(self, line: str) -> str:
        """Pins, and remembers what to give for DIGITS."""
        self.walk.instead.pop(r" pin ", None)
        said = self.walk.run(line)
        self.walk.words["DIGITS"] = re.findall(r"pinned the server ([0-9a-f]{12})", said)[0]
        self.walk.instead[r" pin "] = self.pin
        return said

    def send(self, number: int) -> set[str]:
        """So many reports that the server said it has; their names."""
        recipients = tuple(read_recipients((self.desk / "recipients.txt").read_text()))
        drawn = [Receipt.draw() for _ in range(number)]
        with httpx.Client(timeout=30) as client:
            for receipt in drawn:
                body, kind = sealed_body(receipt, recipients), {"content-type": "application/octet-stream"}
                assert client.post(f"{self.address}sealed", content=body, headers=kind).status_code == 201
        return {receipt.id.hex() for receipt in drawn}

    def trip(self, *, answer: bool) -> None:
        """A courier's trip."""
        self.walk.run(f"witnessbox-intake export --data {DATA} --out /media/stick")
        self.walk.run("witnessbox-analysis import --desk desk /media/stick")
        if answer:
            self.walk.run("witnessbox-analysis acknowledge --desk desk --out /media/stick")
            newest = max((self.home / "stick").glob("acknowledgement-*")).name
            self.walk.run(f"witnessbox-intake acknowledge --data {DATA} /media/stick/{newest}")

    def at_desk(self) -> list[str]:
        """The names of the reports in the desk's database."""
        with closing(Desk.unlock(self.desk, lambda: PASSPHRASE)) as desk:
            return sorted(row[0] for row in desk.database.conn.execute('SELECT "name" FROM "reports"'))

    def empty_stick(self) -> None:
        """As the courier does after a trip."""
        shutil.rmtree(self.home / "stick")
        (self.home / "stick").mkdir()
