"""The sentence of each table, made from its cells alone."""

import random
from dataclasses import replace

import pytest

from analysis.findings.released import TOTAL, Axis, Category, Cell, Kind, Status, Table
from analysis.findings.site import saying
from analysis.findings.site.voice import Voice
from tests.findings import rich
from tests.findings.rich import shown

SENT = 'sent to The "Union" of <Reporters> & Friends about events between January 2026 and June 2026'
HIDDEN, NOT_ASKED = Cell(Status.WITHHELD), Cell(Status.NOT_ASKED)


def _axis(name: str, *codes: str, label: str = "") -> Axis:
    words = {"en": label} if label else {}
    return Axis(name, words, tuple(Category(code, {"en": f"Label of {code}"}) for code in codes))


def _single(name: str, axis: Axis, **counts: Cell) -> Table:
    cells = {(code,): cell for code, cell in counts.items()}
    return Table(name, name[:3], Kind.BARS, (axis,), cells, {(): shown(100)}, True)


def _said(*tables: Table, language: str = "en", **changes: object) -> str:
    release = rich.release(tables=tables, **changes)
    return saying.sentence(tables[0], Voice(release, language))


def test_the_sentence_takes_the_largest_shown_answer_with_its_n() -> None:
    table = _single("F09", _axis("harm", "a", "b", "c"), a=shown(20, 100), b=shown(31, 100), c=HIDDEN)
    assert _said(table) == f"Of 100 reports {SENT}, 31 (31%) said that this came of it: “Label of b”."


def test_an_answer_that_says_nothing_by_itself_is_not_the_sentence() -> None:
    axis = _axis("harm", "a", "harm.other", ".blank")
    counts = {"a": shown(11, 100), "harm.other": shown(50, 100), ".blank": shown(60, 100)}
    assert "11 (11%)" in _said(_single("F09", axis, **counts))


def test_a_small_base_gives_no_percentage() -> None:
    table = _single("F12", _axis("want", "a"), a=shown(11, 19))
    assert _said(table) == f"Of 19 reports {SENT}, 11 said that this would help: “Label of a”."


def test_a_number_whose_base_is_withheld_stands_without_one() -> None:
    table = _single("F12", _axis("want", "a"), a=Cell(Status.SHOWN, 11))
    assert _said(table) == f"Of the reports {SENT}, 11 said that this would help: “Label of a”."


def test_where_nothing_is_shown_the_sentence_says_so() -> None:
    table = _single("F12", _axis("want", "a"), a=HIDDEN)
    assert "no answer to this was given in enough reports to be shown" in _said(table)
    assert "[c]" not in _said(table)


def test_a_column_that_adds_up_the_others_speaks_for_the_table() -> None:
    axes = (_axis("act", "a", "b"), _axis("setting", "police", TOTAL))
    cells = {
        ("a", "police"): shown(90, 95),
        ("a", TOTAL): shown(91, 200),
        ("b", "police"): HIDDEN,
        ("b", TOTAL): HIDDEN,
    }
    table = Table("F02", "F02", Kind.BARS, axes, cells, {}, True)
    assert _said(table) == f"Of 200 reports {SENT}, 91 (46%) said that this happened: “Label of a”."


def test_without_such_a_column_the_sentence_names_its_own() -> None:
    axes = (_axis("act", "a"), _axis("setting", "police", "health"))
    cells = {("a", "police"): shown(20, 80), ("a", "health"): shown(30, 60)}
    table = Table("F02", "F02", Kind.BARS, axes, cells, {}, True)
    assert _said(table).startswith("Setting “Label of health”: Of 60 reports ")


def test_two_answers_in_one_report_are_told_together() -> None:
    few = _axis("act", "a", "b")
    cells = {
        ("a", "a"): shown(90, 100),
        ("b", "b"): shown(80, 100),
        ("a", "b"): shown(40, 100),
        ("b", "a"): shown(40, 100),
    }
    table = Table("F07", "F07", Kind.PAIRS, (few, replace(few, id="with")), cells, {}, True)
    assert "40 (40%) name both of these: “Label of a + Label of b”" in _said(table)


def test_the_two_sides_of_a_date_are_not_set_against_each_other() -> None:
    axes = (_axis("act", "a"), _axis("side", "before", "since", ".unknown"))
    cells = {("a", "before"): shown(30), ("a", "since"): shown(60), ("a", ".unknown"): HIDDEN}
    table = Table("F17-2026-04", "F17", Kind.MULTIPLES, axes, cells, {}, True)
    said = _said(table)
    assert "30 are about events before April 2026 and 60 about events from then on" in said
    assert said.endswith("this does not say whether such events became more or fewer.")
    hidden = replace(table, cells={**cells, ("a", "since"): HIDDEN})
    assert "before April" not in _said(hidden)


