"""Takes a desk's acknowledgement and its box, and deletes exactly what every desk has accepted.

The stick comes back through many hands: nothing is believed but what a pinned desk signed, for this
server, about bundles that this server wrote. What cannot be right is refused before a row changes.
"""

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from intake import boxes, deletion, desks
from intake.crypto import acknowledgement, card
from intake.crypto.acknowledgement import MAX_ACKNOWLEDGEMENT, Acknowledgement
from intake.crypto.errors import CryptoError
from intake.crypto.signing import VerifyKey
from intake.deletion import Deleted
from intake.errors import IntakeError
from intake.keeping import Connection, Database

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


def acknowledge(database: Database, file: Path, server: VerifyKey) -> Taken:
    """Takes the acknowledgement in `file`; AcknowledgeError, and nothing deleted, when it cannot be taken."""
    data = database.data
    text = _read(file)
    with _alone(database), closing(database.connect()) as connection, database.explained():
        found = _parse(text, desks.read(data).pinned, file)
        if found.server != server:
            raise AcknowledgeError(f"{file}: is for another intake than {data}", NOTHING_DELETED)
        known = _is_known(connection, found, text, file)
        _check_bundles(connection, found, file)
        # What is put in force before the note is put there again, and is the same, when a command that was
        # killed is repeated.
        new_card, new_box = put_in_force(data, found, file)
        database.tell(connection, found, text, data / boxes.FOLDER / boxes.name(found.desk))
        pinned = desks.read(data).pinned
        boxes.sweep(data, pinned)
        bundles = _note(connection, found, text, pinned)
        deleted = deletion.delete_gone(connection)
        waiting = _waiting(connection, found)
        wiped = database.wipe(connection)
    return Taken(found.desk, found.sequence, known, bundles, waiting, deleted, new_card, new_box, wiped)


def put_in_force(data: Path, found: Acknowledgement, file: Path) -> tuple[bool, bool]:
    """Takes the keys and the box that an acknowledgement names; the box stands beside `file`.

    Whether the keys are new, and whether the box is. AcknowledgeError, and nothing is changed.
    """
    # All of it is looked at before anything changes.
    with _staged(data, found, file) as box:
        return _take_card(data, found, file), boxes.settle(data, found, box)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_ACKNOWLEDGEMENT + 1)
    except OSError as error:
        raise AcknowledgeError(f"cannot read {file}: {error.strerror}") from None


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    """Not while an export writes the bundles that are to be deleted."""
    try:
        with database.alone():
            yield
    except BlockingIOError:
        raise AcknowledgeError(f"another command is at work in {database}", "wait until it is done") from None
    except OSError as error:
        raise AcknowledgeError(f"cannot use {database}: {error.strerror}") from None


def _parse(text: bytes, pinned: tuple[VerifyKey, ...], file: Path) -> Acknowledgement:
    try:
        return acknowledgement.parse(text, pinned)
    except CryptoError as error:
        raise AcknowledgeError(f"{file}: {error}", NOTHING_DELETED) from None


def _is_known(connection: Connection, found: Acknowledgement, text: bytes, file: Path) -> bool:
    row = connection.execute(
        "SELECT sequence, digest FROM acknowledgements WHERE desk = ?", (found.desk.public.hex(),)
    ).fetchone()
    if not row or row[0] < found.sequence:
        return False
    # A desk that came back from a copy does not know what it said after the copy was made.
    hint = f"{NOTHING_DELETED}; if the desk was made anew, write one there with --after {row[0]}"
    if row[0] > found.sequence:
        raise AcknowledgeError(
            f"{file}: is number {found.sequence} of this desk, and number {row[0]} was taken before", hint
        )
    if row[1] != _digest(text):
        raise AcknowledgeError(
            f"{file}: another acknowledgement {row[0]} of this desk was taken before", hint
        )
    return True


def _check_bundles(connection: Connection, found: Acknowledgement, file: Path) -> None:
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
    connection: Connection, found: Acknowledgement, text: bytes, pinned: tuple[VerifyKey, ...]
) -> tuple[int, ...]:
    """Notes what was accepted, and what is gone now that every desk has it; the bundles new to this desk."""
    desk = found.desk.public.hex()
    with connection.transaction():
        rows = connection.execute("SELECT bundle FROM acknowledged WHERE desk = ?", (desk,)).fetchall()
        before = {bundle for (bundle,) in rows}
        new = tuple(sequence for sequence, _ in found.accepted if sequence not in before)
        connection.executemany("INSERT INTO acknowledged VALUES (?, ?)", [(desk, one) for one in new])
        connection.execute(
            "INSERT INTO acknowledgements VALUES (?, ?, ?) ON CONFLICT (desk)"
            " DO UPDATE SET sequence = excluded.sequence, digest = excluded.digest",
            (desk, found.sequence, _digest(text)),
        )
        _mark(connection, pinned)
    return new


def _mark(connection: Connection, pinned: tuple[VerifyKey, ...]) -> None:
    holes = ", ".join("?" * len(pinned))
    connection.execute(
        "UPDATE bundles SET gone = ? WHERE gone IS NULL AND digest IS NOT NULL AND"  # noqa: S608
        f" (SELECT count(*) FROM acknowledged WHERE bundle = sequence AND desk IN ({holes})) = ?",
        (deletion.ACKNOWLEDGED, *(one.public.hex() for one in pinned), len(pinned)),
    )


def _waiting(connection: Connection, found: Acknowledgement) -> tuple[int, ...]:
    rows = connection.execute(
        "SELECT sequence FROM bundles JOIN acknowledged ON bundle = sequence"
        " WHERE desk = ? AND gone IS NULL ORDER BY sequence",
        (found.desk.public.hex(),),
    )
    return tuple(row[0] for row in rows)


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
