"""Charts: what is withheld looks neither like zero nor like little, and nothing is told by colour alone."""

import re
from itertools import pairwise

import pytest

from analysis.findings.released import Axis, Category, Cell, Kind, Status, Table
from analysis.findings.site.charts import Chart, chart
from analysis.findings.site.drawing import Box, Drawing, Text, wrap
from analysis.findings.site.part import part
from analysis.findings.site.svg import chart_file
from analysis.findings.site.voice import Voice
from tests.findings import rich
from tests.findings.rich import shown

HIDDEN = Cell(Status.WITHHELD)
VOICE = Voice(rich.release(), "en")
TABLES = {table.id: table for table in rich.release().tables}


def _bars(ordered: bool = False, **counts: Cell) -> Drawing:
    axis = Axis("month" if ordered else "harm", {}, tuple(Category(code, {"en": code}) for code in counts))
    cells = {(code,): cell for code, cell in counts.items()}
    made = chart(Table("F09", "F09", Kind.BARS, (axis,), cells, {}, True), VOICE)
    assert made
    return made.whole()


def _boxes(drawing: Drawing, look: str) -> list[Box]:
    return [mark for mark in drawing.marks if isinstance(mark, Box) and mark.look == look]


def _words(drawing: Drawing) -> list[str]:
    return [mark.content for mark in drawing.marks if isinstance(mark, Text)]


def _chart(name: str) -> Chart:
    made = chart(TABLES[name], VOICE)
    assert made
    return made


def test_bars_are_as_long_as_their_numbers() -> None:
    drawing = _bars(a=shown(100), b=shown(50), c=shown(25))
    longest, *others = [box.width for box in _boxes(drawing, "bar")]
    assert others == pytest.approx([longest / 2, longest / 4], abs=0.1)


def test_every_bar_has_its_number_beside_it() -> None:
    assert {"100", "50 (50%)"} <= set(_words(_bars(a=shown(100), b=shown(50, 100))))


def test_a_withheld_row_is_hatched_over_the_whole_width_and_says_so() -> None:
    drawing = _bars(ordered=True, **{"2026-01": shown(900), "2026-02": HIDDEN, "2026-03": shown(11)})
    (hatch,) = _boxes(drawing, "hatch")
    assert hatch.width == drawing.width - 1
    assert hatch.width > max(box.width for box in _boxes(drawing, "bar"))
    assert "[c] withheld" in _words(drawing)


def test_rows_sorted_by_number_tell_withheld_ones_together() -> None:
    drawing = _bars(a=shown(20), b=HIDDEN, c=shown(90), d=HIDDEN)
    assert [word for word in _words(drawing) if word in "abcd"] == ["c", "a"]
    assert "2 rows are withheld [c]" in _words(drawing)
    (hatch,) = _boxes(drawing, "hatch")
    assert hatch.width == drawing.width - 1


def test_where_withheld_rows_stand_does_not_depend_on_their_counts() -> None:
    # The release has no true counts; this holds for their order in the form as well.
    one = _bars(b=HIDDEN, a=shown(20), c=shown(90), d=HIDDEN)
    two = _bars(a=shown(20), c=shown(90), b=HIDDEN, d=HIDDEN)
    assert one.marks == two.marks


def test_a_table_of_which_nothing_is_shown_has_no_chart() -> None:
    assert chart(TABLES["F15"], VOICE) is None


def test_each_field_of_a_heat_table_has_its_number_or_mark() -> None:
    drawing = _chart("F04").whole()
    fields = [box for box in drawing.marks if isinstance(box, Box) and box.look.startswith("shade-")]
    words = _words(drawing)
    assert len(fields) > 10
    assert len([word for word in words if word.isdigit()]) >= len(fields)
    assert len(_boxes(drawing, "hatch")) == words.count("[c]") > 0


def test_a_darker_field_is_never_a_smaller_number() -> None:
    drawing = _chart("F04").whole()
    numbers = {
        (mark.x, mark.y): int(mark.content)
        for mark in drawing.marks
        if isinstance(mark, Text) and mark.content.isdigit()
    }
    found: dict[str, list[int]] = {}
    for mark in drawing.marks:
        if isinstance(mark, Box) and mark.look.startswith("shade-"):
            found.setdefault(mark.look, []).append(numbers[mark.x + mark.width / 2, mark.y - 1 + 23])
    shades = [found[look] for look in sorted(found)]
    for lighter, darker in pairwise(shades):
        assert max(lighter) < min(darker)


