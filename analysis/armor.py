"""Reads age's ASCII armor, in which people send keys and sealed files by text channels.

    armor = begin-line LF *full-line final-line end-line
    full-line = 64 base64 characters; final-line = 1 to 64 of them, padded

Line ends may be LF or CRLF and white space may stand around the whole (C2SP age, "ASCII armor").
"""

import base64
import binascii
import re

from analysis.unseal_errors import MalformedFile

BEGIN = b"-----BEGIN AGE ENCRYPTED FILE-----"
END = b"-----END AGE ENCRYPTED FILE-----"
COLUMNS = 64

_WHITE_SPACE = b" \t\r\n"
_LINES = re.compile(rb"(?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{1,64}={0,2}\n")


def is_armored(data: bytes) -> bool:
    """Whether `data` should be read as armor; a binary age file never begins like it."""
    return data.lstrip(_WHITE_SPACE).startswith(BEGIN)


def dearmor(data: bytes) -> bytes:
    """The binary age file inside the armor; MalformedFile where it is not strictly written."""
    text = data.strip(_WHITE_SPACE).replace(b"\r\n", b"\n")
    if not (text.startswith(BEGIN + b"\n") and text.endswith(b"\n" + END)):
        raise MalformedFile("the armor does not begin or end as it should")
    body = text[len(BEGIN) + 1 : -len(END)]
    if not _LINES.fullmatch(body) or max(map(len, body.split(b"\n"))) > COLUMNS:
        raise MalformedFile("the armor is broken")
    joined = body.replace(b"\n", b"")
    try:
        decoded = binascii.a2b_base64(joined, strict_mode=True)
    except binascii.Error:
        raise MalformedFile("the armor is broken") from None
    if base64.b64encode(decoded) != joined:
        raise MalformedFile("the armor is not canonical")
    return decoded
