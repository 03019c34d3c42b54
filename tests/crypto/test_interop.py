"""Our files opened by others and theirs by us: npm `age-encryption`, and Debian's `age`."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from analysis.armor import dearmor
from analysis.identity import HybridIdentity, X25519Identity, format_identity, parse_identities
from analysis.unseal import seal_with_passphrase, unseal_bytes
from intake.crypto.recipients import parse_recipient
from intake.crypto.seal import seal_bytes

ROOT = Path(__file__).parents[2]
TYPAGE = ["node", str(ROOT / "tests" / "browser" / "age.mjs")]
LENGTHS = [0, 1, 16 * 1024, 64 * 1024, 200_001]


def run(command: list[str], data: bytes) -> bytes:
    done = subprocess.run(command, input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def identity(kind: str) -> HybridIdentity | X25519Identity:
    return HybridIdentity.generate() if kind == "post-quantum" else X25519Identity(os.urandom(32))


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("kind", ["post-quantum", "X25519"])
def test_the_browser_library_opens_what_we_seal(kind: str, length: int) -> None:
    key, plaintext = identity(kind), os.urandom(length)
    assert run([*TYPAGE, "decrypt", key.reveal()], seal_bytes(plaintext, [key.recipient])) == plaintext


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("kind", ["post-quantum", "X25519"])
def test_we_open_what_the_browser_library_seals(kind: str, length: int) -> None:
    key, plaintext = identity(kind), os.urandom(length)
    sealed = run([*TYPAGE, "encrypt", str(key.recipient)], plaintext)
    assert unseal_bytes(sealed, [key]) == plaintext
    # P4: a report's length may not tell which side sealed it.
    assert len(sealed) == len(seal_bytes(plaintext, [key.recipient]))


def test_a_file_for_two_desks_opens_at_both_sides() -> None:
    ours, theirs = HybridIdentity.generate(), HybridIdentity.generate()
    sealed = run([*TYPAGE, "encrypt", str(ours.recipient), str(theirs.recipient)], b"both")
    assert unseal_bytes(sealed, [ours]) == unseal_bytes(sealed, [theirs]) == b"both"


@pytest.fixture
def debian_age() -> str:
    found = shutil.which("age")
    assert found, "Debian's age is missing: run `make setup` as root, or install the package age"
    return found


def test_debian_age_opens_what_we_seal(debian_age: str, tmp_path: Path) -> None:
    key = X25519Identity(os.urandom(32))
    (tmp_path / "key.txt").write_text(key.reveal() + "\n")
    sealed = seal_bytes(b"words" * 30_000, [key.recipient])
    assert run([debian_age, "-d", "-i", str(tmp_path / "key.txt")], sealed) == b"words" * 30_000


@pytest.mark.parametrize("armor", [[], ["--armor"]], ids=["binary", "armored"])
def test_we_open_what_debian_age_seals(debian_age: str, armor: list[str]) -> None:
    made = run(["age-keygen"], b"").decode()
    (key,) = parse_identities(made)
    sealed = run([debian_age, "-r", str(key.recipient), *armor], b"words" * 30_000)
    assert unseal_bytes(sealed, [key]) == b"words" * 30_000
    assert dearmor(sealed) if armor else True


def test_the_public_half_agrees_with_debian_age_keygen(debian_age: str) -> None:
    made = run(["age-keygen"], b"").decode()
    (key,) = parse_identities(made)
    assert f"# public key: {key.recipient}\n" in made


def test_the_public_half_agrees_with_the_browser_library() -> None:
    key = HybridIdentity.generate()
    assert run([*TYPAGE, "recipient", key.reveal()], b"").decode().strip() == str(key.recipient)
    assert parse_recipient(str(key.recipient)) == key.recipient


def test_stock_age_opens_our_passphrase_protected_identity(debian_age: str, tmp_path: Path) -> None:
    """On a terminal of its own, since age asks nowhere else for a passphrase."""
    key = HybridIdentity.generate()
    sealed = tmp_path / "identity.age"
    sealed.write_bytes(seal_with_passphrase(format_identity(key).encode(), "correct horse"))
    out = tmp_path / "identity.txt"
    script = f"stty -echo; exec {debian_age} -d -o {out} {sealed}"
    done = subprocess.run(
        ["script", "--quiet", "--return", "--echo", "never", "-c", script, "/dev/null"],
        input=b"correct horse\n",
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()
    assert parse_identities(out.read_text()) == (key,)
