import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from analysis.errors import AnalysisError
from analysis.findings.control.errors import PastDiscloses
from analysis.findings.ledger import chain, claiming
from analysis.findings.ledger.errors import BadClaim, BadRelease, BrokenLedger
from analysis.findings.ledger.stranger import read_releases
from tests.findings.releasing import Publisher
from tests.findings.small_desk import settings_form

DAY = date(2026, 8, 1)
PUSH = "acts.push=yes|batch=2026-1"


@pytest.fixture
def police(tmp_path: Path) -> Iterator[Publisher]:
    made = Publisher(tmp_path, settings_form("police", acts=("shout", "push", "never")))
    made.reports.add(31, ["shout"], setting="police")
    made.reports.add(4, ["push"], setting="police")
    made.reports.add(5, setting="police")
    yield made
    made.desk.close()


def publish_twice(desk: Publisher) -> tuple[Path, Path]:
    first = desk.publish("first").path
    desk.reports.add(3, ["shout"], setting="police", when="2026-08")
    desk.reports.add(37, ["push"], setting="police", when="2026-08")
    second = desk.publish("second", release="2026-2", period=("2026-01", "2026-12"), date="2027-01-15")
    return first, second.path


def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "analysis.main", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_a_stranger_finds_what_the_desk_found_before_publishing(police: Publisher) -> None:
    first, second = publish_twice(police)
    for folders in ([first], [second], [first, second], [second, first]):
        newest = second if second in folders else first
        inside = json.loads((newest / "audit.json").read_bytes())
        assert read_releases(folders).attack().json == inside
        assert inside["cells"]


def test_the_command_reads_two_files_of_each_release_alone(police: Publisher, tmp_path: Path) -> None:
    folders = []
    for folder in publish_twice(police):
        bare = tmp_path / f"bare-{folder.name}"
        bare.mkdir()
        for name in ("ledger.jsonl", "codebook.json"):
            shutil.copy(folder / name, bare)
        folders.append(bare)
    done = run("attack", *folders, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == json.loads((tmp_path / "second" / "audit.json").read_bytes())
    told = run("attack", *folders)
    assert told.returncode == 0
    assert told.stdout.splitlines()[-1].endswith("disclosed: 0")


def test_releases_of_two_desks_are_not_attacked_together(police: Publisher, tmp_path: Path) -> None:
    first, second = publish_twice(police)
    data = (first / "ledger.jsonl").read_bytes()
    (first / "ledger.jsonl").write_bytes(data.replace(b'"day"', b'"Day"'))
    with pytest.raises(BadRelease, match="is no beginning of"):
        read_releases([first, second])


def change_codebook(folder: Path, data: bytes) -> None:
    """With a ledger that tells of it, so that it is read."""
    (folder / "codebook.json").write_bytes(data)
    entry = chain.read((folder / "ledger.jsonl").read_bytes())[-1]
    entry["codebook"] = sha256(data).hexdigest()
    rest = {key: value for key, value in entry.items() if key not in ("prev", "this")}
    (folder / "ledger.jsonl").write_text(chain.next_line([], rest) + "\n")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{}", id="no model"),
        pytest.param(b"[" * 100_000, id="nested"),
        pytest.param(b'{"model": {"trees": {}, "lattices": [["x"]], "ties": []}}', id="no such tree"),
        pytest.param(
            json.dumps(
                {
                    "model": {
                        "trees": {
                            name: {
                                "root": "T",
                                "root_is_named": False,
                                "children": {"T": [str(i) for i in range(2000)]},
                            }
                            for name in "ab"
                        },
                        "lattices": [["a", "b"]],
                        "ties": [],
                    },
                    "spans": [["1", ["1"]]],
                    "zeros": [],
                }
            ).encode(),
            id="too large",
        ),
        pytest.param(
            b'{"model": {"trees": {"a": {"root": "T", "root_is_named": false, "children": '
            b'{"T": ["a"], "a": ["T"]}}}, "lattices": [["a"]], "ties": []}, "spans": [], "zeros": []}',
            id="a cycle",
        ),
    ],
)
def test_a_codebook_that_is_none_is_refused(police: Publisher, data: bytes) -> None:
    folder = police.publish("first").path
    change_codebook(folder, data)
    with pytest.raises(BadRelease, match=r"codebook\.json is no codebook"):
        read_releases([folder])


