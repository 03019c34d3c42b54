"""The bits of answers: they say what the tables say, before and after every change."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from analysis import bitmaps, courier, loading
from analysis.bitmaps import Bitmaps
from analysis.desk import Desk
from tests.analysis.making import Server, member, varied

NEWEST_GONE = (
    'DELETE FROM "answers" WHERE "report" = 40',
    'DELETE FROM "texts" WHERE "report" = 40',
    'DELETE FROM "receipts" WHERE "report" = 40',
    'DELETE FROM "reports" WHERE "id" = 40',
)


@pytest.fixture
def loaded(desk: Desk, server: Server, stick: Path) -> Desk:
    """A desk with reports of many kinds."""
    loading.load_delivery(desk, courier.receive(desk, server.bundle(stick, varied(desk.recipients, 40))))
    return desk


def assert_true(desk: Desk) -> None:
    """The bits hold exactly the answers of the tables."""
    connection = desk.database.conn
    assert bitmaps.is_true(desk.database)
    bits = Bitmaps.of(connection)
    rows = connection.execute('SELECT "id" FROM "reports" ORDER BY "id"').fetchall()
    assert bitmaps.numbers(bits.every(connection)).tolist() == [row[0] for row in rows]
    for column in bitmaps.counted_columns(connection):
        for value, found in bits.column(connection, column).items():
            query = f'SELECT "id" FROM "reports" WHERE "{column}" = ? ORDER BY "id"'  # noqa: S608
            wanted = [row[0] for row in connection.execute(query, [value])]
            assert bitmaps.numbers(found).tolist() == wanted
    for choice, question in connection.execute('SELECT "id", "question" FROM "choices"').fetchall():
        query = 'SELECT "report" FROM "answers" WHERE "choice" = ? ORDER BY "report"'
        wanted = [row[0] for row in connection.execute(query, [choice])]
        if wanted:
            assert bitmaps.numbers(bits.column(connection, question)[choice]).tolist() == wanted
    texts = bits.texts(connection)
    for number, report in connection.execute('SELECT "id", "report" FROM "texts"'):
        assert texts[number] == report


def test_after_an_import_the_bits_say_what_the_tables_say(loaded: Desk) -> None:
    assert_true(loaded)


def test_another_import_adds_its_reports_to_the_bits(loaded: Desk, server: Server, stick: Path) -> None:
    more = [member(loaded.recipients, area=["north_side"]) for _ in range(5)]
    loading.load_delivery(loaded, courier.receive(loaded, server.bundle(stick, more)))
    assert_true(loaded)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(['DELETE FROM "answers" WHERE "report" = 7'], id="ticks gone"),
        pytest.param(['DELETE FROM "texts" WHERE "report" = 40'], id="words gone"),
        pytest.param(['UPDATE "reports" SET "area" = NULL WHERE "id" = 3'], id="answer changed"),
        pytest.param(
            NEWEST_GONE,
            id="newest report gone",
        ),
    ],
)
def test_a_change_makes_the_bits_untrue_until_they_are_made_again(
    loaded: Desk, change: Sequence[str]
) -> None:
    with loaded.database.atomic():
        for statement in change:
            loaded.database.conn.execute(statement)
    assert not bitmaps.is_true(loaded.database)
    with loaded.database.atomic():
        bitmaps.refresh(loaded.database)
    assert_true(loaded)


def test_a_report_that_takes_a_freed_number_is_counted_as_itself(
    loaded: Desk, server: Server, stick: Path
) -> None:
    with loaded.database.atomic():
        for statement in NEWEST_GONE:
            loaded.database.conn.execute(statement)
    more = [member(loaded.recipients, area=["north_side"])]
    loading.load_delivery(loaded, courier.receive(loaded, server.bundle(stick, more)))
    assert_true(loaded)


def test_numbers_that_no_report_can_have_are_passed_over() -> None:
    bits = Bitmaps(2)
    found = bits.of_numbers([0, -5, 1, 65_535, 65_536, 10**15])
    assert bitmaps.numbers(found).tolist() == [1, 65_535, 65_536]
    assert bitmaps.count(found) == 3
    assert bitmaps.numbers(bits.of_numbers(np.array([3, 2]))).tolist() == [2, 3]
