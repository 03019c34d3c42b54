"""Where the server listens: an address, a Unix socket, or what systemd opened for it.

Behind a proxy on the same machine a Unix socket is the best of the three: the service then needs no
network at all, and only the users that its socket is for can reach it.
"""

import os
import socket
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from intake.errors import IntakeError

BACKLOG = 1_024
# The first descriptor that is handed over: sd_listen_fds(3).
FIRST = 3
MOST_SOCKETS = 16
# Its owner, and the group of the folder it stands in: whoever is in front of the server.
SOCKET_MODE = 0o660


class ListenError(IntakeError):
    """There is nothing to listen on."""


def on_address(host: str, port: int) -> socket.socket:
    """Listens on an address of this machine; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ListenError(
            f"cannot listen on {host} port {port}: {_reason(error)}", "choose another with --port or --host"
        ) from None
    except OverflowError:
        raise ListenError(f"there is no port {port}") from None


def on_path(path: Path) -> socket.socket:
    """Listens on a Unix socket, in place of one that an earlier server left."""
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _clear(path)
        found.bind(str(path))
        path.chmod(SOCKET_MODE)
        found.listen(BACKLOG)
    except OSError as error:
        found.close()
        reason = _reason(error)
        raise ListenError(f"cannot listen on {path}: {reason}", "choose another with --socket") from None
    return found


def inherited() -> list[socket.socket]:
    """The sockets that systemd opened for this process: sd_listen_fds(3)."""
    count = os.environ.pop("LISTEN_FDS", "")
    meant = os.environ.pop("LISTEN_PID", "") == str(os.getpid())
    if not (meant and count.isdecimal() and 1 <= int(count) <= MOST_SOCKETS):
        raise ListenError("systemd handed over no socket", "start its socket unit, or use --socket PATH")
    found = []
    for number in range(FIRST, FIRST + int(count)):
        os.set_inheritable(number, False)
        found.append(socket.socket(fileno=number))
    return found


def shown(opened: Sequence[socket.socket], base: str = "") -> str:
    """What was opened, for people; `base` is what the addresses of one of several groups begin with."""
    return " ".join(_shown(one, base) for one in opened)


def _shown(one: socket.socket, base: str) -> str:
    name = one.getsockname()
    if one.family == socket.AF_UNIX:
        return f"unix:{name}{base}"
    host = f"[{name[0]}]" if one.family == socket.AF_INET6 else name[0]
    return f"http://{host}:{name[1]}{base}/"


def _clear(path: Path) -> None:
    """Removes a socket that nobody listens on; whatever else has that name stays."""
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.settimeout(1)
            try:
                asking.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()


def _reason(error: OSError) -> str:
    # Python lengthens the system's words; a name that is not found has a negative number.
    known = error.errno is not None and error.errno > 0
    return os.strerror(error.errno).lower() if known else "no such address"  # type: ignore[arg-type]
