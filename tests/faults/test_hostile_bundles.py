"""P5, P8: whatever lies on the stick, and whoever runs the server, the desk takes what is right or nothing.

Every refusal names the file and the rule in two lines, costs little memory and disk, and leaves no file
outside the desk's folder.
"""

import io
import os
import random
import resource
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.desk import Desk
from analysis.identity import HybridIdentity, format_identity
from analysis.pinning import pin
from intake.crypto import manifest as manifests
from intake.crypto.shard import write_shard
from tests.analysis.conftest import COMMAND, unlock
from tests.analysis.making import Server, pack, varied

SEED = 11
MOST_MEMORY = 250 * 1024 * 1024
REPORTS = 12


class Case:
    """A desk that has taken bundle 1, and bundle 2 on a stick, to be spoilt."""

    def __init__(self, home: Path) -> None:
        self.home, self.desk, self.stick = home, home / "desk", home / "stick"
        self.stick.mkdir()
        self.server = Server()
        Desk.create(self.desk, format_identity(HybridIdentity.generate()), None)
        desk = unlock(self.desk)
        pin(desk, self.server.public(self.stick))
        self.recipients = desk.recipients
        desk.close()
        self.first = self.server.bundle(self.stick, varied(self.recipients, 3))
        assert self.take(self.first).returncode == 0
        self.second = self.server.bundle(
            self.stick, varied(self.recipients, REPORTS), varied(self.recipients, REPORTS)
        )

    def take(self, bundle: Path) -> "subprocess.CompletedProcess[str]":
        """The import of a bundle by a process with little memory."""
        scratch = self.home / "scratch"
        scratch.mkdir(exist_ok=True)
        return subprocess.run(
            [*COMMAND, "import", "--desk", self.desk, bundle],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "TMPDIR": str(scratch), "HOME": str(scratch), "SQLITE_TMPDIR": str(scratch)},
            preexec_fn=_with_little_memory,
        )

    def outside(self) -> dict[str, int]:
        """Every file that is not the desk's or on the stick."""
        files = (path for path in self.home.rglob("*") if path.is_file())
        return {
            str(path): path.stat().st_size
            for path in files
            if self.desk not in path.parents and self.stick not in path.parents
        }

    def archived(self) -> dict[str, int]:
        """The desk's sealed files and what they take."""
        return {
            str(path): path.stat().st_blocks for path in (self.desk / "archive").rglob("*") if path.is_file()
        }


def _with_little_memory() -> None:
    # Of data that is written to; libraries and the file cache do not count.
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """See Case."""
    return Case(tmp_path)


def assert_refused(case: Case, bundle: Path) -> str:
    """The import of `bundle` changes nothing, and says why in two lines at most; what it said."""
    before, archived = case.outside(), case.archived()
    done = case.take(bundle)
    assert (done.returncode, done.stdout) == (1, ""), done.stdout
    assert done.stderr.startswith("witnessbox-analysis: error: "), done.stderr
    assert done.stderr.count("\n") <= 2, done.stderr
    assert str(bundle) in done.stderr
    assert case.outside() == before
    assert case.archived() == archived
    with_desk = unlock(case.desk)
    rows = with_desk.database.conn.execute('SELECT count(*) FROM "reports"').fetchone()[0]
    with_desk.close()
    assert rows == 3
    return done.stderr


def assert_takes_the_good_one(case: Case, good: Path) -> None:
    """After whatever was refused, the bundle as it was made is taken whole."""
    done = case.take(good)
    assert done.stdout == f"bundle 2: {2 * REPORTS} reports added\n", done.stderr


def files(bundle: Path) -> list[Path]:
    return sorted(path for path in bundle.rglob("*") if path.is_file())


def flip(data: bytes, draw: random.Random) -> bytes:
    place = draw.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << draw.randrange(8))]) + data[place + 1 :]


def cut(data: bytes, draw: random.Random) -> bytes:
    return data[: draw.randrange(len(data))]


def grow(data: bytes, draw: random.Random) -> bytes:
    return data + draw.randbytes(draw.randint(1, 2000))


def swap(data: bytes, draw: random.Random) -> bytes:
    middle = draw.randrange(1, len(data))
    return data[middle:] + data[:middle]


@pytest.mark.parametrize("spoil", [flip, cut, grow, swap])
def test_a_bundle_spoilt_anywhere_is_refused_and_the_good_one_taken_after(
    case: Case, spoil: Callable[[bytes, random.Random], bytes]
) -> None:
    draw = random.Random(SEED)
    for number in range(3):
        for file in files(case.second):
            spoilt = case.stick / f"spoilt-{number}-{file.name}" / case.second.name
            shutil.copytree(case.second, spoilt)
            target = spoilt / file.relative_to(case.second)
            target.write_bytes(spoil(file.read_bytes(), draw))
            assert_refused(case, spoilt)
            shutil.rmtree(spoilt.parent)
    assert_takes_the_good_one(case, case.second)


def test_shards_that_changed_places_are_refused(case: Case) -> None:
    spoilt = case.stick / "swapped" / case.second.name
    shutil.copytree(case.second, spoilt)
    one, two = sorted(spoilt.glob("*.tar"))
    here, there = one.read_bytes(), two.read_bytes()
    one.write_bytes(there)
    two.write_bytes(here)
    assert_refused(case, spoilt)
    assert_takes_the_good_one(case, case.second)


