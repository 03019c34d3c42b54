"""A desk with reports in it, and two organizers."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import pytest

from analysis.archive import sweep
from analysis.courier import receive
from analysis.desk import Desk
from analysis.loading import load_delivery
from analysis.review.people import Reviewer
from intake.crypto.shard import Member
from tests.analysis.conftest import desk, desk_path, environment, run, scratch, server, stick
from tests.analysis.making import Server, member

__all__ = ["desk", "desk_path", "environment", "run", "scratch", "server", "stick"]

ANA, BEN = Reviewer.named("Ana"), Reviewer.named("Ben")

Bring: TypeAlias = Callable[..., list[int]]


@pytest.fixture
def bring(desk: Desk, server: Server, stick: Path) -> Bring:
    """Brings reports with these answers to the desk in one bundle; their numbers, in the same order."""

    def bringer(*given: dict[str, Sequence[str]]) -> list[int]:
        members = [member(desk.recipients, **answers) for answers in given]
        take(desk, server.bundle(stick, members))
        return [number(desk, one) for one in members]

    return bringer


def take(desk: Desk, bundle: Path) -> None:
    """Imports a bundle, as the command does."""
    with desk.changing():
        sweep(desk)
        load_delivery(desk, receive(desk, bundle), processes=1)


def number(desk: Desk, one: Member) -> int:
    """The number of a report at the desk."""
    rows = desk.database.conn.execute('SELECT "id" FROM "reports" WHERE "name" = ?', [one.name.id.hex()])
    return int(rows.fetchone()[0])


def counted(desk: Desk) -> set[int]:
    """The reports that findings and patterns read."""
    return {row[0] for row in desk.database.conn.execute('SELECT "id" FROM "counted"')}
