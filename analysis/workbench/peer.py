"""Which user of this machine is at the other end of a connection, as Linux tells it.

A cookie is not enough: a browser keeps it for the host and forgets the port. So whoever listens on
another port of this machine is sent it by any page that leads the browser there, and could show it here.
"""

import os
import socket
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

# The second has those who speak the newer protocol to an address of the older one.
TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_MAPPED = "0000000000000000FFFF0000"
_LOCAL, _REMOTE, _USER = 1, 2, 7


def is_ours(scope: Mapping[str, Any]) -> bool:
    """Whether the user who runs this command asks; yes, too, on a system that cannot tell."""
    if sys.platform != "linux":
        return True
    client, server = _written(*scope["client"]), _written(*scope["server"])
    wanted = {(client, server), (_MAPPED + client, _MAPPED + server)}
    # An end that is in no table is closed already, or none of this machine's.
    return {user for ends, user in _connections(TABLES) if ends in wanted} == {os.getuid()}


def _connections(tables: Iterable[Path]) -> Iterator[tuple[tuple[str, str], int]]:
    """The two ends of each connection, the near one first, and whose the near one is."""
    for table in tables:
        if table.exists():
            for line in table.read_text("ascii").splitlines()[1:]:
                parts = line.split()
                yield (parts[_LOCAL], parts[_REMOTE]), int(parts[_USER])


def _written(host: str, port: int) -> str:
    """An address as the tables write it: a number in the machine's own order of bytes."""
    number = int.from_bytes(socket.inet_aton(host), sys.byteorder)
    return f"{number:08X}:{port:04X}"
