"""A ledger that was lost, and is taken in again: what was counted then comes out again, or nothing does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis.findings import batches, past, recounting
from analysis.findings.errors import Changed, LostLedger
from analysis.findings.ledger.errors import BadRelease
from intake.crypto.signing import SigningKey
from tests.findings.releasing import KEY, Publisher
from tests.findings.small_desk import settings_form

LATER: dict[str, Any] = {"release": "2026-2", "period": ("2026-01", "2026-12"), "date": "2027-01-15"}


@pytest.fixture
def police(tmp_path: Path) -> Iterator[Publisher]:
    made = Publisher(tmp_path, settings_form("police", acts=("shout", "push")))
    made.reports.add(31, ["shout"], setting="police", week="2026-W20")
    made.reports.add(9, ["push"], setting="police", week="2026-W22")
    yield made
    made.desk.close()


def counted(desk: Publisher) -> list[list[tuple[Any, ...]]]:
    """All that the desk remembers of its batches, but for months that no report of theirs can lie in."""
    connection = desk.desk.database.conn
    own = '"id", "day", "first", "last", "undated"'
    return [
        connection.execute(f'SELECT {what} FROM "{table}" ORDER BY 1, 2, 3').fetchall()  # noqa: S608 - constants
        for what, table in ((own, "batches"), ("*", "batch_cells"), ("*", "counted_in"))
    ]


def lose(desk: Publisher) -> None:
    """As a rebuild without a backup leaves the desk."""
    connection = desk.desk.database.conn
    for table in ("ledger", "batch_cells", "counted_in", "batches"):
        connection.execute(f'DELETE FROM "{table}"')  # noqa: S608 - constants
    connection.execute('INSERT INTO "ledger_lost" DEFAULT VALUES')
    connection.commit()


def test_a_batch_is_counted_again_as_it_was_though_more_has_come(police: Publisher) -> None:
    first = police.publish("first")
    before, lines = counted(police), past.read_lines(police.desk.database.conn)
    lose(police)
    with pytest.raises(LostLedger, match="the ledger was lost"):
        police.publish("early", **LATER)
    police.reports.add(12, ["push"], setting="police", week="2026-W30")
    police.desk.database.conn.commit()
    taken = recounting.take_back(police.desk, first.path, KEY.verify_key)
    assert (taken.lines, taken.batches, taken.last) == (1, ("2026-1",), "2026-1")
    assert counted(police) == before
    assert past.read_lines(police.desk.database.conn) == lines
    recounting.check_past(police.desk.database.conn)
    again = police.publish("again")
    assert (again.path / "SHA256SUMS").read_bytes() == (first.path / "SHA256SUMS").read_bytes()


def test_two_batches_are_counted_again_each_with_its_own_reports(police: Publisher) -> None:
    police.publish("first")
    police.reports.add(40, ["push"], setting="police", when="2026-08", week="2026-W34")
    second = police.publish("second", **LATER)
    before = counted(police)
    lose(police)
    taken = recounting.take_back(police.desk, second.path, KEY.verify_key)
    assert (taken.lines, taken.batches, taken.last) == (2, ("2026-1", "2026-2"), "2026-2")
    assert counted(police) == before


def test_what_the_desk_still_has_is_not_counted_again(police: Publisher) -> None:
    first = police.publish("first")
    before = counted(police)
    taken = recounting.take_back(police.desk, first.path, KEY.verify_key)
    assert (taken.lines, taken.batches) == (0, ())
    assert counted(police) == before


def test_reports_that_are_not_there_any_more_take_nothing_in(police: Publisher) -> None:
    first = police.publish("first")
    lose(police)
    police.desk.database.conn.execute('DELETE FROM "answers" WHERE "report" = 1')
    police.desk.database.conn.execute('DELETE FROM "reports" WHERE "id" = 1')
    police.desk.database.conn.commit()
    with pytest.raises(Changed, match='the numbers of "2026-1" do not come out again'):
        recounting.take_back(police.desk, first.path, KEY.verify_key)
    assert counted(police) == [[], [], []]
    assert past.read_lines(police.desk.database.conn) == ()
    with pytest.raises(LostLedger):
        recounting.check_past(police.desk.database.conn)


def test_as_many_reports_that_say_something_else_take_nothing_in(police: Publisher) -> None:
    first = police.publish("first")
    lose(police)
    connection = police.desk.database.conn
    connection.execute('DELETE FROM "answers" WHERE "report" <= 9')
    connection.commit()
    with pytest.raises(Changed, match="do not come out again"):
        recounting.take_back(police.desk, first.path, KEY.verify_key)
    assert batches.read_batches(connection) == ()


def test_a_ledger_that_does_not_go_on_from_the_desks_own_is_refused(
    police: Publisher, tmp_path: Path
) -> None:
    first = police.publish("first")
    police.desk.database.conn.execute('UPDATE "ledger" SET "line" = "line" || \' \'')
    police.desk.database.conn.commit()
    with pytest.raises(BadRelease, match="does not go on from the desk's own ledger"):
        recounting.take_back(police.desk, first.path, KEY.verify_key)


def test_a_ledger_that_another_key_signed_is_refused(police: Publisher) -> None:
    first = police.publish("first")
    lose(police)
    with pytest.raises(BadRelease, match="release key did not sign"):
        recounting.take_back(police.desk, first.path, SigningKey(bytes([1] * 32)).verify_key)


def test_nobody_can_say_that_nothing_was_published_where_something_was(police: Publisher) -> None:
    police.publish("first")
    with pytest.raises(BadRelease, match="something was published"):
        recounting.forget_nothing(police.desk)
    lose(police)
    recounting.forget_nothing(police.desk)
    recounting.check_past(police.desk.database.conn)
