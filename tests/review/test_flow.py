import pytest

from analysis.desk import Desk
from analysis.review import exclusions
from analysis.review.flow import read_flow, read_flow_by
from tests.review.conftest import ANA, Bring


def test_every_report_stands_in_one_place_of_the_flow(desk: Desk, bring: Bring) -> None:
    reports = bring({}, {}, {}, {"count": ["no"]}, {"count": ["no"]}, {})
    exclusions.exclude(desk, [reports[0], reports[3]], "duplicate", ANA)
    exclusions.exclude(desk, [reports[1]], "out_of_area", ANA)
    flow = read_flow(desk.database.conn)
    assert (flow.received, flow.counted) == (6, 2)
    assert flow.excluded == {
        "duplicate": 1,
        "junk": 0,
        "test": 0,
        "out_of_area": 1,
        "out_of_scope": 0,
        "no_consent": 2,
    }
    assert flow.received == flow.counted + sum(flow.excluded.values())


def test_the_flow_is_told_apart_by_setting_language_and_channel(desk: Desk, bring: Bring) -> None:
    reports = bring({}, {"setting": ["health"], "acts": []}, {})
    exclusions.exclude(desk, reports[:1], "junk", ANA)
    by = {column: read_flow_by(desk.database.conn, column) for column in ("setting", "lang", "channel")}
    assert {place: (flow.received, flow.counted) for place, flow in by["setting"].items()} == {
        "police": (2, 1),
        "health": (1, 1),
    }
    assert by["lang"]["en"].received == by["channel"]["web"].received == 3
    with pytest.raises(ValueError, match="not told apart by this column"):
        read_flow_by(desk.database.conn, "area")


def test_a_desk_without_a_report_has_a_flow_of_nothing(desk: Desk) -> None:
    flow = read_flow(desk.database.conn)
    assert (flow.received, flow.counted, set(flow.excluded.values())) == (0, 0, {0})
