"""The private key of a desk of shares stands on no disk: not while it is made, nor when it is used (P8)."""

import re
import shutil
from base64 import b64encode
from pathlib import Path

import pytest

from analysis.identity import HybridIdentity
from analysis.shares import Gathering
from tests.analysis.conftest import Run
from tests.analysis.holding import contents, hold, lines
from tests.analysis.test_leaks import system_files

PASSPHRASE = "zebrafinch and five other words"
_OPENED = re.compile(r'openat\([^,]+, "([^"]+)", [^)]*O_(?:WRONLY|RDWR|CREAT)[^)]*\) = \d')
_WRITTEN = re.compile(r"\b(?:write|pwrite64|writev|sendto)\(\d+<([^>]+)>")


def spellings(shares: list[str]) -> list[bytes]:
    """How the key that these shares open could stand in a file."""
    found = Gathering()
    for share in shares:
        found.add(share.split())
    identity = found.identity()
    seed, text = identity.seed, identity.reveal()
    plain = [seed, seed[:16], seed.hex().encode(), b64encode(seed)[:40], text.encode(), text.lower().encode()]
    # The first four words are those of the set, which a sheet of any age may share; from there on any
    # three in a row.
    rows = [share.split()[start : start + 3] for share in shares for start in range(4, 31)]
    return plain + [sign.join(row).encode() for row in rows for sign in (" ", "\n", "\t")]


def found_in(files: dict[Path, bytes], secrets: list[bytes]) -> set[Path]:
    """The files that hold one of these, as UTF-8 or as UTF-16."""
    wanted = secrets + [secret.decode("latin-1").encode("utf-16-le") for secret in secrets]
    return {path for path, data in files.items() if any(one in data for one in wanted)}


def test_the_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    identity = HybridIdentity.generate()
    (tmp_path / "left").write_text(f"# {identity.reveal()}\n")
    assert found_in(contents(tmp_path), [identity.reveal().encode()]) == {tmp_path / "left"}


@pytest.fixture
def home(tmp_path: Path, environment: dict[str, str]) -> Path:
    """The home folder of who runs the commands."""
    folder = tmp_path / "home"
    folder.mkdir()
    environment |= {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / ".cache")}
    return folder


def test_a_key_of_shares_is_found_in_no_file_of_home_and_temporary_folders(
    run: Run, tmp_path: Path, home: Path, scratch: Path, environment: dict[str, str]
) -> None:
    before = system_files()
    path = home / "desk"
    made = hold("keygen", "--desk", path, "--shares", "2/3", environment=environment)
    assert made.status == 0
    assert run("rehearse", "--desk", path, typed=lines(*made.shares[:2])).returncode == 0
    assert run("keys", "--desk", path, typed=lines(*made.shares[1:])).returncode == 0
    new = hold(
        *("rotate", "--desk", path, "--shares", "--new-shares", "2/3", "--passphrase"),
        environment=environment,
        typed=lines(*made.shares[:2], PASSPHRASE),
    )
    assert (new.status, new.errors) == (0, "")
    secrets = [*spellings(made.shares), *spellings(new.shares), PASSPHRASE.encode()]
    files = contents(home, scratch) | {path: path.read_bytes() for path in new_files(before)}
    assert path / "earlier.age" in files
    assert found_in(files, secrets) == set()
    assert not list(scratch.iterdir())


def new_files(before: set[Path]) -> list[Path]:
    """What appeared in the system's folders of temporary files and is ours to read."""
    appeared = system_files() - before
    return [path for path in appeared if path.is_file() and path.stat().st_uid == path.home().stat().st_uid]


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_no_system_call_writes_a_share_to_a_file_or_starts_a_program(
    tmp_path: Path, home: Path, scratch: Path, environment: dict[str, str]
) -> None:
    path, trace = home / "desk", tmp_path / "trace"
    calls = "openat,write,pwrite64,writev,sendto,connect,execve"
    strace = ("strace", "-f", "-y", "-s", "100000", "-o", str(trace), "-e", f"trace={calls}")
    made = hold("keygen", "--desk", path, "--shares", "2/3", environment=environment, prefix=strace)
    assert made.status == 0
    text = trace.read_text(errors="replace")
    assert made.shares[0] in text, "the trace shows what the terminal was shown"
    assert text.count("execve(") == 1
    assert "connect(" not in text
    secrets = [one.decode("latin-1") for one in spellings(made.shares)[6:]]
    for line in text.splitlines():
        to = _WRITTEN.search(line)
        if to and to[1].startswith("/") and not to[1].startswith("/dev/pts"):
            assert not any(secret in line for secret in secrets), to[1]
    opened = {Path(name) for name in _OPENED.findall(text)}
    # Beside the desk's own files only the list of fonts, which the system keeps in the home folder.
    others = {name for name in opened if not name.is_relative_to(home) and name != Path("/dev/null")}
    assert others == set()
