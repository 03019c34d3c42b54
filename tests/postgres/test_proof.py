"""The database as the guide sets it up: over the network in cipher, with a password, for a plain user."""

import asyncio
import os
import pwd
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from analysis.identity import HybridIdentity
from intake.keeping import DatabaseError
from intake.postgres import address, schema
from intake.postgres.database import Postgres
from intake.store import Store
from tests.cards import write_card
from tests.cluster import NOBODY, Cluster
from tests.serving import Server, run, sealed_body, stored
from tests.sharing import SERVER, held

PASSWORD = "secret-7431"


def write_certificate(folder: Path, name: str) -> Path:
    """A certificate that signs itself, for that host, and its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(1))
        .not_valid_after(now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(private)
    (folder / "server.key").chmod(0o600)
    return folder / "server.crt"


@pytest.fixture
def proved(tmp_path: Path) -> Iterator[tuple[Cluster, str]]:
    """A server that speaks in cipher and asks for a password; the address of a database of a plain user."""
    with Cluster() as cluster:
        cluster.stop()
        with (cluster.data / "postgresql.conf").open("a") as file:
            file.write("ssl = on\n")
        certificate = write_certificate(cluster.data, "localhost")
        if os.getuid() == 0:
            owner = pwd.getpwnam(NOBODY)
            for path in (certificate, certificate.with_suffix(".key")):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        cluster.start()
        name = cluster.new_database()
        with closing(cluster.connect(name)) as owning:
            owning.execute(f"CREATE ROLE plain LOGIN PASSWORD '{PASSWORD}'".encode())
            owning.execute(f"ALTER DATABASE {name} OWNER TO plain".encode())
            owning.execute("GRANT pg_checkpoint TO plain")
            owning.execute("GRANT EXECUTE ON FUNCTION pg_switch_wal() TO plain")
            (cluster.data / "pg_hba.conf").write_text(
                "local all witnessbox trust\nhost all witnessbox 127.0.0.1/32 trust\n"
                "hostssl all plain 127.0.0.1/32 scram-sha-256\n"
            )
            owning.execute("SELECT pg_reload_conf()")
        (tmp_path / "ca.pem").write_bytes(certificate.read_bytes())
        place = f"localhost:{cluster.port}/{name}?hostaddr=127.0.0.1"
        yield cluster, f"postgresql://plain@{place}&sslmode=verify-full&sslrootcert={tmp_path / 'ca.pem'}"


def test_a_plain_user_over_the_network_serves_exports_and_puts_in_order(
    proved: tuple[Cluster, str], tmp_path: Path, identity: HybridIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster, url = proved
    passwords = tmp_path / "passwords"
    passwords.write_text(f"*:*:*:plain:{PASSWORD}\n")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    data = tmp_path / "data"
    card = write_card(tmp_path / "desk.pub", identity.recipient)
    done = run("init", "--data", data, "--desk", card, "--database", url)
    assert (done.returncode, done.stderr) == (0, "")
    with Server(data) as server:
        assert server.post_sealed(sealed_body([identity.recipient])).status_code == 201
        assert server.errors() == "", "nothing is wished for"
        with closing(cluster.connect("postgres")) as owner:
            rows = owner.execute(
                "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
                " WHERE usename = 'plain'"
            )
            assert rows.fetchall() == [(True,)]
    assert len(stored(data)) == 1
    assert "1 report" in run("export", "--data", data, "--out", tmp_path).stdout
    assert PASSWORD not in (data / "database.toml").read_text()


def test_a_server_that_cannot_prove_who_it_is_gets_no_password(
    proved: tuple[Cluster, str], tmp_path: Path
) -> None:
    _, url = proved
    (tmp_path / "other").mkdir()
    other = write_certificate(tmp_path / "other", "localhost")
    for wrong in (
        url.replace(str(tmp_path / "ca.pem"), str(other)),
        url.replace("@localhost", "@another.example.org"),
    ):
        place = address.Address(wrong.replace("plain@", f"plain:{PASSWORD}@"), 10**9)
        with pytest.raises(DatabaseError, match="did not prove who it is"):
            Postgres(tmp_path, place, SERVER.verify_key).connect()


def test_a_wrong_password_is_said_without_it(proved: tuple[Cluster, str], tmp_path: Path) -> None:
    _, url = proved
    place = address.Address(url.replace("plain@", "plain:wrong-7431@"), 10**9)
    with pytest.raises(DatabaseError, match="does not take this user or password") as refused:
        Postgres(tmp_path, place, SERVER.verify_key).connect()
    assert "7431" not in f"{refused.value}{refused.value.hint}"


def test_a_password_in_the_file_is_used_and_a_store_needs_no_more_rights(
    proved: tuple[Cluster, str], tmp_path: Path
) -> None:
    _, url = proved
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / "database.toml"
    file.write_text(f'url = "{url.replace("plain@", f"plain:{PASSWORD}@")}"\nmax_bytes = 1000000000\n')
    file.chmod(0o600)
    database = Postgres(tmp_path / "data", address.read(file), SERVER.verify_key)
    with closing(database.open()) as raw:
        schema.make(raw, SERVER.verify_key.public.hex())
    with closing(database):
        store = Store(database, max_reports=10, min_free_bytes=1)
        store.start()
        asyncio.run(store.put(b"1" * 16, "2026-W47", b"sealed"))
        store.close()
        assert held(database) == {b"1" * 16: b"sealed"}
