"""Attachments at the desk: beside their report whichever comes first, and checked against it."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from analysis.attachments import ARRIVED, NO_REPORT, NOT_ARRIVED
from analysis.desk import Desk
from analysis.identity import HybridIdentity
from analysis.pinning import pin
from analysis.workbench import gate
from analysis.workbench.server import HOST, build
from intake.crypto.attachment import Attachment
from intake.crypto.receipt import Receipt
from intake.crypto.shard import Member, ReportName
from tests import serving
from tests.analysis.conftest import Run, unlock
from tests.analysis.making import WEEK, Server
from tests.attaching import FORM, PDF, AttachingServer, sealed_file, sealed_report

FILE = b"%PDF-1.7 zebrafinch " + bytes(range(256)) * 2_000


@pytest.fixture
def server() -> Server:
    """An intake whose form takes attachments."""
    return Server(form=FORM)


def member(body: bytes) -> Member:
    """What was handed in, under its name."""
    return Member(ReportName(WEEK, body[:16]), body[16:])


def files(desk: Desk, number: int = 1) -> tuple[Receipt, list[Member], list[Attachment]]:
    """Sealed files, and what their report is to say of them."""
    receipt = Receipt.draw()
    made = [sealed_file(desk.recipients, receipt, FILE, one) for one in range(1, number + 1)]
    return receipt, [member(body) for body, _ in made], [named for _, named in made]


def report(desk: Desk, receipt: Receipt, attachments: Sequence[Attachment]) -> Member:
    """The report that names them."""
    return member(sealed_report(desk.recipients, receipt, attachments))


def states(desk: Desk) -> list[tuple[str, int | None]]:
    """The state of each attachment, and the number of its report."""
    rows = desk.database.conn.execute('SELECT "state", "report" FROM "attachments" ORDER BY "number"')
    return [tuple(row) for row in rows.fetchall()]


def bring(run: Run, desk: Desk, bundle: Path) -> list[str]:
    """What the import says, but for its line about a new form."""
    result = run("import", "--desk", desk.path, bundle)
    assert (result.returncode, result.stderr) == (0, "")
    return [line for line in result.stdout.splitlines() if not line.startswith("new: form ")]


def test_attachments_stand_beside_their_report_and_are_checked(
    run: Run, desk: Desk, server: Server, stick: Path
) -> None:
    receipt, sealed, named = files(desk, 2)
    bundle = server.bundle(stick, [*sealed, report(desk, receipt, named)])
    assert bring(run, desk, bundle) == ["bundle 1: 1 report added", "2 attachments added"]
    assert states(desk) == [(ARRIVED, 1), (ARRIVED, 1)]


@pytest.mark.parametrize("first", ["file", "report"])
def test_it_does_not_matter_which_of_the_two_comes_first(
    first: str, run: Run, desk: Desk, server: Server, stick: Path
) -> None:
    receipt, sealed, named = files(desk)
    both = [sealed, [report(desk, receipt, named)]]
    lines = bring(run, desk, server.bundle(stick, both[first == "report"]))
    assert ("1 attachment: no report" in lines) == (first == "file")
    assert states(desk) == [(NO_REPORT, None) if first == "file" else (NOT_ARRIVED, 1)]
    assert "1 attachment: no report" not in bring(run, desk, server.bundle(stick, both[first == "file"]))
    assert states(desk) == [(ARRIVED, 1)]


def test_importing_attachments_twice_adds_nothing(run: Run, desk: Desk, server: Server, stick: Path) -> None:
    receipt, sealed, named = files(desk)
    bundle = server.bundle(stick, [*sealed, report(desk, receipt, named)])
    bring(run, desk, bundle)
    assert bring(run, desk, bundle) == [
        "bundle 1: 0 reports added, 1 known before",
        "0 attachments added, 1 known before",
    ]
    assert states(desk) == [(ARRIVED, 1)]


@pytest.mark.parametrize("flaw", ["another digest", "another file", "changed", "not for this key"])
def test_a_file_that_is_not_the_named_one_is_told_and_the_report_stays(
    flaw: str, run: Run, desk: Desk, server: Server, stick: Path
) -> None:
    receipt, [sealed], [named] = files(desk)
    if flaw == "another digest":
        named = replace(named, sha256="0" * 64)
    elif flaw == "another file":
        body, _ = sealed_file(desk.recipients, receipt, FILE[::-1])
        sealed = member(body)
    elif flaw == "changed":
        sealed = Member(sealed.name, sealed.sealed[:-1] + bytes([sealed.sealed[-1] ^ 1]))
    else:
        body, _ = sealed_file([HybridIdentity.generate().recipient], receipt, FILE)
        sealed = member(body)
    told = {"changed": "damaged", "not for this key": "not for this key"}
    state = told.get(flaw, "not the file that the report names")
    lines = bring(run, desk, server.bundle(stick, [sealed, report(desk, receipt, [named])]))
    assert lines == ["bundle 1: 1 report added", "1 attachment added", f"1 attachment: {state}"]
    assert states(desk) == [(state, 1)]


def test_no_word_of_an_attachment_is_written_at_the_desk(
    run: Run, desk: Desk, server: Server, stick: Path, scratch: Path
) -> None:
    receipt, sealed, named = files(desk)
    bring(run, desk, server.bundle(stick, [*sealed, report(desk, receipt, named)]))
    for path in [*desk.path.rglob("*"), *scratch.rglob("*")]:
        assert not path.is_file() or b"zebrafinch" not in path.read_bytes()


def test_the_page_of_a_report_lists_its_files_as_text(
    run: Run, desk_path: Path, server: Server, stick: Path
) -> None:
    with_files = unlock(desk_path)
    receipt, sealed, named = files(with_files, 2)
    bring(run, with_files, server.bundle(stick, [sealed[0], report(with_files, receipt, named)]))
    session = gate.Session()
    app = build(with_files, session, 8787)

    async def load() -> str:
        transport = httpx.ASGITransport(app=app)
        base = f"http://{HOST}:8787"
        async with httpx.AsyncClient(transport=transport, base_url=base, follow_redirects=True) as client:
            await client.get(f"{gate.OPENING}?token={session.token}")
            return (await client.get("/desk/reports/1")).text

    page = asyncio.run(load())
    with_files.close()
    assert re.findall(r"<li>(application/pdf.*?)</li>", page) == [
        "application/pdf, 501 KB: arrived",
        "application/pdf, 501 KB: not arrived",
    ]
    assert "This version cannot open it." in page


def test_files_sent_by_both_ways_reach_the_desk_by_the_real_commands(
    run: Run, desk: Desk, stick: Path, tmp_path: Path
) -> None:
    data = serving.make_data(tmp_path / "data", desk.identities[0])
    pin(desk, data / "server.pub")
    receipt, sealed, named = files(desk)
    with AttachingServer(data) as server:
        fields = {"_stamp": [server.stamp()], **serving.ENOUGH}
        parts = [(name, (None, value[0].encode())) for name, value in fields.items()]
        form = server.client.post(
            "/en/report/",
            files=[*parts, ("attachments", ("a.pdf", FILE, PDF)), ("attachments", ("b", b"2", PDF))],
        )
        assert form.status_code == 303
        for one in (*sealed, report(desk, receipt, named)):
            assert server.post_sealed(one.name.id + one.sealed).status_code == 201
        done = serving.run("export", "--data", data, "--out", stick)
    bundle = stick / "witnessbox-000001"
    assert done.stdout == f"{bundle}: 2 reports, 3 attachments\n"
    assert bring(run, desk, bundle) == ["bundle 1: 2 reports added", "3 attachments added"]
    assert {state for state, _ in states(desk)} == {ARRIVED}
