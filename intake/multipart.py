"""Takes the fields of a form out of a multipart body, in memory and as it streams.

Starlette's own `request.form()` spools to a temporary file, which is plaintext at rest. Here the
words exist in this process's memory only, until they are sealed. Files are refused, or go to
whoever seals them, piece by piece. A file's own name is given to them too; a form's files have no use for it.

    field = "Content-Disposition: form-data; name=" DQUOTE 1*100name-byte DQUOTE
    file  = field "; filename=" DQUOTE *name-byte DQUOTE
"""

import logging
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

MOST_FIELDS = 1_000
LONGEST_NAME = 100

# As browsers write a field that is no file; the other pattern is slower, and knows the rest.
_PLAIN = re.compile(rb'form-data; name="([^"]{1,%d})"' % LONGEST_NAME)
_DISPOSITION = re.compile(
    rb'form-data; ?name="([^"]{1,%d})"(?:; ?filename="((?:[^"]|\\")*)")?' % LONGEST_NAME,
    re.IGNORECASE | re.DOTALL,
)

# It warns with the characters that it stumbled over, and those are somebody's words.
logging.getLogger("python_multipart").setLevel(logging.CRITICAL + 1)


class BrokenForm(Exception):
    """The body is not the form of one of our pages."""


class TooMuchText(Exception):
    """The fields of the form are longer than they may be."""


class Files(Protocol):
    """Whoever takes the files of a form as they come."""

    def begin(self, media_type: str, fields: Mapping[str, Sequence[str]], name: str) -> None:
        """A file of that type and name begins; `fields` came before it."""

    def data(self, piece: bytes) -> None:
        """More of it."""

    def end(self) -> None:
        """It is whole."""

    async def drain(self) -> None:
        """Called after each piece of the body, to write what was taken."""


async def read_fields(
    content_type: str, pieces: AsyncIterator[bytes], files: Files | None = None, most_text: int | None = None
) -> dict[str, list[str]]:
    """Each field's values in the order they came.

    Raises BrokenForm for anything but a whole form, and for a file when nobody takes `files`;
    TooMuchText when names and values have more than `most_text` bytes.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise BrokenForm("not a multipart form")
    fields = _Fields(files, most_text)
    end = _End(options[b"boundary"])
    try:
        parser = MultipartParser(options[b"boundary"], fields.callbacks())  # type: ignore[arg-type]
        async for piece in pieces:
            parser.write(piece)
            end.follow(piece, ended=fields.ended)
            if files is not None:
                await files.drain()
        parser.finalize()
    except FormParserError:
        raise BrokenForm("the form is broken") from None
    if not fields.ended:
        raise BrokenForm("the form broke off")
    if end.after not in (b"", b"\r\n"):
        raise BrokenForm("something follows the end of the form")
    if fields.too_long:
        raise TooMuchText("the fields are too long")
    return fields.values


class _End:
    """What follows the last boundary, which the parser drops without a word."""

    def __init__(self, boundary: bytes) -> None:
        self._mark = b"\r\n--" + boundary + b"--"
        # The first boundary may stand without the end of a line before it.
        self._seen = b"\r\n"
        self._ended = False
        self.after = b""

    def follow(self, piece: bytes, *, ended: bool) -> None:
        """Takes the next piece; `ended` says whether the parser has met the last boundary by now."""
        if self._ended:
            self.after += piece[:3]
            return
        self._seen = self._seen[-len(self._mark) :] + piece
        self._ended = ended
        if ended:
            self.after = self._seen.partition(self._mark)[2]


class _Fields:
    """What the parser calls while it reads: collects one field after the other."""

    def __init__(self, files: Files | None, most_text: int | None) -> None:
        self.values: dict[str, list[str]] = {}
        self.ended = False
        self.too_long = False
        self._files = files
        self._room = most_text
        self._file_name: str | None = None
        self._type = ""
        self._count = 0
        # The parser takes no header of more than 4 KiB.
        self._header = self._header_value = b""
        self._name: str | None = None
        self._data = bytearray()

    def callbacks(self) -> dict[str, object]:
        # The parser calls these hundreds of times a form; what is asked for nothing is not given to it.
        found: dict[str, object] = {
            "on_header_field": self._take_header,
            "on_header_value": self._take_header_value,
            "on_header_end": self._end_header,
            "on_part_data": self._take if self._room is None else self._take_some,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }
        if self._files is not None:
            found["on_headers_finished"] = self._end_headers
        return found

    def _take_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _take_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        name = self._header.lower()
        if name == b"content-disposition":
            if self._name is not None:
                raise BrokenForm("a field has two names")
            self._name, self._file_name = _names(self._header_value)
            if self._file_name is not None and self._files is None:
                raise BrokenForm("a field is a file")
        elif name == b"content-type":
            self._type = self._header_value.decode("ascii", "replace")
        self._header = self._header_value = b""

    def _end_headers(self) -> None:
        if self._file_name is not None and self._files is not None:
            self._files.begin(self._type, self.values, self._file_name)

    def _take_some(self, data: bytes, start: int, end: int) -> None:
        if self._file_name is None and self._room is not None:
            self._room -= end - start
            # Read on, and drop it: a browser shows the answer only when its form was read.
            self.too_long = self.too_long or self._room < 0
            if self.too_long:
                return
        self._take(data, start, end)

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._file_name is not None and self._files is not None:
            self._files.data(data[start:end])
        else:
            self._data += data[start:end]

    def _end_part(self) -> None:
        if self._name is None:
            raise BrokenForm("a field has no name")
        if self._file_name is not None and self._files is not None:
            self._files.end()
        else:
            self.values.setdefault(self._name, []).append(self._data.decode("utf-8", "replace"))
        self._name = self._file_name = None
        self._type = ""
        self._data.clear()
        self._count += 1
        if self._count > MOST_FIELDS:
            raise BrokenForm("too many fields")

    def _end(self) -> None:
        self.ended = True


def _names(disposition: bytes) -> tuple[str, str | None]:
    """A field's name, and the name of the file that it is, if any; empty when none was chosen."""
    if plain := _PLAIN.fullmatch(disposition):
        return plain[1].decode("utf-8", "replace"), None
    found = _DISPOSITION.fullmatch(disposition)
    if not found:
        raise BrokenForm("a field is not a plain field with a name")
    name, file = found[1].decode("utf-8", "replace"), found[2]
    return name, None if file is None else file.decode("utf-8", "replace")
