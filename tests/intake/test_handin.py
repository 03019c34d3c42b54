"""Sealed files that were made elsewhere, handed in without script over real HTTP: all that is said is so."""

import html
import os
import re
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from analysis.identity import HybridIdentity
from intake.crypto.attachment import MAX_ATTACHMENT
from intake.crypto.padding import SIZE_CLASSES
from intake.crypto.receipt import Receipt
from intake.crypto.recipients import Recipient
from intake.crypto.seal import seal_bytes
from intake.crypto.shard import MAX_SHARD_BYTES
from intake.directory import find_database
from tests.attaching import AttachingServer, sealed_file, stored_files
from tests.batching import HOSTILE, batch, batch_name, bodies, small
from tests.intake.test_upload import eventually
from tests.running import configure
from tests.serving import ENOUGH, Server, make_data, snapshot, stored
from tests.sharing import both, left_over

MEGABYTE = 1024 * 1024
File = tuple[str, bytes]


@pytest.fixture(scope="session")
def recipients(identity: HybridIdentity) -> Sequence[Recipient]:
    return [identity.recipient]


@pytest.fixture(scope="session")
def sealed(recipients: Sequence[Recipient]) -> list[bytes]:
    """Posted bodies of 20 reports: the id of each, then its bytes."""
    return bodies(recipients, 20)


def loose(body: bytes) -> File:
    """A posted body as it is saved in a file."""
    return f"{body[:16].hex()}.age", body[16:]


def packed(sealed: Sequence[bytes]) -> File:
    data = batch(sealed)
    return batch_name(data), data


def hand_in(
    server: Server, *files: File, lang: str = "en", stamp: str | None = None, **headers: str
) -> httpx.Response:
    """Sends the page's form as a browser without script does."""
    found = re.search(r'name="_stamp" value="([^"]+)"', server.client.get(f"/{lang}/upload").text)
    assert found
    fields = {"_stamp": found[1] if stamp is None else stamp}
    parts = [("files", (name, data, "application/octet-stream")) for name, data in files]
    return server.client.post(
        f"/{lang}/upload", data=fields, files=parts or [("files", ("", b""))], headers=headers
    )


def said(answer: httpx.Response) -> str:
    """The words of the page about what became of the files."""
    found = re.search(r'<div id="result".*?</div>', answer.text, re.DOTALL)
    assert found
    return html.unescape(" ".join(re.sub("<[^>]+>", " ", found[0]).split()))


def the_same_in_store(server: Server, sealed: Sequence[bytes]) -> bool:
    return stored(server.data) == {one[:16]: one[16:] for one in sealed}


@both
def test_files_and_batches_are_kept_byte_for_byte_and_counted(server: Server, sealed: list[bytes]) -> None:
    answer = hand_in(server, *map(loose, sealed[:3]), packed(sealed[3:]))
    assert answer.status_code == 200
    assert "Locked files that are here now: 20." in said(answer)
    assert f"{packed(sealed[3:])[0]} Here now: 17." in said(answer)
    assert f"{sealed[0][:16].hex()}.age It is here now." in said(answer)
    assert the_same_in_store(server, sealed)


def test_the_page_says_the_same_in_spanish(server: Server, sealed: list[bytes]) -> None:
    answer = hand_in(server, loose(sealed[0]), ("foto.zip", b"PK\x03\x04"), lang="es")
    assert "Archivos cerrados con llave que ya están aquí: 1." in said(answer)
    assert "No se recibieron: 1." in said(answer)
    assert "foto.zip Es una carpeta comprimida (zip)." in said(answer)


def test_what_is_there_twice_is_counted_once(server: Server, sealed: list[bytes]) -> None:
    answer = hand_in(
        server, loose(sealed[0]), packed(sealed[:4]), (f"{sealed[1][:16].hex()} (1).age", sealed[1][16:])
    )
    assert "Locked files that are here now: 4." in said(answer)
    assert "There twice, and kept once: 2." in said(answer)
    assert the_same_in_store(server, sealed[:4])


