"""Tells a server which of its bundles the desk holds, so that it may delete them.

The server deletes on this word, so nothing is said that was not looked at: every shard of a bundle
that is named for the first time is read once more, here, from the archive.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import cast

from analysis import archive, boxes, public
from analysis.archive import ArchivedShard
from analysis.boxes import Made, State
from analysis.desk import Desk
from analysis.desk_errors import DamagedDesk, ForeignBundle, UnreadableFile, Unwritable
from analysis.signing import signing_key
from analysis.storage import open_file, read_file, replace_file
from analysis.threads import messages
from analysis.threads.weeks import week_of
from intake.crypto import acknowledgement as acknowledgements
from intake.crypto.acknowledgement import MAX_ACKNOWLEDGEMENT, Acknowledgement
from intake.crypto.card import MAX_CARD
from intake.crypto.manifest import bundle_name
from intake.crypto.signing import SigningKey, VerifyKey

# So many digits of a server's key tell it from the others.
ENOUGH_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Said:
    """The file on the stick, all bundles that it accepts, and those whose import was cut off."""

    path: Path
    accepted: tuple[int, ...]
    unfinished: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Words:
    """The acknowledgement, signed, and what its box is made of."""

    text: bytes
    state: State
    made: Made

    def box(self) -> Iterator[bytes]:
        return boxes.build(self.state, self.made)


def acknowledge(
    desk: Desk, out: Path, *, server: str | None = None, after: int = 0, today: date | None = None
) -> Said:
    """Writes the acknowledgement for a server onto the stick, and the box; the same while nothing is new.

    `server` are the first digits of its key, needed where several are pinned. Its number is higher than
    `after`. The caller keeps other commands away. Raises ForeignBundle, DamagedDesk or Unwritable.
    """
    if not out.is_dir():
        raise Unwritable(f"{out}: there is no such folder", "give the folder where the stick is mounted")
    pinned = _server(desk, server)
    said = _say(desk, pinned, after, today or date.today())
    found = acknowledgements.parse(said.text, [signing_key(desk).verify_key])
    path = out / acknowledgements.file_name(found.sequence)
    _check_free(path, said.text)
    # First the box: an acknowledgement that is there names one that is there.
    _write_box(out / acknowledgements.box_name(found.sequence), found.box, said)
    _write(path, said.text)
    return Said(path, tuple(sequence for sequence, _ in found.accepted), _bundles(desk, pinned, loaded=0))


def _server(desk: Desk, digits: str | None) -> VerifyKey:
    keys = [row[0] for row in desk.database.conn.execute('SELECT "key" FROM "servers" ORDER BY "key"')]
    if digits is not None:
        if len(digits) < ENOUGH_DIGITS:
            raise ForeignBundle(f"--server: give {ENOUGH_DIGITS} digits or more of the server's key")
        keys = [key for key in keys if key.startswith(digits.lower())]
    if len(keys) > 1:
        listed = ", ".join(key[:16] for key in keys)
        raise ForeignBundle(f"{desk.path}: has pinned several servers", f"say which: --server, of {listed}")
    if not keys:
        raise ForeignBundle(f"{desk.path}: has pinned no such server", "witnessbox-analysis pin does so")
    return VerifyKey(bytes.fromhex(keys[0]))


def _say(desk: Desk, server: VerifyKey, after: int, today: date) -> _Words:
    key = signing_key(desk)
    before = _last(desk, server, key)
    said = dict(before.accepted) if before else {}
    accepted = _accepted(desk, server)
    for sequence in sorted(accepted.keys() - said.keys()):
        _check(desk, server, sequence)
    number = before.sequence if before else 0
    state = boxes.read_state(desk, server, week_of(today))
    made = boxes.noted(desk.database.conn, server)
    if made is None or made.state != state.digest:
        made = Made(state.digest, week_of(today), max(number, after) + 1)
    box = _sha256(boxes.build(state, made))
    listed = tuple(sorted(accepted.items()))
    new = Acknowledgement(key.verify_key, server, number, listed, _card(desk), box)
    if new != before or number <= after:
        new = replace(new, sequence=max(number, after) + 1)
    text = acknowledgements.serialise(new, key)
    # First here: a number that stood on a stick once must never come again with other words.
    with desk.database.atomic():
        desk.database.conn.execute(
            'INSERT OR REPLACE INTO "acknowledgements" ("server", "text") VALUES (?, ?)',
            [server.public.hex(), text.decode("ascii")],
        )
        boxes.note(desk.database.conn, server, made)
        messages.mark_sent(desk.database.conn, today)
        messages.expire(desk.database.conn, week_of(today))
    return _Words(text, state, made)


def _sha256(pieces: Iterator[bytes]) -> str:
    found = hashlib.sha256()
    for piece in pieces:
        found.update(piece)
    return found.hexdigest()


def _last(desk: Desk, server: VerifyKey, key: SigningKey) -> Acknowledgement | None:
    row = desk.database.conn.execute(
        'SELECT "text" FROM "acknowledgements" WHERE "server" = ?', [server.public.hex()]
    ).fetchone()
    return acknowledgements.parse(row[0].encode("ascii"), [key.verify_key]) if row else None


def _accepted(desk: Desk, server: VerifyKey) -> dict[int, str]:
    rows = desk.database.conn.execute(
        'SELECT "sequence", "digest" FROM "bundles" WHERE "server" = ? AND "loaded" = 1',
        [server.public.hex()],
    )
    return dict(rows.fetchall())


def _bundles(desk: Desk, server: VerifyKey, *, loaded: int) -> tuple[int, ...]:
    rows = desk.database.conn.execute(
        'SELECT "sequence" FROM "bundles" WHERE "server" = ? AND "loaded" = ? ORDER BY "sequence"',
        [server.public.hex(), loaded],
    )
    return tuple(row[0] for row in rows)


def _check(desk: Desk, server: VerifyKey, sequence: int) -> None:
    """All of a bundle stands in the archive as it should; DamagedDesk names what does not."""
    rows = desk.database.conn.execute(
        'SELECT "name", "reports", "sha256", "server" FROM "shards" WHERE "server" = ? AND "bundle" = ?',
        [server.public.hex(), sequence],
    ).fetchall()
    shards = [ArchivedShard(desk.archive / name, *rest) for name, *rest in rows]
    broken = [shard.path for shard in shards if not archive.is_whole(shard)]
    held = sum(shard.reports for shard in shards)
    if (
        broken
        or held != _expected(desk, server, sequence)
        or not archive.has_manifest(desk, server, sequence)
    ):
        path = broken[0] if broken else desk.archive
        name = bundle_name(sequence)
        raise DamagedDesk(
            f"{path}: {name} does not stand here whole; nothing was acknowledged",
            f"import {name} again first",
        )


def _expected(desk: Desk, server: VerifyKey, sequence: int) -> int:
    row = desk.database.conn.execute(
        'SELECT "reports" FROM "bundles" WHERE "server" = ? AND "sequence" = ?',
        [server.public.hex(), sequence],
    ).fetchone()
    return cast(int, row[0])


def _card(desk: Desk) -> str:
    path = desk.path / public.CARD
    try:
        return read_file(path, MAX_CARD).decode("ascii", "replace")
    except UnreadableFile as error:
        raise DamagedDesk(error.message) from None


def _check_free(path: Path, text: bytes) -> None:
    """Refuses to write over another file, before anything is written."""
    # Whatever keeps this from looking keeps the next step from writing, and is said then.
    if os.path.exists(path) and read_file(path, MAX_ACKNOWLEDGEMENT) != text:
        raise Unwritable(f"{path}: exists already and is another", "write it into another folder")


def _write_box(path: Path, digest: str, words: _Words) -> None:
    if os.path.exists(path):
        with open_file(path) as descriptor, open(descriptor, "rb", closefd=False) as file:
            if hashlib.file_digest(file, "sha256").hexdigest() == digest:
                return
        raise Unwritable(f"{path}: exists already and is another", "write it into another folder")
    replace_file(path, words.box(), path.with_name(f".{path.name}{archive.PART}"))


def _write(path: Path, text: bytes) -> None:
    if not os.path.exists(path):
        replace_file(path, [text], path.with_name(f".{path.name}{archive.PART}"))
