"""podman and buildah of one user: of root, or of a plain user who is made for the test and gone after it."""

import os
import pwd
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.deploy.tree import SECONDS, call, copy_project

BASE = "localhost/witnessbox-test-base"
PLAIN = "witnessbox-plain"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BUILD_SECONDS = 3600
# Nothing of it belongs in an image, and a plain user could not make the devices.
OUTSIDE = ("dev", "proc", "run", "sys", "var/cache/apt/archives")


class Engine:
    """Everything that it keeps is in one folder, and goes with the `with` block."""

    def __init__(self, folder: Path, user: str = "") -> None:
        self._folder, self.user = folder, user
        self._store: list[str] = []
        if not user:
            self._store += ["--root", str(folder / "root"), "--runroot", str(folder / "run")]
            self._store += ["--storage-driver", "overlay"]

    def __enter__(self) -> Self:
        if self.user:
            # Its numbers in /etc/subuid and /etc/subgid come with it.
            call("useradd", "--create-home", self.user)
            self._folder = Path(pwd.getpwnam(self.user).pw_dir)
            self._own("run").mkdir(mode=0o700)
        else:
            self._folder.mkdir()
        self.source = self._own("project")
        copy_project(self.source)
        self._give(self._folder)
        return self

    def __exit__(self, *error: object) -> None:
        with suppress(AssertionError, subprocess.TimeoutExpired):
            self.podman("rm", "--all", "--force", "--time=1")
        if self.user:
            self._end_user()
            return
        with suppress(AssertionError):
            call("umount", self._folder / "root/overlay")
        shutil.rmtree(self._folder, ignore_errors=True)

    def podman(self, *line: str | Path) -> str:
        return call(*self._podman(*line))

    def build(self, target: str) -> str:
        image = f"localhost/witnessbox-test-{target}"
        options = ["--layers", "--pull-never", f"--build-arg=BASE={BASE}", f"--target={target}"]
        file = self.source / "deploy/Containerfile"
        line = ["bud", *options, f"--tag={image}", f"--file={file}", self.source]
        call(
            *self._as_user("BUILDAH_ISOLATION=chroot", "buildah", *self._store, *line), seconds=BUILD_SECONDS
        )
        return image

    def base(self, tree: Path) -> None:
        """The tree as an image, which finds Python packages in the tree's own folder."""
        more = self._folder / "more/etc"
        more.mkdir(parents=True)
        for name in ("resolv.conf", "hosts"):
            shutil.copy(Path("/etc") / name, more / name)
        (more / "pip.conf").write_text("[global]\nno-index = true\nfind-links = /srv/wheels\n")
        left = [f"--exclude=./{name}/*" for name in OUTSIDE]
        packing = ["tar", "-c", *left, "--exclude=./etc/resolv.conf", "--exclude=./etc/hosts"]
        packing += ["-C", str(tree), ".", "-C", str(more.parent)]
        packing += [f"etc/{path.name}" for path in more.iterdir()]
        with subprocess.Popen(packing, stdout=subprocess.PIPE) as tar:
            line = [str(one) for one in self._podman("import", "--quiet", "-", BASE)]
            done = subprocess.run(
                line, stdin=tar.stdout, stderr=subprocess.PIPE, check=False, timeout=SECONDS
            )
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
        assert tar.returncode == 0

    def volume(self, name: str) -> Path:
        """Where a volume's files are on this machine."""
        return Path(self.podman("volume", "inspect", "--format={{.Mountpoint}}", name).strip())

    def lend(self, file: Path) -> Path:
        """A copy of a file that containers may read."""
        copy = self._own(file.name)
        shutil.copy(file, copy)
        copy.chmod(0o644)
        self._give(copy)
        return copy

    def export(self, container: str) -> Path:
        """All files of a container, without its volumes."""
        whole = self._own(f"{container}.tar")
        self.podman("export", "--output", whole, container)
        return whole

    def processes(self) -> set[int]:
        """The users, by their numbers on this machine, whose processes run in its containers."""
        ids = self.podman("ps", "--quiet").split()
        pids = self.podman("inspect", "--format={{.State.Pid}}", *ids).split()
        said = (Path(f"/proc/{pid}/status").read_text() for pid in pids)
        # Not by who owns the folder, which is root for a process that is not to be looked into.
        return {int(text.split("\nUid:", 1)[1].split()[0]) for text in said}

    def _own(self, name: str) -> Path:
        return self._folder / name

    def _podman(self, *line: str | Path) -> list[str | Path]:
        options = ["--runtime=/usr/sbin/runc", "--cgroup-manager=cgroupfs", "--events-backend=file"]
        return self._as_user("podman", *options, *self._store, *line)

    def _as_user(self, *line: str | Path) -> list[str | Path]:
        """A command in the surroundings of whoever logs in."""
        if not self.user:
            return ["env", *line]
        home = self._folder
        clean = [f"PATH={PATH}", f"HOME={home}", f"XDG_RUNTIME_DIR={home}/run", "LC_ALL=C.UTF-8"]
        return ["runuser", "-u", self.user, "--", "env", "-i", "-C", home, *clean, *line]

    def _give(self, path: Path) -> None:
        if self.user:
            call("chown", "--recursive", "--no-dereference", f"{self.user}:", path)

    def _end_user(self) -> None:
        """Its processes (podman leaves one that holds the namespace), its numbers, its home."""
        own = pwd.getpwnam(self.user).pw_uid
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if entry.stat().st_uid == own:
                    os.kill(int(entry.name), signal.SIGKILL)
        call("userdel", "--remove", "--force", self.user)
