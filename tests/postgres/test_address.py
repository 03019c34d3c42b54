"""Where the database is stands in a file, and a host that is not this machine must prove who it is."""

from pathlib import Path

import pytest

from intake.keeping import DatabaseError
from intake.postgres import address
from tests.serving import run

LOCAL = "postgresql:///reports?host=/run/postgresql"
PROVED = "postgresql://db.example.org/reports?sslmode=verify-full&sslrootcert=/etc/ca.pem"


@pytest.mark.parametrize(
    "url",
    [
        LOCAL,
        PROVED,
        "postgresql://witness@localhost/reports",
        "postgresql://127.0.0.1:5433/reports",
        "postgresql://[::1]/reports",
        "postgresql://one.example.org,two.example.org/reports?sslmode=verify-full&target_session_attrs=read-write",
    ],
)
def test_an_address_that_is_local_or_proved_is_taken(url: str, tmp_path: Path) -> None:
    assert address.write(tmp_path / "database.toml", url).url == url
    assert (tmp_path / "database.toml").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        pytest.param("postgresql://db.example.org/reports", "does not ask it to prove", id="no cipher"),
        pytest.param(
            "postgresql://db.example.org/r?sslmode=require", "does not ask it to prove", id="no proof"
        ),
        pytest.param("postgresql://localhost,10.1.2.3/r", "10.1.2.3 is not this machine", id="one of two"),
        pytest.param("postgresql://localhost/r?hostaddr=10.1.2.3", "10.1.2.3 is not", id="another number"),
        pytest.param("postgresql:///reports", "names no host", id="no host"),
        pytest.param("mysql://localhost/reports", "is not of the form", id="another kind"),
        pytest.param("postgresql://me:secret-7431@localhost/r", "can read a password", id="password"),
    ],
)
def test_an_address_that_exposes_anything_is_refused(url: str, rule: str, tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match=rule) as refused:
        address.write(tmp_path / "database.toml", url)
    assert "secret-7431" not in f"{refused.value}{refused.value.hint}"
    assert not (tmp_path / "database.toml").exists()


def test_a_number_that_the_environment_gives_counts_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGHOSTADDR", "10.1.2.3")
    with pytest.raises(DatabaseError, match=r"10\.1\.2\.3 is not this machine"):
        address.write(tmp_path / "database.toml", "postgresql://localhost/reports")


def test_a_file_with_a_password_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "database.toml"
    file.write_text('url = "postgresql://me:secret-7431@localhost/r"\nmax_bytes = 5\n')
    file.chmod(0o640)
    with pytest.raises(DatabaseError, match="others may read it") as refused:
        address.read(file)
    assert refused.value.hint == f"chmod 600 {file}"
    file.chmod(0o600)
    assert "secret-7431" not in f"{address.read(file)} {address.read(file)!r}"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        pytest.param("url", "is not TOML", id="no TOML"),
        pytest.param("max_bytes = 5", '"url" is missing', id="no url"),
        pytest.param(f'url = "{LOCAL}"', '"max_bytes" is missing', id="no limit"),
        pytest.param(f'url = "{LOCAL}"\nmax_bytes = 0', "must be 1 or more", id="no room"),
        pytest.param(f'url = "{LOCAL}"\nmax_bytes = 5\nsize = 5', 'no setting "size"', id="another setting"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(content: str, rule: str, tmp_path: Path) -> None:
    (tmp_path / "database.toml").write_text(content)
    with pytest.raises(DatabaseError, match=rule):
        address.read(tmp_path / "database.toml")


def test_an_intake_with_two_databases_is_refused(data: Path) -> None:
    address.write(data / "database.toml", LOCAL)
    done = run("status", "--data", data)
    assert done.returncode == 1
    assert f"{data} has both database.toml and reports.db" in done.stderr


def test_a_database_that_does_not_answer_is_said_in_one_line(data: Path) -> None:
    (data / "reports.db").unlink()
    address.write(data / "database.toml", "postgresql://127.0.0.1:1/reports")
    for command in (["status"], ["serve", "--port", "0"], ["export", "--out", data]):
        done = run(command[0], "--data", data, *command[1:])
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == "witnessbox-intake: error: postgresql://127.0.0.1/reports cannot be reached\n"
