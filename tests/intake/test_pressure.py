import pytest

from intake.allowance import BURST_MINUTES, Allowance
from intake.pressure import asked_bits
from intake.work import MOST_BITS


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_allowance_gives_out_what_it_holds_and_fills_again() -> None:
    clock = Clock()
    allowance = Allowance(60, clock)
    assert sum(allowance.take() for _ in range(1_000)) == 60 * BURST_MINUTES
    clock.now += 10
    assert sum(allowance.take() for _ in range(1_000)) == 10
    clock.now += 100_000
    assert allowance.left == 1


def test_nothing_is_asked_in_quiet_times() -> None:
    clock = Clock()
    allowance = Allowance(60, clock)
    for _ in range(500):
        allowance.take()
        clock.now += 1
        assert asked_bits(allowance, queue=0, room=1) == 0


def test_work_rises_step_by_step_as_reports_come_too_fast_and_falls_again() -> None:
    clock = Clock()
    allowance = Allowance(60, clock)
    asked = []
    for _ in range(60 * BURST_MINUTES + 1):
        asked.append(asked_bits(allowance, queue=0, room=1))
        allowance.take()
    assert asked[:60] == [0] * 60
    assert asked == sorted(asked)
    assert set(asked) == set(range(MOST_BITS + 1))
    clock.now += 61
    assert asked_bits(allowance, queue=0, room=1) == 0


@pytest.mark.parametrize(
    ("queue", "room", "bits"),
    [
        pytest.param(0, 1, 0, id="idle"),
        pytest.param(0.125, 1, 0, id="a short queue"),
        pytest.param(0.3, 1, 7, id="a longer queue"),
        pytest.param(0.5, 1, MOST_BITS, id="a long queue"),
        pytest.param(1, 1, MOST_BITS, id="a full queue"),
        pytest.param(0, 0.26, 0, id="room enough"),
        pytest.param(0, 0.125, 7, id="half of the last room"),
        pytest.param(0, 0, MOST_BITS, id="no room"),
    ],
)
def test_a_queue_or_a_lack_of_room_asks_for_work(queue: float, room: float, bits: int) -> None:
    assert asked_bits(Allowance(60), queue, room) == bits