def test_another_codebook_than_the_ledger_tells_of_is_refused(police: Publisher) -> None:
    folder = police.publish("first").path
    path = folder / "codebook.json"
    path.write_bytes(path.read_bytes().replace(b"shout", b"shoot"))
    with pytest.raises(BadRelease, match="not the one that the ledger tells of"):
        read_releases([folder])


def test_a_folder_that_is_no_release_is_named_in_two_lines(tmp_path: Path) -> None:
    done = run("attack", tmp_path, "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{tmp_path}/ledger.jsonl" in done.stderr.splitlines()[0]


def test_a_changed_ledger_is_refused(police: Publisher) -> None:
    folder = police.publish("first").path
    path = folder / "ledger.jsonl"
    path.write_bytes(path.read_bytes().replace(b":31", b":32"))
    with pytest.raises(BrokenLedger, match="line 1 was changed"):
        read_releases([folder])


def test_a_claim_joins_the_ledger_and_every_later_attack_knows_it(police: Publisher) -> None:
    folder = police.publish("first").path
    found = claiming.record(police.desk, folder, PUSH, 4, DAY)
    assert tuple(PUSH.split("|")) in found.disclosed
    police.reports.add(40, ["push"], setting="police", when="2026-08")
    second = police.publish("second", release="2026-2", period=("2026-01", "2026-12"), date="2027-01-15").path
    entries = chain.read((second / "ledger.jsonl").read_bytes())
    assert [entry["kind"] for entry in entries] == ["release", "claim", "release"]
    attacked = read_releases([folder, second])
    assert attacked.known[tuple(PUSH.split("|"))] == 4
    assert attacked.attack().json == json.loads((second / "audit.json").read_bytes())


def test_a_release_after_a_claim_can_be_made_again_to_the_same_bytes(police: Publisher) -> None:
    folder = police.publish("first").path
    claiming.record(police.desk, folder, PUSH, 4, DAY)
    again = police.publish("again").path
    assert (again / "SHA256SUMS").read_bytes() == (folder / "SHA256SUMS").read_bytes()


@pytest.mark.parametrize("claimed", [False, True])
def test_a_claim_stops_a_release_that_would_pass_without_it(police: Publisher, claimed: bool) -> None:
    folder = police.publish("first").path
    if claimed:
        claiming.record(police.desk, folder, PUSH, 4, DAY)
    police.reports.add(2, ["push"], setting="police", when="2026-08")
    police.reports.add(38, ["shout"], setting="police", when="2026-08")
    # Of the 6 of both batches, 4 are known by the claim: nobody can be made to think that there are none.
    refused = pytest.raises(PastDiscloses, match=r"acts\.push=yes\|batch=2026-1\+2026-2")
    with refused if claimed else nullcontext():
        police.publish("2", release="2026-2", period=("2026-01", "2026-12"), date="2027-01-15")


@pytest.mark.parametrize(
    ("cell", "reports", "rule"),
    [
        pytest.param("area=moon|batch=2026-1", 4, "no release counts such a cell", id="unknown"),
        pytest.param("~slack|1", 4, "no release counts such a cell", id="a slack"),
        pytest.param("", 4, "no release counts such a cell", id="nothing"),
        pytest.param(PUSH, 5, "the desk counts another number", id="a wrong number"),
        pytest.param("acts.shout=yes|batch=2026-1", 31, "published already", id="printed"),
    ],
)
def test_a_claim_that_gives_nothing_away_is_refused(
    police: Publisher, cell: str, reports: int, rule: str
) -> None:
    folder = police.publish("first").path
    with pytest.raises(BadClaim, match=rule):
        claiming.record(police.desk, folder, cell, reports, DAY)


def test_a_claim_needs_a_release_of_the_same_desk(police: Publisher) -> None:
    folder = police.publish("first").path
    path = folder / "ledger.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"version":"', b'"version":"9'))
    with pytest.raises(AnalysisError):
        claiming.record(police.desk, folder, PUSH, 4, DAY)


@pytest.mark.parametrize(
    ("told", "reports", "refused"),
    [
        pytest.param("at_least", 4, True, id="at least all of them"),
        pytest.param("at_least", 1, True, id="at least one"),
        pytest.param("at_most", 4, False, id="at most all of them"),
        pytest.param("at_most", 40, False, id="at most many"),
    ],
)
def test_a_claimed_end_of_a_number_is_allowed_for_or_stops_a_release(
    police: Publisher, told: str, reports: int, refused: bool
) -> None:
    folder = police.publish("first").path
    claiming.record(police.desk, folder, PUSH, reports, DAY, told)
    police.reports.add(2, ["push"], setting="police", when="2026-08")
    police.reports.add(38, ["shout"], setting="police", when="2026-08")
    later = {"release": "2026-2", "period": ("2026-01", "2026-12"), "date": "2027-01-15"}
    if refused:
        # Of the 6 of both batches, some are known by the claim: nobody can think that there are none.
        with pytest.raises(PastDiscloses, match=r"acts\.push=yes\|batch=2026-1\+2026-2: ") as refusal:
            police.publish("2", **later)
        assert any(f"claim={told}" in one for one in refusal.value.blocking)
        assert f"claim={told}" in refusal.value.message
        return
    second = police.publish("2", **later).path
    attacked = read_releases([second])
    assert attacked.attack().json == json.loads((second / "audit.json").read_bytes())
    found = attacked.attack().bounds[tuple(PUSH.split("|"))].integer
    assert found.low == 0
    assert found.high is not None
    assert found.high <= reports


def test_what_follows_from_claimed_ends_is_known_to_the_attack(police: Publisher) -> None:
    folder = police.publish("first").path
    assert claiming.record(police.desk, folder, PUSH, 3, DAY, "at_least").disclosed == ()
    assert claiming.record(police.desk, folder, PUSH, 2, DAY, "at_least").disclosed == ()
    police.reports.add(40, ["push"], setting="police", when="2026-08")
    second = police.publish("second", release="2026-2", period=("2026-01", "2026-12"), date="2027-01-15").path
    entries = chain.read((second / "ledger.jsonl").read_bytes())
    assert [entry.get("at_least") for entry in entries] == [None, 3, 2, None]
    attacked = read_releases([folder, second])
    assert attacked.attack().bounds[tuple(PUSH.split("|"))].integer.low == 3
    assert attacked.attack().json == json.loads((second / "audit.json").read_bytes())
    # At least 3 is told already; at most 4 and at least 4 are the number itself.
    assert (
        tuple(PUSH.split("|")) not in claiming.record(police.desk, second, PUSH, 4, DAY, "at_most").disclosed
    )


def test_two_ends_that_meet_give_the_number_away(police: Publisher) -> None:
    folder = police.publish("first").path
    claiming.record(police.desk, folder, PUSH, 4, DAY, "at_least")
    police.reports.add(40, ["push"], setting="police", when="2026-08")
    second = police.publish("second", release="2026-2", period=("2026-01", "2026-12"), date="2027-01-15").path
    assert tuple(PUSH.split("|")) in claiming.record(police.desk, second, PUSH, 4, DAY, "at_most").disclosed


@pytest.mark.parametrize(
    ("told", "reports", "rule"),
    [
        pytest.param("at_least", 5, "the desk counts another number", id="too high"),
        pytest.param("at_most", 3, "the desk counts another number", id="too low"),
        pytest.param("at_least", 0, "is true of every cell", id="nothing"),
    ],
)
def test_a_claimed_end_that_is_wrong_or_says_nothing_is_refused(
    police: Publisher, told: str, reports: int, rule: str
) -> None:
    folder = police.publish("first").path
    with pytest.raises(BadClaim, match=rule):
        claiming.record(police.desk, folder, PUSH, reports, DAY, told)


def test_the_command_takes_a_claim_of_at_least_so_many(police: Publisher) -> None:
    folder = police.publish("first").path
    police.desk.close()
    cell = ["--release", folder, "--date", "2026-08-01", PUSH]
    done = run("claim", "--desk", police.folder / "desk", "--at-least", *cell, 3)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("recorded; withheld cells that it gives away: 0")
    refused = run("claim", "--desk", police.folder / "desk", "--at-most", *cell, 3)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "the desk counts another number" in refused.stderr
