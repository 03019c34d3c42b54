"""An intake whose form takes attachments: `python -m tests.attaching serve --data DIR`; and what it is sent.

It is the real server; only the form, which organizers would compile themselves, is put in its place.
"""

import argparse
import json
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx

from intake import directory
from intake.crypto.attachment import Attachment, AttachmentSealer
from intake.crypto.padding import pad
from intake.crypto.receipt import Receipt
from intake.crypto.recipients import Recipient
from intake.crypto.seal import seal_bytes
from intake.forms import answers, report
from intake.forms.form import Form, canonical, shipped
from intake.listening import on_address
from intake.serve import serve
from tests.serving import ENOUGH, Server
from tests.sharing import held_files

TYPES = ["application/pdf", "image/jpeg", "image/png"]
FORM = Form.from_json(canonical(json.loads(shipped("report").json) | {"attachments": TYPES}) + b"\n")
PDF = "application/pdf"


class AttachingServer(Server):
    """A running intake whose form takes attachments."""

    command = (sys.executable, "-m", "tests.attaching")  # type: ignore[assignment]


def sealed_file(
    recipients: Sequence[Recipient], receipt: Receipt, file: bytes, number: int = 1
) -> tuple[bytes, Attachment]:
    """What the script posts for one file, and what the report says of it."""
    sealer = AttachmentSealer(recipients, receipt.attachment_id(number), PDF)
    sealed = b"".join([sealer.update(file), *sealer.finish()])
    return receipt.attachment_id(number) + sealed, sealer.named()


def sealed_report(
    recipients: Sequence[Recipient],
    receipt: Receipt,
    attachments: Sequence[Attachment],
    **given: Sequence[str],
) -> bytes:
    """What the script posts for the report that names them, and for what is `given` in it."""
    words = report.build(
        FORM,
        answers.clean(FORM, {**ENOUGH, **given}),
        lang="en",
        sealed_by="browser",
        channel="web",
        receipt=receipt,
        attachments=attachments,
    )
    return receipt.id + seal_bytes(pad(words), recipients)


def post_files(
    server: Server, *files: tuple[str, bytes, str], fields: dict[str, Sequence[str]] | None = None
) -> httpx.Response:
    """Sends the form with files as a browser without script does."""
    parts: list[tuple[str, tuple[str | None, bytes, str] | tuple[None, bytes]]] = [
        (name, (None, value.encode()))
        for name, values in {"_stamp": [server.stamp()], **(fields or ENOUGH)}.items()
        for value in values
    ]
    parts += [("attachments", file) for file in files]
    return server.client.post("/en/report/", files=parts)


def stored_files(data: Path) -> dict[bytes, bytes]:
    """The sealed attachments that an intake holds, by their ids."""
    if (data / directory.SHARED).exists():
        return held_files(directory.find_database(data))
    with closing(sqlite3.connect(data / "attachments.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {name: b"".join(pieces(connection, key)) for name, key in named(connection)}


def named(connection: sqlite3.Connection) -> list[tuple[bytes, bytes]]:
    """The id and the upload of each attachment."""
    return connection.execute("SELECT id, upload FROM attachments").fetchall()


def pieces(connection: sqlite3.Connection, key: bytes) -> Iterator[bytes]:
    """The pieces of an upload in their order."""
    rows = connection.execute("SELECT bytes FROM pieces WHERE upload = ? ORDER BY number", (key,))
    return (row[0] for row in rows)


def left_over(data: Path) -> int:
    """How many pieces belong to no attachment."""
    with closing(sqlite3.connect(data / "attachments.db")) as connection:
        query = "SELECT count(*) FROM pieces WHERE upload NOT IN (SELECT upload FROM attachments)"
        return int(connection.execute(query).fetchone()[0])


def main() -> None:
    """Serves until it is stopped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    found = replace(directory.read(given.data), forms=(FORM,))
    serve(
        {"": found},
        lambda: [on_address("127.0.0.1", given.port)],
        lambda places: print(f"taking reports at {places[0]}", flush=True),
    )


if __name__ == "__main__":
    main()
