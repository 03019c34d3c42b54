"""What all patterns keep to: they write nothing, say the same twice, and count what is counted alone."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.bitmaps import numbers
from analysis.patterns import (
    behind,
    events,
    overview,
    places,
    reading,
    retold,
    time,
    together,
    words,
)
from analysis.patterns.corpus import read_corpus
from tests.patterns.desks import Desk


def full_desk() -> Desk:
    desk = Desk()
    for number in range(30):
        desk.add(
            week=f"2026-W{1 + number % 9:02d}",
            channel="paper" if number % 4 else "web",
            when=f"2025-{1 + number % 5:02d}",
            contact="street",
            ticks={"acts": ["shout", "push"] if number % 3 else ["search"], "grounds": ["race"]},
            texts={
                "station": f"{number % 4} precinct", "marks": f"{number % 6}|77",
                "story": " ".join(f"word{(number % 3) * place}" for place in range(40)),
            },
        )  # fmt: skip
    return desk


def everything(desk: Desk) -> list[object]:
    database = desk.database
    corpus = read_corpus(database, "en")
    return [
        overview.overview(database),
        time.by_week(database),
        time.by_month(database),
        time.before_after(database, "acts", date(2025, 3, 1)),
        together.together(database, "acts"),
        together.cross(database, "grounds", "acts"),
        [places.places(database, pool) for pool in places.pools(database)],
        words.typical(database, corpus, desk.who_ticked("acts", "push")),
        behind.with_name(database, "station", "1 precinct"),
        behind.with_mark(database, "marks", "77"),
        events.same_answers(database),
        events.same_event(database),
        retold.stories(database),
    ]


def test_patterns_write_nothing_and_say_the_same_twice() -> None:
    desk = full_desk()
    desk.database.conn.commit()
    desk.database.conn.execute("PRAGMA query_only = ON")
    assert everything(desk) == everything(desk)


def test_reports_that_are_not_counted_are_in_no_pattern() -> None:
    desk, counted = full_desk(), full_desk()
    for number in range(20):
        desk.add(
            week="2026-W30", channel="phone", when="2024-01", contact="car", count="no",
            ticks={"acts": ["arrest", "push"], "grounds": ["drugs"]},
            texts={"station": "nowhere", "marks": "999", "story": f"left out {number} " * 20},
        )  # fmt: skip
    assert everything(desk) == everything(counted)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([None, "street", "car"]), st.booleans()), max_size=12))
def test_columns_are_the_rows_of_the_database(rows: list[tuple[str | None, bool]]) -> None:
    desk = Desk()
    for contact, is_dated in rows:
        one_of = {"contact": contact} if contact else {}
        desk.add(when="2026-05" if is_dated else None, **one_of)  # type: ignore[arg-type]
    reports = reading.read_reports(desk.database, "contact", "when", "nobody_asks")
    expected = desk.database.conn.execute('SELECT "id", "contact", "when" FROM "reports"').fetchall()
    columns = [reports.columns[name] for name in ("contact", "when")]
    values = [[column.values[code] for code in column.codes] for column in columns]
    assert list(zip(reports.ids.tolist(), *values, strict=True)) == expected
    assert reports.columns["nobody_asks"].counts() == {None: len(rows)}


def test_ticks_are_those_of_the_rows_of_the_database() -> None:
    desk = full_desk()
    acts = reading.choices(desk.database, "acts")
    whole = reading.read_ticks(desk.database, acts)
    assert whole.sum(axis=0).tolist() == [20, 20, 10, 0]
    rows = desk.database.conn.execute('SELECT "report", "choice" FROM "answers"').fetchall()
    numbered = {act.id: place for place, act in enumerate(acts)}
    assert all(whole[report - 1, numbered[tick]] for report, tick in rows if tick in numbered)


def test_the_counted_reports_are_those_of_the_view() -> None:
    desk = full_desk()
    desk.add(count="no")
    run = desk.database.conn.execute
    run("""INSERT INTO "decisions" ("kind", "value", "who", "day") VALUES ('exclude', 'junk', 'a', '2026')""")
    run('INSERT INTO "exclusions" VALUES (3, 1)')
    rows = run('SELECT "id" FROM "counted" ORDER BY "id"').fetchall()
    assert numbers(desk.database.which).tolist() == [row[0] for row in rows]
    assert len(desk.database) == len(rows) < desk.last - 1
