"""The store of reports, the same whichever database keeps them."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import closing

import pytest

from intake.keeping import Conflict, Database, Unavailable
from intake.store import MOST_WAITING, Store
from tests.sharing import blocked, held

WEEK = "2026-W47"
SEALED = b"sealed" * 100


def opened(database: Database, *, max_reports: int = 100_000) -> Store:
    return Store(database, max_reports=max_reports, min_free_bytes=1)


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    store = opened(database)
    store.start()
    yield store
    store.close()


def test_a_report_that_was_put_is_in_the_file(store: Store, database: Database) -> None:
    asyncio.run(store.put(b"1" * 16, WEEK, SEALED))
    assert held(database) == {b"1" * 16: SEALED}


def test_the_same_report_put_twice_is_kept_once(store: Store, database: Database) -> None:
    async def twice() -> None:
        await asyncio.gather(*(store.put(b"1" * 16, WEEK, SEALED) for _ in range(2)))
        await store.put(b"1" * 16, WEEK, SEALED)

    asyncio.run(twice())
    assert held(database) == {b"1" * 16: SEALED}


def test_other_bytes_under_a_known_id_are_a_conflict_and_change_nothing(
    store: Store, database: Database
) -> None:
    async def both() -> None:
        await store.put(b"1" * 16, WEEK, SEALED)
        with pytest.raises(Conflict, match="another report has this id"):
            await store.put(b"1" * 16, WEEK, b"other" * 100)

    asyncio.run(both())
    assert held(database) == {b"1" * 16: SEALED}


def test_a_conflict_does_not_hold_up_the_others_of_its_batch(store: Store, database: Database) -> None:
    async def mixed() -> list[BaseException | None]:
        await store.put(b"1" * 16, WEEK, SEALED)
        puts = [store.put(b"1" * 16, WEEK, b"other"), store.put(b"2" * 16, WEEK, SEALED)]
        return await asyncio.gather(*puts, return_exceptions=True)

    first, second = asyncio.run(mixed())
    assert isinstance(first, Conflict)
    assert second is None
    assert held(database).keys() == {b"1" * 16, b"2" * 16}


def test_no_more_reports_are_taken_than_the_settings_allow(database: Database) -> None:
    store = opened(database, max_reports=2)
    store.start()

    async def three() -> None:
        await store.put(b"1" * 16, WEEK, SEALED)
        await store.put(b"2" * 16, WEEK, SEALED)
        with pytest.raises(Unavailable, match="not stored"):
            await store.put(b"3" * 16, WEEK, SEALED)

    asyncio.run(three())
    store.close()
    assert len(held(database)) == 2


def test_a_full_store_still_knows_the_reports_that_it_holds(database: Database) -> None:
    store = opened(database, max_reports=1)
    store.start()

    async def again() -> None:
        await store.put(b"1" * 16, WEEK, SEALED)
        await store.put(b"1" * 16, WEEK, SEALED)
        with pytest.raises(Conflict, match="another report has this id"):
            await store.put(b"1" * 16, WEEK, b"other")

    asyncio.run(again())
    store.close()


def test_a_batch_that_nearly_fits_is_kept_as_far_as_there_is_room(database: Database) -> None:
    store = opened(database, max_reports=3)

    async def four() -> list[BaseException | None]:
        await store.put(b"3" * 16, WEEK, SEALED)
        puts = [store.put(one * 16, WEEK, SEALED) for one in (b"1", b"2", b"3", b"4")]
        return await asyncio.gather(*puts, return_exceptions=True)

    store.start()
    outcomes = asyncio.run(four())
    store.close()
    assert [type(outcome) for outcome in outcomes] == [type(None), type(None), type(None), Unavailable]
    assert held(database).keys() == {b"1" * 16, b"2" * 16, b"3" * 16}


def test_an_unforeseen_failure_refuses_the_batch_and_the_next_one_is_kept(
    store: Store, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Unavailable, match="not stored"):
        asyncio.run(store.put(b"1" * 16, WEEK, 5))  # type: ignore[arg-type]
    asyncio.run(store.put(b"2" * 16, WEEK, SEALED))
    assert held(database).keys() == {b"2" * 16}
    assert "the store met TypeError at writer.py:" in caplog.text


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_nobody_waits_for_a_writer_that_has_ended(store: Store) -> None:
    class Last(bytes):
        def __len__(self) -> int:
            raise SystemExit

    async def put_on() -> None:
        puts = [store.put(os.urandom(16), WEEK, Last(SEALED)) for _ in range(3)]
        outcomes = await asyncio.wait_for(asyncio.gather(*puts, return_exceptions=True), 10)
        assert {type(outcome) for outcome in outcomes} == {Unavailable}
        with pytest.raises(Unavailable, match="takes nothing more"):
            await asyncio.wait_for(store.put(b"1" * 16, WEEK, SEALED), 10)

    asyncio.run(put_on())


def test_what_would_wait_too_long_is_refused_at_once(store: Store, database: Database) -> None:
    async def flood() -> list[BaseException | None]:
        with blocked(database):
            puts = [asyncio.ensure_future(store.put(b"0" * 16, WEEK, SEALED))]
            await asyncio.sleep(0.5)
            # The writer holds the first; so many may stand in the queue, and one more may not.
            numbers = range(MOST_WAITING + 1)
            puts += [asyncio.ensure_future(store.put(b"r%015d" % n, WEEK, b"s")) for n in numbers]
            await asyncio.sleep(0)
            assert [put.done() for put in puts].count(True) == 1
        return await asyncio.gather(*puts, return_exceptions=True)

    outcomes = asyncio.run(flood())
    assert isinstance(outcomes.pop(), Unavailable)
    assert set(outcomes) == {None}


def test_a_thousand_that_gather_behind_a_slow_disk_are_kept(store: Store, database: Database) -> None:
    async def many() -> None:
        with blocked(database):
            puts = asyncio.gather(*(store.put(os.urandom(16), WEEK, SEALED) for _ in range(1_000)))
            await asyncio.sleep(0.5)
        await asyncio.wait_for(puts, 20)

    asyncio.run(many())
    assert len(held(database)) == 1_000


def test_two_stores_share_one_limit(database: Database) -> None:
    first, second = opened(database, max_reports=10), opened(database, max_reports=10)
    first.start()
    second.start()

    async def flood() -> list[BaseException | None]:
        puts = [store.put(os.urandom(16), WEEK, SEALED) for _ in range(20) for store in (first, second)]
        return await asyncio.gather(*puts, return_exceptions=True)

    outcomes = asyncio.run(flood())
    first.close()
    second.close()
    assert [type(outcome) for outcome in outcomes].count(type(None)) == 10
    assert len(held(database)) == 10


def test_the_same_report_put_to_two_stores_at_once_is_kept_once(database: Database) -> None:
    first, second = opened(database), opened(database)
    first.start()
    second.start()

    async def race() -> list[BaseException | None]:
        ids = [number.to_bytes(16, "big") for number in range(200)]
        puts = [store.put(one, WEEK, SEALED) for one in ids for store in (first, second)]
        return await asyncio.gather(*puts, return_exceptions=True)

    outcomes = asyncio.run(race())
    first.close()
    second.close()
    assert set(outcomes) == {None}
    assert len(held(database)) == 200


def test_a_report_that_was_taken_back_is_gone_and_one_in_a_bundle_stays(
    store: Store, database: Database
) -> None:
    async def take_back() -> list[bool]:
        for one in (b"1" * 16, b"2" * 16):
            await store.put(one, WEEK, SEALED)
        with closing(database.connect()) as connection:
            connection.execute("INSERT INTO bundled VALUES (?, 1)", (b"2" * 16,))
        return [await store.withdraw(one * 16) for one in (b"1", b"2", b"3")]

    assert asyncio.run(take_back()) == [True, False, False]
    assert held(database).keys() == {b"2" * 16}


def test_a_closed_store_has_written_what_waited_and_takes_nothing_more(database: Database) -> None:
    store = opened(database)
    store.start()

    async def put_and_close() -> None:
        puts = [asyncio.ensure_future(store.put(os.urandom(16), WEEK, SEALED)) for _ in range(50)]
        await asyncio.sleep(0)
        await asyncio.to_thread(store.close)
        await asyncio.gather(*puts)
        with pytest.raises(Unavailable, match="takes nothing more"):
            await store.put(b"1" * 16, WEEK, SEALED)

    asyncio.run(put_and_close())
    assert len(held(database)) == 50


def test_reports_stand_in_the_order_of_their_ids(store: Store, database: Database) -> None:
    async def backwards() -> None:
        for number in range(20, 0, -1):
            await store.put(bytes([number]) * 16, WEEK, SEALED)

    asyncio.run(backwards())
    assert list(held(database)) == [bytes([number]) * 16 for number in range(1, 21)]
