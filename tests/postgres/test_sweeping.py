"""Uploads that nobody finished go after two days, and those that somebody works at stay."""

import asyncio
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from intake.attachments import PIECE, Attachments
from intake.postgres.database import Postgres
from tests.cluster import Cluster
from tests.sharing import held_files, left_over, new_postgres

TODAY = date(2026, 11, 23)


def look(database: Postgres, day: int) -> int:
    """The pieces that are left when a command has looked on a day."""
    with closing(database.connect()) as connection:
        database.sweep(connection, TODAY + timedelta(day))
    return left_over(database)


def test_what_a_killed_machine_left_is_cleared_away_after_two_days(cluster: Cluster, tmp_path: Path) -> None:
    with closing(new_postgres(cluster, tmp_path)) as database:
        with closing(database.connect()) as connection:
            connection.execute("INSERT INTO pieces VALUES (?, 0, ?)", (b"killed", b"sealed"))
            connection.changed(0, 6)
        assert [look(database, day) for day in (0, 0, 1, 2, 3)] == [1, 1, 1, 0, 0]
        with closing(database.connect()) as connection:
            assert connection.execute("SELECT sum(bytes)::BIGINT FROM counters").fetchone() == (0,)
            assert connection.execute("SELECT count(*) FROM unfinished").fetchone() == (0,)


def test_an_upload_that_is_finished_in_time_stays(cluster: Cluster, tmp_path: Path) -> None:
    with closing(new_postgres(cluster, tmp_path)) as database:
        attachments = Attachments(database, min_free_bytes=1)
        attachments.start()

        async def upload() -> None:
            with attachments.upload() as one:
                await one.write(bytes(PIECE))
                assert await asyncio.to_thread(look, database, 0) == 1
                await one.write(b"more")
                await one.finish(b"1" * 16, "2026-W47")

        asyncio.run(upload())
        attachments.close()
        for day in range(4):
            look(database, day)
        assert held_files(database) == {b"1" * 16: bytes(PIECE) + b"more"}


def test_what_is_given_up_is_dropped_at_once_and_counted_out(cluster: Cluster, tmp_path: Path) -> None:
    with closing(new_postgres(cluster, tmp_path)) as database:
        attachments = Attachments(database, min_free_bytes=1)
        attachments.start()

        async def give_up() -> None:
            with attachments.upload() as one:
                await one.write(bytes(2 * PIECE))
                assert left_over(database) == 2

        asyncio.run(give_up())
        attachments.close()
        assert left_over(database) == 0
        with closing(database.connect()) as connection:
            assert connection.execute("SELECT sum(bytes)::BIGINT FROM counters").fetchone() == (0,)
