"""What a browser asks of the box: headers and one bucket, which say nothing of who asked or what is there."""

import hashlib
import io
import itertools
import json
import os
import random
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from analysis.identity import HybridIdentity
from intake.crypto import box
from intake.crypto.box import Header
from intake.crypto.receipt import Receipt
from intake.directory import make, read_key
from intake.shelf import SECONDS_BETWEEN_LOOKS, Shelf
from tests.acknowledging import write_acknowledgement
from tests.boxing import Said, box_for, make_box, own, put, reply
from tests.cards import DESK, write_card
from tests.intake.test_acknowledge import OTHER, taken
from tests.running import configure
from tests.serving import Server, sealed_body
from tests.working import solve

CODE = bytes(range(12))


def headers_of(client: httpx.Client) -> list[Header]:
    answer = client.get("/box")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    texts = [json.dumps(one, sort_keys=True, separators=(",", ":")).encode() for one in answer.json()]
    return [box.parse_header(text) for text in texts]


@pytest.fixture
def boxed(data: Path) -> Iterator[Server]:
    """A running intake with a box in which one code has an answer."""
    put(data, box_for(data, {CODE: Said(messages=[reply("We read it.")])}, bits=5))
    with Server(data) as server:
        yield server


def test_an_intake_without_boxes_says_so(shared_server: Server) -> None:
    assert shared_server.client.get("/box").json() == []
    assert shared_server.client.get("/box/0/0").status_code == 409


def test_a_code_finds_its_answer_in_one_bucket(boxed: Server) -> None:
    receipt = Receipt.from_code(CODE)
    [header] = headers_of(boxed.client)
    number = box.bucket_number(receipt.box, header.bits)
    answer = boxed.client.get(f"/box/{header.bits}/{number}")
    found = box.open_bucket(header, answer.content, receipt.box, receipt.reply)
    assert found.collected
    assert [message.text for message in found.messages] == ["We read it."]


def test_every_bucket_has_one_size_and_is_not_compressed(boxed: Server) -> None:
    sizes, kinds = set(), set()
    for number in range(32):
        answer = boxed.client.get(f"/box/5/{number}", headers={"accept-encoding": "gzip"})
        assert answer.status_code == 200
        sizes.add((answer.headers["content-length"], len(answer.content)))
        kinds.add((answer.headers["content-type"], answer.headers["cache-control"]))
        assert "content-encoding" not in answer.headers
    assert sizes == {(str(64 * 8 + 4 * 2_088), 64 * 8 + 4 * 2_088)}
    assert kinds == {("application/octet-stream", "no-store")}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/box/4/0", 409, id="fewer bits"),
        pytest.param("/box/6/0", 409, id="more bits"),
        pytest.param("/box/5/32", 404, id="a bucket that is not there"),
        pytest.param("/box/5/-1", 404, id="a negative number"),
        pytest.param("/box/5/01", 404, id="another spelling"),
        pytest.param("/box/05/1", 404, id="another spelling of the bits"),
        pytest.param("/box/5/%D9%A1", 404, id="Arabic digits"),
        pytest.param("/box/5/99999999999", 404, id="a large number"),
        pytest.param("/box/5/", 404, id="no number"),
        pytest.param("/box/5/1/2", 404, id="more than a number"),
    ],
)
def test_no_other_question_about_a_box_is_answered(path: str, status: int, boxed: Server) -> None:
    assert boxed.client.get(path).status_code == status


def test_a_box_is_only_read(boxed: Server) -> None:
    assert {boxed.client.post(path).status_code for path in ("/box", "/box/5/1")} == {405}


def two_desks(tmp_path: Path, identity: HybridIdentity) -> Path:
    cards = [
        write_card(tmp_path / "one.pub", identity.recipient),
        write_card(tmp_path / "two.pub", HybridIdentity.generate().recipient, desk=OTHER),
    ]
    make(tmp_path / "two", cards, ("report",))
    return tmp_path / "two"


