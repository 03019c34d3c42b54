"""P1 and P3 with PostgreSQL: its tables, its log of transactions and what it says tell of nobody."""

import re
from pathlib import Path

import httpx
import pytest

from analysis.identity import HybridIdentity
from intake.crypto.receipt import Receipt
from tests.attaching import PDF, AttachingServer, sealed_file
from tests.cluster import Cluster
from tests.intake.test_crashes import forms_of
from tests.serving import (
    CANARY,
    OCTETS,
    Server,
    canary_in_every_field,
    make_data,
    sealed_body,
    snapshot,
    stored,
)

# As it is where nobody set it: what the server would say is seen here.
TALKATIVE = "log_min_messages = warning"
# Somebody who comes from elsewhere than this program itself.
VISITOR = "127.0.0.77"


def visit(server: Server, identity: HybridIdentity) -> int:
    """Sends the canary by every way, from an address of its own; how many reports were kept."""
    transport = httpx.HTTPTransport(local_address=VISITOR)
    with httpx.Client(base_url=server.address, transport=transport, headers={"user-agent": CANARY}) as client:
        fields = {**canary_in_every_field(), "_stamp": [server.stamp()]}
        kept = 0
        for extra in ({}, {"count": []}):
            parts = [
                (name, (None, value)) for name, values in {**fields, **extra}.items() for value in values
            ]
            parts.append(("attachments", (f"{CANARY}.pdf", (CANARY * 30_000).encode(), PDF)))  # type: ignore[arg-type]
            kept += client.post("/en/report/", files=parts).status_code == 303
        body = sealed_body([identity.recipient], story=[CANARY])
        kept += client.post("/sealed", content=body, headers=OCTETS).status_code == 201
        file, _ = sealed_file([identity.recipient], Receipt.draw(), (CANARY * 30_000).encode())
        assert client.post("/sealed", content=file, headers=OCTETS).status_code == 201
        client.post("/sealed", content=CANARY.encode(), headers=OCTETS)
        client.get(f"/{CANARY}?{CANARY}", headers={"cookie": CANARY})
    return kept


@pytest.fixture
def after(tmp_path: Path, identity: HybridIdentity) -> dict[str, dict[str, bytes]]:
    """All files of a database and its machine: while they run, after a crash, and when all is done."""
    found = {}
    with Cluster(TALKATIVE) as cluster:
        data = make_data(tmp_path / "data", identity, database=cluster.url(cluster.new_database(), tcp=True))
        with AttachingServer(data) as server:
            kept = visit(server, identity)
            assert kept == 2
            found["running"] = cluster.everything() | snapshot(tmp_path)
            cluster.kill()
            found["killed"] = cluster.everything() | snapshot(tmp_path)
            cluster.start()
            kept += visit(server, identity) if server.client.get("/en/").status_code == 200 else 0
        found["stopped"] = cluster.everything() | snapshot(tmp_path)
        assert len(stored(data)) == kept
        cluster.stop()
        found["down"] = cluster.everything()
    return found


def test_words_and_addresses_are_in_no_file_of_the_database_and_in_no_log(
    after: dict[str, dict[str, bytes]],
) -> None:
    secrets = [*forms_of(CANARY), VISITOR.encode()]
    found = [
        (when, name)
        for when, files in after.items()
        for name, content in files.items()
        if any(secret in content for secret in secrets)
    ]
    assert found == []
    assert any("pg_wal/0" in name for name in after["running"]), "its log of transactions was looked at"
    assert any(content.count(b"age-encryption.org/v1") for content in after["running"].values())


def test_the_database_says_nothing_of_any_report_when_it_comes(
    tmp_path: Path, identity: HybridIdentity
) -> None:
    with Cluster(TALKATIVE) as cluster:
        data = make_data(tmp_path / "data", identity, database=cluster.url(cluster.new_database()))
        with Server(data) as server:
            before = cluster.log.read_text()
            for _ in range(3):
                body = sealed_body([identity.recipient])
                assert server.post_sealed(body).status_code == 201
                # The same id with other bytes would break a rule of the table.
                other = body[:-1] + b"?"
                assert server.client.post("/sealed", content=other, headers=OCTETS).status_code == 409
            assert cluster.log.read_text() == before
        # Nor when it put the tables in order before it stopped.
        assert cluster.log.read_text() == before
        assert not re.search(r"STATEMENT|DETAIL|duration", before)


def test_no_value_stands_in_what_the_database_does_just_now(tmp_path: Path, identity: HybridIdentity) -> None:
    with Cluster() as cluster:
        name = cluster.new_database()
        data = make_data(tmp_path / "data", identity, database=cluster.url(name))
        body = sealed_body([identity.recipient])
        with Server(data) as server:
            assert server.post_sealed(body).status_code == 201
            with cluster.connect(name) as connection:
                rows = connection.execute("SELECT query FROM pg_stat_activity").fetchall()
    said = "\n".join(query or "" for (query,) in rows)
    assert "reports" in said
    assert body[:16].hex() not in said
