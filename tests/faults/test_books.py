"""The soak's own books and watchers: what is wrong makes them say so, and none of them falls silent."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.faults.chain import Chain
from tests.serving import Server
from tests.soak.__main__ import told_of_files
from tests.soak.courier import Courier
from tests.soak.ledger import Balance, Ledger
from tests.soak.machine import Machine, Sample, longest_life
from tests.soak.revision import HERE, revision
from tests.soak.run import idle, too_much
from tests.soak.senders import Sender, World

ONE, TWO, THREE = b"one", b"two", b"three"
# As somebody who is not root and may not attach to the server, in a process of its own.
AS_A_PLAIN_USER = """
import os, sys
from tests.soak.machine import taken_by
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
taken = taken_by(int(sys.argv[1]), life=1)
print(taken.memory > 1_000_000, taken.files)
"""


def closed(
    *received: tuple[bytes, str], kept: set[bytes] | None = None, gone: set[bytes] | None = None
) -> Balance:
    """Somebody said "A" under one id and heard nothing, so again under another; and "B" under a third."""
    ledger = Ledger(tried={ONE: "A", TWO: "A", THREE: "B"})
    for one in kept or set():
        ledger.acknowledge(one)
    ledger.gone |= gone or set()
    return ledger.close(received)


@pytest.mark.parametrize(
    "received",
    [
        pytest.param([(TWO, "A"), (THREE, "B")], id="the second time"),
        pytest.param([(ONE, "A"), (THREE, "B")], id="the first time alone"),
        pytest.param([(THREE, "B")], id="neither"),
    ],
)
def test_the_ledger_closes_when_each_thing_said_is_there_at_most_once(
    received: list[tuple[bytes, str]],
) -> None:
    balance = closed(*received, kept={THREE})
    assert balance.even
    assert (balance.tried, balance.acknowledged, balance.received) == (3, 1, len(received))


@pytest.mark.parametrize(
    ("received", "wrong"),
    [
        pytest.param([(ONE, "A"), (TWO, "A"), (THREE, "B")], "doubled", id="under two codes"),
        pytest.param([(TWO, "A"), (THREE, "B"), (THREE, "B")], "doubled", id="under one id"),
        pytest.param([(TWO, "B"), (THREE, "B")], "changed", id="the words of another"),
        pytest.param([(TWO, "None"), (THREE, "B")], "changed", id="no words"),
        pytest.param([(THREE, "B")], "lost", id="lost"),
        pytest.param([(TWO, "A"), (THREE, "B"), (b"four", "C")], "strange", id="from nowhere"),
    ],
)
def test_the_ledger_does_not_close_over_one_thing_that_is_wrong(
    received: list[tuple[bytes, str]], wrong: str
) -> None:
    balance = closed(*received, kept={TWO, THREE})
    assert not balance.even
    assert getattr(balance, wrong) == 1


def test_what_was_taken_back_is_looked_for_under_every_code_that_was_tried() -> None:
    assert closed((THREE, "B"), kept={TWO, THREE}, gone={TWO}).even
    balance = closed((ONE, "A"), (THREE, "B"), kept={TWO, THREE}, gone={TWO})
    assert (balance.even, balance.still_readable) == (False, 1)


def test_a_sender_that_fails_in_an_unforeseen_way_says_so_and_goes_on(tmp_path: Path) -> None:
    # No keys: whoever seals to them meets an AttributeError. The server is never up, so others wait for it.
    world = World(Machine(Chain(tmp_path)), [None])  # type: ignore[list-item]
    senders = [Sender(world, seed, rate=1_000) for seed in range(8)]
    for sender in senders:
        sender.start()
    end = time.monotonic() + 60
    while not world.surprises and time.monotonic() < end:
        time.sleep(0.01)
    assert all(sender.is_alive() for sender in senders)
    world.over.set()
    for sender in senders:
        sender.join(60)
    assert any("AttributeError" in said for said in world.surprises)
    assert len(idle(senders)) == len(senders)


class Answerless(Chain):
    """A chain whose commands end well and do nothing, so that the stick stays empty."""

    def export(self) -> tuple[str, ...]:
        return ("--help",)

    def answer(self) -> tuple[str, ...]:
        return ("--help",)


@pytest.mark.parametrize("made", [Answerless, Chain], ids=["no answer on the stick", "a command that fails"])
def test_a_courier_that_cannot_go_on_says_why(made: type[Chain], tmp_path: Path) -> None:
    courier = Courier(made(tmp_path), threading.Event(), seed=3, pause=0, patient=False)
    courier.start()
    courier.join(60)
    [failure] = courier.failures
    assert failure.startswith("courier: ValueError" if made is Answerless else "courier: Failed: ")
    assert courier.rounds == 0


def test_a_plain_user_sees_the_memory_of_the_server_and_not_its_files(shared_server: Server) -> None:
    line = [sys.executable, "-c", AS_A_PLAIN_USER, str(shared_server.process.pid)]
    done = subprocess.run(line, cwd=HERE, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("True None\n", "")


def test_what_was_not_seen_is_said_and_held_against_no_bound() -> None:
    unseen, seen = Sample(7, 0.0, 1_000, None), Sample(7, 0.0, 1_000, 23)
    assert told_of_files([unseen]).startswith("open files: NOT SEEN")
    assert told_of_files([seen]).startswith("open files: 23 to 23")
    assert (too_much([unseen]), too_much([seen])) == ([], [])
    assert (len(too_much([])), longest_life([])) == (1, [])
    assert (
        len(too_much([Sample(7, 0.0, 1_000, 5_000)])) == len(too_much([Sample(7, 0.0, 1 << 40, None)])) == 1
    )


def test_the_longest_life_is_that_of_one_process_once_it_is_warm() -> None:
    moments = [(1, 0), (1, 10), (2, 20), (2, 25), (2, 40), (2, 60), (3, 65), (3, 90)]
    life = longest_life([Sample(life, float(at), 1_000, 1) for life, at in moments])
    assert [(one.life, one.at) for one in life] == [(2, 40.0), (2, 60.0)]


def test_the_commit_of_a_run_is_named_with_what_was_changed_since(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        line = ["git", "-C", tmp_path, "-c", "user.name=a", "-c", "user.email=a@localhost", *arguments]
        return subprocess.run(line, check=True, capture_output=True, text=True, env=alone).stdout.strip()

    alone = {**os.environ, "GIT_CEILING_DIRECTORIES": str(tmp_path.parent), "GIT_CONFIG_GLOBAL": "/dev/null"}
    assert revision(tmp_path).startswith("commit: not known")
    git("init")
    (tmp_path / "file").write_text("1")
    git("add", ".")
    git("commit", "-m", "one")
    head = git("rev-parse", "HEAD")
    assert revision(tmp_path) == f"commit {head}, tree clean"
    (tmp_path / "file").write_text("2")
    (tmp_path / "other").write_text("")
    assert revision(tmp_path) == f"commit {head}, 2 files changed since"
