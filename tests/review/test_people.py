import pytest

from analysis.review.errors import BadName
from analysis.review.people import Reviewer


@pytest.mark.parametrize(
    "typed",
    ["José Díaz", " jose  diaz ", "JOSE DIAZ", "José D.íaz", "Jose\u0301 Di\u0301az", "\uff2aose\u3000Diaz"],
)
def test_one_name_written_in_two_ways_is_one_person(typed: str) -> None:
    assert Reviewer.named(typed).key == Reviewer.named("José Díaz").key


@pytest.mark.parametrize("blank", ["\ufe0f", "\u3164", "\u180b", "\U000e0101", "\u034f"])
def test_what_shows_nothing_is_no_part_of_a_name(blank: str) -> None:
    assert Reviewer.named(f"An{blank}a{blank}") == Reviewer.named("Ana")


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("M\u0430x", id="a Cyrillic letter"),
        pytest.param("\u041c\u0430\u0445", id="all Cyrillic"),
        pytest.param("\u039cax", id="a Greek letter"),
        pytest.param("M\u1dc4ax", id="a rare accent"),
        pytest.param("Ma\u20e3x", id="a key around a letter"),
    ],
)
def test_a_name_in_letters_that_look_alike_is_the_same_person(typed: str) -> None:
    assert Reviewer.named(typed).key == Reviewer.named("Max").key


@pytest.mark.parametrize(("one", "other"), [("Ana", "Anna"), ("राम", "रामा"), ("Li 1", "Li 2")])
def test_two_names_are_two_people(one: str, other: str) -> None:
    assert Reviewer.named(one).key != Reviewer.named(other).key


@pytest.mark.parametrize("typed", ["", "  ", "...", "x" * 61, "Ana\u202eneB", "Ana\x00", "\ufe0f"])
def test_a_name_that_cannot_be_read_is_refused(typed: str) -> None:
    with pytest.raises(BadName, match="a name"):
        Reviewer.named(typed)
