"""The workbench at a million reports: how long it takes to open, and every page of it over HTTP.

    python -m tests.bench.workbench 1000000 DIR     makes the desk in DIR once and uses it again

Reports are written into the tables as an import writes them, without being sealed and opened
first: what is measured here begins after that. Stories have 1 KB of words that are as common as
those of a language (Zipf), so that a search finds a handful of reports or nearly all; one in a
hundred is the story before it, told again. Stations and officers come up as often as in
`tests.bench.patterns`.
"""

import http.client
import itertools
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from analysis import asking, bitmaps, schema
from analysis.desk import Desk
from analysis.identity import HybridIdentity, format_identity
from analysis.loading import add_forms, read_codings
from analysis.opening import Coding, Opened
from analysis.patterns import making
from analysis.writing import Writer
from intake.forms import answers
from intake.forms.form import shipped
from tests.bench import process
from tests.bench.patterns import RETOLD, draw_marks, draw_station
from tests.bench.table import machine, show
from tests.synthetic import reports

COMMAND = Path(sys.executable).with_name("witnessbox-analysis")
FORM = shipped("report")
PASSPHRASE = "only for the bench"
# So long a person takes to type it, while the libraries are being read.
TYPING = 15
# So long a person looks at the first page.
READING = 20
ROUNDS = 5
LOT = 10_000
PATTERNS = 4_000
AGAIN = 4
# Stories are put together from so many pieces: a person has words of their own, and repeats some of others.
PIECES, IN_A_STORY = 60_000, 6
DRAWN = ("station", "marks", "story")
WEEKS = [f"{year}-W{week:02}" for year in (2025, 2026) for week in range(1, 47)]
CHANNELS = (("web", 60), ("onion", 10), ("kiosk", 12), ("paper", 8), ("phone", 4), ("outreach", 6))


def build(path: Path, count: int, *, mixed: bool = True) -> None:
    """A desk with so many reports; `mixed` ones are made faster, and break the rules of their form."""
    Desk.create(path, format_identity(HybridIdentity.generate()), PASSPHRASE)
    desk = Desk.unlock(path, lambda: PASSPHRASE)
    connection = desk.database.conn
    with desk.database.atomic():
        add_forms(desk, [FORM])
    codings = read_codings(desk)
    connection.execute("PRAGMA foreign_keys = OFF")
    drawn = (opened if mixed else opened_whole)(count, codings[FORM.digest])
    with desk.changing():
        while lot := list(itertools.islice(drawn, LOT)):
            with desk.database.atomic():
                writer = Writer(desk, 1, codings)
                writer.write(lot)
                writer.finish()
        with desk.database.atomic():
            schema.index_texts(desk.database)
        with desk.database.atomic():
            bitmaps.refresh(desk.database)
        making.refresh(desk.database)
    desk.close()


def kept(path: Path, count: int, *, mixed: bool = True) -> Path:
    """The desk that stands there, or a new one; one that was cut off while it was made is made again."""
    if not path.exists():
        begin, half = time.perf_counter(), path.with_name(f"{path.name}.part")
        shutil.rmtree(half, ignore_errors=True)
        build(half, count, mixed=mixed)
        half.rename(path)
        print(f"made in {time.perf_counter() - begin:.0f} s")
    return path


def opened(count: int, coding: Coding) -> Iterator[Opened]:
    """Different reports: the answers of two out of a few thousand, and a story of pieces that others have."""
    draw = random.Random(11)
    patterns = [_coded(raw, coding) for _, raw in itertools.islice(reports(FORM, 7), PATTERNS)]
    pieces = list(draw_pieces(draw))
    half = len(coding.columns) // 2
    story = ""
    weeks = [WEEKS[min(int(draw.expovariate(3 / len(WEEKS))), len(WEEKS) - 1)] for _ in range(5000)]
    channels = [name for name, n in CHANNELS for _ in range(n)]
    names, worded, everything = itertools.count(1), FORM.digest, sum(asking.bits(FORM).values())
    for _ in range(count):
        values, ticks, texts = draw.choice(patterns)
        others, _, _ = draw.choice(patterns)
        if not story or draw.random() >= RETOLD:
            story = " ".join(draw.choices(pieces, k=IN_A_STORY))
        else:
            story = story.replace(" a", " b", 2)
        yield Opened(
            name=f"{next(names):032x}",
            week=draw.choice(weeks),
            digest=worded,
            lang="en",
            sealed_by="browser",
            channel=draw.choice(channels),
            asked=everything,
            identity=0,
            values=values[:half] + others[half:],
            ticks=ticks,
            texts=[*texts, ("station", draw_station(draw)), ("marks", draw_marks(draw)), ("story", story)],
            receipt=("", "", ""),
            attachments=[],
        )


