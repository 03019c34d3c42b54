"""The configuration of a server, checked by the programs that read it; `make deploy-test` runs all of it."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
INSTALL = ["bash", str(DEPLOY / "install.sh")]
UNITS = ("witnessbox.service", "witnessbox-alarm.service")
# Of systemd's scale from 0 (all is taken away) to 10, in tenths.
MOST_EXPOSED = 15
DOMAIN = "tell.example.org"
# What install.sh adds to files of others, line by line.
LINES = {"apparmor-tor"}


def call(*line: str | Path) -> str:
    done = subprocess.run([str(one) for one in line], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def refused(*arguments: str) -> str:
    done = subprocess.run([*INSTALL, *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


@pytest.fixture(scope="module", params=["--domain", "--onion-only", "--database"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a server on the open web, one that is not, and one with a database."""
    out = tmp_path_factory.mktemp("files")
    mode = ["--onion-only"] if request.param == "--onion-only" else ["--domain", DOMAIN]
    mode += ["--database", "postgresql://x@127.0.0.1/x"] if request.param == "--database" else []
    call(*INSTALL, "files", *mode, "--ssh-port", "22", "--out", out)
    return out


@pytest.fixture
def web(made: Path) -> bool:
    return (made / "etc/caddy/Caddyfile").exists()


@pytest.fixture
def database(made: Path) -> bool:
    return (made / "etc/witnessbox/database.env").exists()


def test_the_scripts_have_no_trap_that_shellcheck_knows() -> None:
    scripts = [DEPLOY / "install.sh", DEPLOY / "server/command", DEPLOY / "server/motd"]
    call("shellcheck", *scripts, *(ROOT / "tests").rglob("*.sh"))


def test_every_file_of_the_folder_is_installed_with_its_names(made: Path, web: bool, database: bool) -> None:
    files = [path for path in made.rglob("*") if path.is_file()]
    ours = {path.name for path in (DEPLOY / "server").iterdir()} - LINES
    # One of the database's two files stands in two places.
    assert len(files) == len(ours) - (0 if web else 3) + (1 if database else -2)
    for path in files:
        assert not re.search(r"@[A-Z_]+@|^#[a-z]+# ", path.read_text(), re.MULTILINE), path


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_finds_little_left_to_take_from_a_service(made: Path, unit: str, tmp_path: Path) -> None:
    path, folder = tmp_path / unit, made / "etc/systemd/system"
    more = [one.read_text() for one in (folder / f"{unit}.d").glob("*")]
    path.write_text("\n".join([(folder / unit).read_text(), *more]))
    call("systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}", path)


def test_systemd_understands_every_line_of_the_units(made: Path, tmp_path: Path) -> None:
    units = []
    for path in (made / "etc/systemd/system").glob("witnessbox*"):
        if path.is_dir():
            continue
        # The program is not on this machine.
        text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", path.read_text(), flags=re.MULTILINE)
        (tmp_path / path.name).write_text(text)
        units.append(tmp_path / path.name)
    assert call("systemd-analyze", "verify", *units) == ""


def test_caddy_takes_its_file_and_would_write_it_the_same(made: Path, web: bool) -> None:
    if not web:
        assert not list(made.rglob("caddy*"))
        return
    file = made / "etc/caddy/Caddyfile"
    assert "Valid configuration" in call("caddy", "validate", "--config", file, "--adapter", "caddyfile")
    assert call("caddy", "fmt", file) == file.read_text()


def test_tor_takes_its_file(made: Path, tmp_path: Path) -> None:
    lines = (made / "etc/tor/torrc.d/witnessbox.conf").read_text()
    assert "\nHiddenServicePoWDefensesEnabled 1\n" in lines
    (tmp_path / "torrc").write_text(lines.replace("/var/lib/tor/witnessbox/", f"{tmp_path}/onion/"))
    said = call("tor", "--verify-config", "-f", tmp_path / "torrc", "--DataDirectory", tmp_path / "tor")
    assert "Configuration was valid" in said
    warnings = [line for line in said.splitlines() if "[warn]" in line and "running Tor as root" not in line]
    assert warnings == []


def test_nftables_takes_the_rules_twice_over(made: Path, web: bool, database: bool) -> None:
    # Of a network of its own, so that nothing of this machine's changes.
    alone = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    rules = made / "etc/witnessbox/nftables.conf"
    # The intake's user is known on its own machine alone.
    rules.write_text(rules.read_text().replace("skuid witnessbox", "skuid nobody"))
    said = call(*alone, "sh", "-c", f"nft -f {rules} && nft -f {rules} && nft list ruleset")
    assert "policy drop" in said
    assert ("tcp dport { 80, 443 } accept" in said) == web
    assert ("tcp dport 5432 accept" in said) == database


@pytest.mark.parametrize(
    "option", sorted(set(re.findall(r"^--[a-z-]+", call(*INSTALL, "--help"), re.MULTILINE)))
)
def test_the_guide_names_every_option(option: str) -> None:
    assert option in (DEPLOY / "SERVER.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        pytest.param(["files", "--out", "x"], "say where it can be reached", id="no mode"),
        pytest.param(["files", "--domain", "x.org", "--onion-only"], "exclude each other", id="both"),
        pytest.param(["files", "--domain", "a b; rm"], "is not the name of a machine", id="no name"),
        pytest.param(
            ["files", "--onion-only", "--ssh-port", "x", "--out", "y"], "is not a port", id="no port"
        ),
        pytest.param(["files", "--onion-only"], "say where to", id="nowhere"),
        pytest.param(["install", "--speed"], "there is no option --speed", id="no option"),
        pytest.param(["mend"], "there is no command mend", id="no command"),
        pytest.param(["install", "--domain"], "--domain needs a value", id="no value"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is(arguments: list[str], error: str) -> None:
    first = refused(*arguments).splitlines()[0]
    assert first.startswith("install.sh: error: ")
    assert error in first
