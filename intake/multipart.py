"""Takes the fields of a form out of a multipart body, in memory and as it streams.

Starlette's own `request.form()` spools to a temporary file, which is plaintext at rest. Here the
words exist in this process's memory only, until they are sealed. Files are refused.

    field = "Content-Disposition: form-data; name=" DQUOTE 1*100name-byte DQUOTE
"""

import logging
import re
from collections.abc import AsyncIterator

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

MOST_FIELDS = 1_000

_DISPOSITION = re.compile(rb'form-data; ?name="([^"]{1,100})"', re.IGNORECASE)

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
    end = _End(options[b"boundary"])
    try:
        parser = MultipartParser(options[b"boundary"], fields.callbacks())  # type: ignore[arg-type]
        async for piece in pieces:
            parser.write(piece)
            end.follow(piece, ended=fields.ended)
        parser.finalize()
    except FormParserError:
        raise BrokenForm("the form is broken") from None
    if not fields.ended:
        raise BrokenForm("the form broke off")
    if end.after not in (b"", b"\r\n"):
        raise BrokenForm("something follows the end of the form")
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
            if self._name is not None:
                raise BrokenForm("a field has two names")
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
    found = _DISPOSITION.fullmatch(disposition)
    if not found:
        raise BrokenForm("a field is not a plain field with a name")
    return found[1].decode("utf-8", "replace")
