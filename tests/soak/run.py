"""One soak: a chain, people who use it, and what goes wrong meanwhile, one thing after another."""

import random
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from intake.directory import find_database
from tests.cluster import Cluster
from tests.faults.chain import ADDITIONS, FILES, INTAKE, REPORTS, Chain
from tests.soak.clock import DAY, HOUR, Clock
from tests.soak.courier import Courier
from tests.soak.ledger import Balance
from tests.soak.machine import Machine, Sample
from tests.soak.senders import Sender, World

JUMPS = (8 * DAY, -8 * DAY, HOUR, -HOUR, 3 * DAY, -3 * DAY)
# What is asked of the process that lived longest, in an hour; and of every process at every moment.
MOST_GROWTH, MOST_NEW_FILES = 16 * 1024**2, 4.0
MOST_MEMORY, MOST_FILES = 400 * 1024**2, 200
SECONDS_BETWEEN_SAMPLES = 2.0


class ClockedChain(Chain):
    """A chain whose intake goes by a clock that jumps; the desk is another machine."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.clock = Clock(home)
        self._started: list[int] = []

    def start(self, name: str, *arguments: str | Path) -> "subprocess.Popen[str]":
        process = super().start(name, *arguments)
        self._started.append(process.pid)
        return process

    def clear(self) -> None:
        """Takes away what the library of the clock leaves in memory of programs that were killed."""
        for pid in self._started:
            for kind in ("faketime_shm", "sem.faketime_sem"):
                Path(f"/dev/shm/{kind}_{pid}").unlink(missing_ok=True)

    def environment(self, name: str) -> dict[str, str]:
        return self.clock.environment if name == INTAKE else {}

    def waiting(self) -> set[bytes]:
        with closing(find_database(self.data).connect()) as connection:
            return {one for (one,) in connection.execute("SELECT id FROM reports").fetchall()}


def idle(senders: Sequence[Sender]) -> list[str]:
    """What is wrong with senders who got nowhere: they tried nothing out."""
    numbered = enumerate(senders, 1)
    return [
        f"sender {number} was told of nothing that it is kept" for number, one in numbered if not one.kept
    ]


def too_much(samples: Sequence[Sample]) -> list[str]:
    """What is wrong with what the server took at any one moment."""
    if not samples:
        return ["what the server takes was never to be seen"]
    files = max((one.files for one in samples if one.files is not None), default=0)
    if max(one.memory for one in samples) > MOST_MEMORY or files > MOST_FILES:
        return ["the server took more memory or open files than it may"]
    return []


@dataclass(frozen=True, slots=True)
class Act:
    """Something that goes wrong so many seconds after the beginning."""

    name: str
    at: float


def hour_of_acts(seconds: float, draw: random.Random, *, shared: bool, hurry: float = 1) -> Iterator[Act]:
    """Storms of kills in the first and the last part; between them one long life, with all the rest.

    With `hurry` as many times as much goes wrong in the same time.
    """
    storm = [("kill", 4), ("stop", 1), ("jump", 1), ("week", 1), *([("database", 1)] if shared else [])]
    calm = [("jump", 3), ("week", 2), *([("database", 1)] if shared else [])]
    passed = 0.0
    while passed < seconds:
        stormy = not 0.25 < passed / seconds < 0.85
        pause = (draw.uniform(4, 40) if stormy else draw.uniform(40, 200)) / hurry
        passed += pause
        if passed > seconds:
            yield Act("end", seconds)
            return
        names, weights = zip(*(storm if stormy else calm), strict=True)
        yield Act(draw.choices(names, weights)[0], passed)


class Soak:
    """Runs from `begin` to `close`."""

    def __init__(
        self,
        home: Path,
        seed: int,
        *,
        senders: int,
        rate: float,
        pause: float,
        cluster: Cluster | None = None,
    ) -> None:
        self._draw = random.Random(seed)
        self._cluster = cluster
        self.chain = ClockedChain(home)
        self.chain.make(*(["--database", cluster.url(cluster.new_database())] if cluster else []))
        self.chain.take_files()
        self.machine = Machine(self.chain)
        self.world = World(self.machine, self.chain.recipients)
        self.senders = [Sender(self.world, self._draw.getrandbits(32), rate) for _ in range(senders)]
        self.courier = Courier(
            self.chain, self.world.over, self._draw.getrandbits(32), pause, patient=cluster is not None
        )
        self._sampler = threading.Thread(target=self._take_samples, daemon=True)
        self.restarts = 0

    def begin(self) -> None:
        """The server starts, and people come."""
        self.machine.start()
        for thread in (*self.senders, self.courier, self._sampler):
            thread.start()

    def do(self, name: str) -> None:
        """Lets one thing go wrong."""
        clock = self.chain.clock
        match name:
            case "kill":
                self.machine.kill()
                if self._draw.random() < 0.2:
                    # Once more, somewhere in its start.
                    self._kill_while_it_starts()
                self.machine.start()
            case "stop":
                self.machine.stop()
                self.machine.start()
            case "jump":
                clock.jump(self._draw.choice(JUMPS))
            case "week":
                clock.jump_to_the_end_of_a_week()
            case "database":
                self._restart_database()

    def close(self) -> tuple[Balance, Balance, Balance]:
        """Everybody goes home, the courier comes once more; how reports, additions and files compare."""
        self.world.over.set()
        for thread in (*self.senders, self.courier, self._sampler):
            thread.join(300)
            assert not thread.is_alive(), "somebody does not go home"
        self.machine.stop()
        self.courier.go()
        self.chain.clear()
        world = self.world
        return (
            world.reports.close(self.chain.said(REPORTS)),
            world.followups.close(self.chain.said(ADDITIONS)),
            world.files.close(self.chain.said(FILES)),
        )

    def faults(self) -> list[str]:
        """What is wrong besides the ledger."""
        found = [*self.courier.failures, *self.world.surprises, *idle(self.senders)]
        if self.chain.waiting():
            found.append("reports still wait at the intake after the last round")
        if self.chain.query('SELECT * FROM "set_aside"'):
            found.append("the desk set something aside")
        weeks = {str(week) for (week,) in self.chain.query('SELECT DISTINCT "week" FROM "reports"')}
        if strange := weeks - self.chain.clock.weeks:
            found.append(f"weeks that the clock never showed: {sorted(strange)}")
        if not self._cluster and (left := self._left_in_files()):
            found.append(f"{left} ids of what has left or was taken back stand in files of the intake")
        return found + too_much(self.machine.samples)

    def _left_in_files(self) -> int:
        """How many ids are in any byte of the intake's files, which hold nothing by now."""
        files = [path.read_bytes() for path in self.chain.data.rglob("*.db*") if path.is_file()]
        sent = self.world.reports.tried | self.world.files.tried
        return sum(any(one in content for content in files) for one in sent)

    def _take_samples(self) -> None:
        while not self.world.over.wait(SECONDS_BETWEEN_SAMPLES):
            try:
                self.machine.sample()
                self.chain.clock.note()
            except Exception as error:
                self.world.surprises.append(f"samples: {type(error).__name__} {error}")

    def _kill_while_it_starts(self) -> None:
        process = self.chain.start(INTAKE, "serve", "--data", self.chain.data, "--port", "0")
        time.sleep(self._draw.uniform(0, 0.8))
        process.kill()
        process.communicate(timeout=60)
        self.machine.kills += 1

    def _restart_database(self) -> None:
        assert self._cluster
        if self._draw.random() < 0.5:
            self._cluster.kill()
        else:
            self._cluster.stop()
        time.sleep(self._draw.uniform(0, 3))
        self._cluster.start()
        self.restarts += 1
