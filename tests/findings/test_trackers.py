"""A list of trackers tells how many were counted, and nobody but the sender which one is theirs."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from analysis.findings import trackers
from analysis.findings.errors import BadReleaseFile, Changed, RefusedRelease
from analysis.findings.ledger.stranger import read_releases
from analysis.opening import Said
from analysis.threads import arriving, leaving
from analysis.threads.errors import TooManyReaders
from intake.forms.thread import WITHDRAWAL
from tests.findings.releasing import Publisher
from tests.findings.small_desk import settings_form


@pytest.fixture
def police(tmp_path: Path) -> Iterator[Publisher]:
    """A desk with forty reports."""
    made = Publisher(tmp_path, settings_form("police"))
    made.reports.add(31, ["shout"], setting="police")
    made.reports.add(9, ["push"], setting="police")
    yield made
    made.desk.close()


def lines(folder: Path) -> list[str]:
    head, *rest = (folder / "trackers.csv").read_text().splitlines()
    assert head == "tracker"
    return rest


def rows(desk: Publisher) -> list[tuple[str, str, str | None]]:
    query = 'SELECT "tracker", "batch", "thread" FROM "trackers" ORDER BY 1'
    return [tuple(row) for row in desk.desk.database.conn.execute(query)]


def test_no_release_has_a_list_unless_it_asks_for_one(police: Publisher) -> None:
    made = police.publish()
    assert not (made.path / "trackers.csv").exists()
    assert "trackers.csv" not in (made.path / "method.html").read_text()
    assert rows(police) == []


def test_the_list_is_sorted_and_as_long_as_the_number_that_is_published(police: Publisher) -> None:
    made = police.publish(trackers=True, languages=["en"])
    listed = lines(made.path)
    assert police.last
    assert len(listed) == police.last.n.reports == 40
    assert listed == sorted(set(listed))
    assert all(len(one) == 16 for one in listed)
    digest = sha256((made.path / "trackers.csv").read_bytes()).hexdigest()
    assert f"{digest}  trackers.csv" in (made.path / "SHA256SUMS").read_text()
    assert "trackers.csv" in (made.path / "method.html").read_text()
    assert read_releases([made.path]).attack().disclosed == ()


def test_each_report_has_one_tracker_which_is_said_to_its_sender(police: Publisher) -> None:
    made = police.publish(trackers=True)
    found = rows(police)
    assert [tracker for tracker, _, _ in found] == lines(made.path)
    assert len({thread for _, _, thread in found}) == 40
    query = """SELECT "tracker", "thread" FROM "addressed" JOIN "messages" ON "n" = "message"
        WHERE "kind" = 'counted' AND "release" = '2026-1' ORDER BY 1"""
    said = [tuple(row) for row in police.desk.database.conn.execute(query)]
    assert said == [(tracker, thread) for tracker, _, thread in found]


def test_a_release_that_is_made_again_has_the_same_list(police: Publisher) -> None:
    first = police.publish(trackers=True)
    again = police.publish("again", trackers=True)
    assert (again.path / "SHA256SUMS").read_bytes() == (first.path / "SHA256SUMS").read_bytes()
    assert len(rows(police)) == 40


def test_a_batch_has_one_list_for_all_releases_and_keeps_the_place_of_who_left(police: Publisher) -> None:
    police.publish()
    connection = police.desk.database.conn
    # As a withdrawal does it: the report is in the batch's numbers, and nowhere else.
    for table, column in (("counted_in", "report"), ("answers", "report"), ("reports", "id")):
        connection.execute(f'DELETE FROM "{table}" WHERE "{column}" = 1')  # noqa: S608 - constants
    police.reports.add(40, ["push"], setting="police", when="2026-08")
    made = police.publish(
        "second", release="2026-2", date="2026-11-01", period=("2026-01", "2026-09"), trackers=True
    )
    assert len(lines(made.path)) == 80
    found = rows(police)
    assert sum(thread is None for _, _, thread in found) == 1
    assert {batch for _, batch, _ in found} == {"2026-1", "2026-2"}


def take_back(desk: Publisher, number: int) -> str:
    """As an import does it with the request of a sender; the name of the report."""
    connection = desk.desk.database.conn
    connection.commit()
    [name] = connection.execute('SELECT "name" FROM "reports" WHERE "id" = ?', [number]).fetchone()
    asked = Said(
        f"{number + 1000:032x}",
        "2026-W40",
        WITHDRAWAL,
        name,
        "en",
        "browser",
        "web",
        None,
        "0" * 32,
        "0" * 64,
        (),
    )
    with desk.desk.changing():
        with desk.desk.database.atomic():
            arriving.write(connection, 1, [asked])
        assert leaving.settle(desk.desk).reports == 1
    return str(name)


def test_who_takes_a_report_back_is_in_no_later_count_and_at_no_tracker(police: Publisher) -> None:
    # Before any release: it is counted nowhere.
    take_back(police, 40)
    first = police.publish(trackers=True)
    assert len(lines(first.path)) == 39
    assert police.last
    assert police.last.n.reports == 39
    # After one: that release's list keeps its length, and nothing tells any more whose place it was.
    gone = take_back(police, 7)
    assert [thread for _, _, thread in rows(police)].count(None) == 1
    assert gone not in repr(rows(police))
    police.reports.add(40, ["push"], setting="police", when="2026-08")
    later = police.publish(
        "second", release="2026-2", date="2026-11-01", period=("2026-01", "2026-09"), trackers=True
    )
    assert set(lines(first.path)) < set(lines(later.path))
    assert len(lines(later.path)) == police.last.n.reports == 79
    query = """SELECT count(*) FROM "addressed" WHERE "thread" = ? AND "tracker" IS NOT NULL"""
    assert police.desk.database.conn.execute(query, [gone]).fetchone() == (0,)


def test_a_release_without_a_list_does_not_get_one_later(police: Publisher) -> None:
    police.publish()
    with pytest.raises(Changed, match="published without a list"):
        police.publish("again", trackers=True)


def test_a_list_whose_length_is_withheld_is_refused(police: Publisher) -> None:
    edition = police.publish(trackers=True).edition
    with pytest.raises(RefusedRelease, match="that number is withheld") as caught:
        trackers.draw(police.desk.database.conn, replace(edition, printed={}), again=False)
    assert caught.value.hint == "publish without it: trackers = false"


def test_a_setting_that_is_no_truth_value_is_refused(police: Publisher) -> None:
    with pytest.raises(BadReleaseFile, match="trackers: true or false"):
        police.publish(trackers="yes")


def test_a_list_that_makes_a_box_too_large_is_refused_before_it_is_published(police: Publisher) -> None:
    connection = police.desk.database.conn
    connection.execute('UPDATE "reports" SET "bundle" = 1')
    connection.execute(
        """INSERT OR REPLACE INTO "receipts" SELECT "id", hex(randomblob(16)), hex(randomblob(32)), ''
        FROM "reports" """
    )
    # So many are told something already.
    connection.execute("""INSERT INTO "messages" ("n", "kind", "at", "until")
        VALUES (1, 'withdrawn', '2026-W40', '2098-W01')""")
    for table, columns in (
        ("withdrawals", "name, name, NULL, '2026-W40', hex(randomblob(16)), hex(randomblob(32))"),
        ("addressed", "1, name, NULL"),
    ):
        connection.execute(
            f"""INSERT INTO "{table}" SELECT {columns} FROM (WITH RECURSIVE "numbers" ("n") AS
            (SELECT 1 UNION ALL SELECT "n" + 1 FROM "numbers" WHERE "n" < 110000)
            SELECT printf('%032x', "n") AS name FROM "numbers")"""  # noqa: S608 - constants
        )
    with pytest.raises(TooManyReaders, match=r"messages to 40 reporters would make a box of") as caught:
        police.publish(trackers=True)
    assert caught.value.hint
    assert "trackers = false" in caught.value.hint
    assert rows(police) == []
    assert police.publish().path.exists()