def test_an_old_bundle_under_a_new_name_adds_nothing(case: Case) -> None:
    renamed = case.stick / "witnessbox-000009"
    shutil.copytree(case.first, renamed)
    done = case.take(renamed)
    assert done.stdout == "bundle 1: 0 reports added, 3 known before\n", done.stderr
    assert_takes_the_good_one(case, case.second)


def tar_of(*members: tarfile.TarInfo, kind: int = tarfile.USTAR_FORMAT) -> bytes:
    """A tar of any members, each filled with zeros."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=kind) as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(bytes(member.size)))
    return out.getvalue()


def entry(name: str = f"2026-W46/{'ab' * 16}.age", size: int = 18043, **given: object) -> tarfile.TarInfo:
    """A member's header, with anything in it."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    for key, value in given.items():
        setattr(info, key, value)
    return info


def many_empty() -> bytes:
    """As many headers of empty members as the longest shard holds."""
    return entry(size=0).tobuf(tarfile.USTAR_FORMAT) * (63 * 2048)


SIGNED_TRASH: dict[str, Callable[[], bytes]] = {
    "a path out of the folder": lambda: tar_of(entry("../../../escaped")),
    "an absolute path": lambda: tar_of(entry("/tmp/escaped")),
    "a symbolic link": lambda: tar_of(entry(size=0, type=tarfile.SYMTYPE, linkname="/etc/passwd")),
    "a hard link": lambda: tar_of(entry(size=0, type=tarfile.LNKTYPE, linkname="/etc/passwd")),
    "a device": lambda: tar_of(entry(size=0, type=tarfile.CHRTYPE, devmajor=1, devminor=5)),
    "a sparse file": lambda: tar_of(entry(type=tarfile.GNUTYPE_SPARSE), kind=tarfile.GNU_FORMAT),
    "a long name of another format": lambda: tar_of(entry("x" * 300), kind=tarfile.GNU_FORMAT),
    "extended headers": lambda: tar_of(
        entry(pax_headers={"path": "../../escaped", "size": "10000000000"}), kind=tarfile.PAX_FORMAT
    ),
    "a claim of ten gigabytes": lambda: entry(size=8**11 - 1).tobuf(tarfile.USTAR_FORMAT) + bytes(4096),
    "empty members without end": many_empty,
    "a compressed archive": lambda: b"\x1f\x8b\x08" + bytes(5000),
    "noise": lambda: random.Random(SEED).randbytes(200_000),
    "nothing": lambda: b"",
}


@pytest.mark.parametrize("trash", [pytest.param(make, id=name) for name, make in SIGNED_TRASH.items()])
def test_trash_that_a_server_signed_is_refused_within_bounds(case: Case, trash: Callable[[], bytes]) -> None:
    good = pack(varied(case.recipients, 2))
    case.server.sequence -= 1
    case.server.previous = manifests.digest((case.first / "manifest").read_bytes())
    bundle = case.server.pack(case.stick / "signed", [good, (trash(), 1)])
    assert_refused(case, bundle)
    assert not Path("/tmp/escaped").exists()
    assert_takes_the_good_one(case, case.second)


def test_a_file_of_ten_gigabytes_under_a_signed_name_is_not_copied(case: Case) -> None:
    spoilt = case.stick / "huge" / case.second.name
    shutil.copytree(case.second, spoilt)
    for shard in spoilt.glob("*.tar"):
        os.truncate(shard, 10 * 1024**3)
    assert "another length" in assert_refused(case, spoilt)
    for large in ("manifest", *(str(form.relative_to(spoilt)) for form in (spoilt / "forms").iterdir())):
        whole = (case.second / large).stat().st_size
        os.truncate(spoilt / large, 10 * 1024**3)
        assert_refused(case, spoilt)
        os.truncate(spoilt / large, whole)


@pytest.mark.parametrize("place", ["manifest", "forms", "shard"])
@pytest.mark.parametrize("kind", ["link", "pipe", "device"])
def test_what_is_no_plain_file_is_refused_without_waiting(case: Case, place: str, kind: str) -> None:
    spoilt = case.stick / "other" / case.second.name
    shutil.copytree(case.second, spoilt)
    target = {
        "manifest": spoilt / "manifest",
        "forms": next((spoilt / "forms").iterdir()),
        "shard": next(spoilt.glob("*.tar")),
    }[place]
    target.unlink()
    if kind == "pipe":
        os.mkfifo(target)
    else:
        target.symlink_to({"link": "/etc/hostname", "device": "/dev/zero"}[kind])
    assert_refused(case, spoilt)


def test_a_signed_shard_of_good_reports_for_somebody_else_is_set_aside_by_reason(case: Case) -> None:
    stranger = [HybridIdentity.generate().recipient]
    out = io.BytesIO()
    write_shard(sorted(varied(stranger, 5), key=lambda one: one.name), out)
    case.take(case.second)
    third = case.server.pack(case.stick, [(out.getvalue(), 5)])
    done = case.take(third)
    assert done.stdout.splitlines() == [
        "bundle 3: 0 reports added",
        "5 reports set aside:",
        "  5 not for this key",
    ]