def test_a_question_of_its_own_is_named_in_the_sentence() -> None:
    table = _single("F08-shown", _axis("shown", "said", label="Did they say it?"), said=shown(30, 100))
    assert "answered the question “Did they say it?” with: “Label of said”" in _said(table)


@pytest.mark.parametrize(
    ("received", "counted", "said"),
    [
        pytest.param(shown(90), shown(70), "Of 90 reports sent to", id="both"),
        pytest.param(HIDDEN, shown(70), "70 reports sent to", id="received withheld"),
        pytest.param(
            shown(90), HIDDEN, "how many of them are counted here is withheld", id="counted withheld"
        ),
        pytest.param(HIDDEN, HIDDEN, "received and counted is withheld", id="both withheld"),
    ],
)
def test_the_flow_says_what_is_shown_of_it(received: Cell, counted: Cell, said: str) -> None:
    flow = replace(rich.release().flow, received=received, counted=counted)
    text = _said(rich.release().tables[0], flow=flow)
    assert said in text
    assert "None" not in text


def test_what_is_counted_by_channel_is_no_share_of_what_was_received() -> None:
    axes = (_axis("stage", "received", "counted"), _axis("channel", "web", "paper"))
    cells = {
        ("received", "web"): shown(90),
        ("received", "paper"): shown(50),
        ("counted", "web"): shown(45, 90),
        ("counted", "paper"): HIDDEN,
    }
    table = Table("F01-channel", "F01", Kind.FLOW, axes, cells, {}, False)
    assert _said(table) == f"Of the reports {SENT}, 45 came this way: “Label of web”."


def test_a_period_that_is_withheld_is_not_told() -> None:
    table = _single("F12", _axis("want", "a"), a=shown(30, 100))
    said = _said(table, period_events=None)
    assert "about events at times that are withheld" in said
    assert "2026" not in said


def test_the_caveats_of_a_table_fit_what_is_in_it() -> None:
    voice = Voice(rich.release(), "en")
    plain = replace(_single("F13-age", _axis("age", "a"), a=shown(30)), multiple=False)
    assert saying.caveats(plain, voice) == [voice.say("caveat_chosen"), voice.say("caveat_people")]
    full = _single("F04", _axis("area", "a", "b", "c"), a=shown(30, 100), b=HIDDEN, c=NOT_ASKED)
    marks = ("caveat_areas", "caveat_multiple", "caveat_not_asked")
    assert {voice.say(mark) for mark in marks} < set(saying.caveats(full, voice))
    assert voice.say("caveat_withheld", 10) in saying.caveats(full, voice)


def test_the_words_of_two_languages_never_stand_in_one_sentence() -> None:
    table = _single("F12", _axis("want", "a"), a=shown(30, 100))
    said = _said(table, language="es")
    assert said.startswith("De 100 reportes enviados a ")
    assert "sobre hechos entre enero de 2026 y junio de 2026, 30 (30 %) dijeron" in said


def test_a_label_without_a_translation_keeps_its_own_words() -> None:
    table = _single("F06", _axis("agency", "a"), a=shown(30, 100))
    assert "Label of a" in _said(table, language="es")


def test_no_sentence_of_random_tables_prints_a_withheld_number() -> None:
    draw = random.Random(6)
    for _ in range(200):
        codes = [f"c{place}" for place in range(draw.randrange(1, 6))]
        true = {code: draw.randrange(1000, 9999) for code in codes}
        open_ = {code for code in codes if draw.random() < 0.5}
        cells = {code: shown(true[code]) if code in open_ else HIDDEN for code in codes}
        said = _said(_single("F09", _axis("harm", *codes), **cells))
        assert not [code for code in codes if code not in open_ and str(true[code]) in said]


@pytest.mark.parametrize("language", ["en", "es"])
def test_pairs_of_each_setting_have_a_name_of_their_own(language: str) -> None:
    acts = _axis("act", "a", "b")
    pairs = [
        Table(f"F07-{name}", "F07", Kind.PAIRS, (acts, replace(acts, id="with")), {}, {}, True)
        for name in ("acts", "health_acts", "housing_acts")
    ]
    voice = Voice(rich.release(tables=pairs), language)
    assert len({saying.title(table, voice) for table in pairs}) == len(pairs)
