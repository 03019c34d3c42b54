"""Answers an intake in the name of a desk, whose key tests know."""

import hashlib
from contextlib import closing
from pathlib import Path

from intake.crypto.acknowledgement import Acknowledgement, box_name, file_name, serialise
from intake.crypto.signing import SigningKey
from intake.directory import find_database, read_key
from tests.cards import DESK


def finished(data: Path) -> dict[int, str]:
    """The bundles that an intake has written, and the digests of their manifests."""
    with closing(find_database(data).connect()) as connection:
        rows = connection.execute("SELECT sequence, digest FROM bundles WHERE digest IS NOT NULL")
        return dict(rows.fetchall())


def write_acknowledgement(
    stick: Path,
    data: Path,
    *bundles: int,
    sequence: int = 1,
    desk: SigningKey = DESK,
    server: SigningKey | None = None,
    card: bytes = b"",
    digests: dict[int, str] | None = None,
    box: bytes = b"",
) -> Path:
    """The file by which `desk` accepts these bundles of the intake, and its box beside it."""
    known = finished(data) if digests is None else digests
    said = Acknowledgement(
        desk.verify_key,
        (server or read_key(data)).verify_key,
        sequence,
        tuple((bundle, known[bundle]) for bundle in bundles),
        card.decode(),
        hashlib.sha256(box).hexdigest() if box else "",
    )
    if box:
        (stick / box_name(sequence)).write_bytes(box)
    path = stick / f"{file_name(sequence)}-{desk.verify_key.public.hex()[:4]}"
    path.write_bytes(serialise(said, desk))
    return path
