import pytest

from intake.stamp import VALID_SECONDS, OldPage, Stamps, TooQuick


class Clock:
    def __init__(self) -> None:
        self.now = 5_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stamps(clock: Clock) -> Stamps:
    return Stamps(10, clock)


def test_a_form_that_took_a_while_is_taken(stamps: Stamps, clock: Clock) -> None:
    stamp = stamps.draw()
    clock.now += 10
    stamps.check(stamp)


def test_a_form_that_comes_back_at_once_is_told_how_long_to_wait(stamps: Stamps, clock: Clock) -> None:
    stamp = stamps.draw()
    clock.now += 2.5
    with pytest.raises(TooQuick, match="8 seconds") as caught:
        stamps.check(stamp)
    assert caught.value.wait == 8


def test_a_page_grows_old(stamps: Stamps, clock: Clock) -> None:
    stamp = stamps.draw()
    clock.now += VALID_SECONDS + 1
    with pytest.raises(OldPage, match="open too long"):
        stamps.check(stamp)


def test_a_stamp_says_nothing_but_the_second(stamps: Stamps, clock: Clock) -> None:
    assert stamps.draw() == stamps.draw()
    clock.now += 1
    assert stamps.draw() != stamps.draw().replace("5001", "5000")


@pytest.mark.parametrize("change", [str.upper, lambda stamp: "", lambda stamp: stamp.replace("5000", "4000")])
def test_a_stamp_that_is_not_ours_is_refused(change, stamps: Stamps) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(OldPage, match="not a stamp of this server"):
        stamps.check(change(stamps.draw()))


def test_a_stamp_of_another_process_is_refused(stamps: Stamps, clock: Clock) -> None:
    with pytest.raises(OldPage, match="not a stamp of this server"):
        stamps.check(Stamps(10, clock).draw())
