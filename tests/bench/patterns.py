"""The patterns at the desk: seconds for each at so many reports, in an encrypted database.

The rows are synthetic and written straight into the tables: sealing a million reports would take longer
than everything that is measured here. Stories are about 1 KB of a vocabulary of 12,000 words, a few of
them told again with some words changed.
"""

import itertools
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from analysis import asking, bitmaps, loading
from analysis.bitmaps import numbers
from analysis.desk import Desk
from analysis.identity import HybridIdentity, format_identity
from analysis.opening import Opened
from analysis.patterns import behind, events, making, overview, places, retold, together, words
from analysis.patterns import time as over_time
from analysis.patterns.corpus import read_corpus
from analysis.patterns.reading import read_counted
from analysis.writing import Writer
from intake.forms.form import Form, Question, shipped
from tests.bench.table import machine, show

FORM = shipped("report")
CHANNELS = ("web", "web", "web", "onion", "paper", "phone", "kiosk", "outreach")
STATIONS = 300
OFFICERS = 20_000
RETOLD = 0.01
COUNTED = 0.95
COMMIT = 50_000


def made(form: Form, numbers: dict[str, dict[str, int]], count: int, seed: int = 1) -> Iterator[Opened]:
    """Rows of reports: skewed places, officers and acts, three answers in four to what is asked."""
    draw, vocabulary = Random(seed), _vocabulary()
    coded = [one for one in form.asked if one.kind in ("select_one", "integer", "month")]
    many = [one for one in form.asked if one.kind == "select_multiple" and "health" not in one.id]
    story, everything = "", sum(asking.bits(form).values())
    for number in range(count):
        if number == 0 or draw.random() >= RETOLD:
            story = " ".join(draw.choices(vocabulary, k=150))
        else:
            story = story.replace(" a", " b", 2)
        week = f"{2025 + number % 2}-W{draw.randint(1, 52):02d}"
        yield Opened(
            f"{number:032x}", week, form.digest, "es" if draw.random() < 0.3 else "en", "browser",
            draw.choice(CHANNELS), everything, 0, [_value(one, numbers, draw) for one in coded],
            sorted({tick for one in many for tick in _ticks(one, numbers, draw)}),
            [("station", draw_station(draw)), ("marks", draw_marks(draw)), ("story", story)],
            ("00" * 16, "00" * 16, "00" * 16), [],
        )  # fmt: skip


def _vocabulary() -> list[str]:
    draw = Random(7)
    return ["".join(draw.choices("abcdefghiklmnoprstuv", k=draw.randint(2, 9))) for _ in range(12_000)]


def _value(question: Question, numbers: dict[str, dict[str, int]], draw: Random) -> Any:
    if question.id == "count":
        # Most people let us count what they send.
        return numbers["count"]["yes" if draw.random() < COUNTED else "no"]
    if question.kind == "month":
        return f"{draw.randint(2021, 2026)}-{draw.randint(1, 12):02d}"
    if question.kind == "integer":
        return draw.randint(0, 20)
    if draw.random() < 0.25 and not question.required:
        return None
    codes = list(numbers[question.id].values())
    return codes[min(int(draw.expovariate(3.2 / len(codes))), len(codes) - 1)]


def _ticks(question: Question, numbers: dict[str, dict[str, int]], draw: Random) -> list[int]:
    codes = list(numbers[question.id].values())
    return draw.sample(codes, min(draw.choice((0, 1, 1, 2, 3)), len(codes)))


def draw_station(draw: Random) -> str:
    """A station, as one of many people spells it."""
    number = min(int(draw.expovariate(0.02)), STATIONS)
    spelling = draw.choice(("{} precinct", "{}th pct", "pct. 0{}", "Precinct {}", "{} precint"))
    return spelling.format(number)


def draw_marks(draw: Random) -> str:
    """One or two officers of many."""
    return "|".join(str(10_000 + draw.randrange(OFFICERS)) for _ in range(draw.choice((1, 1, 1, 2))))


