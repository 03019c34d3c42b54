"""P1 and P3 on the ways of a code: no word of it, of what follows from it, of what was added; and no time."""

import os
import re
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from analysis.identity import HybridIdentity
from intake.beat import touch
from intake.crypto.receipt import Receipt
from tests.boxing import Said, box_for, put, reply
from tests.faults.chain import sealed_body
from tests.intake.test_codepage import hidden, look, page_of, words_of
from tests.intake.test_crashes import forms_of
from tests.intake.test_order import arrive, check_no_order, wait_for_quiet
from tests.intake.test_traces import traced
from tests.serving import CANARY, OCTETS, Server, make_data, snapshot, stored

CODE = bytes(range(50, 62))
RECEIPT = Receipt.from_code(CODE)
ANSWER = f"{CANARY} answer of the organizers"

needs_strace = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")


def secrets() -> dict[str, list[bytes]]:
    """What may stand in no file, in the ways in which it could."""
    words = [words_of(CODE, lang).encode() for lang in ("en", "es")]
    keys = {"code": CODE, "token": RECEIPT.withdraw, "reply key": RECEIPT.reply, "box tag": RECEIPT.box}
    found = {name: [key, key.hex().encode()] for name, key in keys.items()}
    # Four words one after the other are nobody's chance.
    found["words"] = [b" ".join(text.split()[start : start + 4]) for text in words for start in (0, 3, 5)]
    found["what was typed"] = forms_of(CANARY)
    return found


def use_everything(server: Server) -> None:
    """The code by every way: found, added to, refused, mistyped, broken, taken back."""
    page = look(server, CODE, "en")
    assert ANSWER in page.text
    for text in (CANARY, f"{CANARY} again", CANARY * 500, f"{CANARY}\x00", ""):
        page = page_of(server.client, "en", {**hidden(page), "do": "add", "text": text})
        assert page.status_code == 200
    look(server, f"{words_of(CODE)} {CANARY}")
    look(server, words_of(CODE, "es").replace(" ", "\t"), "es")
    look(server, words_of(CODE)[:-1] + CANARY)
    parts = [("words", (None, words_of(CODE) + "x" * 300_000))]
    assert server.client.post("/en/code", files=parts).status_code == 413
    kind = {"content-type": "multipart/form-data; boundary=x", "user-agent": CANARY}
    broken = f'--x\r\nContent-Disposition: form-data; name="words"\r\n\r\n{words_of(CODE)}\r\n'
    assert server.client.post("/en/code", content=broken, headers=kind).status_code == 400
    assert server.client.post("/en/code", content=words_of(CODE)).status_code == 400
    server.client.get("/en/code", params={"words": words_of(CODE), "once": CANARY})
    server.client.get(f"/box/{CANARY}/{words_of(CODE)}")
    server.client.post("/withdraw", content=RECEIPT.withdraw + CANARY.encode(), headers=OCTETS)
    page_of(server.client, "en", {**hidden(page), "do": "take-back-now"})
    server.client.post("/withdraw", content=RECEIPT.withdraw, headers=OCTETS)


def boxed(data: Path) -> None:
    put(data, box_for(data, {CODE: Said(messages=[reply(ANSWER)])}))


def test_codes_and_what_is_added_are_in_no_file_and_no_log(tmp_path: Path, identity: HybridIdentity) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    data = make_data(tmp_path / "data", identity)
    boxed(data)
    files: dict[str, bytes] = {}
    environment = {"TMPDIR": str(temporary), "PATH": "/usr/bin:/bin", "PYTHONDEVMODE": "1"}
    for end in (signal.SIGKILL, signal.SIGTERM):
        with Server(data, env=environment, cwd=temporary) as server:
            with ThreadPoolExecutor(3) as pool:
                list(pool.map(use_everything, [server] * 3))
            server.post_sealed(sealed_body(RECEIPT, [identity.recipient]))
            files |= {f"{name} while running": text for name, text in snapshot(tmp_path).items()}
            server.stop(end)
        files |= {f"{name} after {end.name}": text for name, text in snapshot(tmp_path).items()}
    # Three senders, two follow-ups each and a withdrawal, twice; of the same report once.
    assert len(stored(data)) > 10
    assert any("reports.db-wal" in name and text for name, text in files.items()), "journals were looked at"
    found = [
        (name, what)
        for name, text in files.items()
        for what, forms in secrets().items()
        for form in forms
        if form in text
    ]
    assert found == []
    assert list(temporary.iterdir()) == []


@needs_strace
def test_no_system_call_writes_what_was_added_anywhere_but_back_to_its_sender(
    data: Path, tmp_path: Path
) -> None:
    boxed(data)
    trace = tmp_path / "trace"
    calls = (
        "read,readv,recvfrom,recvmsg,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendfile,vmsplice"
    )
    with traced(data, trace, calls) as server:
        # Compressed, the words could not be found.
        server.client.headers["accept-encoding"] = "identity"
        page = look(server, CODE)
        page_of(server.client, "en", {**hidden(page), "do": "add", "text": f"{CANARY} kept"})
        page_of(server.client, "en", {**hidden(page), "do": "add", "text": CANARY * 200})
    words = words_of(CODE)
    named = [
        line for line in trace.read_text(errors="replace").splitlines() if CANARY in line or words in line
    ]
    wrote = [line for line in named if re.match(r"\d+ +(p?write|send|vmsplice)", line)]
    assert len(wrote) < len(named), "the trace shows the words arriving"
    assert [line for line in wrote if words in line], "the page has the words in its form"
    assert not [line for line in wrote if not re.match(r"\d+ +\w+\(\d+<socket:\[\d+\]>", line)]


def test_the_log_of_a_busy_day_with_codes_is_empty(data: Path) -> None:
    boxed(data)
    with Server(data) as server:
        use_everything(server)
        for _ in range(3):
            server.client.get("/box/1/0")
    assert server.errors() == ""


def test_a_look_leaves_no_time_on_the_box(data: Path) -> None:
    boxed(data)
    [file] = (data / "boxes").iterdir()
    with Server(data) as server:
        # A time of long ago, so that the system would note the next reading of most files.
        os.utime(file, (1_000_000_000, 1_000_000_000))
        assert ANSWER in look(server, CODE).text
        assert server.client.get("/box/1/1").status_code == 200
        found = file.stat()
        assert (found.st_atime, found.st_mtime) == (1_000_000_000, 1_000_000_000)


def test_a_beat_covers_when_a_box_came(data: Path) -> None:
    boxed(data)
    [file] = (data / "boxes").iterdir()
    for path in (file, file.parent):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    before = time.time() - 1
    touch(data)
    assert min(file.stat().st_mtime, file.stat().st_atime, file.parent.stat().st_mtime) > before


def test_what_is_taken_back_leaves_no_order_behind(server: Server, identity: HybridIdentity) -> None:
    gone = [Receipt.draw() for _ in range(30)]
    kept: list[bytes] = []
    for receipt in gone:
        server.post_sealed(sealed_body(receipt, [identity.recipient]))
        kept += arrive(server, identity, 3)
    with ThreadPoolExecutor(8) as pool:
        statuses = pool.map(
            lambda receipt: (
                httpx.post(
                    f"{server.address}/withdraw", content=receipt.withdraw, headers=OCTETS, timeout=30
                ).status_code
            ),
            gone,
        )
        assert set(statuses) == {200}
    time.sleep(3)
    wait_for_quiet(server.data)
    check_no_order(server.data, kept)
