"""A desk, a server that it has pinned, and bundles that go from one to the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from analysis import archive, courier, loading
from analysis.desk import Desk
from analysis.loading import Result
from intake.crypto.shard import Member
from tests.analysis.making import Server, new_desk


@dataclass
class Round:
    """A desk, and what is carried to it."""

    desk: Desk
    server: Server
    stick: Path

    def bundle(self, *members: Member) -> Path:
        """A bundle on the stick."""
        return self.server.bundle(self.stick, members)

    def take(self, bundle: Path) -> Result:
        """The desk imports a bundle, as its command does."""
        with self.desk.changing():
            archive.sweep(self.desk)
            return loading.load_delivery(self.desk, courier.receive(self.desk, bundle), processes=1)

    def bring(self, *members: Member) -> Result:
        """A bundle of these, imported."""
        return self.take(self.bundle(*members))

    def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """What the desk's database answers."""
        return [tuple(row) for row in self.desk.database.conn.execute(query, values)]

    def number(self, name: bytes) -> int:
        """The number of a report."""
        return int(str(self.rows('SELECT "id" FROM "reports" WHERE "name" = ?', name.hex())[0][0]))

    def reopen(self) -> None:
        """The desk is closed and unlocked again."""
        path = self.desk.path
        self.desk.close()
        self.desk = Desk.unlock(path, lambda: "")


@pytest.fixture
def round_trip(tmp_path: Path) -> Iterator[Round]:
    """A desk without a passphrase, its server, and an empty stick."""
    stick = tmp_path / "stick"
    stick.mkdir()
    desk, server = new_desk(tmp_path)
    made = Round(desk, server, stick)
    yield made
    made.desk.close()
