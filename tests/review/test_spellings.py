from datetime import date

import pytest

from analysis.desk import DATABASE, Desk
from analysis.patterns import places
from analysis.patterns.settled import read_decisions
from analysis.review import names
from analysis.review.consent import purge
from analysis.review.errors import UnknownName
from analysis.review.names import read_groups, reports_of
from analysis.review.spellings import Listed
from tests.analysis.making import FORM
from tests.review.conftest import ANA, Bring
from tests.review.pages import decrypted

DAY = date(2026, 11, 22)
CHOICE = next(one.code for one in FORM.question("facility").choices if one.code != "other")
HEALTH = {"setting": ["health"], "acts": []}


def test_a_mark_is_a_name_though_its_answer_names_several_officers(desk: Desk, bring: Bring) -> None:
    one, two, _ = bring({"marks": ["A 123, B-45"]}, {"marks": ["badge A123"]}, {"marks": ["A 1234"]})
    group = names.accept(desk, "marks", ["A 123", "badge A123"], "A 123", ANA)
    assert reports_of(desk.database.conn, group) == sorted([one, two])
    with pytest.raises(UnknownName, match="stands in no report's answer"):
        names.accept(desk, "marks", ["A 12"], "part of a mark", ANA)


def test_a_choice_of_the_list_is_in_a_group_with_what_people_wrote(desk: Desk, bring: Bring) -> None:
    listed, written = bring(
        HEALTH | {"facility": [CHOICE]}, HEALTH | {"facility": ["other"], "facility_other": ["that clinic"]}
    )
    choice = Listed("facility", CHOICE)
    group = names.accept(desk, "facility_other", ["that clinic", choice], "The clinic", ANA)
    assert read_groups(desk.database.conn)[0].names == (choice, "that clinic")
    assert reports_of(desk.database.conn, group) == sorted([listed, written])
    names.split(desk, group, {"The clinic": [choice]}, ANA)
    alone = read_decisions(desk.database.conn, "facility_other").alone
    assert alone == {("facility_other", "that clinic")}


@pytest.mark.parametrize(
    "wrong",
    [Listed("facility", "nowhere"), Listed("area", "downtown"), Listed("facility_other", "that clinic")],
)
def test_a_choice_of_another_list_is_no_name(desk: Desk, bring: Bring, wrong: Listed) -> None:
    bring(HEALTH | {"facility": ["other"], "facility_other": ["that clinic"]})
    with pytest.raises(UnknownName, match="stands in no report's answer"):
        names.accept(desk, "facility_other", [wrong], "The clinic", ANA)


def test_a_mark_goes_with_its_words_and_its_group_counts_as_before(desk: Desk, bring: Bring) -> None:
    purged = {"marks": ["Quokka 9, B-45"], "keep": ["delete_words_keep_ticks"]}
    one, two = bring(purged, {"marks": ["B-45"], "keep": ["keep_for_legal"]})
    alone = names.accept(desk, "marks", ["Quokka 9"], "quokka 9", ANA, remark="Quokka again")
    both = names.accept(desk, "marks", ["B-45"], "B-45", ANA)
    with desk.changing():
        purge(desk, DAY, counted=True)
    pages = decrypted(desk.path / DATABASE, desk.database_key)
    assert b"uokka" not in pages, "not the mark, not the group's name that repeats it, not the remark"
    groups = {group.id: (group.label, group.names) for group in read_groups(desk.database.conn)}
    assert groups == {alone: ("", ()), both: ("B-45", ("B-45",))}
    assert reports_of(desk.database.conn, alone) == [one]
    assert reports_of(desk.database.conn, both) == sorted([one, two])


def test_names_that_were_deleted_stay_with_what_stays_of_their_group(desk: Desk, bring: Bring) -> None:
    one, two, three = bring(
        {"station": ["House A"], "keep": ["delete_words_keep_ticks"]},
        {"station": ["House B"], "keep": ["keep_for_legal"]},
        {"station": ["House C"], "keep": ["keep_for_legal"]},
    )
    group = names.accept(desk, "station", ["House A", "House B", "House C"], "The house", ANA)
    with desk.changing():
        purge(desk, DAY, counted=True)
    (left,) = names.split(desk, group, {"The house": ["House B"]}, ANA)
    assert reports_of(desk.database.conn, left) == sorted([one, two])
    merged = names.merge(desk, [left], "All", ANA, names=["House C"])
    assert reports_of(desk.database.conn, merged) == sorted([one, two, three])


def test_the_page_of_places_counts_a_group_as_before_when_its_words_are_gone(
    desk: Desk, bring: Bring
) -> None:
    kept = {"keep": ["keep_for_legal"]}
    bring(
        {"station": ["House A"], "keep": ["delete_words_keep_ticks"]},
        {"station": ["House B"]} | kept,
        {"station": ["Elsewhere"]} | kept,
    )
    names.accept(desk, "station", ["House A", "House B"], "The house", ANA)
    (pool,) = (one for one in places.pools(desk.database) if one.id == "station")
    assert shown(desk, pool) == {"The house": 2, "Elsewhere": 1}
    with desk.changing():
        purge(desk, DAY, counted=True)
    assert shown(desk, pool) == {"The house": 2, "Elsewhere": 1}
    assert places.places(desk.database, pool).n == 3


def shown(desk: Desk, pool: places.Pool) -> dict[str, int]:
    return {group.name: group.n for group in places.places(desk.database, pool).groups}
