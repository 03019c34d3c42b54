"""Names that come up again: what is one, what may be one, and what must never be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from analysis.patterns import behind, grouping, names, places
from analysis.patterns.grouping import LETTERS, WORDS
from tests.patterns.desks import Desk

WORD = st.text(alphabet="aeno", min_size=4, max_size=12)


def desk_of(question: str, *written: tuple[str, int]) -> Desk:
    desk = Desk()
    for name, times in written:
        for _ in range(times):
            desk.add(texts={question: name})
    return desk


def found(desk: Desk, pool: str) -> places.Places:
    (one,) = (one for one in places.pools(desk.database) if one.id == pool)
    return places.places(desk.database, one)


def sets(desk: Desk, pool: str) -> list[set[str]]:
    return [{one.written for one in group.spellings} for group in found(desk, pool).groups]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        pytest.param("75 precinct", "57 precinct", id="numbers"),
        pytest.param("075 PCT", "075 DET", id="units of one number"),
        pytest.param("PBBN AC", "PBBN SC", id="short forms"),
        pytest.param("Ward A", "Ward B", id="single letters"),
        pytest.param("North Clinic", "South Clinic", id="directions"),
        pytest.param("central hospital", "central station", id="kinds"),
        pytest.param("Main Street methadone clinic", "Main Street dental clinic", id="telling words"),
        pytest.param("8 Street & 37 Avenue", "37 Street & 8 Avenue", id="numbers the other way round"),
        pytest.param("clinic", "Riverside clinic", id="nothing but a kind"),
        pytest.param("precinct", "75 precinct", id="a number against none"),
    ],
)
def test_different_places_are_never_put_together(a: str, b: str) -> None:
    assert sets(desk_of("station", (a, 3), (b, 2)), "station") == [{a}, {b}]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        pytest.param("75th Precinct", "075 pct.", id="short forms and zeros"),
        pytest.param("Clínica del Río", "clinica rio", id="accents"),
        pytest.param("St. Mary's Hospital", "saint marys hosp", id="saints"),
        pytest.param("E.S.U.", "ESU", id="dots"),
        pytest.param("Riverside  CLINIC", "clinic, riverside", id="order"),
        pytest.param("Riverside methadone", "Riverside methodone", id="a letter"),
        pytest.param("Riverside", "Riverside Clinic", id="a kind left out"),
        pytest.param("Main Harbor methadone", "Main Harbor", id="a word left out"),
    ],
)
def test_spellings_of_one_place_are_proposed_together(a: str, b: str) -> None:
    assert sets(desk_of("station", (a, 3), (b, 2)), "station") == [{a, b}]


def test_a_short_name_is_no_bridge_between_two_places() -> None:
    desk = desk_of("station", ("central", 9), ("central hospital", 5), ("central station", 4))
    assert sets(desk, "station") == [{"central", "central hospital"}, {"central station"}]


def test_two_common_spellings_are_two_names() -> None:
    assert len(sets(desk_of("station", ("Marston", 30), ("Marsten", 20)), "station")) == 2
    assert len(sets(desk_of("station", ("Marston", 30), ("Marsten", 2)), "station")) == 1


def test_every_member_says_why_it_is_there() -> None:
    desk = desk_of("station", ("East River methadone", 5), ("East River methodone", 2), ("East River", 1))
    (group,) = found(desk, "station").groups
    assert [(one.n, one.why, one.score < 100) for one in group.spellings] == [
        (5, "same", False), (2, LETTERS, True), (1, WORDS, True),
    ]  # fmt: skip
    assert (group.n, group.names, group.small) == (8, 3, True)


def test_weeks_channels_and_the_largest_week_are_told() -> None:
    desk = Desk()
    for week, channel in ((21, "web"), (21, "web"), (21, "paper"), (22, "web")):
        desk.add(week=f"2026-W{week}", channel=channel, texts={"station": "Harbor"})
    (group,) = found(desk, "station").groups
    assert (group.n, group.weeks, group.channels, group.largest) == (4, 2, 2, 2)


def test_marks_are_counted_by_report_and_never_by_likeness() -> None:
    desk = Desk()
    for answer in ("badge 12-34 and 5678", "1234", "#1234, shield 1234", "1235"):
        desk.add(texts={"marks": answer})
    result = found(desk, "marks")
    assert result.n == 4
    assert [(group.n, {one.written for one in group.spellings}) for group in result.groups] == [
        (3, {"1234", "badge 12-34", "#1234", "shield 1234"}), (1, {"1235"}), (1, {"5678"}),
    ]  # fmt: skip
    assert behind.with_mark(desk.database, "marks", "1234") == (2,)


def test_a_place_of_the_list_and_its_name_in_words_are_one() -> None:
    desk = Desk()
    desk.add(clinic="main_clinic")
    desk.add(clinic="other", texts={"clinic_other": "label of main clinc"})
    desk.add(clinic="other", texts={"clinic_other": "Label of main_clinic"})
    desk.add(clinic="other", texts={"clinic_other": "don't know"})
    (group,) = found(desk, "clinic").groups
    assert (group.n, group.name, group.spellings[0].choice is None) == (3, "Label of main_clinic", False)


@settings(max_examples=200, deadline=None)
@given(st.lists(WORD, max_size=25, unique=True))
def test_blocks_miss_no_pair_of_mistyped_words(words: list[str]) -> None:
    def near(a: str, b: str) -> bool:
        short = min(len(a), len(b))
        return a != b and short >= 5 and OSA.distance(a, b) <= (2 if short >= 10 else 1)

    able = [word for word in words if grouping._may_be_mistyped(word)]
    expected = {a: tuple(sorted(b for b in able if near(a, b))) for a in able}
    assert grouping.similar_words(words) == {a: others for a, others in expected.items() if others}


NAMES = st.lists(
    st.sampled_from(["north", "central", "harbor", "harbour", "clinic", "hospital", "7", "75"]), max_size=4
)


@settings(max_examples=200, deadline=None)
@given(st.lists(NAMES, max_size=15))
def test_all_names_of_a_group_agree_in_their_numbers_and_one_word(written: list[list[str]]) -> None:
    different = sorted({name for parts in written if (name := names.place(" ".join(parts)))})
    joined = grouping.group(different, [1] * len(different))
    for name, one in zip(different, joined, strict=True):
        head = different[one.head]
        assert head.numbers == name.numbers
        assert joined[one.head].head == one.head
        shared = {"harbor" if word == "harbour" else word for word in head.words} & {
            "harbor" if word == "harbour" else word for word in name.words
        }
        assert shared or head.numbers or name == head


def test_the_reports_behind_a_name_are_those_that_wrote_it() -> None:
    desk = desk_of("station", ("Harbor", 3), ("harbor", 1), ("Harbor ", 1))
    assert behind.with_name(desk.database, "station", "Harbor") == (1, 2, 3)
    assert behind.with_name(desk.database, "station", "Harbor", after=2) == (3,)


def test_looking_up_names_reads_no_story() -> None:
    desk = Desk()
    plan = desk.database.conn.execute(
        'EXPLAIN QUERY PLAN SELECT "text", group_concat("report") FROM "texts" '
        'WHERE "question" = ? AND length("text") <= 120 GROUP BY "text"',
        ["station"],
    ).fetchall()
    assert [row[3] for row in plan] == ["SEARCH texts USING COVERING INDEX texts_names (question=?)"]


def test_a_flood_of_invented_names_is_compared_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "MOST_NAMES", 2)
    monkeypatch.setattr(places, "MOST_NAMES", 2)
    desk = desk_of("station", ("Riverside", 3), ("Harbor", 2), ("Riversid", 1))
    result = found(desk, "station")
    assert (result.compared, result.found) == (False, 3)
