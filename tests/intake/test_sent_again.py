"""A form without script that is sent again because no answer was heard: one report, whatever happened."""

import os
import re
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from analysis.identity import HybridIdentity
from intake.crypto.code import to_words
from intake.crypto.receipt import Receipt
from tests.attaching import PDF, AttachingServer, post_files, sealed_file, stored_files
from tests.serving import ENOUGH, Server, configure, stored

FILE = b"%PDF-1.7\n" + bytes(range(256)) * 20
A_FILE = ("a.pdf", FILE, PDF)
CODE, OTHER = bytes(range(12)), bytes(range(1, 13))


@pytest.fixture
def server(data: Path) -> Iterator[AttachingServer]:
    with AttachingServer(data) as running:
        yield running


def page_of(server: Server, code: bytes = CODE) -> dict[str, Sequence[str]]:
    """The fields of a page that was fetched now, with the code that it was given."""
    return {**ENOUGH, "_stamp": [server.stamp()], "_code": [code.hex()]}


def code_in(page: str) -> bytes:
    [code] = re.findall(r'name="_code" value="([0-9a-f]+)"', page)
    return bytes.fromhex(code)


def shows_as_kept(server: Server, answer: httpx.Response) -> bool:
    """Whether an answer leads to the sent page, and this to the words of the code."""
    if answer.status_code != 303:
        return False
    page = server.client.get(answer.headers["location"]).text
    return all(word in page for word in to_words(CODE, "en"))


@pytest.mark.parametrize("files", [(A_FILE,), ()], ids=["a file", "none"])
def test_a_form_that_was_kept_unheard_is_one_report_when_sent_again_after_a_restart(
    files: Sequence[tuple[str, bytes, str]], data: Path
) -> None:
    with AttachingServer(data) as server:
        fields = page_of(server)
        assert post_files(server, *files, fields=fields).status_code == 303
        kept = stored(data), stored_files(data)
        server.stop(signal.SIGKILL)
    with AttachingServer(data) as server:
        assert shows_as_kept(server, post_files(server, *files, fields=fields))
        assert (stored(data), stored_files(data)) == kept
        # The page of somebody else, as old as this one, is refused: nothing is kept under its code.
        refused = post_files(server, *files, fields={**fields, "_code": [OTHER.hex()]})
        assert (refused.status_code, code_in(refused.text)) == (428, OTHER)
        assert (stored(data), stored_files(data)) == kept


def test_a_form_that_was_kept_is_not_one_too_many_when_it_comes_again(data: Path) -> None:
    configure(data, scriptless_per_minute=1)
    with AttachingServer(data) as server:
        assert post_files(server, A_FILE, fields=page_of(server)).status_code == 303
        assert post_files(server).status_code == 303
        refused = post_files(server, A_FILE, fields=page_of(server, OTHER))
        assert (refused.status_code, code_in(refused.text)) == (429, OTHER)
        assert shows_as_kept(server, post_files(server, A_FILE, fields=page_of(server)))
        assert (len(stored(data)), len(stored_files(data))) == (2, 1)


def test_a_form_that_was_kept_needs_no_room_for_its_files_when_it_comes_again(
    data: Path, tmp_path: Path
) -> None:
    with AttachingServer(data) as server:
        assert post_files(server, A_FILE, fields=page_of(server)).status_code == 303
    disk, kept = os.statvfs(tmp_path), stored_files(data)
    configure(data, min_free_bytes=disk.f_bavail * disk.f_frsize // 2)
    with AttachingServer(data) as server:
        assert post_files(server, A_FILE, fields=page_of(server, OTHER)).status_code == 503
        assert shows_as_kept(server, post_files(server, A_FILE, fields=page_of(server)))
    assert stored_files(data) == kept
    assert stored(data).keys() == {Receipt.from_code(CODE).id}


def test_a_file_whose_report_never_came_lets_the_form_through_under_another_code(
    server: Server, identity: HybridIdentity
) -> None:
    # What a server leaves that is killed between the two.
    orphan, _ = sealed_file([identity.recipient], Receipt.from_code(CODE), FILE)
    assert server.post_sealed(orphan).status_code == 201
    refused = post_files(server, A_FILE, fields=page_of(server))
    assert refused.status_code == 503
    assert "Nothing was saved." in refused.text
    assert stored(server.data) == {}
    code = code_in(refused.text)
    assert code != CODE
    assert post_files(server, A_FILE, fields=page_of(server, code)).status_code == 303
    assert stored(server.data).keys() == {Receipt.from_code(code).id}
    assert stored_files(server.data).keys() == {orphan[:16], Receipt.from_code(code).attachment_id(1)}
