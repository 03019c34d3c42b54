"""P5: a full disk at the intake, on the stick or at the desk loses nothing, and is said in words.

The disks are real file systems of a few megabytes, in memory.
"""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from intake.crypto.receipt import Receipt
from tests.faults.chain import DESK, INTAKE, Chain, Intake, sealed_body
from tests.serving import configure
from tests.working import post_sealed

pytestmark = pytest.mark.skipif(
    subprocess.run(["id", "-u"], capture_output=True, check=True).stdout != b"0\n",
    reason="only root may mount a file system",
)
ONE_REPORT = 18_043


@contextmanager
def small_disk(path: Path, size: str) -> Iterator[Path]:
    """A file system of that size at `path`, with what was there before copied onto it."""
    aside = path.with_name(f"{path.name}.aside")
    if path.exists():
        path.rename(aside)
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], check=True)
    try:
        if aside.exists():
            shutil.copytree(aside, path, dirs_exist_ok=True)
        yield path
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


@pytest.fixture
def disks() -> Iterator[Callable[[Path, str], Path]]:
    """Makes small disks that are gone after the test."""
    with ExitStack() as stack:
        yield lambda path, size: stack.enter_context(small_disk(path, size))


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    """A chain that was made and holds nothing."""
    made = Chain(tmp_path)
    made.make()
    return made


def send(chain: Chain, number: int) -> tuple[set[bytes], list[int]]:
    """Sends that many reports; the ids that were acknowledged, and every status."""
    intake, acknowledged, statuses = Intake(chain), set(), []
    try:
        with httpx.Client(base_url=intake.wait(), timeout=30) as client:
            for _ in range(number):
                receipt = Receipt.draw()
                body = sealed_body(receipt, chain.recipients)
                statuses.append(post_sealed(client, body).status_code)
                if statuses[-1] == 201:
                    acknowledged.add(receipt.id)
    finally:
        intake.end()
    return acknowledged, statuses


def refused(chain: Chain, name: str, *arguments: str) -> str:
    """A command that must fail in two lines; what it said."""
    process = chain.start(name, *arguments)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (1, ""), errors
    assert errors.count("\n") <= 2, errors
    assert errors.startswith(f"{name}: error: "), errors
    return errors


def test_an_intake_whose_disk_is_full_says_so_and_keeps_what_it_acknowledged(
    chain: Chain, disks: Callable[[Path, str], Path]
) -> None:
    # The margin that is kept free would otherwise be all that such a disk has. An export needs some of it:
    # the journal of a server that was killed goes into the file first.
    configure(chain.data, min_free_bytes=6_000_000)
    disk = disks(chain.data, "11m")
    acknowledged, statuses = send(chain, 8 * 1024 * 1024 // ONE_REPORT)
    assert acknowledged
    assert statuses[-1] == 503
    assert set(statuses) == {201, 503}
    fill = disk / "somebody else's file"
    subprocess.run(["dd", "if=/dev/zero", f"of={fill}", "bs=4096"], capture_output=True, check=False)
    assert "no room on the disk" in refused(chain, INTAKE, *chain.export())
    assert chain.bundles() == []
    fill.unlink()
    chain.run(INTAKE, *chain.export())
    (bundle,) = chain.bundles()
    chain.run(DESK, *chain.imported(bundle))
    assert set(chain.at_desk()) == acknowledged


def test_a_full_stick_is_left_clean_and_the_next_one_takes_everything(
    chain: Chain, disks: Callable[[Path, str], Path]
) -> None:
    acknowledged, _ = send(chain, 40)
    disks(chain.stick, "256k")
    assert "no space left on device" in refused(chain, INTAKE, *chain.export()).lower()
    assert list(chain.stick.iterdir()) == []
    larger = chain.home / "larger"
    larger.mkdir()
    chain.run(INTAKE, "export", "--data", chain.data, "--out", larger)
    chain.run(DESK, *chain.imported(larger / "witnessbox-000001"))
    assert set(chain.at_desk()) == acknowledged


@pytest.mark.parametrize("room", [200_000, 700_000, 1_200_000], ids=["little", "half", "the archive alone"])
def test_a_desk_whose_disk_is_full_takes_nothing_and_everything_later(chain: Chain, room: int) -> None:
    acknowledged, _ = send(chain, 60)
    chain.run(INTAKE, *chain.export())
    (bundle,) = chain.bundles()
    taken = sum(path.stat().st_blocks * 512 for path in chain.desk.rglob("*"))
    with small_disk(chain.desk, str(taken + room)):
        errors = refused(chain, DESK, *chain.imported(bundle))
        assert "space" in errors or "full" in errors, errors
        chain.at_desk()
        shutil.copytree(chain.desk, chain.home / "copied")
    shutil.rmtree(chain.desk)
    (chain.home / "copied").rename(chain.desk)
    chain.run(DESK, *chain.imported(bundle))
    assert set(chain.at_desk()) == acknowledged


def test_a_stick_that_cannot_be_written_to_is_read(chain: Chain, disks: Callable[[Path, str], Path]) -> None:
    acknowledged, _ = send(chain, 5)
    disks(chain.stick, "4m")
    chain.run(INTAKE, *chain.export())
    subprocess.run(["mount", "-o", "remount,ro", chain.stick], check=True)
    (bundle,) = chain.bundles()
    chain.run(DESK, *chain.imported(bundle))
    assert set(chain.at_desk()) == acknowledged
