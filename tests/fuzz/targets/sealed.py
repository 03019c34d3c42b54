"""The body of a sealed report as the server checks it from outside, before it is kept."""

from collections.abc import Iterator

from intake.crypto.shard import ID_LENGTH
from intake.envelope import Envelope, NotSealed
from tests.fuzz.keys import HYBRID, X25519
from tests.fuzz.target import Sayings, Target, only
from tests.serving import sealed_body

_SAYINGS = Sayings()
_RECIPIENTS = (HYBRID.recipient,)
_ENVELOPE = Envelope(_RECIPIENTS, (X25519.recipient,))
_LENGTHS = tuple(sorted(_ENVELOPE.lengths))


def run(data: bytes) -> None:
    # Of a right length, which an engine that changes lengths seldom finds: the shortest that holds it.
    fitting = next((length for length in _LENGTHS if length >= len(data)), _LENGTHS[-1])
    for body in (data, data.ljust(fitting, b"\0")[:fitting]):
        for check in (_ENVELOPE.open_outside, _ENVELOPE.open_front):
            with only(NotSealed, body, _SAYINGS):
                number, sealed = check(body)
                assert len(number) == ID_LENGTH
                assert number + sealed == body


def seeds() -> Iterator[bytes]:
    for recipients in (_RECIPIENTS, (X25519.recipient,)):
        body = sealed_body(recipients)
        yield body
        yield body[:2_500]


TARGET = Target(
    "sealed",
    run,
    seeds,
    shapes={
        "zeros": bytes,
        "stanzas": lambda size: bytes(16) + b"age-encryption.org/v1\n" + b"-> a\n\n" * (size // 6),
    },
    tokens=(b"age-encryption.org/v1\n", b"-> X25519 ", b"-> mlkem768x25519 ", b"--- "),
    open=True,
)
