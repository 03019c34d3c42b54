"""What comes on the courier's stick: manifest, acknowledgement, desk's card. The first byte says which.

With bit 4 of the first byte the input is a body, which is signed here with a key that is pinned: otherwise
nothing would get past the signature. With bit 8 it is JSON that is first written canonically, where it is
JSON.
"""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import date

from intake.crypto import acknowledgement, card, manifest
from intake.crypto.errors import CryptoError
from intake.crypto.manifest import Manifest, Shard
from intake.crypto.signed import Kind, canonical
from tests.fuzz.keys import HYBRID, SIGNER, X25519
from tests.fuzz.target import Sayings, Target, fill, only

_SAYINGS = Sayings()
_PINNED = [SIGNER.verify_key]
_PARSERS = (
    (manifest.KIND, manifest.parse, manifest.serialise),
    (acknowledgement.KIND, acknowledgement.parse, acknowledgement.serialise),
    (card.KIND, card.parse, card.serialise),
)
SIGNED, WRITTEN = 4, 8


def run(data: bytes) -> None:
    if not data:
        return
    kind, parse, serialise = _PARSERS[(data[0] & 3) % 3]
    text = data[1:]
    if data[0] & WRITTEN:
        text = _canonical(text)
    if data[0] & SIGNED:
        text = _sign(kind, text)
    with only(CryptoError, text, _SAYINGS):
        found = parse(text, _PINNED)  # type: ignore[operator]
        if found != old_acknowledgement(text):
            assert serialise(found, SIGNER) == text  # type: ignore[operator]
    if kind is card.KIND:
        with only(CryptoError, text, _SAYINGS):
            assert card.serialise(card.introduce(text), SIGNER) == text


def old_acknowledgement(text: bytes) -> object:
    """One from before there were boxes: the one second spelling that is read."""
    if not text.startswith(acknowledgement.KIND.version_line) or b'"box":' in text:
        return None
    return acknowledgement.parse(text, _PINNED)


def _canonical(text: bytes) -> bytes:
    try:
        value = json.loads(text)
        return canonical(value)
    except (ValueError, RecursionError):
        return text


def _sign(kind: Kind, body: bytes) -> bytes:
    return kind.version_line + body + b"\n" + _signature(kind.version_line + body + b"\n")


def _signature(signed: bytes) -> bytes:
    return base64.b64encode(SIGNER.sign(signed)) + b"\n"


def _files() -> Iterator[bytes]:
    server = SIGNER.verify_key
    shards = (Shard(18_555, 1, "ab" * 32), Shard(99_999, 5, "cd" * 32))
    yield manifest.serialise(Manifest(server, 2, "00" * 32, ("11" * 32, "22" * 32), shards), SIGNER)
    yield acknowledgement.serialise(
        acknowledgement.Acknowledgement(server, server, 3, ((1, "ab" * 32), (2, "cd" * 32)), "", "ef" * 32),
        SIGNER,
    )
    keys = (card.Key(X25519.recipient, date(2127, 1, 1)),)
    yield card.serialise(card.Card(server, 1, keys), SIGNER)
    yield card.serialise(card.Card(server, 1, (card.Key(HYBRID.recipient, date(2127, 1, 1)),)), SIGNER)


def seeds() -> Iterator[bytes]:
    for number, data in enumerate(_files()):
        which = min(number, 2)
        yield bytes([which]) + data
        yield bytes([which | SIGNED | WRITTEN]) + data.split(b"\n")[1]


def _manifest(shards: int) -> dict[str, object]:
    return {
        "forms": [],
        "previous": "00" * 32,
        "sequence": 1,
        "server": SIGNER.verify_key.public.hex(),
        "shards": [{"bytes": 1, "reports": 1, "sha256": f"{n:064x}"} for n in range(shards)],
    }


def _shape(which: int, before: bytes, piece: bytes, after: bytes) -> Callable[[int], bytes]:
    return lambda size: (
        bytes([which | SIGNED]) + before + fill(piece, size // len(piece) * len(piece)) + after
    )


TARGET = Target(
    "courier",
    run,
    seeds,
    shapes={
        "nested lists": lambda size: bytes([SIGNED]) + b"[" * (size // 2) + b"]" * (size // 2),
        "nested objects": lambda size: (
            bytes([SIGNED | 1]) + b'{"a":' * (size // 6) + b"1" + b"}" * (size // 6)
        ),
        "a huge number": _shape(0, b'{"sequence":', b"9", b"}"),
        "many shards": lambda size: (
            bytes([SIGNED | WRITTEN]) + json.dumps(_manifest(size // 110), sort_keys=True).encode()
        ),
        "many forms": lambda size: (
            bytes([SIGNED | WRITTEN])
            + json.dumps(_manifest(1) | {"forms": [f"{n:064x}" for n in range(size // 70)]}).encode()
        ),
        "many bundles": lambda size: (
            bytes([SIGNED | WRITTEN | 1])
            + json.dumps(
                {
                    "accepted": [{"digest": "ab" * 32, "sequence": n + 1} for n in range(size // 100)],
                    "box": "",
                    "card": "",
                    "desk": SIGNER.verify_key.public.hex(),
                    "sequence": 1,
                    "server": SIGNER.verify_key.public.hex(),
                }
            ).encode()
        ),
        "many keys": _shape(2, b'{"keys":[', b'{"a":1},', b"1]}"),
        "a signature without an end": lambda size: b"\0witnessbox-bundle/1\n{}\n" + fill(b"A", size),
        "a long key": lambda size: (
            bytes([2 | SIGNED | WRITTEN])
            + json.dumps(
                {
                    "desk": SIGNER.verify_key.public.hex(),
                    "keys": [{"expires": "2127-01-01", "recipient": "age1" + "q" * size}],
                    "sequence": 1,
                }
            ).encode()
        ),
    },
    # A recipient is spelled in Bech32, which is read letter by letter.
    seconds=0.15,
    tokens=(
        *(
            b"witnessbox-bundle/1\n",
            b"witnessbox-acknowledgement/1\n",
            b"witnessbox-desk/1\n",
            b'"forms":[',
            b'"shards":[',
        ),
        *(
            b'"sequence":',
            b'"accepted":[',
            b'"keys":[',
            b'"expires":"',
            b'"recipient":"',
            b'"bytes":',
            b"null",
            b"[[",
            b"1e9",
        ),
    ),
)
