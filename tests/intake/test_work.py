"""Work opens the door once, in time, for the report it was done for."""

import pytest

from intake import work
from intake.work import GRACE_BITS, MOST_BITS, PUZZLES, VALID_SECONDS, Challenges, Seed, Work, WorkError
from tests.browser.node import parity
from tests.working import seed, solve

BODY = b"sealed" * 100
BITS = 5


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def spend(challenges: Challenges, work: Work, body: bytes = BODY) -> None:
    challenges.spend(work, seed(work.challenge, body))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def challenges(clock: Clock) -> Challenges:
    return Challenges(clock)


def test_solved_work_is_taken(challenges: Challenges) -> None:
    header = solve(challenges.draw(BITS), BODY)
    spend(challenges, challenges.read(header, BITS))


def test_a_challenge_serves_once(challenges: Challenges) -> None:
    header = solve(challenges.draw(BITS), BODY)
    first, second = challenges.read(header, BITS), challenges.read(header, BITS)
    spend(challenges, first)
    with pytest.raises(WorkError, match="used before"):
        spend(challenges, second)
    with pytest.raises(WorkError, match="used before"):
        challenges.read(header, BITS)


def test_a_challenge_expires(challenges: Challenges, clock: Clock) -> None:
    header = solve(challenges.draw(BITS), BODY)
    clock.now += VALID_SECONDS - 1
    challenges.read(header, BITS)
    clock.now += 1
    with pytest.raises(WorkError, match="expired"):
        challenges.read(header, BITS)


def test_work_for_one_report_is_no_work_for_another(challenges: Challenges) -> None:
    header = solve(challenges.draw(BITS), BODY)
    with pytest.raises(WorkError, match="not for this report"):
        spend(challenges, challenges.read(header, BITS), BODY + b"s")


def test_a_refused_body_does_not_spend_the_challenge(challenges: Challenges) -> None:
    header = solve(challenges.draw(BITS), BODY)
    with pytest.raises(WorkError, match="not for this report"):
        spend(challenges, challenges.read(header, BITS), b"other")
    spend(challenges, challenges.read(header, BITS))


def test_a_challenge_of_another_server_is_refused(challenges: Challenges, clock: Clock) -> None:
    header = solve(Challenges(clock).draw(BITS), BODY)
    with pytest.raises(WorkError, match="not of this server"):
        challenges.read(header, BITS)


@pytest.mark.parametrize("field", [1, 2, 3, 4], ids=["bits", "expires", "nonce", "mac"])
def test_a_changed_challenge_is_refused(field: int, challenges: Challenges) -> None:
    fields = challenges.draw(BITS).split(".")
    fields[field] = fields[field][:-1] + ("0" if fields[field][-1] != "0" else "1")
    with pytest.raises(WorkError, match="not of this server"):
        challenges.read(solve(".".join(fields), BODY), 0)


def test_work_that_is_far_too_easy_now_is_refused(challenges: Challenges) -> None:
    header = solve(challenges.draw(BITS), BODY)
    challenges.read(header, BITS + GRACE_BITS)
    with pytest.raises(WorkError, match="more work"):
        challenges.read(header, BITS + GRACE_BITS + 1)


def test_in_quiet_times_a_challenge_asks_for_nothing_and_still_serves_once(challenges: Challenges) -> None:
    challenge = challenges.draw(0)
    spend(challenges, challenges.read(challenge, 0))
    with pytest.raises(WorkError, match="used before"):
        challenges.read(challenge, 0)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda numbers: [], id="none"),
        pytest.param(lambda numbers: numbers[:-1], id="one too few"),
        pytest.param(lambda numbers: [*numbers, numbers[-1] + 1], id="one too many"),
        pytest.param(lambda numbers: numbers[:1] * PUZZLES, id="one of them repeated"),
        pytest.param(lambda numbers: numbers[::-1], id="falling"),
        pytest.param(lambda numbers: list(range(PUZZLES)), id="guessed"),
    ],
)
def test_numbers_that_do_not_solve_the_puzzles_are_refused(change, challenges: Challenges) -> None:  # type: ignore[no-untyped-def]
    challenge, numbers = solve(challenges.draw(BITS), BODY).split(" ")
    given = change([int(number) for number in numbers.split(",")])
    with pytest.raises(WorkError, match=r"malformed|not for this report"):
        spend(challenges, challenges.read(f"{challenge} {','.join(map(str, given))}".strip(), BITS))


@pytest.mark.parametrize(
    "header",
    ["1", "2.0.0.0.0", "1.5.99999.zz.zz", "x" * 100_000, "1.٣.1." + "0" * 32 + "." + "0" * 32, "\0"],
    ids=["short", "version", "not hex", "long", "foreign digits", "nul"],
)
def test_a_malformed_header_is_refused(header: str, challenges: Challenges) -> None:
    with pytest.raises(WorkError, match="malformed"):
        challenges.read(header, 0)


def test_what_was_spent_takes_bounded_memory_and_never_serves_again(
    challenges: Challenges, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "MOST_SPENT", 10)
    spent = [challenges.draw(0) for _ in range(50)]
    for challenge in spent[:10]:
        spend(challenges, challenges.read(challenge, 0))
    spend(challenges, challenges.read(spent[10], 0))
    assert len(challenges._spent) <= 10
    for challenge in spent[:10]:
        with pytest.raises(WorkError, match=r"used before|not of this server"):
            challenges.read(challenge, 0)


def test_the_script_solves_what_the_server_asks(challenges: Challenges) -> None:
    for bits in (0, 1, 7):
        challenge = challenges.draw(bits)
        solved = parity("solve", challenge=challenge, body=BODY.hex())
        assert solved["header"] == solve(challenge, BODY)
        spend(challenges, challenges.read(solved["header"], bits))
        assert solved["parts"] == sorted(solved["parts"])
        assert solved["parts"][-1:] == ([1] if bits else [])


def test_the_most_work_is_seconds_in_a_browser(challenges: Challenges) -> None:
    solved = parity("solve", challenge=challenges.draw(MOST_BITS), body=BODY.hex())
    assert solved["seconds"] < 10


def test_a_body_in_pieces_has_the_seed_of_the_whole() -> None:
    pieces = Seed("challenge")
    for start in range(0, len(BODY), 7):
        pieces.update(BODY[start : start + 7])
    assert pieces.digest() == seed("challenge", BODY)
