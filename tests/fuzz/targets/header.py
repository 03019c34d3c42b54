"""The age header as the server reads it, before it knows who sends it; what is read is written again."""

from collections.abc import Iterator

from intake.crypto.errors import Malformed
from intake.crypto.header import (
    MAX_HEADER,
    VERSION_LINE,
    Stanza,
    mac_line,
    parse,
    serialise_without_mac,
)
from intake.crypto.recipients import parse_recipient
from intake.crypto.seal import seal_bytes
from tests.fuzz.keys import HYBRID, X25519
from tests.fuzz.target import Sayings, Target, fill, only

_SAYINGS = Sayings()


def run(data: bytes) -> None:
    with only(Malformed, data, _SAYINGS):
        header = parse(data)
        assert header.length <= MAX_HEADER
        assert header.authenticated + mac_line(header.mac) == data[: header.length]
        assert serialise_without_mac(header.stanzas) == header.authenticated
        assert parse(data[: header.length]) == header


def seeds() -> Iterator[bytes]:
    for recipients in ([X25519.recipient], [HYBRID.recipient], [X25519.recipient, X25519.recipient]):
        yield seal_bytes(b"{}", recipients)
    yield serialise_without_mac([Stanza(("X25519", "abc"), b"x" * 48)]) + mac_line(bytes(32))
    assert parse_recipient(str(HYBRID.recipient)) == HYBRID.recipient


TARGET = Target(
    "header",
    run,
    seeds,
    shapes={
        "many stanzas": lambda size: (
            serialise_without_mac([Stanza(("a",), b"")] * (size // 6)) + mac_line(bytes(32))
        ),
        "one long body": lambda size: (
            serialise_without_mac([Stanza(("a",), bytes(size * 3 // 4))]) + mac_line(bytes(32))
        ),
        "many arguments": lambda size: VERSION_LINE + b"-> " + fill(b"a ", size) + b"\n\n",
        "a line that never ends": lambda size: VERSION_LINE + b"-> " + fill(b"a", size),
        "stanzas without an end": lambda size: VERSION_LINE + fill(b"-> a\n", size),
    },
    tokens=(VERSION_LINE, b"-> ", b"X25519", b"mlkem768x25519", b"scrypt", b"--- ", b"\n", b"\r\n"),
    open=True,
)
