import shutil
import subprocess
from base64 import b64decode
from pathlib import Path

import pytest

from analysis.findings.site.minisign import key_line, public_file, sign
from intake.crypto.signing import SigningKey

KEY = SigningKey(bytes(range(32)))
MESSAGE = b"0" * 64 + b"  index.html\n"


def _stock(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    assert shutil.which("minisign"), "minisign is missing: run `make setup` as root, or install the package"
    return subprocess.run(
        ["minisign", "-V", *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=30
    )


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    """A folder with a file, its signature and the public key."""
    (tmp_path / "SHA256SUMS").write_bytes(MESSAGE)
    (tmp_path / "SHA256SUMS.minisig").write_bytes(sign(KEY, MESSAGE, "release 2026H1 1.0.0"))
    (tmp_path / "minisign.pub").write_bytes(public_file(KEY.verify_key))
    return tmp_path


def test_the_stock_tool_believes_what_this_key_signed(signed: Path) -> None:
    by_file = _stock(signed, "-m", "SHA256SUMS", "-p", "minisign.pub")
    by_line = _stock(signed, "-m", "SHA256SUMS", "-P", key_line(KEY.verify_key))
    for done in (by_file, by_line):
        assert done.returncode == 0, done.stderr
        assert "Trusted comment: release 2026H1 1.0.0" in done.stdout


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        pytest.param("SHA256SUMS", b"index", b"indeX", id="the file"),
        pytest.param("SHA256SUMS.minisig", b"2026H1", b"2026H2", id="the trusted comment"),
    ],
)
def test_the_stock_tool_refuses_what_was_changed(signed: Path, name: str, old: bytes, new: bytes) -> None:
    data = (signed / name).read_bytes()
    assert old in data
    (signed / name).write_bytes(data.replace(old, new))
    assert _stock(signed, "-m", "SHA256SUMS", "-p", "minisign.pub").returncode == 1


def test_the_stock_tool_refuses_the_key_of_somebody_else(signed: Path) -> None:
    other = key_line(SigningKey(bytes(32)).verify_key)
    assert _stock(signed, "-m", "SHA256SUMS", "-P", other).returncode == 1


def test_the_same_key_and_file_give_the_same_signature() -> None:
    assert sign(KEY, MESSAGE, "one") == sign(KEY, MESSAGE, "one") != sign(KEY, MESSAGE, "two")


def test_the_public_file_names_the_key_as_the_stock_tool_does() -> None:
    comment, line = public_file(KEY.verify_key).decode().splitlines()
    assert line == key_line(KEY.verify_key)
    assert comment.endswith(b64decode(line)[2:10][::-1].hex().upper())