def test_small_multiples_have_one_scale_and_one_order() -> None:
    made = _chart("F14-gender")
    assert made.panels
    assert len({drawing.width for drawing in made.drawings}) == 1
    labels = [
        [word for word in _words(one) if not word[0].isdigit() and word[0] != "["] for one in made.drawings
    ]
    assert all(one == labels[0] for one in labels)
    assert "Bars show the share of n in each part." in made.notes


def test_settings_with_questions_of_their_own_show_their_own_rows() -> None:
    axes = (
        Axis("act", {}, tuple(Category(code, {"en": code}) for code in ("hit", "push", "refuse"))),
        Axis("setting", {}, (Category("police", {"en": "Police"}), Category("health", {"en": "Health"}))),
    )
    none = Cell(Status.NOT_ASKED)
    cells = {
        ("hit", "police"): shown(40),
        ("push", "police"): shown(30),
        ("refuse", "police"): none,
        ("hit", "health"): none,
        ("push", "health"): none,
        ("refuse", "health"): shown(12),
    }
    made = chart(Table("F02", "F02", Kind.BARS, axes, cells, {}, True), VOICE)
    assert made
    assert [one.title for one in made.drawings] == ["Police", "Health"]
    assert "refuse" not in _words(made.drawings[0])
    assert "refuse" in _words(made.drawings[1])


def test_a_pair_is_drawn_once_and_no_act_with_itself() -> None:
    words = [word for word in _words(_chart("F07-acts").whole()) if " + " in word]
    pairs = [frozenset(word.split(" + ")) for word in words]
    assert len(pairs) == len(set(pairs)) == 12
    assert all(len(pair) == 2 for pair in pairs)


def test_the_flow_names_what_was_left_out_and_why() -> None:
    drawing = _chart("F01").whole()
    words = _words(drawing)
    assert {"1479", "1204", "Left out:", "Duplicate: 63", "Test: [c]"} <= set(words)
    assert "Received: 1479." in drawing.text


@pytest.mark.parametrize("name", [name for name in TABLES if name != "F15"])
def test_the_words_of_a_chart_say_all_its_numbers(name: str) -> None:
    for drawing in _chart(name).drawings:
        numbers = {word for text in _words(drawing) for word in re.findall(r"\d+", text)}
        assert numbers <= set(re.findall(r"\d+", f"{drawing.title} {drawing.text}"))


@pytest.mark.parametrize("name", [name for name in TABLES if name != "F15"])
def test_no_mark_of_a_chart_stands_outside_of_it(name: str) -> None:
    for drawing in (*_chart(name).drawings, _chart(name).whole()):
        for mark in drawing.marks:
            if isinstance(mark, Box):
                assert 0 <= mark.x <= mark.x + mark.width <= drawing.width
                assert 0 <= mark.y <= mark.y + mark.height <= drawing.height
            elif isinstance(mark, Text):
                assert 0 <= mark.x <= drawing.width
                assert 0 <= mark.y <= drawing.height


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param("short", ["short"], id="fits"),
        pytest.param("one two three four", ["one two", "three…"], id="cut after the last line"),
        pytest.param("incomprehensibilities", ["incompre…"], id="a word that is too long"),
    ],
)
def test_a_label_is_wrapped_and_cut_with_a_sign(text: str, lines: list[str]) -> None:
    assert wrap(text, 9 * 7.4, 2) == lines


def test_a_chart_file_is_whole_by_itself() -> None:
    text = chart_file(part(TABLES["F02"], VOICE), VOICE).decode()
    assert text.startswith('<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title text"')
    assert "<title id=" in text
    assert "<desc id=" in text
    ys = [float(y) for y in re.findall(r'<text[^>]* y="([\d.]+)"', text)]
    assert max(ys) < float(re.findall(r'height="([\d.]+)"', text)[0])


def test_one_column_alone_is_drawn_as_wide_as_any_chart() -> None:
    axes = (
        Axis("act", {}, (Category("hit", {"en": "Hit"}), Category("push", {"en": "Push"}))),
        Axis("setting", {}, (Category("police", {"en": "Police"}), Category("health", {"en": "Health"}))),
    )
    none = Cell(Status.NOT_ASKED)
    cells = {(act, "police"): shown(40) for act in ("hit", "push")}
    cells |= {(act, "health"): none for act in ("hit", "push")}
    made = chart(Table("F02", "F02", Kind.BARS, axes, cells, {}, True), VOICE)
    assert made
    assert (made.panels, made.scope, made.whole().width) == (False, "Police", 400)
    assert made.notes == ("1 more column stands in the table.",)
