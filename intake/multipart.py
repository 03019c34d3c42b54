"""Takes the fields of a form out of a multipart body, in memory and as it streams.

Starlette's own `request.form()` spools to a temporary file, which is plaintext at rest. Here the
words exist in this process's memory only, until they are sealed. Files are refused, or go to
whoever seals them, piece by piece.
"""

import logging
from collections.abc import AsyncIterator
from typing import Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

MOST_FIELDS = 1_000
MOST_NAME = 100

# It warns with the characters that it stumbled over, and those are somebody's words.
logging.getLogger("python_multipart").setLevel(logging.CRITICAL + 1)


class BrokenForm(Exception):
    """The body is not the form of one of our pages."""


class TooMuchText(Exception):
    """The fields of the form are longer than they may be."""


class Files(Protocol):
    """Whoever takes the files of a form as they come."""

    def begin(self, media_type: str) -> None:
        """A file begins."""

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
    try:
        parser = MultipartParser(options[b"boundary"], fields.callbacks())  # type: ignore[arg-type]
        async for piece in pieces:
            parser.write(piece)
            if files is not None:
                await files.drain()
        parser.finalize()
    except FormParserError:
        raise BrokenForm("the form is broken") from None
    if not fields.ended:
        raise BrokenForm("the form broke off")
    if fields.too_long:
        raise TooMuchText("the fields are too long")
    return fields.values


class _Fields:
    """What the parser calls while it reads: collects one field after the other."""

    def __init__(self, files: Files | None, most_text: int | None) -> None:
        self.values: dict[str, list[str]] = {}
        self.ended = False
        self.too_long = False
        self._files = files
        self._room = most_text
        self._is_file = False
        self._type = ""
        self._count = 0
        self._header = bytearray()
        self._header_value = bytearray()
        self._name: str | None = None
        self._data = bytearray()

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header_value.extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._take,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._name = None
        self._is_file = False
        self._type = ""
        self._data.clear()
        self._count += 1
        if self._count > MOST_FIELDS:
            raise BrokenForm("too many fields")

    def _end_header(self) -> None:
        name = bytes(self._header).lower()
        if name == b"content-disposition":
            self._name, self._is_file = _field_name(bytes(self._header_value))
        elif name == b"content-type":
            self._type = self._header_value.decode("ascii", "replace")
        self._header.clear()
        self._header_value.clear()

    def _end_headers(self) -> None:
        if self._is_file:
            if self._files is None:
                raise BrokenForm("a field is a file")
            self._files.begin(self._type)

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._is_file and self._files is not None:
            self._files.data(data[start:end])
            return
        if self._room is not None:
            self._room -= end - start
            # Read on, and drop it: a browser shows the answer only when its form was read.
            self.too_long = self.too_long or self._room < 0
        if not self.too_long:
            self._data.extend(data[start:end])

    def _end_part(self) -> None:
        if self._name is None:
            raise BrokenForm("a field has no name")
        if self._is_file and self._files is not None:
            self._files.end()
            return
        self.values.setdefault(self._name, []).append(self._data.decode("utf-8", "replace"))

    def _end(self) -> None:
        self.ended = True


def _field_name(disposition: bytes) -> tuple[str, bool]:
    """A field's name, and whether it is a file."""
    kind, options = parse_options_header(disposition)
    name = options.get(b"name", b"")
    if kind != b"form-data" or not 0 < len(name) <= MOST_NAME:
        raise BrokenForm("a field is not a plain field with a name")
    return name.decode("utf-8", "replace"), any(option.startswith(b"filename") for option in options)
