"""The servers whose bundles this desk takes: their keys are brought by a way of their own."""

from pathlib import Path

from analysis.desk import Desk
from analysis.desk_errors import UnreadableFile
from analysis.storage import read_file
from intake.crypto.errors import Malformed
from intake.crypto.signing import VerifyKey, parse_public

MAX_PUBLIC = 4096


def pin(desk: Desk, path: Path) -> VerifyKey:
    """Pins the server whose public key file is `path`; pinning it again changes nothing."""
    text = read_file(path, MAX_PUBLIC).decode("ascii", "replace")
    try:
        key = parse_public(text)
    except Malformed as error:
        raise UnreadableFile(f"{path}: {error}") from None
    with desk.changing(), desk.database.atomic():
        desk.database.conn.execute('INSERT OR IGNORE INTO "servers" ("key") VALUES (?)', [key.public.hex()])
    return key