@both
def test_nobody_learns_from_the_answer_whether_a_file_was_here_before(
    server: Server, sealed: list[bytes]
) -> None:
    first, second = (hand_in(server, loose(sealed[0]), packed(sealed[1:])) for _ in range(2))
    stamp = re.compile(r'(name="_stamp" value=")[^"]+')
    assert stamp.sub(r"\1", first.text) == stamp.sub(r"\1", second.text)
    assert (first.status_code, first.headers.keys()) == (second.status_code, second.headers.keys())
    assert the_same_in_store(server, sealed)


def test_the_answer_comes_at_even_moments(server: Server, sealed: list[bytes]) -> None:
    took = [hand_in(server, loose(sealed[0])).elapsed.total_seconds() for _ in range(4)]
    assert min(took) >= 0.25


@pytest.mark.parametrize(
    "which", ["a.age", "a.zip", "a.txt", "name", "longer", "shorter", "foreign", "empty"]
)
def test_a_file_that_is_not_taken_is_told_why_and_leaves_nothing(
    which: str, server: Server, sealed: list[bytes]
) -> None:
    name, data = loose(sealed[0])
    two = [HybridIdentity.generate().recipient for _ in range(2)]
    refused, words = {
        "a.age": (("a.age", b"They took my bag."), "This is not a locked file."),
        "a.zip": ((f"{name[:-4]}.zip", b"PK\x03\x04" + data), "This is a packed folder (zip)."),
        "a.txt": ((name, b"They took my bag. " * 2_000), "This is not a locked file."),
        "name": (("report.age", data), "It is locked, but its name was changed"),
        "longer": ((name, data + b"x"), "It is locked, but not for this site"),
        "shorter": ((name, data[:-1]), "It is locked, but not for this site"),
        "foreign": ((name, seal_bytes(bytes(SIZE_CLASSES[0]), two)), "It is locked, but not for this site"),
        "empty": ((name, b""), "This is not a locked file."),
    }[which]
    answer = hand_in(server, refused, loose(sealed[1]))
    assert answer.status_code == 422
    assert "Locked files that are here now: 1." in said(answer)
    assert "Not taken: 1." in said(answer)
    assert words in said(answer)
    assert "took my bag" not in answer.text
    assert the_same_in_store(server, sealed[1:2])
    assert server.errors() == ""


@both
def test_another_file_under_a_known_number_is_not_taken(server: Server, sealed: list[bytes]) -> None:
    assert hand_in(server, loose(sealed[0])).status_code == 200
    answer = hand_in(server, (f"{sealed[0][:16].hex()}.age", sealed[1][16:-1] + b"x"))
    assert answer.status_code == 422
    assert "Another locked file is here under the same number." in said(answer)
    assert the_same_in_store(server, sealed[:1])


def test_members_of_other_sizes_are_left_out_and_the_rest_is_kept(
    server: Server, sealed: list[bytes], recipients: Sequence[Recipient]
) -> None:
    odd = [
        bytes(16) + seal_bytes(bytes(1_000), recipients),
        b"\xff" * 16 + b"They took my bag. " * 200_000,
        b"\x80" * 16 + bytes(len(sealed[0]) - 16),
    ]
    answer = hand_in(server, packed([*odd, *sealed]))
    assert "Here now: 20." in said(answer)
    assert "Not taken: 3." in said(answer)
    assert the_same_in_store(server, sealed)


@pytest.mark.parametrize("flaw", HOSTILE)
def test_a_hostile_batch_is_told_to_be_none_and_leaves_nothing(flaw: str, shared_server: Server) -> None:
    before = snapshot(shared_server.data.parent).keys()
    answer = hand_in(shared_server, ("batch.tar", HOSTILE[flaw]))
    assert answer.status_code == 422
    assert "This is no batch from here, or a part of it is broken or missing." in said(answer)
    assert "None of your files was saved." in said(answer)
    assert stored(shared_server.data) == {}
    assert snapshot(shared_server.data.parent).keys() == before
    assert shared_server.errors() == ""


