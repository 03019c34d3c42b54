"""Which reports an export takes, and the place of its bundle in the chain.

Several may export at once. Each takes what nobody took, in one transaction, and notes it under the place
that it exports from (`Database.exporting`). Only when its shards are written does the bundle get its
number, and the digest of the one before: so none waits for another's stick. What was taken under a place
from which nobody exports was cut off, and is what the next export takes up.

In `bundled` stands the number of the bundle, or, before it has one, minus the place.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from intake import deletion
from intake.crypto.manifest import FIRST_PREVIOUS, digest
from intake.errors import IntakeError
from intake.keeping import Connection

_GONE = {
    deletion.ACKNOWLEDGED: "was acknowledged by every desk",
    deletion.EXPIRED: "was kept as long as the settings say, and nobody acknowledged it",
}


class ExportError(IntakeError):
    """The bundle was not written."""


@dataclass(frozen=True, slots=True)
class Link:
    """A bundle's place in the chain, and all forms that reports up to it may name.

    All of them, because the desk may have missed earlier bundles.
    """

    sequence: int
    previous: str
    forms: Mapping[str, bytes]


def take(connection: Connection, place: int = 1) -> int | None:
    """What was taken from this place and not finished, or else all that nobody took; None for nothing.

    The number says where it stands in `bundled`.
    """
    with connection.transaction():
        return _begun(connection, place) or _take(connection, place)


def _begun(connection: Connection, place: int) -> int | None:
    found = connection.execute(
        "SELECT bundle, gone FROM exports LEFT JOIN bundles ON bundle = sequence WHERE place = ?", (place,)
    ).fetchone()
    if found and found[1]:
        # It was written before its export was killed, and has been carried since.
        connection.execute("DELETE FROM exports WHERE place = ?", (place,))
        return None
    return cast(int, found[0] or -place) if found else None


def _take(connection: Connection, place: int) -> int | None:
    taken = connection.execute(
        "INSERT INTO bundled (id, bundle)"
        " SELECT id, ? FROM (SELECT id FROM reports UNION SELECT id FROM attachments) AS held"
        " WHERE NOT EXISTS (SELECT 1 FROM bundled WHERE bundled.id = held.id) ORDER BY id",
        (-place,),
    ).rowcount
    if not taken:
        return None
    connection.execute("INSERT INTO exports (place) VALUES (?)", (place,))
    return -place


def known(connection: Connection, sequence: int) -> int:
    """The number of a bundle that was written before; ExportError when its reports are not here."""
    found = connection.execute("SELECT gone FROM bundles WHERE sequence = ?", (sequence,)).fetchone()
    if not found:
        raise ExportError(f"there is no bundle {sequence}")
    if found[0]:
        raise ExportError(f"bundle {sequence} {_GONE[found[0]]}; its reports are no longer here")
    return sequence


def link(connection: Connection, sequence: int) -> Link:
    """The place of a bundle that has its number."""
    found = connection.execute("SELECT digest FROM bundles WHERE sequence = ?", (sequence - 1,)).fetchone()
    return Link(sequence, cast(str, found[0]) if found else FIRST_PREVIOUS, _forms(connection, sequence))


def join(connection: Connection, place: int, sign: Callable[[Link], bytes]) -> tuple[Link, bytes]:
    """Gives what was taken the next number, and notes the digest of its manifest, which `sign` makes."""
    with connection.transaction():
        last = connection.execute("SELECT sequence, digest FROM bundles ORDER BY sequence DESC LIMIT 1")
        before, previous = last.fetchone() or (0, FIRST_PREVIOUS)
        if previous is None:
            raise ExportError(
                f"bundle {before}, which an older program began, is not finished",
                "export again when no other export is running; nothing is lost",
            )
        sequence = before + 1
        connection.execute("UPDATE forms SET bundle = ? WHERE bundle IS NULL", (sequence,))
        found = Link(sequence, previous, _forms(connection, sequence))
        manifest = sign(found)
        connection.execute(
            "INSERT INTO bundles (sequence, digest) VALUES (?, ?)", (sequence, digest(manifest))
        )
        connection.execute("UPDATE bundled SET bundle = ? WHERE bundle = ?", (sequence, -place))
        connection.execute("UPDATE exports SET bundle = ? WHERE place = ?", (sequence, place))
    return found, manifest


def finish(connection: Connection, sequence: int, manifest: bytes) -> None:
    """Notes that the bundle is written."""
    with connection.transaction():
        connection.execute("UPDATE bundles SET digest = ? WHERE sequence = ?", (digest(manifest), sequence))
        connection.execute("DELETE FROM exports WHERE bundle = ?", (sequence,))


def _forms(connection: Connection, sequence: int) -> dict[str, bytes]:
    rows = connection.execute("SELECT digest, json FROM forms WHERE bundle <= ? ORDER BY digest", (sequence,))
    return dict(rows.fetchall())
