"""Reports in PostgreSQL: what was acknowledged outlives its crash, and no byte says who came first."""

import asyncio
import os
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from intake.keeping import Unavailable, Waiting
from intake.postgres import tidying, writer
from intake.postgres.database import Postgres
from intake.store import Store
from tests.cluster import USER, Cluster
from tests.relay import Relay
from tests.sharing import SERVER, held, new_postgres

WEEK = "2026-W47"
LONG = 1_000


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[Cluster, Postgres, Store]]:
    """A server of its own, which may be killed."""
    with Cluster() as cluster, closing(new_postgres(cluster, tmp_path)) as database:
        store = Store(database, max_reports=100_000, min_free_bytes=1)
        store.start()
        yield cluster, database, store
        store.close()


def put_backwards(store: Store, numbers: range) -> list[bytes]:
    """Puts reports one after the other, the last id first; the ids in the order in which they came."""
    ids = [b"r%015d" % number for number in reversed(numbers)]

    async def put() -> None:
        for one in ids:
            await store.put(one, WEEK, one * LONG)

    asyncio.run(put())
    return ids


def order_in_files(cluster: Cluster, part: str, ids: list[bytes]) -> list[list[bytes]]:
    """For each file of a part of the server in which reports stand: these, in the order of their bytes."""
    orders = []
    for name, content in sorted(cluster.everything().items()):
        places = {one: content.find(one * 50) for one in ids}
        if name.startswith(part) and max(places.values()) >= 0:
            orders.append(sorted((one for one in ids if places[one] >= 0), key=lambda one: places[one]))
    return orders


def test_a_database_that_is_killed_under_load_loses_nothing_that_was_acknowledged(
    own: tuple[Cluster, Postgres, Store],
) -> None:
    cluster, database, store = own
    acknowledged: set[bytes] = set()
    tried: set[bytes] = set()
    refused = 0

    async def send(until: asyncio.Event) -> None:
        nonlocal refused
        while not until.is_set():
            one = os.urandom(16)
            tried.add(one)
            try:
                await store.put(one, WEEK, one * LONG)
                acknowledged.add(one)
            except Unavailable:
                refused += 1
                await asyncio.sleep(0.05)

    async def run() -> None:
        until = asyncio.Event()
        senders = [asyncio.create_task(send(until)) for _ in range(16)]
        for _ in range(3):
            before = len(acknowledged)
            while len(acknowledged) < before + 60:
                await asyncio.sleep(0.01)
            cluster.kill()
            await asyncio.sleep(0.2)
            await asyncio.to_thread(cluster.start)
        before = len(acknowledged)
        while len(acknowledged) < before + 60:
            await asyncio.sleep(0.01)
        until.set()
        await asyncio.gather(*senders)

    asyncio.run(asyncio.wait_for(run(), 150))
    found = held(database)
    print(f"3 kills: {len(acknowledged)} acknowledged, {refused} refused, {len(found)} held")
    assert acknowledged <= found.keys() <= tried
    assert all(found[one] == one * LONG for one in found)
    with closing(database.connect()) as connection:
        rows = connection.execute("SELECT sum(reports)::BIGINT, sum(bytes)::BIGINT FROM counters").fetchone()
    assert rows == (len(found), sum(map(len, found.values())))


def test_a_database_that_is_away_refuses_in_time_and_takes_again_when_it_is_back(
    own: tuple[Cluster, Postgres, Store],
) -> None:
    cluster, database, store = own
    asyncio.run(store.put(b"1" * 16, WEEK, b"sealed"))
    cluster.stop()

    async def refused() -> None:
        with pytest.raises(Unavailable, match="was not stored"):
            await asyncio.wait_for(store.put(b"2" * 16, WEEK, b"sealed"), 25)

    asyncio.run(refused())
    cluster.start()
    asyncio.run(store.put(b"2" * 16, WEEK, b"sealed"))
    assert held(database).keys() == {b"1" * 16, b"2" * 16}


def test_no_byte_of_the_database_says_who_came_first_once_it_was_put_in_order(
    own: tuple[Cluster, Postgres, Store],
) -> None:
    cluster, database, store = own
    ids = put_backwards(store, range(20))
    assert ids in order_in_files(cluster, "data/pg_wal", ids), "this test sees an order where there is one"
    store.close()
    with closing(database.connect()) as connection:
        connection.execute("CHECKPOINT")
        rows = connection.execute("SELECT xmin::TEXT, id FROM reports ORDER BY ctid").fetchall()
    assert [row[1] for row in rows] == sorted(ids)
    assert len({row[0] for row in rows}) == 1, "one transaction wrote them all"
    assert order_in_files(cluster, "data/base", ids) == [sorted(ids)]
    assert order_in_files(cluster, "data/pg_wal", ids) in ([], [sorted(ids)])


