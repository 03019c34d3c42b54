"""The two ways in, over real HTTP."""

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

import httpx
import pytest

from analysis.identity import HybridIdentity, X25519Identity
from analysis.unseal import unseal_bytes
from intake.app import create_app
from intake.body import PATIENCE
from intake.crypto.padding import pad, unpad
from intake.crypto.receipt import Receipt
from intake.crypto.recipients import Recipient
from intake.crypto.seal import seal_bytes
from intake.directory import read
from intake.envelope import Envelope
from intake.forms import report
from intake.forms.form import shipped
from intake.store import Store
from intake.week import iso_week
from tests.serving import ENOUGH, OCTETS, Server, sealed_body, stored

STORY = "They took my phone and laughed."


@pytest.fixture(scope="session")
def recipients(identity: HybridIdentity) -> Sequence[Recipient]:
    return [identity.recipient]


def opened(sealed: bytes, identity: HybridIdentity) -> report.Report:
    form = shipped("report")
    return report.parse(unpad(unseal_bytes(sealed, [identity])), {form.digest: form})


def test_both_ways_store_the_same_length(server: Server, recipients: Sequence[Recipient]) -> None:
    assert server.post_sealed(sealed_body(recipients, story=[STORY])).status_code == 201
    assert server.post_form(ENOUGH).status_code == 303
    assert server.post_form({**ENOUGH, "story": ["long " * 390]}).status_code == 303
    assert len({len(sealed) for sealed in stored(server.data).values()}) == 1
    assert len(stored(server.data)) == 3


def test_both_ways_give_the_same_answers(
    server: Server, recipients: Sequence[Recipient], identity: HybridIdentity
) -> None:
    given = {"acts": ["pat_down", "insult"], "when.year": ["2026"], "when.month": ["5"], "story": [STORY]}
    server.post_sealed(sealed_body(recipients, **given))
    server.post_form({**ENOUGH, **given})
    reports = [opened(sealed, identity) for sealed in stored(server.data).values()]
    assert reports[0].answers == reports[1].answers
    assert {report.sealed_by for report in reports} == {"browser", "server"}


def test_a_report_is_stored_under_the_id_in_its_receipt(server: Server, identity: HybridIdentity) -> None:
    server.post_form(ENOUGH)
    [(report_id, sealed)] = stored(server.data).items()
    assert opened(sealed, identity).receipt.id == report_id


def test_a_form_without_script_ends_on_the_sent_page(shared_server: Server) -> None:
    answer = shared_server.post_form(ENOUGH, lang="es")
    assert answer.headers["location"].startswith("/es/sent?sealed_by=server&once=")
    page = shared_server.client.get(answer.headers["location"])
    assert page.status_code == 200
    assert "Su reporte fue enviado" in page.text


def test_a_page_that_is_sent_twice_makes_one_report(server: Server) -> None:
    code = "0123456789abcdef01234567"
    answers = [server.post_form({**ENOUGH, "_code": [code]}, lang) for lang in ("en", "en", "es")]
    assert [answer.status_code for answer in answers] == [303, 303, 303]
    assert stored(server.data).keys() == {Receipt.from_code(bytes.fromhex(code)).id}


@pytest.mark.parametrize(
    "codes",
    [
        pytest.param([], id="none"),
        pytest.param([""], id="empty"),
        pytest.param(["0123456789ABCDEF01234567"], id="upper case"),
        pytest.param(["0123456789abcdef0123456"], id="too short"),
        pytest.param(["0123456789abcdef01234567\n"], id="a line"),
        pytest.param(["0123456789abcdef01234567"] * 2, id="two"),
    ],
)
def test_a_form_without_the_code_of_its_page_is_a_report_of_its_own(codes: list[str], server: Server) -> None:
    for _ in range(2):
        assert server.post_form({**ENOUGH, "_code": codes}).status_code == 303
    assert len(stored(server.data)) == 2


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        pytest.param("GET", "/sealed", "POST", id="GET of the way for sealed reports"),
        pytest.param("PUT", "/en/report/", "GET, HEAD, POST", id="PUT of the form"),
        pytest.param("POST", "/en/", "GET, HEAD", id="POST of a page"),
    ],
)
def test_a_method_that_an_address_does_not_take_is_told_which_it_takes(
    method: str, path: str, allowed: str, shared_server: Server
) -> None:
    answer = shared_server.client.request(method, path)
    assert answer.status_code == 405
    assert sorted(answer.headers["allow"].split(", ")) == allowed.split(", ")


def test_whoever_asks_for_the_head_of_the_form_gets_it(shared_server: Server) -> None:
    answer = shared_server.client.head("/en/report/")
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_sealed_report_sent_again_is_kept_once(server: Server, recipients: Sequence[Recipient]) -> None:
    body = sealed_body(recipients)
    assert [server.post_sealed(body).status_code for _ in range(3)] == [201, 201, 201]
    assert len(stored(server.data)) == 1


