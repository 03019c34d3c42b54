"""A PostgreSQL of the tests' own: Debian's programs, a directory in /tmp, a user without rights."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Self

import psycopg

SETTINGS = Path(__file__).parents[1] / "deploy" / "postgresql.conf"
SECONDS = 60
USER = "witnessbox"
# PostgreSQL does not run as root.
NOBODY = "nobody"


def programs() -> Path:
    """Where Debian puts them, of the newest version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    assert found, "apt-get install postgresql"
    return found[-1]


class Cluster:
    """Runs from `start` to `stop`; `kill` ends all of its processes at once, as a power cut does."""

    def __init__(self, *settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="witnessbox-pg-"))
        self.data, self.log = self.folder / "data", self.folder / "log"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._databases = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._options: dict[str, Any] = {
            "cwd": self.folder,
            "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        }
        if os.getuid() == 0:
            owner = pwd.getpwnam(NOBODY)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            self._options |= {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        line = [programs() / "initdb", "-D", self.data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(line, check=True, capture_output=True, **self._options)
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(SETTINGS.read_text())
            file.write("".join(f"{line}\n" for line in settings))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def start(self) -> None:
        """Returns when it answers."""
        place = ["-k", str(self.folder), "-c", f"port={self.port}", "-c", "listen_addresses=127.0.0.1"]
        with self.log.open("ab") as log:
            line = [programs() / "postgres", "-D", self.data, *place]
            self._process = subprocess.Popen(line, stdout=log, stderr=log, **self._options)
        self._until_it_answers(self._process)

    def _until_it_answers(self, process: "subprocess.Popen[bytes]") -> None:
        end = time.monotonic() + SECONDS
        while True:
            assert process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, "PostgreSQL did not start"
            with suppress(psycopg.OperationalError):
                self.connect("postgres").close()
                return
            time.sleep(0.05)

    def stop(self) -> None:
        """Ends it in order."""
        if self._process:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(SECONDS)
            self._process = None

    def kill(self) -> None:
        """Ends all of its processes, which are given no time to write anything."""
        assert self._process
        for pid in [self._process.pid, *self.children()]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(SECONDS)
        self._process = None

    def children(self) -> list[int]:
        """The processes that it started."""
        assert self._process
        pid = self._process.pid
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def connect(self, name: str, **options: Any) -> "psycopg.Connection[tuple[Any, ...]]":
        """A connection to one of its databases, as its owner."""
        return psycopg.connect(self.url(name), autocommit=True, **options)

    def url(self, name: str, *, tcp: bool = False) -> str:
        """The address of one of its databases: by a socket in its folder, or by the loopback network."""
        if tcp:
            return f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"
        return f"postgresql:///{name}?host={self.folder}&port={self.port}&user={USER}"

    def new_database(self) -> str:
        """The name of an empty database."""
        self._databases += 1
        name = f"test{self._databases}"
        with closing(self.connect("postgres")) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return name

    def everything(self) -> dict[str, bytes]:
        """All its files: tables, log of transactions, what it said."""
        found = {}
        for path in self.folder.rglob("*"):
            with suppress(OSError):
                if path.is_file():
                    found[str(path.relative_to(self.folder))] = path.read_bytes()
        return found

    def wal(self, *arguments: str) -> str:
        """What its log of transactions holds, in words."""
        done = []
        for segment in sorted((self.data / "pg_wal").glob("0*")):
            line: Sequence[str | Path] = [programs() / "pg_waldump", *arguments, segment]
            done.append(subprocess.run(line, capture_output=True, text=True, check=False).stdout)
        return "".join(done)
