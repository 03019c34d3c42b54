"""Takes attachments as they stream in, by both ways, in memory that does not grow with them.

A browser with script sends a sealed attachment like a sealed report, but larger: it is checked by its
front and written on in pieces. Files of a form without script are sealed here, piece by piece, before
anything of them is written.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress

from starlette.requests import Request

from intake import body
from intake.attachments import Attachments, Upload
from intake.crypto.attachment import MAX_ATTACHMENT, MOST_ATTACHMENTS, Attachment, AttachmentSealer
from intake.crypto.receipt import Receipt
from intake.crypto.recipients import Recipient
from intake.door import Entry
from intake.envelope import Envelope, NotSealed
from intake.keeping import Unavailable
from intake.pictures import FRONT, is_picture

# All files that one form may send; its text comes on top.
MOST_BYTES = MOST_ATTACHMENTS * MAX_ATTACHMENT
# A form that is far too large is cut off: a browser that sends on shows no page for it.
PATIENCE = 2


async def take_sealed(
    request: Request,
    envelope: Envelope,
    attachments: Attachments,
    week: str,
    entry: Entry,
    until: body.Deadline,
) -> None:
    """Returns when a sealed attachment, whose length the request announces, is durable.

    Raises NotSealed, WorkError, Conflict or Unavailable, and HTTPException for a body that breaks off.
    """
    length, taken, front = body.announced(request), 0, b""
    attachment_id: bytes | None = None
    with attachments.upload() as upload:
        async for piece in body.pieces(request, length, until=until):
            taken += len(piece)
            entry.update(piece)
            if attachment_id is not None:
                await upload.write(piece)
                continue
            front += piece
            if len(front) >= envelope.front:
                attachment_id, sealed = envelope.open_front(front)
                await upload.write(sealed)
        if attachment_id is None or taken != length:
            raise NotSealed("not the length of a sealed attachment")
        await entry.admit()
        await upload.finish(attachment_id, week)


class FormFiles:
    """The files of one form as the parser of its body comes upon them: sealed at once, then written.

    `problem` is the name of the rule that a file broke: file_type, too_many_files or file_too_large;
    `failed` says that a file could not be kept. What follows is then read and dropped, so that the
    browser shows the answer. Nothing stays unless `finish` is called. `code` is the page's code that
    `code_of` finds in the fields before the first file, because a file is sealed with its id; it is
    empty while no file came.
    """

    def __init__(
        self,
        attachments: Attachments,
        recipients: Sequence[Recipient],
        types: Sequence[str],
        uploads: ExitStack,
        code_of: Callable[[Mapping[str, Sequence[str]]], bytes],
    ) -> None:
        self.code = b""
        self.problem = ""
        self.failed = False
        self._attachments = attachments
        self._recipients = recipients
        self._types = types
        self._uploads = uploads
        self._code_of = code_of
        self._type = ""
        self._sealer: AttachmentSealer | None = None
        # The first bytes, until there are enough to know a picture by.
        self._front = bytearray()
        self._room = 0
        self._ready: deque[tuple[Upload, Iterable[bytes]]] = deque()
        self._whole: list[tuple[Upload, Attachment]] = []
        self._upload: Upload | None = None

    def begin(self, media_type: str, fields: Mapping[str, Sequence[str]], name: str) -> None:
        """A file of that type follows, or nothing, when none was chosen. Its name is dropped."""
        self.code = self.code or self._code_of(fields)
        self._type = media_type.partition(";")[0].strip().lower()
        self._sealer = None
        self._front.clear()

    def data(self, piece: bytes) -> None:
        """More of the file."""
        if self._sealer is None and not self._stopped:
            self._front += piece
            if len(self._front) >= FRONT:
                self._start()
        else:
            self._take(piece)

    def _take(self, piece: bytes) -> None:
        if len(piece) > self._room and not self._stopped:
            self.problem = "file_too_large"
        if self._stopped or self._sealer is None or self._upload is None:
            return
        self._room -= len(piece)
        self._ready.append((self._upload, (self._sealer.update(piece),)))

    def end(self) -> None:
        """The file is whole."""
        if self._front and self._sealer is None and not self._stopped:
            self._start()
        if self._stopped or self._sealer is None or self._upload is None:
            return
        self._upload.ended = True
        self._ready.append((self._upload, self._sealer.finish()))
        self._whole.append((self._upload, self._sealer.named()))

    async def drain(self) -> None:
        """Writes what is sealed."""
        while self._ready and not self._stopped:
            upload, sealed = self._ready.popleft()
            try:
                for piece in sealed:
                    await upload.write(piece)
            except Unavailable:
                self.failed = True

    async def finish(self, week: str) -> None:
        """Returns when all files are durable.

        Raises Unavailable when one was not kept, and Conflict when the same page sent files before.
        """
        if self.failed:
            raise Unavailable("a file was not stored")
        try:
            for upload, named in self._whole:
                await upload.finish(named.id, week)
        except Unavailable:
            self.failed = True
            raise

    async def take_back(self) -> None:
        """Lets go, as far as possible, of what `finish` kept, because the report that names it was not."""
        with suppress(Unavailable):
            for upload, named in self._whole:
                await upload.take_back(named.id)

    @property
    def length(self) -> int:
        """Bytes of the files, as they are stored."""
        return sum(upload.length for upload, _ in self._whole)

    @property
    def named(self) -> tuple[Attachment, ...]:
        """What the report is to say of the files."""
        return tuple(named for _, named in self._whole)

    @property
    def _stopped(self) -> bool:
        return self.failed or bool(self.problem)

    def _start(self) -> None:
        number = len(self._whole) + 1
        if number > MOST_ATTACHMENTS:
            self.problem = "too_many_files"
        elif self._type not in self._types or self._is_hidden_picture():
            self.problem = "file_type"
        else:
            try:
                self._upload = self._uploads.enter_context(self._attachments.upload())
            except Unavailable:
                self.failed = True
                return
            attachment_id = Receipt.from_code(self.code).attachment_id(number)
            self._sealer = AttachmentSealer(self._recipients, attachment_id, self._type)
            self._room = MAX_ATTACHMENT
            self._take(bytes(self._front))
            self._front.clear()

    def _is_hidden_picture(self) -> bool:
        return is_picture(bytes(self._front[:FRONT])) and not self._type.startswith("image/")
