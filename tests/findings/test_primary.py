"""Where the line is between a number that is printed and one that is sensitive by itself."""

import pytest

from analysis.findings.counting import Count
from analysis.findings.primary import Reason, Rules

CELL = ("acts.push=yes", "batch=1", "facility=tiny")


def reason(count: Count, *, arrival: bool = False, site: bool = False, small: str = "") -> Reason | None:
    rules = Rules(10, one_arrival=arrival, one_site=site, small_places=frozenset({small}))
    return rules.reason(CELL, count)


@pytest.mark.parametrize(
    ("reports", "why"), [(0, None), (1, Reason.FEW), (9, Reason.FEW), (10, None), (11, None)]
)
def test_numbers_under_the_threshold_are_sensitive_and_none_at_all_is_not(
    reports: int, why: Reason | None
) -> None:
    assert reason(Count(reports, 0)) is why


@pytest.mark.parametrize(("largest", "why"), [(20, None), (21, Reason.ARRIVAL), (40, Reason.ARRIVAL)])
def test_more_than_half_by_one_week_of_one_channel_is_sensitive(largest: int, why: Reason | None) -> None:
    assert reason(Count(40, largest)) is why
    assert reason(Count(40, largest), arrival=True) is None


@pytest.mark.parametrize(("site", "why"), [(20, None), (21, Reason.SITE), (40, Reason.SITE)])
def test_more_than_half_by_one_entry_site_is_sensitive(site: int, why: Reason | None) -> None:
    assert reason(Count(40, 0, site)) is why
    assert reason(Count(40, 0, site), site=True) is None
    assert reason(Count(40, 0, site), arrival=True) is why


def test_a_number_of_a_small_place_is_sensitive_whatever_else_it_is_of() -> None:
    assert reason(Count(500, 0), small="facility=tiny") is Reason.PLACE
    assert reason(Count(500, 0), small="facility=main") is None


def test_counts_of_two_batches_are_added_up_in_each_part() -> None:
    assert Count(40, 12, 5) + Count(30, 20, 7) == Count(70, 32, 12)
