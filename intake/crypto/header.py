"""The text header of an age file: written and strictly read (C2SP age, "Header").

    header  = "age-encryption.org/v1" LF 1*stanza "---" SP mac LF
    stanza  = "->" 1*(SP argument) LF *full-line final-line
    argument = 1*VCHAR
    full-line = 64base64char LF         ; 48 bytes
    final-line = *63base64char LF       ; fewer than 48 bytes, perhaps none
    mac     = 43base64char              ; 32 bytes

Base64 is canonical and without padding. Reading a header opens nothing: it is how the
server refuses what is no sealed report.
"""

import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass

from intake.crypto.errors import Malformed

VERSION_LINE = b"age-encryption.org/v1\n"
MAC_MARK = b"---"
MAC_LENGTH = 32
# The header of 42 post-quantum recipients; more is an attempt to fill memory.
MAX_HEADER = 64 * 1024

_STANZA = re.compile(
    rb"-> ([\x21-\x7e]+(?: [\x21-\x7e]+)*)\n((?:[A-Za-z0-9+/]{64}\n)*)([A-Za-z0-9+/]{0,63})\n"
)
_MAC_LINE = re.compile(rb"--- ([A-Za-z0-9+/]{43})\n")
_BODY_COLUMNS = 64


@dataclass(frozen=True, slots=True)
class Stanza:
    """One wrapped copy of the file key: its type and arguments, and the wrapped bytes."""

    arguments: tuple[str, ...]
    body: bytes

    @property
    def type(self) -> str:
        """The kind of recipient that the stanza is for."""
        return self.arguments[0]


@dataclass(frozen=True, slots=True)
class Header:
    """A header as read: its stanzas, its MAC, the bytes the MAC covers, its length in bytes."""

    stanzas: tuple[Stanza, ...]
    mac: bytes
    authenticated: bytes
    length: int


def serialise_without_mac(stanzas: Iterable[Stanza]) -> bytes:
    """The bytes of a header that its MAC covers: all up to and including the three dashes."""
    lines = [VERSION_LINE]
    for stanza in stanzas:
        lines.append(b"-> " + " ".join(stanza.arguments).encode("ascii") + b"\n")
        body = encode_base64(stanza.body)
        # A body of whole lines is closed by an empty one, so the loop runs one step past its end.
        lines += [body[i : i + _BODY_COLUMNS] + b"\n" for i in range(0, len(body) + 1, _BODY_COLUMNS)]
    return b"".join([*lines, MAC_MARK])


def mac_line(mac: bytes) -> bytes:
    """What follows the authenticated bytes: a space, the MAC and the end of the line."""
    return b" " + encode_base64(mac) + b"\n"


def parse(data: bytes) -> Header:
    """The header that `data` begins with; Malformed where it is not in the one allowed form."""
    if not data.startswith(VERSION_LINE):
        raise Malformed("not an age v1 file")
    position = len(VERSION_LINE)
    stanzas = []
    while found := _STANZA.match(data, position, MAX_HEADER):
        arguments, whole_lines, last_line = found.groups()
        body = decode_base64(whole_lines.replace(b"\n", b"") + last_line)
        stanzas.append(Stanza(tuple(arguments.decode("ascii").split(" ")), body))
        position = found.end()
    end = _MAC_LINE.match(data, position, MAX_HEADER)
    if not stanzas or not end:
        raise Malformed("the header of the age file is broken")
    authenticated = data[: position + len(MAC_MARK)]
    return Header(tuple(stanzas), decode_base64(end[1]), authenticated, end.end())


def encode_base64(data: bytes) -> bytes:
    """Standard base64 without padding."""
    return binascii.b2a_base64(data, newline=False).rstrip(b"=")


def decode_base64(text: bytes) -> bytes:
    """The bytes of canonical base64 without padding; Malformed for anything else."""
    try:
        data = binascii.a2b_base64(text + b"=" * (-len(text) % 4), strict_mode=True)
    except binascii.Error:
        raise Malformed("base64 is broken") from None
    # Decoders ignore the unused bits of the last character; two spellings of one value would
    # let somebody change a file without changing what it says.
    if encode_base64(data) != text:
        raise Malformed("base64 is not canonical")
    return data
