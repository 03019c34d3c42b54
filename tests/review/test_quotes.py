import pytest

from analysis.desk import Desk
from analysis.review import exclusions, quotes
from analysis.review.errors import NotQuotable
from analysis.review.log import undo
from analysis.review.people import Reviewer
from analysis.review.quotes import permission, read_quotable, read_waiting
from tests.review.conftest import ANA, BEN, Bring

STORY = "I was unlawfully searched. They took my  medicine\nand laughed. Nobody helped."
YES = {"story": [STORY], "quote": ["yes_after_check"]}
WORDS = "They took my medicine and laughed."


def propose(desk: Desk, report: int, words: str = WORDS) -> int:
    return quotes.propose(desk, report, "story", words, ANA)


def test_words_may_be_quoted_after_two_people_checked_them(desk: Desk, bring: Bring) -> None:
    (report,) = bring(YES)
    quote = propose(desk, report)
    quotes.check(desk, quote, ANA)
    assert read_quotable(desk.database.conn) == []
    assert [one.checked for one in read_waiting(desk.database.conn)] == [("Ana",)]
    quotes.check(desk, quote, BEN)
    (found,) = read_quotable(desk.database.conn)
    assert (found.report, found.text, found.checked) == (report, WORDS, ("Ana", "Ben"))


@pytest.mark.parametrize("again", ["Ana", " ana ", "ANA", "Ána"])
def test_the_same_name_cannot_check_twice(desk: Desk, bring: Bring, again: str) -> None:
    quote = propose(desk, *bring(YES))
    quotes.check(desk, quote, ANA)
    with pytest.raises(NotQuotable, match="the same person cannot check a quote twice"):
        quotes.check(desk, quote, Reviewer.named(again))
    assert read_quotable(desk.database.conn) == []


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        pytest.param(YES, "yes_after_check", id="yes"),
        pytest.param(YES | {"quote": ["theme_only"]}, "theme_only", id="theme"),
        pytest.param(YES | {"quote": ["no"]}, "no", id="no"),
        pytest.param({"story": [STORY]}, "no", id="skipped"),
        pytest.param(YES | {"count": ["no"]}, "no", id="not counted"),
    ],
)
def test_the_sender_decides_what_may_ever_be_quoted(
    desk: Desk, bring: Bring, given: dict[str, list[str]], allowed: str
) -> None:
    (report,) = bring(given)
    assert permission(desk.database.conn, report) == allowed
    if allowed != "yes_after_check":
        with pytest.raises(NotQuotable, match="the sender"):
            propose(desk, report)


def test_a_quote_goes_when_its_report_is_left_out_or_a_check_is_taken_back(desk: Desk, bring: Bring) -> None:
    (report,) = bring(YES)
    quote = propose(desk, report)
    quotes.check(desk, quote, ANA)
    check = quotes.check(desk, quote, BEN)
    left_out = exclusions.exclude(desk, [report], "duplicate", ANA)
    assert read_quotable(desk.database.conn) == []
    with pytest.raises(NotQuotable, match=f"quote {quote} does not stand"):
        quotes.check(desk, quote, Reviewer.named("Cem"))
    undo(desk, left_out, ANA)
    assert len(read_quotable(desk.database.conn)) == 1
    refusal = quotes.refuse(desk, quote, Reviewer.named("Cem"))
    assert read_quotable(desk.database.conn) == read_waiting(desk.database.conn) == []
    undo(desk, refusal, ANA)
    undo(desk, check, ANA)
    assert read_quotable(desk.database.conn) == []


def test_a_quote_is_made_of_the_words_of_its_report(desk: Desk, bring: Bring) -> None:
    (report,) = bring(YES)
    for words in (
        "They took my medicine […] Nobody helped.",
        "[…] laughed. […]",
        "I was unlawfully searched",
    ):
        assert propose(desk, report, words)
    refused = (
        "They took my money",
        "lawfully searched",
        "They too",
        "Nobody helped. […] They took my medicine",
        "[…]",
        "",
        "Nobody helped. […] helped.",
    )
    for words in refused:
        with pytest.raises(NotQuotable, match="the report's own words, in their order"):
            propose(desk, report, words)


def test_a_quote_does_not_inherit_the_checks_of_an_earlier_one(desk: Desk, bring: Bring) -> None:
    (report,) = bring(YES)
    quote = propose(desk, report)
    for by in (ANA, BEN):
        quotes.check(desk, quote, by)
    # As after a backup came back to a desk that lacks the quote's report: its number is free again.
    with desk.database.atomic():
        desk.database.conn.execute('DELETE FROM "quotes"')
    assert propose(desk, report, "Nobody helped.") == quote
    assert read_quotable(desk.database.conn) == []
