from analysis.bitmaps import Bitmaps
from analysis.desk import Desk
from analysis.patterns.reading import read_consenting
from analysis.review import exclusions
from analysis.review.flow import Flow
from analysis.workbench import decided
from tests.review.conftest import ANA, Bring


def read_flow(desk: Desk) -> Flow:
    """The flow as the pages show it."""
    connection = desk.database.conn
    bits = Bitmaps.of(connection)
    excluded = decided.column(connection, bits, decided.EXCLUDED)
    return decided.flow(bits.every(connection), read_consenting(connection, bits), excluded)


def test_every_report_stands_in_one_place_of_the_flow(desk: Desk, bring: Bring) -> None:
    reports = bring({}, {}, {}, {"count": ["no"]}, {"count": ["no"]}, {})
    exclusions.exclude(desk, [reports[0], reports[3]], "duplicate", ANA)
    exclusions.exclude(desk, [reports[1]], "out_of_area", ANA)
    flow = read_flow(desk)
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


def test_a_desk_without_a_report_has_a_flow_of_nothing(desk: Desk) -> None:
    flow = read_flow(desk)
    assert (flow.received, flow.counted, set(flow.excluded.values())) == (0, 0, {0})
