"""Nothing that was unsealed is written to a disk, and no connection leaves the machine (P8)."""

import html
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from analysis.desk import Desk
from analysis.workbench.pages.routes import ROUTES
from intake.crypto.receipt import Receipt
from tests.analysis.conftest import Run
from tests.analysis.making import CANARY, Server, member, message, of, varied
from tests.analysis.test_spreadsheet import HEADER, MAP, ROWS
from tests.analysis.test_workbench import PAGES, Browser, start
from tests.findings.releasing import write_release_file

# As UTF-8, as UTF-16, and as hexadecimal: three ways in which a library may write it.
SPELLINGS = (CANARY.encode(), CANARY.encode("utf-16-le"), CANARY.encode().hex().encode())
BROWSED = (
    *PAGES,
    f"/browse?q={CANARY}",
    f"/desk/texts?_search={CANARY}",
    "/desk?sql=select+*+from+texts+order+by+text",
)


GIVEN = {"quote": ["yes_after_check"], "station": [f"{CANARY} House"]}
# As long as a story must be, for others to be like it.
SAME = GIVEN | {
    "story": [f"Two officers took my {CANARY} near the clinic " + "and laughed at all of us there " * 8]
}
# Every address that takes a form, with a reporter's word in it wherever one can be.
SENT: tuple[tuple[str, dict[str, str]], ...] = (
    ("/review/who", {"who": "Ana"}),
    ("/saved/add", {"name": CANARY, "query": f"q={CANARY}"}),
    ("/saved/1/delete", {}),
    ("/review/decide", {"do": "label", "report": "1", "words": CANARY}),
    ("/review/decide", {"do": "assign", "report": "1", "words": CANARY}),
    ("/review/decide", {"do": "note", "report": "1", "words": f"she said {CANARY}"}),
    ("/review/decide", {"do": "exclude", "report": "2", "reason": "junk", "remark": CANARY}),
    ("/review/names/decide", {"do": "together", "label": CANARY, "remark": f"one place, like {CANARY}"}),
    ("/review/alike", {"do": "apart", "remark": f"two people say {CANARY}"}),
    ("/review/undo/1", {}),
    ("/review/decide", {"do": "quote", "report": "1", "question": "story", "words": CANARY}),
    ("/review/quote/1", {"do": "check"}),
    ("/review/reply", {"do": "typed", "report": "1", "words": f"You wrote {CANARY}"}),
    ("/review/followups/1", {}),
    ("/data/export", {"open": "yes", "words": "yes", "others": "yes", "labels": "es"}),
)


# The list that leads to the page with such a form, and what the form repeats of that page.
SHOWN_FIRST = {
    "/review/names/decide": ("/patterns/places?_of=station", r"/review/names/one\?[^\"]+", ("of", "group")),
    "/review/alike": ("/patterns/alike?_of=story", r"/patterns/alike/one\?[^\"]+", ("of", "reports")),
}


def shown_before(browser: Browser, path: str) -> dict[str, str]:
    """What a form repeats of the page that it stands on, read from there."""
    if path not in SHOWN_FIRST:
        return {}
    listed, link, names = SHOWN_FIRST[path]
    found = re.search(f'href="({link})"', browser.get(listed).text)
    assert found, f"{listed} leads to nothing that can be decided"
    page = browser.get(html.unescape(found[1])).text
    return {name: re.findall(f'name="{name}" value="([^"]*)"', page)[0] for name in names}


def decide_everything(browser: Browser) -> None:
    """Sends each of our forms, as somebody at the page would; the last gives the file of all reports."""
    for path, fields in SENT:
        answer = browser.post(path, fields | shown_before(browser, path))
        assert answer.status in (200, 303), (path, answer.text)
        if path == "/data/export":
            assert CANARY in answer.text


def test_every_address_that_takes_a_form_is_sent_one() -> None:
    pages = "page.<locals>"
    taking = [pattern for pattern, view in ROUTES if not view.__qualname__.startswith(pages)]
    assert len(taking) >= 7
    assert not [pattern for pattern in taking if not any(re.fullmatch(pattern, path) for path, _ in SENT)]


def files_with_the_canary(*places: Path) -> list[Path]:
    """Files among these, and under the folders among these, that hold the word in any spelling."""
    return [
        path
        for place in places
        for path in (place, *place.rglob("*"))
        if any(spelling in contents(path) for spelling in SPELLINGS)
    ]


def contents(path: Path) -> bytes:
    """The bytes of a plain file; of anything else, or of what has vanished or is somebody else's, none."""
    try:
        return path.read_bytes() if path.is_file() else b""
    except (FileNotFoundError, PermissionError):
        return b""


def system_files() -> set[Path]:
    """What lies in the folders where SQLite and others put temporary files."""
    places = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))
    found: set[Path] = set()
    for place in places:
        found |= {path for path in place.iterdir() if not path.name.startswith(("pytest-", "bash_jobs"))}
    return found


@contextmanager
def watching() -> Iterator[None]:
    """Looks through the system's temporary files that appeared meanwhile."""
    before = system_files()
    yield
    left = files_with_the_canary(*(system_files() - before))
    assert not left, f"the word was left in {left}"


@pytest.fixture
def watched() -> Iterator[None]:
    """Looks through them after the test."""
    with watching():
        yield


