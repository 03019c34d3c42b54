"""A Debian machine in a folder: made by debootstrap, booted by its own systemd, without a network.

The tree is made with the mirror that this machine's apt is told to use. It is downloaded to once; the
machine that is made from it reaches nothing but the test.
"""

import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[2]
BOOT = Path(__file__).with_name("boot.sh")
# A server of earlier Debian days has a log of its own beside systemd's.
BASE = "ca-certificates,dbus,iproute2,kmod,openssh-server,procps,rsyslog,systemd,systemd-sysv"
# What install.sh asks Debian for, and the machine cannot fetch.
PACKAGES = ["caddy", "curl", "nftables", "python3", "python3-venv", "systemd-timesyncd", "tor"]
PACKAGES += ["unattended-upgrades"]
PYTHONS = {"bookworm": "3.11", "trixie": "3.13"}
SECONDS = 600
# Where the project is unpacked on a machine.
PROJECT = "/srv/witnessbox"
INSTALL = ["bash", f"{PROJECT}/deploy/install.sh"]


def call(*line: str | Path, seconds: int = SECONDS) -> str:
    """Runs a command of this machine to its end; what it says is shown only when it fails."""
    done = subprocess.run(
        [str(one) for one in line], capture_output=True, text=True, timeout=seconds, check=False
    )
    assert done.returncode == 0, f"{line[0]} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def make(folder: Path, suite: str) -> Path:
    """A tree with what a fresh server has, and what install.sh will fetch; made once in a folder."""
    tree = folder / suite
    if (tree / "made").exists():
        return tree
    shutil.rmtree(tree, ignore_errors=True)
    mirror = call("apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages").split()[0]
    call("debootstrap", "--variant=minbase", f"--include={BASE}", suite, tree, mirror)
    _tell_apt(tree, suite)
    (tree / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (tree / "usr/sbin/policy-rc.d").chmod(0o755)
    for name in ("resolv.conf", "hosts"):
        shutil.copy(Path("/etc") / name, tree / "etc" / name)
    apt = ["chroot", tree, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--yes", "--quiet"]
    call(*apt, "update")
    call(*apt, "dist-upgrade")
    call(*apt, "install", "--no-install-recommends", "--download-only", *PACKAGES)
    for name in ("usr/sbin/policy-rc.d", "etc/resolv.conf"):
        (tree / name).unlink()
    (tree / "etc/hosts").write_text("127.0.0.1 localhost machine\n10.99.0.1 tell.example.org\n")
    (tree / "etc/fstab").write_text("# made for a test\nUUID=1234-5678 none swap sw 0 0\n")
    _fetch_wheels(tree / "srv/wheels", PYTHONS[suite])
    (tree / "made").touch()
    return tree


def _tell_apt(tree: Path, suite: str) -> None:
    """Gives the tree this machine's own sources, for its own suite."""
    codename = call("sh", "-c", ". /etc/os-release; echo $VERSION_CODENAME").strip()
    own, its = Path("/etc/apt"), tree / "etc/apt"
    (its / "sources.list").unlink(missing_ok=True)
    for file in [own / "sources.list", *(own / "sources.list.d").glob("*")]:
        if file.is_file():
            text = file.read_text().replace(codename, suite)
            (its / file.relative_to(own)).write_text(text)
    for file in (own / "apt.conf.d").glob("*"):
        # What cleans up after each download would leave nothing for the machine.
        if "clean" not in file.name and not (its / "apt.conf.d" / file.name).exists():
            shutil.copy(file, its / "apt.conf.d" / file.name)


def _fetch_wheels(folder: Path, python: str) -> None:
    folder.mkdir(parents=True)
    for name in ("postgres.txt", "build.txt"):
        line = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        line += ["--require-hashes", "--only-binary", ":all:", "--python-version", python, "--no-deps"]
        call(*line, "--dest", folder, "-r", ROOT / "deploy/requirements" / name)


def copy_project(to: Path) -> None:
    """What stands in this folder and is not made by it, without the tests: as a release has it."""
    names = call("git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    for name in names:
        if not name.startswith("tests/") and (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, to / name)


class Machine:
    """A copy of a tree, running; ends with the `with` block."""

    def __init__(self, tree: Path, folder: Path) -> None:
        self.tree = folder / "machine"
        call("cp", "--archive", "--reflink=auto", tree, self.tree)
        self._console = folder / "console"

    def __enter__(self) -> Self:
        self._outer = subprocess.Popen([BOOT, self.tree, self._console], start_new_session=True)
        try:
            self._wait()
            self._connect()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def run(self, *line: str | Path, user: str = "", status: int = 0) -> str:
        """What a command says in the machine; it must end with this status."""
        prefix = ["runuser", "-u", user, "--"] if user else []
        namespaces = ["-m", "-p", "-n", "-i", "-u", "-C", "-r", "-w"]
        enter = ["nsenter", "-t", str(self._pid), *namespaces, "--"]
        return _ended(self._popen([*enter, *prefix, *map(str, line)]), status)

    def visit(self, *line: str, status: int = 0) -> str:
        """The same from outside: a visitor's machine, which reaches this one by a cable."""
        return _ended(self._popen([*self.neighbour, *line]), status)

    @property
    def neighbour(self) -> list[str]:
        """What begins a command of this machine that shall run at the visitor's."""
        return ["nsenter", "-t", str(self._client.pid), "-n", "--"]

    def files(self, *folders: str) -> dict[str, Path]:
        """The files below folders of its disk, by their path in it."""
        found = (path for one in folders for path in (self.tree / one).rglob("*"))
        return {
            f"/{path.relative_to(self.tree)}": path
            for path in found
            if path.is_file() and not path.is_symlink()
        }

    def _popen(self, line: list[str]) -> "subprocess.Popen[str]":
        clean = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C.UTF-8",
            "HOME": "/root",
        }
        return subprocess.Popen(
            line,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="backslashreplace",
            env=clean,
        )

    def _wait(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with suppress(AssertionError, LookupError, FileNotFoundError):
                children = Path(f"/proc/{self._outer.pid}/task/{self._outer.pid}/children").read_text()
                self._pid = int(children.split()[0])
                self.run("systemctl", "is-system-running", "--wait")
                return
            time.sleep(0.5)
        raise AssertionError(f"the machine did not start: {self._console.read_text()[-2000:]}")

    def _connect(self) -> None:
        """A visitor's network, and a cable between the two."""
        self._client = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        time.sleep(0.2)
        self.run("ip", "link", "add", "cable0", "type", "veth", "peer", "name", "cable1")
        call(
            "nsenter",
            "-t",
            str(self._pid),
            "-n",
            "ip",
            "link",
            "set",
            "cable1",
            "netns",
            str(self._client.pid),
        )
        self.run("ip", "addr", "add", "10.99.0.1/24", "dev", "cable0")
        self.run("ip", "link", "set", "cable0", "up")
        self.visit("ip", "addr", "add", "10.99.0.77/24", "dev", "cable1")
        self.visit("ip", "link", "set", "cable1", "up")
        self.visit("ip", "link", "set", "lo", "up")

    def _end(self) -> None:
        for process in (getattr(self, "_client", None), self._outer):
            if process:
                process.kill()
                process.wait(30)
        # The cgroups of what is gone are empty, once the kernel has noticed.
        for group in Path("/sys/fs/cgroup").glob(f"**/witnessbox-{self._outer.pid}"):
            for _ in range(50):
                for one in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
                    with suppress(OSError):
                        one.rmdir()
                with suppress(OSError):
                    group.rmdir()
                if not group.exists():
                    break
                time.sleep(0.1)


def _ended(process: "subprocess.Popen[str]", status: int) -> str:
    try:
        said, _ = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert process.returncode == status, f"{process.args}: status {process.returncode}\n{said[-4000:]}"
    return said