def test_another_report_under_a_known_id_is_a_conflict(
    server: Server, recipients: Sequence[Recipient]
) -> None:
    first, second = sealed_body(recipients), sealed_body(recipients)
    assert server.post_sealed(first).status_code == 201
    assert server.post_sealed(first[:16] + second[16:]).status_code == 409
    assert stored(server.data) == {first[:16]: first[16:]}


def test_every_acknowledged_report_is_there_after_the_server_is_killed(
    server: Server, recipients: Sequence[Recipient]
) -> None:
    bodies = [sealed_body(recipients) for _ in range(60)]
    acknowledged: set[bytes] = set()
    killed = Lock()

    def post(body: bytes) -> None:
        try:
            if httpx.post(f"{server.address}/sealed", content=body, headers=OCTETS).status_code == 201:
                acknowledged.add(body[:16])
        except httpx.HTTPError:
            return
        if len(acknowledged) >= 25 and killed.acquire(blocking=False):
            os.kill(server.process.pid, signal.SIGKILL)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(post, bodies))
    server.process.wait(10)
    assert 25 <= len(acknowledged) < 60
    assert acknowledged <= stored(server.data).keys()


def wrongly_sealed(recipients: Sequence[Recipient]) -> dict[str, bytes]:
    body = sealed_body(recipients)
    foreign = X25519Identity(bytes(range(32))).recipient
    broken_header = body.replace(b"mlkem768x25519", b"mlkem768x2551 ", 1)
    return {
        "empty": b"",
        "plain words": b"they took my phone " * 10,
        "not age": body[:16] + os.urandom(len(body) - 16),
        "cut": body[:-1],
        "one byte more": body + b" ",
        "another recipient": body[:16] + seal_bytes(pad(b"{}"), [foreign]),
        "a recipient too many": body[:16] + seal_bytes(pad(b"{}"), [*recipients, *recipients]),
        "another length": body[:16] + seal_bytes(b"{}", recipients),
        "another stanza": body.replace(b"mlkem768x25519", b"mlkem768x25510", 1),
        "a broken header": broken_header,
        "id alone": body[:16],
    }


@pytest.mark.parametrize("flaw", wrongly_sealed([HybridIdentity.generate().recipient]))
def test_what_is_no_report_of_ours_is_refused(
    flaw: str, shared_server: Server, recipients: Sequence[Recipient]
) -> None:
    before = stored(shared_server.data)
    answer = shared_server.post_sealed(wrongly_sealed(recipients)[flaw])
    assert answer.status_code == 400
    assert answer.text.startswith("nothing was saved")
    assert stored(shared_server.data) == before


def test_a_sealed_report_that_is_too_large_is_refused(shared_server: Server) -> None:
    assert shared_server.post_sealed(bytes(200_000)).status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data", "application/octet-stream; a=b", ""])
def test_a_sealed_report_of_another_content_type_is_refused(
    kind: str, shared_server: Server, recipients: Sequence[Recipient]
) -> None:
    headers = {"content-type": kind}
    answer = shared_server.client.post("/sealed", content=sealed_body(recipients), headers=headers)
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        pytest.param("application/x-www-form-urlencoded", b"setting=police&count=yes", id="urlencoded"),
        pytest.param("multipart/form-data", b"", id="no boundary"),
        pytest.param("multipart/form-data; boundary=x", b"", id="empty"),
        pytest.param("multipart/form-data; boundary=x", b"setting=police", id="no parts"),
        pytest.param(
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="setting"\r\n\r\npolice\r\n',
            id="broken off",
        ),
        pytest.param(
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\npolice\r\n--x--\r\n',
            id="a file",
        ),
        pytest.param(
            "multipart/form-data; boundary=x", b"--x\r\nX: y\r\n\r\npolice\r\n--x--\r\n", id="no name"
        ),
    ],
)
def test_a_broken_form_gets_a_page_that_says_nothing_was_saved(
    kind: str, content: bytes, shared_server: Server
) -> None:
    before = stored(shared_server.data)
    answer = shared_server.client.post("/en/report/", content=content, headers={"content-type": kind})
    assert answer.status_code == 400
    assert "Nothing was saved." in answer.text
    assert stored(shared_server.data) == before


def test_a_form_that_is_too_large_gets_a_page_that_says_what_to_do(shared_server: Server) -> None:
    answer = shared_server.post_form({**ENOUGH, "story": ["x" * 1_000_000]})
    assert answer.status_code == 413
    assert "Your report is longer than we can take. Nothing was saved." in answer.text


def test_a_problem_shows_the_form_again_with_all_that_was_typed(server: Server) -> None:
    typed = {"acts": ["insult", "slur"], "station": ["<b>Fifth & Main</b>"], "story": ["word " * 500]}
    answer = server.post_form({**typed, "when.year": ["not_sure"], "setting": ["police"]})
    assert answer.status_code == 422
    assert '<a href="#f-count">May we count this report?</a> We need an answer to this one.' in answer.text
    assert '<a href="#f-story">' in answer.text
    assert "word " * 500 in answer.text
    assert "&lt;b&gt;Fifth &amp; Main&lt;/b&gt;" in answer.text
    assert 'value="slur" checked' in answer.text
    assert '<option value="not_sure" selected>' in answer.text
    assert stored(server.data) == {}