def test_the_log_of_the_database_forgets_the_times_of_reports_when_they_are_put_in_order(
    own: tuple[Cluster, Postgres, Store],
) -> None:
    cluster, database, store = own
    with closing(database.connect()) as connection:
        put_backwards(store, range(5))
        (first,) = connection.execute("SELECT min(xmin::TEXT::BIGINT) FROM reports").fetchone()
        assert re.search(rf"tx: +{first}, .* COMMIT 20\d\d", cluster.wal()), "this test sees times"
        store.close()
    assert not re.search(rf"tx: +{first}, ", cluster.wal())


def test_what_was_taken_back_is_in_no_file_once_the_tables_were_put_in_order(
    own: tuple[Cluster, Postgres, Store],
) -> None:
    cluster, _, store = own
    (one,) = put_backwards(store, range(1))
    assert order_in_files(cluster, "data", [one])
    assert asyncio.run(store.withdraw(one))
    store.close()
    assert order_in_files(cluster, "data", [one]) == []


def test_a_report_that_was_taken_back_is_said_to_be_though_the_answer_was_lost(
    cluster: Cluster, tmp_path: Path
) -> None:
    with Relay(cluster.port) as relay:
        url = f"postgresql://{USER}@127.0.0.1:{relay.port}/{cluster.new_database()}"
        with closing(Postgres.make(tmp_path, url, SERVER.verify_key)) as database:
            store = Store(database, max_reports=100_000, min_free_bytes=1)
            store.start()
            asyncio.run(store.put(b"1" * 16, WEEK, b"sealed"))
            relay.lose(b"DELETE FROM reports")
            assert asyncio.run(store.withdraw(b"1" * 16))
            assert (relay.lost, held(database)) == (1, {})
            assert not asyncio.run(store.withdraw(b"1" * 16)), "nobody who asks later is told so"
            store.close()


def test_a_taking_back_that_was_not_done_is_not_said_to_be_when_a_bundle_took_the_report(
    cluster: Cluster, tmp_path: Path
) -> None:
    with closing(new_postgres(cluster, tmp_path)) as database, closing(database.connect()) as connection:
        connection.execute("INSERT INTO reports VALUES ('bundled', '2026-W47', 'sealed')")
        connection.execute("INSERT INTO bundled VALUES ('bundled', -1)")
        loop = asyncio.new_event_loop()
        batch = [Waiting(one, "", None, loop.create_future(), ()) for one in (b"bundled", b"gone", b"never")]
        loop.close()
        # What an earlier try meant to delete: of one its COMMIT was done, of another it was not.
        assert writer._take_back({b"bundled", b"gone"}, connection.raw, batch) == [False, True, False]


def test_tables_are_written_anew_by_the_beat_though_nothing_came(cluster: Cluster, tmp_path: Path) -> None:
    with closing(new_postgres(cluster, tmp_path)) as database, closing(database.connect()) as connection:
        files = [
            connection.execute("SELECT pg_relation_filepath('reports')").fetchone()
            for _ in range(2)
            if tidying.beat(connection.raw) is None
        ]
    assert files[0] != files[1]


def test_who_counts_is_not_in_the_way_of_who_writes(cluster: Cluster, tmp_path: Path) -> None:
    with closing(new_postgres(cluster, tmp_path)) as database:
        store = Store(database, max_reports=100_000, min_free_bytes=1)
        store.start()
        with closing(database.connect()) as connection, connection.snapshot():
            assert connection.execute("SELECT count(*) FROM reports").fetchone() == (0,)
            asyncio.run(asyncio.wait_for(store.put(b"1" * 16, WEEK, b"sealed"), 10))
            assert connection.execute("SELECT count(*) FROM reports").fetchone() == (0,)
        store.close()


def test_reports_are_put_in_order_beside_attachments_that_are_too_large_for_it(
    cluster: Cluster, tmp_path: Path
) -> None:
    with closing(new_postgres(cluster, tmp_path)) as database, closing(database.connect()) as connection:
        connection.execute("INSERT INTO attachments VALUES ('one', '2026-W47', 2000, 'upload')")
        connection.execute("INSERT INTO pieces VALUES ('upload', 0, 'sealed')")
        for one in (b"3", b"1", b"2"):
            connection.execute("INSERT INTO reports VALUES (?, '2026-W47', 'sealed')", (one,))
        connection.changed(3, 2_018)
        files = "SELECT pg_relation_filepath('pieces')"
        before = connection.execute(files).fetchone()
        assert not tidying.tidy(connection.raw, most_bytes=1_000)
        assert connection.execute(files).fetchone() == before
        rows = connection.execute("SELECT id FROM reports ORDER BY ctid").fetchall()
        assert rows == [(b"1",), (b"2",), (b"3",)]
        connection.changed(0, 1)
        assert tidying.tidy(connection.raw, most_bytes=3_000)
        assert connection.execute(files).fetchone() != before
