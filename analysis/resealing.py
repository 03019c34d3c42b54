"""Seals the archive anew to the desk's newest keys, so that older ones open nothing of it.

Shard by shard, as `analysis.renewal` does it. A report that does not open, because it was set
aside, stays as it came.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from analysis import archive, identities, renewal
from analysis.desk import Desk
from analysis.desk_errors import DamagedDesk, Unwritable
from analysis.identity import Identity
from analysis.unseal import NotForThisKey, unseal, unseal_bytes
from analysis.unseal_errors import UnsealError
from intake.crypto.errors import CryptoError
from intake.crypto.seal import seal_bytes
from intake.crypto.shard import Entry, Member, index_shard


@dataclass(slots=True)
class Resealed:
    """Reports and attachments that were sealed anew, and how many stay as they are: they do not open."""

    members: int = 0
    unopened: int = 0


def reseal(desk: Desk, progress: Callable[[int], None] = lambda _: None) -> Resealed:
    """Seals anew what the newest keys do not open; `progress` is told the reports that were looked at.

    The caller keeps other commands away. Raises DamagedDesk or Unwritable.
    """
    resealed = Resealed()
    rows = desk.database.conn.execute('SELECT "name", "reports" FROM "shards" ORDER BY "name"').fetchall()
    for name, reports in rows:
        try:
            if _needs_it(desk, desk.archive / name):
                _reseal(desk, name, resealed)
        except FileNotFoundError:
            raise DamagedDesk(f"{desk.archive / name}: missing from the archive") from None
        except CryptoError as error:
            raise DamagedDesk(f"{desk.archive / name}: {error}") from None
        except OSError as error:
            reason = (error.strerror or "cannot be written").lower()
            raise Unwritable(f"{desk.archive}: {reason}") from None
        progress(reports)
    _reseal_papers(desk)
    return resealed


def newest(desk: Desk) -> list[Identity]:
    """The identities that are sealed to now."""
    return [one for one in desk.identities if one.recipient in desk.recipients]


def _needs_it(desk: Desk, shard: Path) -> bool:
    """Whether an older key opens something of a shard that the newest ones do not."""
    with shard.open("rb") as file:
        for entry in list(index_shard(file)):
            file.seek(entry.offset)
            head = file.read(min(entry.size, 64 * 1024))
            if not _opens(head, newest(desk)) and _opens(head, desk.identities):
                return True
    return False


def _opens(head: bytes, keys: Sequence[Identity]) -> bool:
    with suppress(UnsealError):
        unseal(io.BytesIO(head), keys)
        return True
    return False


def _reseal(desk: Desk, name: str, resealed: Resealed) -> None:
    before = resealed.members
    with (desk.archive / name).open("rb") as old:
        made = renewal.write_anew(desk, name, _members(desk, old, list(index_shard(old)), resealed))
    if resealed.members == before:
        made.path.unlink()
        return
    with renewal.taking_place(desk, name, made):
        identities.note_sealed(desk, (one.name.id.hex() for one in made.entries))


def _members(desk: Desk, old: BinaryIO, entries: list[Entry], resealed: Resealed) -> Iterator[Member]:
    for entry in entries:
        old.seek(entry.offset)
        sealed = old.read(entry.size)
        try:
            if not _opens(sealed[: 64 * 1024], newest(desk)):
                sealed = seal_bytes(unseal_bytes(sealed, desk.identities), desk.recipients)
                resealed.members += 1
        except UnsealError:
            resealed.unopened += 1
        yield Member(entry.name, sealed)


def _reseal_papers(desk: Desk) -> None:
    for kind in (archive.MANIFEST, archive.FORM):
        for path, data in list(archive.papers(desk, kind)):
            try:
                unseal_bytes(path.read_bytes(), newest(desk))
            except NotForThisKey:
                archive.replace_paper(desk, path, data)
