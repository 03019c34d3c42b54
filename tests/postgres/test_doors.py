"""What one machine's door counted, the others know: no machine is a second helping."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from intake.keeping import Unavailable
from intake.postgres.database import Postgres
from intake.postgres.doors import Doors
from intake.stamp import OldPage, Stamps
from intake.work import Challenges, WorkError
from tests.cluster import Cluster
from tests.sharing import new_postgres
from tests.working import seed, solve

BODY = b"sealed" * 100
SECONDS = 60


@pytest.fixture
def database(cluster: Cluster, tmp_path: Path) -> Iterator[Postgres]:
    with closing(new_postgres(cluster, tmp_path)) as made:
        yield made


@contextmanager
def two(database: Postgres) -> Iterator[tuple[Doors, Doors]]:
    """The doors of two machines."""
    other = Postgres.of(database.data, database._server)
    with closing(other), closing(database.tally()) as first, closing(other.tally()) as second:
        yield first, second


def challenges(doors: Doors) -> Challenges:
    return Challenges(doors.clock, shared_key=doors.key(b"reports"))


def test_a_challenge_of_one_machine_is_good_at_another_and_only_once(database: Postgres) -> None:
    with two(database) as (first, second):
        header = solve(challenges(first).draw(3), BODY)
        work = challenges(second).read(header, 3)
        challenges(second).spend(work, seed(work.challenge, BODY))
        spent = [asyncio.run(doors.spend(work.challenge, work.expires)) for doors in (second, first, second)]
    assert spent == [True, False, False]


def test_a_page_of_one_machine_may_be_sent_to_another(database: Postgres) -> None:
    with two(database) as (first, second):
        stamp = Stamps(0, first.clock, first.key(b"stamps")).draw()
        Stamps(0, second.clock, second.key(b"stamps")).check(stamp)
        with pytest.raises(OldPage, match="not a stamp"):
            Stamps(0, second.clock, second.key(b"looks")).check(stamp)


def test_the_clocks_of_machines_agree_and_tell_nothing_of_the_time(database: Postgres) -> None:
    with two(database) as (first, second), closing(database.connect()) as connection:
        assert abs(first.clock() - second.clock()) < 1
        (now,) = connection.execute("SELECT EXTRACT(EPOCH FROM now())::BIGINT").fetchone()
        assert abs(first.clock() - now) > 1_000_000


def test_a_limit_is_one_for_all_machines(database: Postgres) -> None:
    async def take(budgets: list) -> int:  # type: ignore[type-arg]
        taken = await asyncio.gather(*(one.take() for _ in range(20) for one in budgets))
        return taken.count(True)

    with two(database) as (first, second):
        budgets = [doors.budget("scriptless", 6) for doors in (first, second)]
        # Twelve at first, and one more every ten seconds.
        assert 12 <= asyncio.run(take(budgets)) <= 14
        for doors in (first, second):
            doors._refresh()
        assert [budget.left for budget in budgets] == pytest.approx([0, 0], abs=0.15)


def test_what_comes_to_one_machine_presses_on_all(database: Postgres) -> None:
    with two(database) as (first, second):
        here, there = (doors.gauge("free", 60) for doors in (first, second))
        assert (here.left, there.left) == (1, 1)
        assert asyncio.run(here.take(90))
        first._refresh()
        second._refresh()
        assert here.left == pytest.approx(0.25, abs=0.1)
        assert there.left == pytest.approx(0.25, abs=0.1)
        assert asyncio.run(here.take(500))
        first._refresh()
        second._refresh()
        assert there.left == pytest.approx(0, abs=0.1)


def test_a_crash_of_the_database_makes_every_old_challenge_void(tmp_path: Path) -> None:
    with (
        Cluster() as cluster,
        closing(new_postgres(cluster, tmp_path)) as database,
        closing(database.tally()) as doors,
    ):
        header = solve(challenges(doors).draw(3), BODY)
        challenges(doors).read(header, 3)
        cluster.kill()
        with pytest.raises(Unavailable, match="does not answer"):
            asyncio.run(doors.spend("challenge", 5))
        cluster.start()
        database._pool.check()  # type: ignore[union-attr]
        doors._refresh()
        with pytest.raises(WorkError, match="not of this server"):
            challenges(doors).read(header, 3)
        assert asyncio.run(asyncio.wait_for(until_it_is_taken(lambda: doors.spend("challenge", 5)), SECONDS))


async def until_it_is_taken(take: Callable[[], Awaitable[bool]]) -> bool:
    """What is said as soon as the database is known to be back."""
    while True:
        try:
            return await take()
        except Unavailable:
            await asyncio.sleep(0.05)


def test_while_the_database_is_away_nobody_waits_for_the_tries_of_those_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One by one a hundred of them would wait for 50 seconds.
    monkeypatch.setattr("intake.postgres.database.PATIENCE", 0.5)
    with (
        Cluster() as cluster,
        closing(new_postgres(cluster, tmp_path)) as database,
        closing(database.tally()) as doors,
    ):
        budget = doors.budget("scriptless", 100)
        cluster.stop()

        async def all_refused() -> list[bool | BaseException]:
            return await asyncio.gather(*(budget.take() for _ in range(100)), return_exceptions=True)

        refused = asyncio.run(asyncio.wait_for(all_refused(), 25))
        assert {type(one) for one in refused} == {Unavailable}
        cluster.start()
        assert asyncio.run(asyncio.wait_for(until_it_is_taken(budget.take), SECONDS))


def test_what_was_spent_is_forgotten_when_it_cannot_come_again(database: Postgres) -> None:
    with closing(database.tally()) as doors, closing(database.connect()) as connection:
        for expires in (doors.clock() - 2_000, doors.clock() + 300):
            assert asyncio.run(doors.spend(f"challenge {expires}", int(expires)))
        doors._beat_at = 0
        doors._refresh()
        assert connection.execute("SELECT count(*) FROM spent").fetchone() == (1,)


def test_what_the_doors_note_is_in_no_log_of_the_database(cluster: Cluster, database: Postgres) -> None:
    with closing(database.connect()) as connection:
        rows = connection.execute(
            "SELECT relname FROM pg_class WHERE relpersistence = 'u' AND relkind = 'r' ORDER BY relname"
        )
        assert [name for (name,) in rows] == ["budgets", "door", "spent"]
