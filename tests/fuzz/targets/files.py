"""The files of a form without script, all the way: sealed as they stream in, and written to a real file.

An input is that of `multipart`. With bit 8 of its first byte nothing is finished, as where the report itself
is refused. What was finished opens with the organizers' key to the very bytes that came; of what broke a
rule, broke off or was not finished, nothing is left.
"""

import asyncio
import atexit
import io
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import cache

from analysis.unseal import unseal
from intake.app import page_code
from intake.attachments import Attachments
from intake.attachments import read as read_stored
from intake.crypto.attachment import MOST_ATTACHMENTS, content
from intake.crypto.receipt import Receipt
from intake.keeping import Connection
from intake.multipart import BrokenForm, TooMuchText, read_fields
from intake.pictures import FRONT, is_picture
from intake.sqlite import Sqlite
from intake.upload import FormFiles
from tests.fuzz import memory
from tests.fuzz.keys import CODE, X25519
from tests.fuzz.target import Sayings, Target, fill, only
from tests.fuzz.targets.multipart import MOST_TEXT, field, form

_SAYINGS = Sayings()
_TYPES = ("application/pdf", "image/jpeg")
_WEEK = "2026-W47"
UNFINISHED = 8


@cache
def _place() -> tuple[asyncio.AbstractEventLoop, Attachments]:
    """One file for this process, of which every input leaves nothing."""
    attachments = Attachments(Sqlite(memory.folder() / "reports.db"), min_free_bytes=1)
    attachments.start()
    loop = asyncio.new_event_loop()
    atexit.register(loop.close)
    return loop, attachments


class _Noted(FormFiles):
    """The real thing, which notes what came: type and bytes of each file."""

    came: list[tuple[str, bytearray]]

    def begin(self, media_type: str, fields: Mapping[str, Sequence[str]], name: str) -> None:
        self.came.append((media_type.partition(";")[0].strip().lower(), bytearray()))
        super().begin(media_type, fields, name)

    def data(self, piece: bytes) -> None:
        self.came[-1][1].extend(piece)
        super().data(piece)


def run(data: bytes) -> None:
    if data:
        loop, attachments = _place()
        loop.run_until_complete(_take(data, attachments))


async def _take(data: bytes, attachments: Attachments) -> None:
    with ExitStack() as uploads:
        files = _Noted(attachments, (X25519.recipient,), _TYPES, uploads, page_code)
        files.came = []
        whole = await _read(data, files)
        assert not files.failed
        if whole:
            assert files.problem == _problem(files.came)
        if whole and not files.problem and not data[0] & UNFINISHED:
            await files.finish(_WEEK)
            await _check_kept(files, attachments)
            await files.take_back()
    assert await attachments.run(_left, 0) == (0, 0)


async def _read(data: bytes, files: FormFiles) -> bool:
    how, (kind, _, body) = data[0], data[1:].partition(b"\n")
    step = max((len(body) or 1, 1, 13, 1_000)[how & 3], len(body) // 256, 1)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), step):
            yield body[start : start + step]

    with only((BrokenForm, TooMuchText), data, _SAYINGS):
        await read_fields(kind.decode("latin-1"), pieces(), files, MOST_TEXT)
        return True
    return False


def _problem(came: list[tuple[str, bytearray]]) -> str:
    """The first rule that one of the files breaks; an empty one is none that was chosen."""
    chosen = [(kind, bytes(held)) for kind, held in came if held]
    for number, (kind, held) in enumerate(chosen, 1):
        if number > MOST_ATTACHMENTS:
            return "too_many_files"
        if kind not in _TYPES or (is_picture(held[:FRONT]) and not kind.startswith("image/")):
            return "file_type"
    return ""


async def _check_kept(files: _Noted, attachments: Attachments) -> None:
    chosen = [(kind, bytes(held)) for kind, held in files.came if held]
    assert len(files.named) == len(chosen)
    stored = await attachments.run(lambda held: [read_stored(held, one.id) for one in files.named], 0)
    assert files.length == sum(map(len, stored))
    for number, (named, sealed, (kind, held)) in enumerate(zip(files.named, stored, chosen, strict=True), 1):
        assert named.id == Receipt.from_code(files.code).attachment_id(number)
        opened = b"".join(content(unseal(io.BytesIO(sealed), (X25519,)), named))
        assert (named.type, opened) == (kind, held)


def _left(connection: Connection) -> tuple[int, ...]:
    return tuple(
        connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - one of these two
        for table in ("attachments", "pieces")
    )


def _file(held: bytes, kind: bytes = b"application/pdf", name: bytes = b"a.pdf") -> bytes:
    return field(b"files", held, b'; filename="%b"\r\nContent-Type: %b' % (name, kind))


_CODE = field(b"_code", CODE.hex().encode())


def seeds() -> Iterator[bytes]:
    photo = _file(b"\xff\xd8\xff\xe0" + bytes(range(256)), b"image/jpeg; a=b")
    for how in (0, 1, 2, UNFINISHED):
        yield form(_CODE, _file(b"%PDF-1.7 words"), photo, _file(b"", name=b""), how=how)
    yield form(_file(b"x"), _CODE)
    yield form(_CODE, _file(b"\xff\xd8\xff", b"application/pdf"))
    yield form(_CODE, _file(b"x", b"text/html"))
    yield form(_CODE, *[_file(b"x")] * (MOST_ATTACHMENTS + 1))
    yield form(_CODE, _file(b"%PDF" * 50))[:-30]


TARGET = Target(
    "files",
    run,
    seeds,
    shapes={
        "a long file": lambda size: form(_CODE, _file(fill(b"\r\n--wal", size))),
        "many files": lambda size: form(_CODE, *[_file(b"x")] * (size // 110)),
        "many empty files": lambda size: form(_CODE, *[_file(b"")] * (size // 110)),
        "a long type": lambda size: form(_CODE, _file(b"x", fill(b"a/", size))),
        "a long name": lambda size: form(_CODE, _file(b"x", name=fill(b"a", size))),
    },
    tokens=(
        *(b"--wall\r\n", b"--wall--", b"\r\n", b"Content-Disposition: form-data; name=", b'; filename="a"'),
        *(b"Content-Type: application/pdf", b"Content-Type: image/jpeg", b"\xff\xd8\xff", b"GIF8", b"_code"),
    ),
    open=True,
    # Each file is grown to 256 KiB before it is sealed.
    seconds=0.2,
    longest=16 * 1024,
)
