"""Takes the fields of a form out of a multipart body, in memory and as it streams.

Starlette's own `request.form()` spools to a temporary file, which is plaintext at rest. Here the
words exist in this process's memory only, until they are sealed. Files are refused.
"""

import logging
from collections.abc import AsyncIterator

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

MOST_FIELDS = 1_000
MOST_NAME = 100

# It warns with the characters that it stumbled over, and those are somebody's words.
logging.getLogger("python_multipart").setLevel(logging.CRITICAL + 1)


class BrokenForm(Exception):
    """The body is not the form of one of our pages."""


async def read_fields(content_type: str, pieces: AsyncIterator[bytes]) -> dict[str, list[str]]:
    """Each field's values in the order they came; BrokenForm for anything but a whole form of text."""
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise BrokenForm("not a multipart form")
    fields = _Fields()
    try:
        parser = MultipartParser(options[b"boundary"], fields.callbacks())  # type: ignore[arg-type]
        async for piece in pieces:
            parser.write(piece)
        parser.finalize()
    except FormParserError:
        raise BrokenForm("the form is broken") from None
    if not fields.ended:
        raise BrokenForm("the form broke off")
    return fields.values


class _Fields:
    """What the parser calls while it reads: collects one field after the other."""

    def __init__(self) -> None:
        self.values: dict[str, list[str]] = {}
        self.ended = False
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
            "on_part_data": lambda data, start, end: self._data.extend(data[start:end]),
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._name = None
        self._data.clear()
        self._count += 1
        if self._count > MOST_FIELDS:
            raise BrokenForm("too many fields")

    def _end_header(self) -> None:
        if bytes(self._header).lower() == b"content-disposition":
            self._name = _field_name(bytes(self._header_value))
        self._header.clear()
        self._header_value.clear()

    def _end_part(self) -> None:
        if self._name is None:
            raise BrokenForm("a field has no name")
        self.values.setdefault(self._name, []).append(self._data.decode("utf-8", "replace"))

    def _end(self) -> None:
        self.ended = True


def _field_name(disposition: bytes) -> str:
    kind, options = parse_options_header(disposition)
    name = options.get(b"name", b"")
    if kind != b"form-data" or b"filename" in options or not 0 < len(name) <= MOST_NAME:
        raise BrokenForm("a field is not a plain field with a name")
    return name.decode("utf-8", "replace")