def test_a_desk_with_fewer_bits_gives_the_bucket_with_the_same_beginning(
    tmp_path: Path, identity: HybridIdentity
) -> None:
    data = two_desks(tmp_path, identity)
    key, codes = read_key(data), [os.urandom(12) for _ in range(12)]
    for desk, bits in ((DESK, 2), (OTHER, 6)):
        said = {code: Said(messages=[reply(f"of {bits}")]) for code in codes[: 4 if bits == 2 else 12]}
        put(data, make_box(key, said, desk=desk, bits=bits, replies=16), desk)
    with Server(data) as server:
        headers = headers_of(server.client)
        assert [header.desk for header in headers] == sorted(
            (DESK.verify_key, OTHER.verify_key), key=lambda one: one.public
        )
        for index, code in enumerate(codes):
            receipt = Receipt.from_code(code)
            content = server.client.get(f"/box/6/{box.bucket_number(receipt.box, 6)}").content
            texts = []
            for header in headers:
                bucket, content = content[: header.bucket_length], content[header.bucket_length :]
                found = box.open_bucket(header, bucket, receipt.box, receipt.reply)
                texts += [message.text for message in found.messages]
            assert content == b""
            assert sorted(texts) == (["of 2", "of 6"] if index < 4 else ["of 6"])


def test_a_new_box_is_noticed_by_a_server_that_runs(boxed: Server) -> None:
    [before] = headers_of(boxed.client)
    put(boxed.data, box_for(boxed.data, bits=3))
    end = time.monotonic() + SECONDS_BETWEEN_LOOKS + 5
    while headers_of(boxed.client) == [before] and time.monotonic() < end:
        time.sleep(0.05)
    [after] = headers_of(boxed.client)
    assert (after.bits, after.epoch != before.epoch) == (3, True)
    assert boxed.client.get("/box/5/0").status_code == 409
    assert boxed.client.get("/box/3/7").status_code == 200


def test_a_box_that_a_command_puts_in_force_answers_without_a_restart(server: Server, tmp_path: Path) -> None:
    assert headers_of(server.client) == []
    for sequence in (1, 2):
        said = {CODE: Said(messages=[reply(f"Number {sequence}.")])}
        box_file = box_for(server.data, said, bits=sequence)
        taken(server.data, write_acknowledgement(tmp_path, server.data, sequence=sequence, box=box_file))
        time.sleep(SECONDS_BETWEEN_LOOKS)
        [header] = headers_of(server.client)
        receipt = Receipt.from_code(CODE)
        bucket = server.client.get(f"/box/{sequence}/{box.bucket_number(receipt.box, sequence)}").content
        [message] = box.open_bucket(header, bucket, receipt.box, receipt.reply).messages
        assert message.text == f"Number {sequence}."


def test_a_box_of_a_desk_that_is_unpinned_is_not_shown(boxed: Server) -> None:
    put(boxed.data, make_box(read_key(boxed.data), desk=OTHER, bits=1), OTHER)
    time.sleep(SECONDS_BETWEEN_LOOKS + 0.2)
    assert [header.desk for header in headers_of(boxed.client)] == [DESK.verify_key]


def test_a_damaged_box_is_left_out_and_told_in_the_log(boxed: Server) -> None:
    put(boxed.data, b"half of a box")
    time.sleep(SECONDS_BETWEEN_LOOKS + 0.2)
    assert headers_of(boxed.client) == []
    assert f"cannot use {boxed.data / 'boxes' / own()}: the box is not one of Witnessbox" in boxed.errors()


def test_a_box_that_could_not_be_opened_for_a_moment_is_tried_again(data: Path) -> None:
    put(data, box_for(data))
    shelf = Shelf(data, clock=itertools.count(step=SECONDS_BETWEEN_LOOKS).__next__)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as taken_up:
        # Room for what lists the folder and for nothing that stays open.
        one = taken_up.enter_context(Path(os.devnull).open("rb"))
        resource.setrlimit(resource.RLIMIT_NOFILE, (one.fileno() + 2, hard))
        taken_up.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        assert shelf.now().opened == []
    assert len(shelf.now().opened) == 1


