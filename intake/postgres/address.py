"""Which PostgreSQL an intake uses: the file `database.toml` in its data directory.

The address travels over a network and the file may hold a password. So it is read from a file that only
its owner reads, never from a command line, and a host that is not this machine must prove who it is.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Conninfo

from intake.files import write_synced
from intake.keeping import DatabaseError

FILE = "database.toml"
TEMPLATE = """\
# The database that this intake shares with others. Both settings must stand here.

# Where it is. A password may stand in the file that PGPASSFILE names, or here: {{user}}:{{password}}@
url = "{url}"

# No report is taken beyond so many bytes of sealed reports and attachments. The database's disk should have
# four times as much: for its indexes, its log, and a copy while a table is put in order.
max_bytes = {max_bytes:_}
"""
MAX_BYTES = 20_000_000_000
_LOCAL = {"localhost", "127.0.0.1", "::1"}
_KEYS = {"url": str, "max_bytes": int}


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """Where the database is, and how many bytes it may hold."""

    url: str
    max_bytes: int

    def __str__(self) -> str:
        """The address without a password."""
        known = conninfo_to_dict(self.url)
        return f"postgresql://{known.get('host', '')}/{known.get('dbname', '')}"


def read(path: Path) -> Address:
    """What stands in the file at `path`; DatabaseError names the rule that it breaks."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        readers = path.stat().st_mode & 0o077
    except OSError as error:
        raise DatabaseError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise DatabaseError(f"{path} is not TOML") from None
    for key, kind in _KEYS.items():
        if type(values.get(key)) is not kind:
            raise DatabaseError(f'{path}: "{key}" is missing, or of the wrong kind')
    if unknown := sorted(values.keys() - _KEYS.keys()):
        raise DatabaseError(f'{path}: there is no setting "{unknown[0]}"')
    if values["max_bytes"] < 1:
        raise DatabaseError(f'{path}: "max_bytes" must be 1 or more')
    check(values["url"], str(path))
    if readers and conninfo_to_dict(values["url"]).get("password"):
        raise DatabaseError(f"{path} holds a password, and others may read it", f"chmod 600 {path}")
    return Address(values["url"], values["max_bytes"])


def given(url: str, path: Path) -> Address:
    """An address from a command line, which may not hold a password; the file at `path` may."""
    check(url, "--database")
    if conninfo_to_dict(url).get("password"):
        raise DatabaseError(
            "--database: everybody on this machine can read a password in a command line",
            f"leave it out, and write it into {path} afterwards, or into the file that PGPASSFILE names",
        )
    return Address(url, MAX_BYTES)


def write(path: Path, url: str) -> Address:
    """Makes the file for an address from a command line."""
    quoted = given(url, path).url.replace("\\", "\\\\").replace('"', '\\"')
    write_synced(path, TEMPLATE.format(url=quoted, max_bytes=MAX_BYTES).encode())
    return read(path)


def check(url: str, where: str) -> None:
    """DatabaseError when the address is none, or leads over a network without a proof of who answers."""
    try:
        given = conninfo_to_dict(url)
    except psycopg.Error:
        raise DatabaseError(f"{where}: the url is not of the form postgresql://host/name") from None
    if not given.get("host"):
        raise DatabaseError(f"{where}: the url names no host", "postgresql:///name?host=/run/postgresql")
    # What the environment sets counts as well.
    known = {one.keyword.decode(): (one.val or b"").decode() for one in Conninfo.get_defaults()} | given
    hosts = [*str(known["host"]).split(","), *str(known.get("hostaddr") or "").split(",")]
    foreign = [one for one in hosts if one and not one.startswith("/") and one not in _LOCAL]
    if foreign and known.get("sslmode") != "verify-full":
        raise DatabaseError(
            f"{where}: {foreign[0]} is not this machine, and the url does not ask it to prove who it is",
            "add ?sslmode=verify-full&sslrootcert=FILE to the url",
        )


def same(one: str, other: str) -> bool:
    """Whether two addresses are the same but for the password."""
    known = [{**conninfo_to_dict(url), "password": None} for url in (one, other)]
    return known[0] == known[1]


def conninfo(address: Address) -> str:
    """What the library connects by: a server that does not answer is given up after a while."""
    return make_conninfo(
        address.url,
        connect_timeout=5,
        tcp_user_timeout=20_000,
        application_name="witnessbox",
    )