def opened_whole(count: int, coding: Coding) -> Iterator[Opened]:
    """Reports as their form allows them, without stories; one in `AGAIN` has the answers of another."""
    places, draw = asking.bits(FORM), random.Random(11)
    whole = [
        (sum(places[name] for name in answers.clean(FORM, raw)), *_coded(raw, coding))
        for _, raw in itertools.islice(reports(FORM, 7), max(1, count // AGAIN))
    ]
    channels = [name for name, n in CHANNELS for _ in range(n)]
    for number in range(1, count + 1):
        asked, values, ticks, texts = draw.choice(whole)
        yield Opened(
            name=f"{number:032x}",
            week=draw.choice(WEEKS),
            digest=FORM.digest,
            lang="en",
            sealed_by="browser",
            channel=draw.choice(channels),
            asked=asked,
            identity=0,
            values=values,
            ticks=ticks,
            texts=texts,
            receipt=("", "", ""),
            attachments=[],
        )


def _coded(
    raw: dict[str, list[str]], coding: Coding
) -> tuple[list[int | str | None], list[int], list[tuple[str, str]]]:
    given = answers.clean(FORM, raw)
    values = [
        given.get(name)
        if name not in coding.numbers or given.get(name) is None
        else coding.numbers[name][given[name]]
        for name in coding.columns
    ]
    ticks = [coding.numbers[name][code] for name in coding.ticked for code in given.get(name) or ()]
    texts = [(name, given[name]) for name in coding.worded if given.get(name) and name not in DRAWN]
    return values, ticks, texts


def draw_pieces(draw: random.Random) -> Iterator[str]:
    vocabulary = ["".join(draw.choices("abcdefghilmnoprstuvz", k=draw.randint(3, 9))) for _ in range(12_000)]
    weights = list(itertools.accumulate(1 / (rank + 2) for rank in range(len(vocabulary))))
    for _ in range(PIECES):
        yield " ".join(draw.choices(vocabulary, cum_weights=weights, k=26))


@dataclass
class Running:
    """The workbench as its command runs it, and a browser that was let in."""

    process: "subprocess.Popen[str]"
    port: int
    cookie: str
    seconds: float
    token: str = ""

    @classmethod
    def start(cls, path: Path) -> "Running":
        """Runs `open`; `seconds` is from the passphrase to the first page."""
        process = subprocess.Popen(
            [COMMAND, "open", "--desk", path, "--port", "0"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            return cls._opened(process)
        except BaseException:
            # It would go on making summaries at this desk, by the code of then.
            process.kill()
            process.wait()
            raise

    @classmethod
    def _opened(cls, process: "subprocess.Popen[str]") -> "Running":
        assert process.stdin
        assert process.stdout
        time.sleep(TYPING)
        begin = time.perf_counter()
        process.stdin.write(f"{PASSPHRASE}\n")
        process.stdin.close()
        process.stdout.readline()
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)(/\S+)\n", process.stdout.readline())
        assert found
        running = cls(process, int(found[1]), "", 0)
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
        connection.request("GET", found[2])
        running.cookie = (connection.getresponse().headers["Set-Cookie"] or "").split(";")[0]
        connection.close()
        running.get("/")
        running.seconds = time.perf_counter() - begin
        token = re.search(r'name="token" value="([^"]+)"', running.get("/review")[1])
        assert token
        running.token = token[1]
        return running

    def processor(self) -> float:
        """Milliseconds of a processor that it has used: what a busy machine does not make more of."""
        return 1000 * process.seconds(self.process.pid)

    def post(self, path: str, **fields: str) -> float:
        """Milliseconds that a form takes."""
        form = {"token": self.token, **fields}
        headers = {
            "Cookie": self.cookie,
            "Origin": f"http://127.0.0.1:{self.port}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        begin = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request("POST", path, urlencode(form), headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        assert answer.status == 303, (path, answer.status)
        return 1000 * (time.perf_counter() - begin)

    def get(self, path: str) -> tuple[float, str]:
        """Milliseconds and the page."""
        begin = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request("GET", path, headers={"Cookie": self.cookie, "Accept-Language": "en"})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        assert answer.status == 200, (path, answer.status, text[:300])
        return 1000 * (time.perf_counter() - begin), text

    def stop(self) -> None:
        """Ends it as Ctrl-C does."""
        self.process.send_signal(2)
        self.process.wait(30)


def words(path: Path) -> tuple[str, str, str]:
    """A word that few stories have, one that many have, and one that nearly all have."""
    desk = Desk.unlock(path, lambda: PASSPHRASE)
    desk.database.conn.execute("CREATE VIRTUAL TABLE temp.v USING fts5vocab(main, texts_fts, row)")
    rows = desk.database.conn.execute("SELECT term, doc FROM temp.v").fetchall()
    total = max(doc for _, doc in rows)
    desk.close()
    wanted = (0.002, 0.08, 1.0)
    rare, common, most = (min(rows, key=lambda row: abs(row[1] / total - share))[0] for share in wanted)
    return rare, common, most


def pages(path: Path, count: int) -> list[tuple[str, list[str]]]:
    """Each page with as many addresses as there are rounds, so that every first visit is a first one."""
    rare, common, most = words(path)
    areas = [choice.code for choice in FORM.question("area").choices][:ROUNDS]
    acts = [choice.code for choice in FORM.question("acts").choices][:ROUNDS]
    return [
        ("overview", ["/"]),
        ("browse", ["/browse"]),
        ("browse, page 1000", [f"/browse?_page={1000 + n}" for n in range(ROUNDS)]),
        ("one answer", [f"/browse?area={code}" for code in areas]),
        ("several facets", [f"/browse?setting=police&area={code}&channel=web&acts=insult" for code in areas]),
        ("several facets, two acts", [f"/browse?setting=police&acts={code}&acts=threat" for code in acts]),
        (
            f"search, rare word ({rare})",
            [f"/browse?q={rare}"] + [f"/browse?q={rare}&area={c}" for c in areas],
        ),
        ("search, common word", [f"/browse?q={common}"] + [f"/browse?q={common}&area={c}" for c in areas]),
        ("search, nearly every report", [f"/browse?q={most}"]),
        ("search, two words", [f"/browse?q={common}+{rare}"]),
        ("search, words one after the other", [f"/browse?q=%22{most}+{common}%22"]),
        ("one report", [f"/report/{n}" for n in range(count // 2, count // 2 + ROUNDS)]),
        ("one report of a selection", [f"/report/{n}?setting=police" for n in range(50, 50 + ROUNDS)]),
        *patterns(acts),
        ("review", ["/review"]),
        ("data", ["/data"]),
        ("Datasette: reports", ["/desk/reports"]),
        ("Datasette: search", [f"/desk/texts?_search={rare}"]),
    ]


def patterns(acts: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The pages of patterns."""
    kinds = ("story", "answers", "event")
    return [
        ("patterns: badge marks", ["/patterns/places?_of=marks"]),
        ("patterns: stations", ["/patterns/places?_of=station"]),
        ("patterns: what comes together", ["/patterns/together"]),
        ("patterns: over time", ["/patterns/time"]),
        ("patterns: before and after", [f"/patterns/time?_of=acts&_date=2026-0{n}-01" for n in range(1, 6)]),
        ("patterns: words of an act", [f"/patterns/words?_answer=acts:{code}&_in=en" for code in acts]),
        *((f"patterns: alike, {kind}", [f"/patterns/alike?_of={kind}"]) for kind in kinds),
    ]


def measure(path: Path, count: int) -> None:
    """Prints the tables: each page for the first and the second time, and the patterns after a decision."""
    running = Running.start(path)
    # What people open first is read by itself after opening.
    time.sleep(READING)
    try:
        rows = [_visited(running, name, addresses) for name, addresses in pages(path, count)]
        decided = list(_decided(running))
    finally:
        running.stop()
    show(
        f"Workbench: {count:,} reports, over HTTP, ms; passphrase to first page {running.seconds:.1f} s",
        ["page", "very first", "first visit, median", "slowest", "second visit", "processor", "KB"],
        rows,
    )
    show(
        f"After leaving out a report, and taking that back ({ROUNDS} times each)",
        ["page", "first visit, median", "slowest"],
        decided,
    )
    load = "  ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"  desk.db: {(path / 'desk.db').stat().st_size / 1024**2:,.0f} MB; load of the machine: {load}")


def _visited(running: Running, name: str, addresses: Sequence[str]) -> list[str]:
    before = running.processor()
    first = [running.get(address)[0] for address in addresses]
    spent = (running.processor() - before) / len(addresses)
    second = [running.get(address)[0] for address in addresses]
    size = len(running.get(addresses[0])[1]) // 1024
    figures = (first[0], statistics.median(first), max(first), statistics.median(second), spent)
    return [name, *(f"{one:,.0f}" for one in figures), str(size)]


def _decided(running: Running) -> Iterator[list[str]]:
    """Every decision makes the pages anew, for whoever looks next."""
    running.post("/review/who", who="Ana")
    acts = [choice.code for choice in FORM.question("acts").choices]
    seen: dict[str, list[float]] = {}
    for number in range(ROUNDS):
        for do in ("exclude", "restore"):
            took = running.post("/review/decide", report=str(1000 + number), do=do, reason="junk")
            seen.setdefault("the decision itself", []).append(took)
            for name, addresses in (("browse", ["/browse"]), *patterns(acts[:1])):
                seen.setdefault(name, []).append(running.get(addresses[0])[0])
    for name, times in seen.items():
        yield [name, f"{statistics.median(times):,.0f}", f"{max(times):,.0f}"]


def run(count: int = 100_000, folder: str = "") -> None:
    """Makes a desk, or uses the one in the folder, and measures."""
    with tempfile.TemporaryDirectory() as aside:
        measure(kept(Path(folder or aside) / f"desk-{count}", count), count)


if __name__ == "__main__":
    print(machine())
    run(int(sys.argv[1]), *sys.argv[2:3])
