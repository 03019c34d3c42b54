"""Which bundles this desk has begun to load, and which of them to the end.

A bundle is noted with its first report and not with its last: an import that is killed must not
let another bundle of the same number in, nor half of a bundle into the findings.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from analysis.courier import Delivery
from analysis.desk import Desk
from analysis.desk_errors import Unfinished
from intake.crypto.manifest import bundle_name


def begin(desk: Desk, delivery: Delivery) -> None:
    """Notes that a bundle came. Belongs in a transaction of the caller."""
    manifest = delivery.manifest
    server, sequence = manifest.server.public.hex(), manifest.sequence
    desk.database.conn.execute(
        'INSERT OR IGNORE INTO "bundles" ("server", "sequence", "digest", "previous", "reports") '
        "VALUES (?, ?, ?, ?, ?)",
        [server, sequence, delivery.digest, manifest.previous, manifest.reports],
    )


def finish(desk: Desk, delivery: Delivery) -> None:
    """Notes that all of a bundle is in the tables."""
    manifest = delivery.manifest
    with desk.database.atomic():
        desk.database.conn.execute(
            'UPDATE "bundles" SET "loaded" = 1 WHERE "server" = ? AND "sequence" = ?',
            [manifest.server.public.hex(), manifest.sequence],
        )


@contextmanager
def standing_still(desk: Desk) -> Iterator[None]:
    """One state of the database to read from, with every bundle whole; Busy or Unfinished otherwise."""
    with desk.changing(), desk.database.atomic():
        unfinished = desk.database.conn.execute(
            'SELECT "sequence" FROM "bundles" WHERE "loaded" = 0 ORDER BY "sequence" LIMIT 1'
        ).fetchone()
        if unfinished:
            name = bundle_name(unfinished[0])
            raise Unfinished(
                f"{desk.path}: the import of {name} was cut off", f"import {name} again first, to its end"
            )
        yield
