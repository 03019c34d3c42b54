"""Takes a desk's acknowledgement and its box, and deletes exactly what every desk has accepted.

The stick comes back through many hands: nothing is believed but what a pinned desk signed, for this
server, about bundles that this server wrote. What cannot be right is refused before a row changes.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from intake import boxes, deletion, desks
from intake.crypto import acknowledgement, card
from intake.crypto.acknowledgement import MAX_ACKNOWLEDGEMENT, Acknowledgement
from intake.crypto.errors import CryptoError
from intake.crypto.signing import VerifyKey
from intake.database import explained
from intake.deletion import Deleted
from intake.errors import IntakeError
from intake.export import connect_both
from intake.files import alone

NOTHING_DELETED = "nothing was deleted"


class AcknowledgeError(IntakeError):
    """The acknowledgement was not taken."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of an acknowledgement.

    `bundles` are those that it was the first of its desk to accept, `deleted` what went because no desk is
    left to wait for, `waiting` the bundles that another desk has still to accept. `wiped` is false when
    somebody's reading kept bytes of it in a journal.
    """

    desk: VerifyKey
    sequence: int
    known: bool
    bundles: tuple[int, ...]
    waiting: tuple[int, ...]
    deleted: Deleted
    new_card: bool
    new_box: bool
    wiped: bool


def acknowledge(database: Path, file: Path, server: VerifyKey) -> Taken:
    """Takes the acknowledgement in `file`; AcknowledgeError, and nothing deleted, when it cannot be taken."""
    data = database.parent
    text = _read(file)
    with _alone(data), closing(connect_both(database)) as connection, explained(database):
        found = _parse(text, desks.read(data).pinned, file)
        if found.server != server:
            raise AcknowledgeError(f"{file}: is for another intake than {data}", NOTHING_DELETED)
        known = _is_known(connection, found, text, file)
        _check_bundles(connection, found, file)
        # All of it is looked at before anything changes. What is put in force before the note is put there
        # again, and is the same, when a command that was killed is repeated.
        with _staged(data, found, file) as box:
            new_card = _take_card(data, found, file)
            new_box = boxes.settle(data, found, box)
        pinned = desks.read(data).pinned
        boxes.sweep(data, pinned)
        bundles = _note(connection, found, text, pinned)
        deleted = deletion.delete_gone(connection)
        waiting = _waiting(connection, found)
        wiped = deletion.wipe(connection, database)
    return Taken(found.desk, found.sequence, known, bundles, waiting, deleted, new_card, new_box, wiped)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_ACKNOWLEDGEMENT + 1)
    except OSError as error:
        raise AcknowledgeError(f"cannot read {file}: {error.strerror}") from None


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """Not while an export writes the bundles that are to be deleted."""
    try:
        with alone(data):
            yield
    except BlockingIOError:
        raise AcknowledgeError(f"another command is at work in {data}", "wait until it is done") from None
    except OSError as error:
        raise AcknowledgeError(f"cannot use {data}: {error.strerror}") from None


def _parse(text: bytes, pinned: tuple[VerifyKey, ...], file: Path) -> Acknowledgement:
    try:
        return acknowledgement.parse(text, pinned)
    except CryptoError as error:
        raise AcknowledgeError(f"{file}: {error}", NOTHING_DELETED) from None


def _is_known(connection: sqlite3.Connection, found: Acknowledgement, text: bytes, file: Path) -> bool:
    row = connection.execute(
        "SELECT sequence, digest FROM acknowledgements WHERE desk = ?", (found.desk.public.hex(),)
    ).fetchone()
    if not row or row[0] < found.sequence:
        return False
    if row[0] > found.sequence:
        raise AcknowledgeError(
            f"{file}: is number {found.sequence} of this desk, and number {row[0]} was taken before",
            f"{NOTHING_DELETED}; if the desk was made anew, write one there with --after {row[0]}",
        )
    if row[1] != _digest(text):
        raise AcknowledgeError(
            f"{file}: another acknowledgement {row[0]} of this desk was taken before", NOTHING_DELETED
        )
    return True


def _check_bundles(connection: sqlite3.Connection, found: Acknowledgement, file: Path) -> None:
    ours = dict(connection.execute("SELECT sequence, digest FROM bundles"))
    for sequence, digest in found.accepted:
        if sequence not in ours:
            raise AcknowledgeError(
                f"{file}: names bundle {sequence}, which this intake never wrote", NOTHING_DELETED
            )
        if ours[sequence] is None:
            raise AcknowledgeError(
                f"{file}: names bundle {sequence}, whose export was cut off here",
                f"{NOTHING_DELETED}; export once more, which writes the same bundle, then try again",
            )
        if ours[sequence] != digest:
            raise AcknowledgeError(
                f"{file}: names another bundle {sequence} than this intake wrote", NOTHING_DELETED
            )


@contextmanager
def _staged(data: Path, found: Acknowledgement, file: Path) -> Iterator[boxes.Staged | None]:
    try:
        with boxes.staged(data, found, file.parent) as box:
            yield box
    except boxes.BoxError as error:
        hint = f"{NOTHING_DELETED}; {error.hint}" if error.hint else NOTHING_DELETED
        raise AcknowledgeError(str(error), hint) from None


def _take_card(data: Path, found: Acknowledgement, file: Path) -> bool:
    """Puts the desk's newer keys in force; whether they are newer."""
    if not found.card:
        return False
    text = found.card.encode("ascii")
    try:
        card.parse(text, [found.desk])
    except CryptoError as error:
        raise AcknowledgeError(f"{file}: {error}", NOTHING_DELETED) from None
    return desks.take(data, text)


def _note(
    connection: sqlite3.Connection, found: Acknowledgement, text: bytes, pinned: tuple[VerifyKey, ...]
) -> tuple[int, ...]:
    """Notes what was accepted, and what is gone now that every desk has it; the bundles new to this desk."""
    desk = found.desk.public.hex()
    connection.execute("BEGIN IMMEDIATE")
    try:
        before = {
            row[0] for row in connection.execute("SELECT bundle FROM acknowledged WHERE desk = ?", (desk,))
        }
        new = tuple(sequence for sequence, _ in found.accepted if sequence not in before)
        connection.executemany("INSERT INTO acknowledged VALUES (?, ?)", [(desk, one) for one in new])
        connection.execute(
            "INSERT OR REPLACE INTO acknowledgements VALUES (?, ?, ?)", (desk, found.sequence, _digest(text))
        )
        _mark(connection, pinned)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.rollback()
    return new


def _mark(connection: sqlite3.Connection, pinned: tuple[VerifyKey, ...]) -> None:
    holes = ", ".join("?" * len(pinned))
    connection.execute(
        "UPDATE bundles SET gone = ? WHERE gone IS NULL AND digest IS NOT NULL AND"  # noqa: S608
        f" (SELECT count(*) FROM acknowledged WHERE bundle = sequence AND desk IN ({holes})) = ?",
        (deletion.ACKNOWLEDGED, *(one.public.hex() for one in pinned), len(pinned)),
    )


def _waiting(connection: sqlite3.Connection, found: Acknowledgement) -> tuple[int, ...]:
    rows = connection.execute(
        "SELECT sequence FROM bundles JOIN acknowledged ON bundle = sequence"
        " WHERE desk = ? AND gone IS NULL ORDER BY sequence",
        (found.desk.public.hex(),),
    )
    return tuple(row[0] for row in rows)


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