def test_of_a_batch_that_is_cut_what_came_before_is_kept_and_said(
    server: Server, sealed: list[bytes]
) -> None:
    name, data = packed(sealed)
    answer = hand_in(server, (name, data[: len(data) // 2]), loose(sealed[-1]))
    kept = stored(server.data)
    assert 5 < len(kept) < 20
    assert f"Locked files that are here now: {len(kept)}." in said(answer)
    assert "a part of it is broken or missing" in said(answer)
    again = hand_in(server, (name, data))
    assert "Locked files that are here now: 20." in said(again)
    assert the_same_in_store(server, sealed)


def test_a_batch_that_its_name_does_not_fit_is_said_to_be_broken(server: Server, sealed: list[bytes]) -> None:
    changed = bytearray(batch(sealed))
    changed[5_000] ^= 1
    answer = hand_in(server, (packed(sealed)[0], bytes(changed)))
    assert answer.status_code == 422
    assert "Here now: 20. This is no batch from here, or a part of it is broken" in said(answer)


@pytest.mark.parametrize("way", ["reports", "disk"])
def test_as_much_is_kept_as_there_is_room_for_and_the_rest_is_told(
    way: str, tmp_path: Path, identity: HybridIdentity, sealed: list[bytes]
) -> None:
    data = make_data(tmp_path / "data", identity)
    disk = os.statvfs(tmp_path)
    room = {"max_reports": 6} if way == "reports" else {"min_free_bytes": disk.f_blocks * disk.f_frsize}
    configure(data, **room)
    fit = 6 if way == "reports" else 0
    with Server(data) as server:
        for _ in range(2):
            answer = hand_in(server, packed(sealed[:10]))
            assert answer.status_code == 503
            assert f"Not taken: {10 - fit}. There is no room right now." in said(answer)
            assert (f"Here now: {fit}." if fit else "None of your files was saved.") in said(answer)
            assert len(stored(data)) == fit
        configure(data, max_reports=100, min_free_bytes=1)
    with Server(data) as server:
        assert "Here now: 10." in said(hand_in(server, packed(sealed[:10])))
        assert the_same_in_store(server, sealed[:10])


@both
def test_files_without_script_have_an_allowance_of_their_own(
    data: Path, sealed: list[bytes], recipients: Sequence[Recipient]
) -> None:
    configure(data, uploads_per_minute=3, scriptless_per_minute=1)
    with Server(data) as server:
        answer = hand_in(server, packed(sealed))
        assert answer.status_code == 429
        assert "Here now: 6." in said(answer)
        assert "Not taken: 14. Too much is coming in without script right now." in said(answer)
        assert hand_in(server, packed(sealed)).status_code == 429
        assert server.post_form(ENOUGH).status_code == 303
        assert server.post_sealed(sealed[-1]).status_code == 201


@pytest.mark.parametrize("stamp", ["", "1.1.00112233445566778899aabbccddeeff"])
def test_a_form_that_is_not_from_a_page_of_today_keeps_nothing(
    stamp: str, server: Server, sealed: list[bytes]
) -> None:
    answer = hand_in(server, loose(sealed[0]), packed(sealed), stamp=stamp)
    assert answer.status_code == 428
    assert "Nothing was saved. Choose your files again." in said(answer)
    assert stored(server.data) == {}


def test_files_may_be_chosen_faster_than_a_form_is_filled_in(data: Path, sealed: list[bytes]) -> None:
    configure(data, min_fill_seconds=60)
    with Server(data) as server:
        assert hand_in(server, loose(sealed[0])).status_code == 200


def test_who_chose_no_file_is_told_so(server: Server) -> None:
    answer = hand_in(server)
    assert answer.status_code == 422
    assert "You chose no file" in said(answer)


def test_more_than_500_files_are_left_for_the_next_time(server: Server, sealed: list[bytes]) -> None:
    answer = hand_in(server, *[("a.txt", b"x")] * 499, loose(sealed[0]), loose(sealed[1]), loose(sealed[2]))
    assert "Locked files that are here now: 1." in said(answer)
    assert said(answer).count("You can choose 500 files at once.") == 2
    assert the_same_in_store(server, sealed[:1])


def test_another_site_s_page_can_hand_in_nothing(server: Server, sealed: list[bytes]) -> None:
    assert hand_in(server, loose(sealed[0]), **{"sec-fetch-site": "cross-site"}).status_code == 403
    assert stored(server.data) == {}


def test_where_only_browsers_seal_no_file_is_read_without_script(data: Path, sealed: list[bytes]) -> None:
    file = data / "intake.toml"
    file.write_text(
        file.read_text().replace("reports_without_script = true", "reports_without_script = false")
    )
    with Server(data) as server:
        page = server.client.get("/en/upload").text
        assert "Turn scripts on" in page
        assert 'name="files"' not in page
        assert hand_in(server, loose(sealed[0])).status_code == 403
        assert stored(data) == {}


def test_a_browser_is_led_to_what_became_of_its_files_and_sees_it_once(
    server: Server, sealed: list[bytes]
) -> None:
    answer = hand_in(server, loose(sealed[0]), **{"sec-fetch-mode": "navigate"})
    assert answer.status_code == 303
    assert not answer.content
    there = answer.headers["location"]
    assert re.fullmatch(r"/en/upload\?once=[0-9a-f]{32}", there)
    first, second = (server.client.get(there) for _ in range(2))
    assert "Locked files that are here now: 1." in said(first)
    assert "here now: 1" not in second.text
    assert {one.headers["cache-control"] for one in (answer, first, second)} == {"no-store"}


def test_whoever_comes_without_a_language_is_led_to_the_page(server: Server) -> None:
    answer = server.client.get("/upload", headers={"accept-language": "es"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/es/upload")


def test_an_upload_that_stops_coming_is_told_what_of_it_is_kept(data: Path, sealed: list[bytes]) -> None:
    configure(data, max_seconds=1)
    with Server(data) as server:
        stamp = server.stamp()
        whole = httpx.Request(
            "POST", f"{server.address}/en/upload", data={"_stamp": stamp}, files=[("files", packed(sealed))]
        )
        body = whole.read()
        head = "POST /en/upload HTTP/1.1\r\nHost: x\r\n" + "".join(
            f"{name}: {whole.headers[name]}\r\n" for name in ("content-type", "content-length")
        )
        with socket.create_connection(("127.0.0.1", int(server.address.rsplit(":", 1)[1]))) as raw:
            raw.settimeout(60)
            raw.sendall(f"{head}\r\n".encode() + body[: len(body) // 2])
            answer = b""
            while piece := raw.recv(65_536):
                answer += piece
        kept = stored(data)
        text = answer.decode()
        assert 5 < len(kept) < 20
        assert f"Locked files that are here now: {len(kept)}." in text
        assert "Not all that you sent arrived." in text
        assert "It did not arrive whole." in text


def test_an_upload_that_is_too_large_is_told_what_of_it_is_kept(server: Server, sealed: list[bytes]) -> None:
    padding = ("a.txt", bytes(2 * MAX_SHARD_BYTES))
    server.client.timeout = httpx.Timeout(120)
    answer = hand_in(server, loose(sealed[0]), padding, loose(sealed[1]))
    assert "Locked files that are here now: 1." in said(answer)
    assert "Not all that you sent arrived." in said(answer)
    assert the_same_in_store(server, sealed[:1])


def test_what_was_said_to_be_kept_is_there_after_the_server_is_killed(
    data: Path, recipients: Sequence[Recipient]
) -> None:
    every = bodies(recipients, 480)
    groups = [every[start : start + 20] for start in range(0, len(every), 20)]
    acknowledged: set[bytes] = set()
    lock = threading.Lock()
    with Server(data) as server:

        def send(group: list[bytes]) -> None:
            try:
                answer = hand_in(server, packed(group))
            except httpx.HTTPError:
                return
            with lock:
                assert "Locked files that are here now: 20." in said(answer)
                acknowledged.update(one[:16] for one in group)
                if len(acknowledged) >= 160 and server.process.poll() is None:
                    os.kill(server.process.pid, signal.SIGKILL)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(send, groups))
        server.process.wait(10)
    kept = stored(data)
    assert 160 <= len(acknowledged) < 480
    assert acknowledged <= kept.keys()
    assert all(kept[one[:16]] == one[16:] for one in every if one[:16] in kept)
    with Server(data) as server:
        for group in groups:
            assert "Locked files that are here now: 20." in said(hand_in(server, packed(group)))
        assert the_same_in_store(server, every)


@pytest.fixture
def attaching(data: Path) -> Iterator[AttachingServer]:
    with AttachingServer(data) as running:
        yield running


@both
def test_attachments_are_kept_where_a_form_takes_them(
    attaching: AttachingServer, recipients: Sequence[Recipient], sealed: list[bytes]
) -> None:
    files = [
        sealed_file(recipients, Receipt.draw(), os.urandom(length))[0] for length in (10, 3 * MEGABYTE, 10)
    ]
    foreign = sealed_file([HybridIdentity.generate().recipient] * 2, Receipt.draw(), b"%PDF")[0]
    refused = [(f"{'0' * 32}.age", files[0][16:] + b"x"), (f"{'1' * 32}.age", foreign[16:])]
    answer = hand_in(attaching, loose(files[0]), *refused, packed([*files[1:], *sealed]), loose(files[0]))
    assert "Locked files that are here now: 23." in said(answer)
    assert "There twice, and kept once: 1." in said(answer)
    assert "Not taken: 2." in said(answer)
    assert stored_files(attaching.data) == {one[:16]: one[16:] for one in files}
    assert the_same_in_store(attaching, sealed)
    assert eventually(lambda: left_over(find_database(attaching.data)) == 0)


def test_where_no_form_takes_files_an_attachment_is_not_taken(
    server: Server, recipients: Sequence[Recipient], sealed: list[bytes]
) -> None:
    file = sealed_file(recipients, Receipt.draw(), b"%PDF")[0]
    answer = hand_in(server, loose(file), packed([file, sealed[0]]))
    assert "Locked files that are here now: 1." in said(answer)
    assert "Not taken: 2." in said(answer)
    assert not (server.data / "attachments.db").exists()


def test_four_batches_of_64_mib_at_once_take_little_memory(
    attaching: AttachingServer, recipients: Sequence[Recipient], sealed: list[bytes]
) -> None:
    large = sealed_file(recipients, Receipt.draw(), bytes(MAX_ATTACHMENT))[0][16:]
    wide = seal_bytes(bytes(SIZE_CLASSES[1]), recipients)
    members = [os.urandom(16) + one for one in (large, large, *[wide] * 180)]
    data = batch(members)
    assert 60 * MEGABYTE < len(data) <= MAX_SHARD_BYTES
    attaching.client.timeout = httpx.Timeout(300)

    def send(number: int) -> str:
        return said(hand_in(attaching, ("batch.tar", data)))

    with ThreadPoolExecutor(4) as pool:
        assert all("Here now: 182." in words for words in pool.map(send, range(4)))
    status = Path(f"/proc/{attaching.process.pid}/status").read_text()
    [peak] = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")]
    print(f"peak memory: {peak // 1024} MiB")
    assert peak < 150 * 1024, f"{peak // 1024} MiB"


def test_a_batch_of_500_comes_in_whole(server: Server, recipients: Sequence[Recipient]) -> None:
    every = bodies(recipients, 500)
    answer = hand_in(server, packed(every))
    assert "Here now: 500." in said(answer)
    assert the_same_in_store(server, every)


def test_a_file_s_name_is_shown_as_text_and_not_whole_when_it_is_long(server: Server) -> None:
    answer = hand_in(server, ("<b>&" + "x" * 300, b""))
    assert "&lt;b&gt;&amp;" + "x" * 96 + "</bdi>" in answer.text
    assert "<b>" not in answer.text


def test_small_members_are_no_reports(server: Server) -> None:
    assert "Not taken: 3." in said(hand_in(server, ("a.tar", small())))
