import pytest

from analysis.review.errors import BadName
from analysis.review.people import Reviewer


@pytest.mark.parametrize(
    "typed",
    ["José Díaz", " jose  diaz ", "JOSE DIAZ", "José D.íaz", "Jose\u0301 Di\u0301az", "\uff2aose\u3000Diaz"],
)
def test_one_name_written_in_two_ways_is_one_person(typed: str) -> None:
    assert Reviewer.named(typed).key == Reviewer.named("José Díaz").key


@pytest.mark.parametrize(("one", "other"), [("Ana", "Anna"), ("राम", "रामा"), ("Li 1", "Li 2")])
def test_two_names_are_two_people(one: str, other: str) -> None:
    assert Reviewer.named(one).key != Reviewer.named(other).key


@pytest.mark.parametrize("typed", ["", "  ", "...", "x" * 61, "Ana\u202eneB", "Ana\x00"])
def test_a_name_that_cannot_be_read_is_refused(typed: str) -> None:
    with pytest.raises(BadName, match="a name"):
        Reviewer.named(typed)
