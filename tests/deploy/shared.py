"""install.sh with a PostgreSQL on another machine: a part of `make deploy-test`, as root.

The database is a real one of Debian, at the other end of the machine's cable, with TLS and a password. The
tests go in this order, as those of machine.py do.
"""

import stat
from collections.abc import Iterator

import pytest

from analysis.identity import HybridIdentity
from tests.deploy.neighbour import ADDRESS, DATABASE, NAME, PASSWORD, PORT, ROLE, Neighbour
from tests.deploy.tree import INSTALL, Machine
from tests.serving import sealed_body

URL = f"postgresql://{ROLE}@{NAME}/{DATABASE}"
HERE = ["--onion-only", "--wheels", "/srv/wheels"]
GIVEN = ["--database", URL, "--database-ca", "/root/ca.pem", "--database-password", "/root/password"]
DATA = ["--data", "/var/lib/witnessbox/data"]
SOCKET = "/run/witnessbox/onion.sock"
READY = f"curl --silent --fail --max-time 5 --unix-socket {SOCKET} http://intake/healthz"
UNITS = ("witnessbox.service", "witnessbox-alarm.service")


@pytest.fixture(scope="module")
def database(machine: Machine) -> Iterator[Neighbour]:
    """It runs, and the machine knows its name, its certificate and its password."""
    with Neighbour(machine) as running:
        running.prepare()
        with (machine.tree / "etc/hosts").open("a") as hosts:
            hosts.write(f"{ADDRESS} {NAME}\n")
        (machine.tree / "root/ca.pem").write_bytes(running.certificate.read_bytes())
        (machine.tree / "root/password").write_text(f"{PASSWORD}\n")
        yield running


def files(machine: Machine) -> dict[str, tuple[int, bytes]]:
    found = machine.files("etc", "opt", "usr/local", "var/lib/witnessbox")
    return {name: (path.stat().st_mode, path.read_bytes()) for name, path in found.items()}


def ask(machine: Machine) -> str:
    return machine.run(
        "curl", "--silent", "--max-time", "20", "--unix-socket", SOCKET, "http://intake/healthz"
    )


def test_a_dry_run_shows_the_way_to_the_database_and_no_password(
    machine: Machine, database: Neighbour
) -> None:
    before = files(machine)
    said = machine.run(*INSTALL, "install", *HERE, *GIVEN, "--desk", "/root/desk.pub", "--dry-run")
    for unit in UNITS:
        assert f"would write /etc/systemd/system/{unit}.d/database.conf\n" in said
    assert "would write /etc/witnessbox/pgpass, which only witnessbox may read\n" in said
    assert "deploy/requirements/postgres.txt, by hash" in said
    assert "sslmode=verify-full" in said
    assert not any(part in said for part in (PASSWORD, "three"))
    assert files(machine) == before


@pytest.mark.parametrize(
    ("given", "error"),
    [
        pytest.param(
            ["--database", f"postgresql://{ROLE}:x@{NAME}/w"], "no place for a password", id="password"
        ),
        pytest.param(["--database", "mysql://db/x"], "not an address of a PostgreSQL", id="another"),
        pytest.param(["--database", URL], "must prove who it is", id="no proof"),
        pytest.param(
            ["--database", URL, "--database-ca", "/root/ca.pem"], "wants a password", id="no password"
        ),
        pytest.param(
            ["--database", f"postgresql://{ROLE}@nowhere.invalid/w"], "no address for", id="nowhere"
        ),
        pytest.param(["--database-password", "/root/password"], "are for --database", id="no database"),
    ],
)
def test_what_the_database_lacks_is_said_before_anything_is_done(
    machine: Machine, database: Neighbour, given: list[str], error: str
) -> None:
    before = files(machine)
    said = machine.run("sh", "-c", 'exec "$@" < /dev/null', "-", *INSTALL, "install", *HERE, *given, status=1)
    assert error in said
    assert files(machine) == before


def test_one_command_makes_an_intake_that_keeps_reports_over_there(
    machine: Machine, database: Neighbour
) -> None:
    said = machine.run(*INSTALL, "install", *HERE, *GIVEN, "--desk", "/root/desk.pub")
    assert "it takes reports\n" in said
    assert f"they are kept in {URL}\n" in said
    assert PASSWORD not in said
    assert ask(machine) == "ok\n"
    assert not (machine.tree / "var/lib/witnessbox/data/reports.db").exists()
    with database.connect(DATABASE) as connection:
        rows = connection.execute("SELECT usename, ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)")
        assert (ROLE, True) in rows.fetchall()


