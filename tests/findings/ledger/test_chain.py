import pytest

from analysis.findings.control.bounds import Interval
from analysis.findings.ledger import chain
from analysis.findings.ledger.entries import claim, gather
from analysis.findings.ledger.errors import BrokenLedger


def release(name: str, printed: dict[str, object], withheld: object = ()) -> dict[str, object]:
    withheld = list(withheld) if isinstance(withheld, tuple) else withheld
    return {"kind": "release", "release": name, "codebook": name, "printed": printed, "withheld": withheld}


def lines(*entries: dict[str, object]) -> bytes:
    written: list[str] = []
    for entry in entries:
        written.append(chain.next_line(written, entry))
    return "".join(f"{line}\n" for line in written).encode()


GOOD = lines(
    release("2026-1", {"area=north|batch=2026-1": 31}, ("area=süd|batch=2026-1",)),
    claim(("area=süd", "batch=2026-1"), 4, "2026-08-01"),
    release("2026-2", {"batch=2026-2": 90}),
)


def test_what_was_written_is_read_and_told_together() -> None:
    facts = gather(chain.read(GOOD))
    assert facts.printed == {
        ("area=north", "batch=2026-1"): 31,
        ("area=süd", "batch=2026-1"): 4,
        ("batch=2026-2",): 90,
    }
    assert facts.withheld == (("area=süd", "batch=2026-1"),)
    assert facts.codebook == "2026-2"


def test_an_empty_ledger_tells_nothing() -> None:
    assert gather(chain.read(b"")).printed == {}


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        pytest.param(GOOD.replace(b":31", b":32"), "line 1 was changed", id="a number"),
        pytest.param(GOOD.replace("süd".encode(), b"sad", 1), "line 1 was changed", id="a name"),
        pytest.param(b"".join(GOOD.splitlines(True)[1:]), "line 1 does not follow", id="the first is lost"),
        pytest.param(
            b"".join(GOOD.splitlines(True)[::2]), "line 2 does not follow", id="one in between is lost"
        ),
        pytest.param(GOOD + GOOD.splitlines(True)[2], "line 4 does not follow", id="one twice"),
        pytest.param(GOOD[:-1], "ends within a line", id="cut off"),
        pytest.param(GOOD + b"\n", "line 4 is no canonical JSON", id="an empty line"),
        pytest.param(GOOD.replace(b'"kind":', b'"kind": '), "no canonical JSON", id="a space"),
        pytest.param(b"[" * 100_000 + b"\n", "no canonical JSON", id="nested"),
        pytest.param(b"[]\n", "no canonical JSON", id="a list"),
        pytest.param(b"\xff\n", "no canonical JSON", id="other bytes"),
    ],
)
def test_a_line_that_was_changed_lost_or_put_in_is_found(data: bytes, rule: str) -> None:
    with pytest.raises(BrokenLedger, match=rule):
        chain.read(data)


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param({"kind": "rumour"}, id="another kind"),
        pytest.param({}, id="no kind"),
        pytest.param(release("1", {"batch=1": -1}), id="a negative count"),
        pytest.param(release("1", {"batch=1": True}), id="true"),
        pytest.param(release("1", {"batch=1": 1.5}), id="a fraction"),
        pytest.param(release("1", {"batch=1": 10**12}), id="a huge count"),
        pytest.param(release("1", {}, "area=north"), id="withheld as a text"),
        pytest.param(release("1", {"batch=1": 10**9 + 1}), id="a count that is too large by one"),
        pytest.param(release("1", {}, [3]), id="a number as withheld"),
        pytest.param({"kind": "claim", "cell": "batch=1", "at_least": -1}, id="at least less than none"),
        pytest.param({"kind": "claim", "cell": "batch=1", "at_most": True}, id="at most true"),
        pytest.param({"kind": "claim", "cell": "batch=1"}, id="a claim of nothing"),
        pytest.param({"kind": "claim", "cell": 3, "reports": 1}, id="a number as a cell"),
    ],
)
def test_an_entry_that_is_none_is_refused(entry: dict[str, object]) -> None:
    with pytest.raises(BrokenLedger, match="line 1 of the ledger is no release and no claim"):
        gather(chain.read(lines(entry)))


def test_a_ledger_tells_of_none_and_of_as_many_as_the_solver_can_count() -> None:
    printed: dict[str, object] = {"batch=1": 10**9, "": 0}
    facts = gather(chain.read(lines(release("1", printed), {"kind": "noised", "release": "2"})))
    assert facts.printed == {("batch=1",): 10**9, (): 0}
    assert facts.codebook == "1"


def test_claimed_ends_are_gathered_to_the_tightest_and_are_no_number() -> None:
    cell = ("area=north", "batch=1")
    claims = [claim(cell, 9, "2026-08-01", "at_most"), claim(cell, 3, "2026-08-02", "at_least")]
    facts = gather(chain.read(lines(*claims, claim(cell, 12, "2026-08-03", "at_most"))))
    assert facts.printed == {}
    assert facts.limits == {cell: Interval(3, 9)}
    with pytest.raises(BrokenLedger, match="line 3 of the ledger"):
        gather(chain.read(lines(*claims, claim(cell, 10, "2026-08-03", "at_least"))))


def test_two_numbers_for_one_cell_are_refused() -> None:
    data = lines(release("1", {"batch=1": 30}), claim(("batch=1",), 31, "2026-08-01"))
    with pytest.raises(BrokenLedger, match=r"line 2 of the ledger gives batch=1 another number"):
        gather(chain.read(data))
