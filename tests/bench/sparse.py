"""A table that is forced though nearly all of its numbers are too small: two releases, and the attack.

`python -m tests.bench.sparse` prints it. Stations under their commands by groups of acts, as many as the real
complaints have; the aim is two minutes for each release and its attack on two idle processors. A small
brother of it is held to that by `tests/findings/test_sparse.py`.
"""

import os
import random
import tempfile
import time
from pathlib import Path

from analysis.findings.ledger.stranger import read_releases
from tests.bench.table import machine, show
from tests.findings.releasing import Publisher
from tests.findings.small_desk import choice, form, question

COMMANDS, STATIONS, GROUPS, REPORTS = 280, 4, 4, 700


def make_desk(folder: Path) -> Publisher:
    """A desk that asks of stations and acts."""
    stations = [choice(f"p{i}_{j}", rollup=f"c{i}") for i in range(COMMANDS) for j in range(STATIONS)]
    acts = [choice(f"a{i}_{j}", rollup=f"g{i}") for i in range(GROUPS) for j in range(3)]
    area = question("area", "select_one", stations, role="act")
    return Publisher(folder, form(area, question("acts", "select_multiple", acts)))


def add(desk: Publisher, seed: int, month: str) -> None:
    """Reports of a year: a few commands have many, most have none."""
    draw = random.Random(seed)
    weights = [1 / (1 + i) ** 0.6 for i in range(COMMANDS)]
    for _ in range(REPORTS):
        command = draw.choices(range(COMMANDS), weights)[0]
        station = min(draw.randrange(STATIONS), draw.randrange(STATIONS))
        ticked = {f"a{draw.randrange(GROUPS)}_{draw.randrange(3)}" for _ in range(draw.randint(1, 3))}
        desk.reports.add(1, sorted(ticked), when=month, area=f"p{command}_{station}")


def run() -> None:
    """Prints the figures."""
    load = os.getloadavg()[0]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        desk = make_desk(Path(folder))
        folders = []
        for name, month in (("2026-1", "2026-02"), ("2026-2", "2026-05")):
            add(desk, len(folders), month)
            begin, processor = time.perf_counter(), time.process_time()
            # The period of a release holds those before it.
            period = ("2026-01", f"{month[:5]}{int(month[5:]) + 1:02d}")
            made = desk.publish(name, tables=["F06"], k=10, release=name, period=period, date="2026-08-01")
            published = time.perf_counter()
            folders.append(made.path)
            audit = read_releases(folders).attack()
            attacked = time.perf_counter() - published
            edition = made.edition
            numbers = [len(edition.printed), len(edition.sensitive), len(audit.bounds), len(audit.disclosed)]
            seconds = [published - begin, attacked, time.process_time() - processor]
            rows.append([name, *(f"{n:,}" for n in numbers), *(f"{second:.1f}" for second in seconds)])
        desk.desk.close()
    cells = (COMMANDS * (STATIONS + 1) + 1) * (GROUPS + 1)
    head = [
        "release",
        "shown",
        "sensitive",
        "attacked",
        "recovered",
        "publish, s",
        "attack, s",
        "processor, s",
    ]
    show(
        f"Seconds of a forced table of {cells:,} numbers, {REPORTS} reports each, k = 10; load {load:.1f}",
        head,
        rows,
    )


if __name__ == "__main__":
    print(machine())
    run()
