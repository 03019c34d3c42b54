"""Places in the file are dealt so that every order is as likely as every other."""

import asyncio
import itertools
import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from intake.database import Connection, connect, create
from intake.keeping import Waiting
from intake.places import Places, deal
from intake.writer import Writer
from tests.chance import noise, tau
from tests.serving import order_on_disk

WEEK = "2026-W47"


def report(number: int, length: int = 18_048) -> Waiting:
    """One that is nothing but its id over and over."""
    report_id = b"r%015d" % number
    loop = asyncio.new_event_loop()
    loop.close()
    return Waiting(report_id, WEEK, (report_id * (length // 16 + 1))[:length], loop.create_future())


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    create(tmp_path / "reports.db")
    with closing(connect(tmp_path / "reports.db")) as opened:
        yield opened


def arrangement(draws: Sequence[int], batches: Sequence[int]) -> tuple[int, ...]:
    """Who stands where when batches came one after the other, and these numbers were drawn."""
    drawn, standing = iter(draws), dict[int, int]()
    for number in batches:
        before, came = sorted(standing), len(standing)
        fresh, moved = deal(before, came + 1, number, lambda _: next(drawn))
        standing |= {place: standing[old] for place, old in moved.items()}
        standing |= {place: came + new for place, new in fresh.items()}
    return tuple(standing[place] for place in sorted(standing))


@pytest.mark.parametrize("batches", [(5,), (1, 1, 1, 1, 1), (2, 3), (3, 1, 1)])
def test_every_order_comes_of_exactly_one_sequence_of_draws(batches: Sequence[int]) -> None:
    every = itertools.product(*(range(bound + 1) for bound in range(5)))
    assert sorted(arrangement(draws, batches) for draws in every) == sorted(itertools.permutations(range(5)))


def test_a_place_that_became_free_is_never_drawn() -> None:
    fresh, moved = deal([2, 7, 9], 10, 1, lambda bound: bound - 2)
    assert (fresh, moved) == ({9: 0}, {10: 9})
    assert deal([2, 7, 9], 10, 1, lambda bound: bound - 1) == ({10: 0}, {})


def add(connection: Connection, places: Places, *reports: Waiting) -> None:
    with connection.transaction():
        places.add(connection, reports)


def test_a_report_takes_the_very_bytes_of_the_one_it_sends_away(
    connection: Connection, tmp_path: Path
) -> None:
    places = Places(lambda bound: 0)
    add(connection, places, report(1), report(2))
    [(first, place)] = _first(connection, tmp_path)
    add(connection, places, report(3))
    assert (first, _first(connection, tmp_path)) == (b"r%015d" % 2, [(b"r%015d" % 3, place)])
    assert not places.uneven


@pytest.mark.parametrize(("drawn", "moved"), [(0, True), (2, False)])
def test_a_longer_one_that_is_only_sent_away_makes_the_file_uneven(
    drawn: int, moved: bool, connection: Connection
) -> None:
    before = Places(lambda bound: 0)
    add(connection, before, report(1))
    add(connection, before, report(2, 66_000))
    places = Places(lambda bound: drawn)
    places.read(connection)
    add(connection, places, report(3))
    assert places.uneven == moved


def test_all_that_moves_is_read_before_anything_is_written(connection: Connection) -> None:
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    places = Places(lambda bound: 0)
    add(connection, places, report(1, 600))
    add(connection, places, report(2, 600))
    connection.set_trace_callback(None)
    puts = [one for one in asked if one.startswith("INSERT INTO")]
    assert len(puts) == 4
    for put in puts:
        plan = [row[1] for row in connection.execute(f"EXPLAIN {put}")]
        assert plan.index("OpenEphemeral") < plan.index("OpenWrite")


def _first(connection: Connection, folder: Path) -> list[tuple[bytes, int]]:
    """The report in the first place, and where its bytes begin."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    [(one,)] = connection.execute("SELECT id FROM places WHERE place = 1").fetchall()
    return [(one, (folder / "reports.db").read_bytes().index(one * 100))]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_reports_of_two_lengths_stand_in_no_order_once_they_were_rewritten(seed: int, tmp_path: Path) -> None:
    create(tmp_path / "reports.db")
    draw = random.Random(seed)
    with closing(Writer(tmp_path / "reports.db", 1_000, 0)) as writer:
        for number in range(60):
            writer.write([report(number, draw.choice((18_048, 66_000)))])
        writer.tidy()
    ids = [b"r%015d" % number for number in range(60)]
    found = order_on_disk(tmp_path / "reports.db", ids)
    assert sorted(found) == ids
    assert abs(tau([ids.index(one) for one in found])) < noise(60)


def test_what_was_deleted_leaves_no_place_twice_and_loses_nobody(connection: Connection) -> None:
    places, draw = Places(random.Random(4).randrange), random.Random(5)
    held: set[bytes] = set()
    for number in range(60):
        add(connection, places, report(2 * number, 600), report(2 * number + 1, 600))
        held |= {b"r%015d" % (2 * number), b"r%015d" % (2 * number + 1)}
        if number % 3 == 0:
            gone = draw.choice(sorted(held))
            connection.execute("DELETE FROM reports WHERE id = ?", (gone,))
            held.remove(gone)
            places.read(connection)
    kept = dict(connection.execute("SELECT id, sealed FROM reports").fetchall())
    assert kept == {one: (one * 38)[:600] for one in held}
    assert connection.execute("SELECT count(*) FROM bodies").fetchone() == (len(held),)
    assert len(places) == len(held)