def fill(desk: Desk, count: int) -> None:
    """Writes so many rows, as an import does, but for the search index."""
    with desk.database.atomic():
        loading.add_forms(desk, [FORM])
    codings = loading.read_codings(desk)
    numbers = {name: dict(codes) for name, codes in codings[FORM.digest].numbers.items()}
    rows = made(FORM, numbers, count)
    desk.database.conn.execute("PRAGMA foreign_keys = OFF")
    for _ in range(0, count, COMMIT):
        with desk.database.atomic():
            writer = Writer(desk, None, codings)
            writer.write(list(itertools.islice(rows, COMMIT)))
            writer.finish()


def making_of(desk: Desk) -> Iterator[list[str]]:
    """Makes every summary; name, seconds by the clock and of the processor, peak memory."""
    spent: dict[str, tuple[float, float]] = {}
    clock, processor = time.perf_counter(), time.process_time()
    for made in making.make(desk.database.conn):
        with desk.database.atomic():
            making.write(desk.database.conn, made)
        before = spent.get(made.name, (0.0, 0.0))
        took = time.perf_counter() - clock, time.process_time() - processor
        spent[made.name] = before[0] + took[0], before[1] + took[1]
        clock, processor = time.perf_counter(), time.process_time()
    for name, (seconds, used) in spent.items():
        yield [f"making: {name}", f"{seconds:.2f}", f"{used:.2f}", _peak()]


def _peak() -> str:
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f}"


def measures(desk: Desk) -> Iterator[tuple[str, Callable[[], object]]]:
    """What is measured, by name, in this order."""
    database = read_counted(desk.database.conn)
    assert len(database) > 0
    yield "overview", lambda: overview.overview(database)
    yield "weeks, channel mix, bursts", lambda: over_time.by_week(database)
    yield "months of the events", lambda: over_time.by_month(database)
    yield "before and after a date", lambda: over_time.before_after(database, "acts", date(2024, 1, 1))
    yield "acts together", lambda: together.together(database, "acts")
    yield "grounds beside acts", lambda: together.cross(database, "grounds", "acts")
    for pool in places.pools(database):
        if pool.id in ("station", "marks"):
            yield f"names: {pool.id}", lambda pool=pool: places.places(database, pool)  # type: ignore[misc]
    yield "words, once", lambda: read_corpus(database, "en")
    acts = together.substantive(database, "acts")
    ticked = database.column("acts")
    common, rare = (numbers(ticked[acts[place].id] & database.which) for place in (0, -1))
    corpus = read_corpus(database, "en")
    yield "words typical of a common act", lambda: words.typical(database, corpus, common)
    yield "words typical of a rare act", lambda: words.typical(database, corpus, rare)
    yield "one page behind a name", lambda: behind.with_name(database, "station", "1th pct")
    yield "one page behind a mark", lambda: behind.with_mark(database, "marks", "10077")
    yield "same answers", lambda: events.same_answers(database)
    yield "same event", lambda: events.same_event(database)
    yield "stories told again", lambda: retold.stories(database)


def run(count: int = 100_000) -> None:
    """Prints seconds by the clock and of the processor, and the peak memory so far, for each pattern."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        Desk.create(Path(name) / "desk", format_identity(HybridIdentity.generate()), None)
        with Desk.unlocked(Path(name) / "desk", lambda: "") as desk:
            start = time.perf_counter()
            fill(desk, count)
            written = time.perf_counter() - start
            with desk.database.atomic():
                bitmaps.refresh(desk.database)
            rows.append(["writing the rows", f"{written:.2f}", "", ""])
            rows.append(["making the bits", f"{time.perf_counter() - start - written:.2f}", "", _peak()])
            rows += making_of(desk)
        with Desk.unlocked(Path(name) / "desk", lambda: "") as desk:
            for what, measure in measures(desk):
                clock, processor = time.perf_counter(), time.process_time()
                measure()
                spent = time.perf_counter() - clock, time.process_time() - processor
                rows.append([what, *(f"{seconds:.2f}" for seconds in spent), _peak()])
    show(f"Patterns: {count:,} reports, once each", ["", "s", "processor s", "peak MiB"], rows)


if __name__ == "__main__":
    print(machine())
    run(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