def test_unknown_fields_and_answers_to_what_was_not_asked_are_dropped(
    server: Server, identity: HybridIdentity
) -> None:
    extra = {"name": ["Jo"], "consent_search": ["said_no"], "behalf_ok": ["yes"]}
    assert server.post_form({**ENOUGH, **extra}).status_code == 303
    [sealed] = stored(server.data).values()
    assert not opened(sealed, identity).answers.keys() & extra.keys()


@pytest.mark.parametrize(
    "path", ["/nowhere/", "/en/nowhere/", "/fr/", "/fr/report/", "/static/none.css", "/a/b/c"]
)
def test_an_address_that_does_not_exist_gets_a_calm_page(path: str, shared_server: Server) -> None:
    answer = shared_server.client.get(path)
    assert answer.status_code == 404
    assert "There is no page here" in answer.text


@pytest.mark.parametrize("path", ["/en", "/en/report"])
def test_an_address_without_its_last_slash_leads_to_the_page(path: str, shared_server: Server) -> None:
    answer = shared_server.client.get(path)
    assert (answer.status_code, answer.headers["location"]) == (308, f"{path}/")


@pytest.mark.parametrize(
    ("wish", "path"),
    [
        pytest.param("es-MX,es;q=0.9,en;q=0.8", "/es/", id="Spanish first"),
        pytest.param("fr, en;q=0.5, es;q=0.7", "/es/", id="by quality"),
        pytest.param("fr", "/en/", id="neither"),
        pytest.param("en;q=x, ;;, es;q=0", "/en/", id="broken"),
    ],
)
def test_the_first_address_leads_to_the_language_of_the_browser(
    wish: str, path: str, shared_server: Server
) -> None:
    answer = shared_server.client.get("/", headers={"accept-language": wish})
    assert (answer.status_code, answer.headers["location"]) == (303, path)


@pytest.mark.parametrize(
    ("moment", "week"),
    [
        pytest.param(datetime(2026, 11, 22, 23, 59, tzinfo=UTC), "2026-W47", id="Sunday night"),
        pytest.param(datetime(2026, 11, 23, 0, 0, tzinfo=UTC), "2026-W48", id="Monday"),
        pytest.param(datetime(2027, 1, 1, 12, 0, tzinfo=UTC), "2026-W53", id="New Year"),
    ],
)
def test_only_the_iso_week_of_the_time_is_kept(moment: datetime, week: str, data: Path) -> None:
    directory = read(data)
    store = Store(directory.database, max_reports=10, min_free_bytes=1)
    app = create_app(directory.settings, directory.forms, directory.recipients, store, clock=lambda: moment)

    async def post() -> int:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://intake") as client:
            body = sealed_body(directory.recipients)
            return (await client.post("/sealed", content=body, headers=OCTETS)).status_code

    store.start()
    assert asyncio.run(post()) == 201
    store.close()
    assert iso_week(moment) == week
    with closing(sqlite3.connect(directory.path / "reports.db")) as connection:
        assert connection.execute("SELECT week FROM reports").fetchall() == [(week,)]


MULTIPART = {"content-type": "multipart/form-data; boundary=x"}
WAYS = [
    pytest.param("/en/report/", MULTIPART, id="the form"),
    pytest.param("/sealed", OCTETS, id="a sealed report"),
]


def post_stream(data: Path, path: str, kind: dict[str, str], body: AsyncIterator[bytes]) -> httpx.Response:
    """Posts what may never end to an application that gives up after a second."""
    directory = read(data)
    settings = replace(directory.settings, max_seconds=1)
    store = Store(directory.database, max_reports=10, min_free_bytes=1)
    app = create_app(settings, directory.forms, directory.recipients, store)

    async def post() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://intake") as client:
            return await asyncio.wait_for(client.post(path, content=body, headers=kind), 20)

    return asyncio.run(post())


@pytest.mark.parametrize(("path", "kind"), WAYS)
def test_a_report_that_comes_too_slowly_is_given_up(path: str, kind: dict[str, str], data: Path) -> None:
    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield b"\r\n"
            await asyncio.sleep(0.05)

    answer = post_stream(data, path, kind, drip())
    assert answer.status_code == 408
    assert "nothing was saved" in answer.text.lower()


@pytest.mark.parametrize(("path", "kind"), WAYS)
def test_a_body_without_end_is_cut_off(path: str, kind: dict[str, str], data: Path) -> None:
    piece = b"\r\n" * 2_000
    most = {"/sealed": Envelope(read(data).recipients).longest}.get(path, read(data).settings.max_form_bytes)
    taken = 0

    async def flood() -> AsyncIterator[bytes]:
        nonlocal taken
        # Twice what is borne; it all comes within the time that a body may take.
        for _ in range(2 * PATIENCE * most // len(piece)):
            taken += len(piece)
            yield piece

    answer = post_stream(data, path, kind, flood())
    assert answer.status_code == 413
    assert PATIENCE * most < taken < (PATIENCE + 1) * most
