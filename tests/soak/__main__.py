"""`make soak MINUTES=60`: everything at once, for so long; a line a minute, a summary, status 1 if it fails.

Real commands alone: people send by both ways, with files; ask, add and take back; the server is killed and
started again; the courier goes to and fro, and its commands are killed; the clock jumps across weeks.
"""

import argparse
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from tests.cluster import Cluster
from tests.soak.ledger import Balance
from tests.soak.machine import Sample, files_course, growth, longest_life, memory_course
from tests.soak.revision import revision
from tests.soak.run import MOST_GROWTH, MOST_NEW_FILES, Act, Soak, hour_of_acts

MEBIBYTE = 1024**2
# Shorter than this, a line through what a process takes says nothing.
LEAST_SECONDS_OF_LIFE = 600


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--postgres", action="store_true", help="PostgreSQL, restarted too")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--senders", type=int, default=6)
    parser.add_argument("--rate", type=float, default=1.5, help="things that each sender does in a second")
    parser.add_argument("--pause", type=float, default=30, help="seconds between the courier's rounds")
    parser.add_argument("--hurry", type=float, default=1, help="so many times as much goes wrong")
    given = parser.parse_args()
    print(begun := stand(), flush=True)
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="witnessbox-soak-")))
        cluster = stack.enter_context(Cluster()) if given.postgres else None
        soak = Soak(
            home, given.seed, senders=given.senders, rate=given.rate, pause=given.pause, cluster=cluster
        )
        seconds, draw = given.minutes * 60, random.Random(given.seed)
        status = run(soak, hour_of_acts(seconds, draw, shared=given.postgres, hurry=given.hurry))
        print(f"seed {given.seed}, {given.senders} senders\nbegan {begun}\nended {stand()}")
        return status


def stand() -> str:
    """The time, what is run, and how busy the machine is."""
    load = os.getloadavg()[0]
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {revision()}, load {load:.0f}"


def run(soak: Soak, acts: Iterable[Act]) -> int:
    """Runs it, and prints how it went."""
    start = minute = time.monotonic()
    soak.begin()
    for act in acts:
        end = start + act.at
        while (left := end - time.monotonic()) > 0 and not soak.courier.failures:
            time.sleep(min(left, 1))
            if time.monotonic() - minute >= 60:
                minute += 60
                print(line(soak, time.monotonic() - start), flush=True)
        if soak.courier.failures:
            break
        soak.do(act.name)
    balances = soak.close()
    return summarise(soak, balances, time.monotonic() - start)


def line(soak: Soak, passed: float) -> str:
    """How it stands."""
    world, machine = soak.world, soak.machine
    last = machine.samples[-1] if machine.samples else None
    return (
        f"{passed / 60:4.0f} min  {len(world.reports.kept):6} kept  {world.counts['taken back']:4} taken back"
        f"  {world.counts['broken off']:4} broken off  {world.counts['told to come later']:4} told later"
        f"  {machine.kills:3} kills  {soak.courier.rounds:3} rounds  {soak.chain.clock.jumps:3} jumps"
        f"  load {os.getloadavg()[0]:3.0f}"
        + (f"  {last.memory / MEBIBYTE:6.1f} MiB" if last else "")
        + (f"  {last.files:3} files" if last and last.files is not None else "")
    )


def summarise(soak: Soak, balances: tuple[Balance, ...], seconds: float) -> int:
    """Prints the end of it; the exit status."""
    faults = soak.faults()
    print(f"\n{seconds / 60:.1f} minutes")
    for name, one in zip(("reports", "additions", "files"), balances, strict=True):
        print(
            f"{name}: {one.tried} tried, {one.acknowledged} acknowledged, {one.taken_back} taken back, "
            f"{one.in_doubt} perhaps, {one.received} at the desk; {one.lost} lost, {one.doubled} doubled, "
            f"{one.changed} changed, {one.still_readable} still readable, {one.strange} from nowhere"
        )
        faults += [] if one.even else [f"the ledger of {name} does not close"]
    machine = soak.machine
    print(f"server: {machine.kills} kills, {machine.stops} stops; database: {soak.restarts} restarts")
    print(f"courier: {soak.courier.rounds} rounds, {dict(soak.courier.counts)}")
    print(f"clock: {soak.chain.clock.jumps} jumps over the weeks {', '.join(sorted(soak.chain.clock.weeks))}")
    print(f"reporters: {dict(soak.world.counts)}")
    faults += flat(soak)
    # Addresses in memory and numbers differ each time.
    said = Counter(re.sub(r"0x[0-9a-f]+|\d+", "…", one) for one in machine.said)
    for words, times in sorted(said.items()):
        print(f"the server said {times} times: {words}")
    for fault in faults:
        print(f"FAILED: {fault}")
    print("failed" if faults else "all is well")
    return 1 if faults else 0


def flat(soak: Soak) -> list[str]:
    """What the process that lived longest gained; a fault where that is too much."""
    life = longest_life(soak.machine.samples)
    if not life:
        print("memory and open files of the server: never to be seen")
        return []
    minutes = (life[-1].at - life[0].at) / 60
    most = max(one.memory for one in soak.machine.samples) / MEBIBYTE
    memory, files = growth(memory_course(life)), growth(files_course(life))
    print(
        f"longest life, once warm: {minutes:.1f} minutes, {memory / MEBIBYTE:+.2f} MiB an hour; "
        f"most of any life: {most:.1f} MiB\n{told_of_files(life)}"
    )
    if minutes * 60 >= LEAST_SECONDS_OF_LIFE and (memory > MOST_GROWTH or files > MOST_NEW_FILES):
        return ["the server's memory or open files grow"]
    return []


def told_of_files(life: list[Sample]) -> str:
    """The line about open files, which only root is shown."""
    course = files_course(life)
    if not course:
        return "open files: NOT SEEN, and so not held against any bound (only root is shown them)"
    numbers = [number for _, number in course]
    return f"open files: {min(numbers)} to {max(numbers)}, {growth(course):+.2f} an hour"


if __name__ == "__main__":
    sys.exit(main())