@pytest.mark.parametrize("place", ["/tmp", "/var/tmp", "/dev/shm"])
@pytest.mark.parametrize("name", ["etilqs", "folder/deep/file"], ids=["file", "folder"])
@pytest.mark.parametrize("spelling", SPELLINGS, ids=["UTF-8", "UTF-16", "hexadecimal"])
def test_a_word_that_is_left_behind_is_found(place: str, name: str, spelling: bytes) -> None:
    # Made in a folder that is not watched and renamed, so that the one name appears at once.
    with TemporaryDirectory(prefix="pytest-", dir=place) as aside:
        planted = Path(place) / f"witnessbox-{secrets.token_hex(4)}"
        path = Path(aside) / "planted" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"before " + spelling + b" after")
        with pytest.raises(AssertionError, match=planted.name), watching():
            (Path(aside) / "planted").rename(planted)
        planted.rename(Path(aside) / "found")


@pytest.mark.usefixtures("watched")
def test_no_command_leaves_a_reporter_s_word_in_any_file(
    run: Run,
    desk: Desk,
    server: Server,
    stick: Path,
    tmp_path: Path,
    scratch: Path,
    environment: dict[str, str],
) -> None:
    to, mine = desk.recipients, Receipt.draw()
    same = [of(to, mine, **SAME), *(member(to, **SAME) for _ in range(2))]
    more = message(to, mine, f"More of the {CANARY}.")
    bundle = server.bundle(stick, [*varied(to, 60, **GIVEN), *same, more])
    assert run("import", "--desk", desk.path, bundle, "--processes", "2").returncode == 0
    spreadsheet = tmp_path / "given"
    spreadsheet.mkdir()
    (spreadsheet / "map.toml").write_text(MAP)
    (spreadsheet / "rows.csv").write_text(HEADER + ROWS)
    done = run("import-csv", "--desk", desk.path, spreadsheet / "map.toml", spreadsheet / "rows.csv")
    assert done.returncode == 0
    for line in (
        ("acknowledge", "--out", stick),
        ("backup", "--out", stick / "saved.age"),
        ("rotate", "--no-passphrase"),
        ("reseal",),
        ("rebuild", "--backup", stick / "saved.age", "--processes", "2"),
    ):
        done = run(line[0], "--desk", desk.path, *line[1:])
        assert done.returncode == 0, done.stderr
    process, browser, opening = start(desk.path, environment)
    try:
        browser.cookie = browser.get(opening).headers["Set-Cookie"].split(";")[0]
        assert CANARY in "".join(browser.get(path).text for path in BROWSED)
        decide_everything(browser)
        assert files_with_the_canary(desk.path, scratch, stick) == []
        assert not list(scratch.iterdir())
    finally:
        process.send_signal(2)
        output, errors = process.communicate(timeout=20)
    assert CANARY not in output + errors
    taken_back = server.bundle(stick, [message(to, mine, None)])
    done = run("import", "--desk", desk.path, taken_back)
    assert "deleted here: 1 report, 1 follow-up" in done.stdout
    done = run("purge", "--desk", desk.path, "--counted")
    assert (done.returncode, done.stdout.startswith("the words of 6")) == (0, True)
    assert files_with_the_canary(desk.path, scratch, stick) == []


TRACED = ("write", "pwrite64", "writev", "pwritev", "pwritev2", "sendto", "sendmsg", "mmap", "connect")
_CALL = re.compile(r"(?:\[pid +\d+\] |\d+ +)?(\w+)\((\d+)<([^>]*)>")


def traced(trace: Path) -> tuple[list[str], list[str]]:
    """Writes of the canary to anything that is a file, and connections that are not local."""
    written, connected = [], []
    for line in trace.read_text(errors="replace").splitlines():
        found = _CALL.match(line)
        if found and CANARY in line and found[3].startswith("/") and not found[3].startswith("/dev/pts"):
            written.append(line[:200])
        if "connect(" in line and "AF_INET" in line and not re.search(r'"(127\.|::1)', line):
            connected.append(line[:200])
    return written, connected


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_no_system_call_writes_a_reporter_s_word_to_a_file_or_leaves_the_machine(
    run: Run, desk: Desk, server: Server, stick: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    to = desk.recipients
    more = message(to, Receipt.draw(), f"More of the {CANARY}.")
    bundle = server.bundle(stick, [*(member(to, **SAME) for _ in range(40)), more])
    trace = tmp_path / "trace"
    strace = ("strace", "-f", "-y", "-s", "70000", "-o", str(trace), "-e", f"trace={','.join(TRACED)}")
    assert run("import", "--desk", desk.path, bundle, prefix=strace).returncode == 0
    assert traced(trace) == ([], [])
    asked = write_release_file(tmp_path / "release.toml", tables=["F02"])
    assert run("release-key", "--desk", desk.path).returncode == 0
    published = run("publish", "--desk", desk.path, asked, "--out", tmp_path / "site", prefix=strace)
    assert published.returncode == 0
    assert "SHA256SUMS" in trace.read_text(errors="replace"), "the trace shows what was published"
    assert traced(trace) == ([], [])
    process, browser, opening = start(desk.path, environment, strace)
    try:
        browser.cookie = browser.get(opening).headers["Set-Cookie"].split(";")[0]
        assert CANARY in "".join(browser.get(path).text for path in BROWSED)
        decide_everything(browser)
    finally:
        os.kill(child(process.pid), 2)
        process.communicate(timeout=30)
    assert CANARY in trace.read_text(errors="replace"), "the trace shows what was sent to the browser"
    assert traced(trace) == ([], [])
    done = run("purge", "--desk", desk.path, "--counted", prefix=strace)
    assert (done.returncode, done.stdout.startswith("the words of 40 reports")) == (0, True)
    assert "desk.db-journal" in trace.read_text(errors="replace"), "the trace shows what was written"
    assert traced(trace) == ([], [])


def child(pid: int) -> int:
    """The process that strace runs."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