@pytest.mark.parametrize("seed", [11])
def test_an_answer_is_of_one_box_while_boxes_are_replaced(seed: int, data: Path) -> None:
    """Each bucket names the headers that go with it, and is one of that box's."""
    draw = random.Random(seed)
    known: dict[bytes, tuple[Header, set[str]]] = {}

    def another() -> bytes:
        content = box_for(data, bits=4)
        header, begun = box.read_header(io.BytesIO(content))
        rest = content[len(begun) :]
        length = header.bucket_length
        known[header.epoch] = (
            header,
            {hashlib.sha256(rest[n * length :][:length]).hexdigest() for n in range(16)},
        )
        return content

    put(data, another())
    stop = threading.Event()

    def replace() -> None:
        while not stop.wait(draw.uniform(0, 0.3)):
            put(data, another())

    thread = threading.Thread(target=replace)
    with Server(data) as server:
        thread.start()
        mixed, seen, end = 0, set(), time.monotonic() + 6
        while time.monotonic() < end:
            first = server.client.get("/box")
            [header] = [box.parse_header(first.content[1:-1])]
            answer = server.client.get(f"/box/4/{draw.randrange(16)}")
            assert answer.status_code == 200
            digest = hashlib.sha256(answer.content).hexdigest()
            of = [one for one, digests in list(known.values()) if digest in digests]
            assert len(of) == 1
            assert (answer.headers["witnessbox-boxes"] == first.headers["witnessbox-boxes"]) == (
                of[0].epoch == header.epoch
            )
            mixed += of[0].epoch != header.epoch
            seen.add(header.epoch)
        stop.set()
        thread.join()
    assert len(seen) > 2
    print(f"{len(seen)} boxes, {mixed} answers of a newer box than the headers before it")


def test_whoever_began_to_read_a_box_reads_it_to_its_end(data: Path) -> None:
    old = box_for(data, bits=2)
    put(data, old)
    clock = [0.0]
    shelf = Shelf(data, lambda: clock[0])
    before = shelf.now()
    put(data, box_for(data, bits=7))
    clock[0] += SECONDS_BETWEEN_LOOKS
    after = shelf.now()
    assert (before.bits, after.bits) == (2, 7)
    assert (
        b"".join(b"".join(before.buckets(n)) for n in range(4)) == old[-4 * before.headers[0].bucket_length :]
    )


def test_files_of_old_boxes_do_not_stay_open(data: Path) -> None:
    clock = [0.0]
    shelf = Shelf(data, lambda: clock[0])
    put(data, box_for(data))
    shelf.now()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        put(data, box_for(data))
        clock[0] += SECONDS_BETWEEN_LOOKS
        assert len(shelf.now().opened) == 1
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_flood_of_looks_is_bounded_and_keeps_no_report_out(data: Path, identity: HybridIdentity) -> None:
    configure(data, looks_per_minute=5)
    put(data, box_for(data, bits=2))
    with Server(data) as server:
        statuses = [server.client.get("/box/2/1").status_code for _ in range(30)]
        assert statuses[0] == 200
        assert statuses[-1] == 428
        assert server.post_sealed(sealed_body([identity.recipient])).status_code == 201
        assert server.client.get("/en/code").status_code == 200
        # Who works for it gets it, once, and for this bucket alone.
        challenge = server.client.get("/box/2/1").headers["witnessbox-challenge"]
        work = {"witnessbox-work": solve(challenge, b"/box/2/1")}
        assert server.client.get("/box/2/2", headers=work).status_code == 428
        assert server.client.get("/box/2/1", headers=work).status_code == 200
        assert server.client.get("/box/2/1", headers=work).status_code == 428