def test_the_password_stands_in_one_file_that_its_owner_alone_reads(
    machine: Machine, database: Neighbour
) -> None:
    parts = (PASSWORD.encode(), PASSWORD.replace("\\", "\\\\").replace(":", "\\:").encode())
    holds = [name for name, (_, content) in files(machine).items() if any(part in content for part in parts)]
    assert holds == ["/etc/witnessbox/pgpass"]
    found = (machine.tree / "etc/witnessbox/pgpass").stat()
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert machine.run("stat", "-c", "%U", "/etc/witnessbox/pgpass") == "witnessbox\n"
    machine.run("cat", "/etc/witnessbox/pgpass", user="nobody", status=1)


def test_a_second_run_finds_nothing_to_change_and_asks_nothing(machine: Machine, database: Neighbour) -> None:
    before, pid = files(machine), main_pid(machine)
    said = machine.run(*INSTALL, "install", "--wheels", "/srv/wheels")
    assert "installing" not in said
    assert files(machine) == before
    assert main_pid(machine) == pid


def main_pid(machine: Machine) -> str:
    return machine.run("systemctl", "show", "witnessbox.service", "--property=MainPID,NRestarts")


def test_the_intakes_user_reaches_the_database_and_nothing_else(
    machine: Machine, database: Neighbour
) -> None:
    reach = "exec 3<>/dev/tcp/{}/{}"
    machine.run("timeout", "5", "bash", "-c", reach.format(ADDRESS, PORT), user="witnessbox")
    # Another port of the same machine, where anybody else is told that nobody listens.
    machine.run("timeout", "5", "bash", "-c", reach.format("10.99.0.1", "22"))
    machine.run("timeout", "5", "bash", "-c", reach.format("10.99.0.1", "22"), user="witnessbox", status=1)
    rules = machine.run("nft", "list", "chain", "inet", "witnessbox", "output")
    assert f"ip daddr {ADDRESS} tcp dport {PORT} accept" in rules


def test_the_service_has_lost_no_other_wall_for_it(machine: Machine, database: Neighbour) -> None:
    machine.run("systemd-analyze", "security", "--threshold=15", "--no-pager", *UNITS[:1])
    machine.run("systemd-analyze", "verify", *UNITS)
    said = machine.run("systemctl", "show", UNITS[0], "--property=IPAddressAllow,IPAddressDeny")
    assert set(said.splitlines()) == {f"IPAddressAllow={ADDRESS}/32", "IPAddressDeny=0.0.0.0/0 ::/0"}
    machine.run("systemctl", "start", "witnessbox-alarm.service")


def test_reports_come_in_and_go_out_and_the_database_may_be_away(
    machine: Machine, database: Neighbour, identity: HybridIdentity
) -> None:
    body = machine.tree / "root/body"
    body.write_bytes(sealed_body([identity.recipient]))
    post = ["curl", "--silent", "--max-time", "30", "--output", "/dev/null", "--write-out", "%{http_code}"]
    post += ["--unix-socket", SOCKET, "--header", "Content-Type: application/octet-stream"]
    post += ["--data-binary", "@/root/body", "http://intake/sealed"]
    assert machine.run(*post) == "201"
    assert "to export: 1 report\n" in machine.run("witnessbox-intake", "status", *DATA)
    database.stop()
    # One look serves all who ask within five seconds.
    machine.run("bash", "-c", f"for i in $(seq 60); do {READY} || exit 0; sleep 1; done; exit 1")
    database.start()
    machine.run("bash", "-c", f"for i in $(seq 60); do {READY} && exit; sleep 1; done; exit 1")
    said = machine.run("witnessbox-intake", "export", *DATA, "--out", "courier")
    assert "courier/witnessbox-000001: 1 report" in said


def test_uninstalling_leaves_the_database_and_no_password(machine: Machine, database: Neighbour) -> None:
    said = machine.run(*INSTALL, "uninstall", "--delete-data")
    assert "the database was not touched" in said
    assert not [name for name in machine.files("etc", "opt", "usr/local") if "witnessbox" in name]
    assert not any((machine.tree / "etc/systemd/system" / f"{unit}.d").exists() for unit in UNITS)
    with database.connect(DATABASE) as connection:
        assert connection.execute("SELECT count(*) FROM reports").fetchone() == (1,)
