"""Bech32 (BIP-173), the spelling of age's keys, without its limit of 90 characters.

    string = hrp "1" data checksum      ; the last "1" separates
    data, checksum: characters of CHARSET, 5 bits each; all lower or all upper case

A post-quantum recipient takes 1,959 characters, so the checksum is a guard against
typing and copying errors only.
"""

from collections.abc import Iterable, Iterator

from intake.crypto.errors import Malformed

CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
CHECKSUM_LENGTH = 6
GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def encode(prefix: str, data: bytes) -> str:
    """The lower-case Bech32 string of `data` under the human-readable `prefix`."""
    prefix = prefix.lower()
    values = list(_regroup(data, 8, 5, fill=True))
    check = _polymod([*_expand(prefix), *values, *[0] * CHECKSUM_LENGTH]) ^ 1
    values += [(check >> 5 * (CHECKSUM_LENGTH - 1 - i)) & 31 for i in range(CHECKSUM_LENGTH)]
    return prefix + "1" + "".join(CHARSET[v] for v in values)


def decode(text: str) -> tuple[str, bytes]:
    """The prefix as it is spelled, and the bytes; Malformed for any other spelling of a key."""
    if text not in (text.lower(), text.upper()):
        raise Malformed("a key is spelled in mixed case")
    prefix, separator, tail = text.rpartition("1")
    if not separator or not prefix or len(tail) < CHECKSUM_LENGTH:
        raise Malformed("a key is cut short")
    if not all(33 <= ord(c) <= 126 for c in prefix):
        raise Malformed("a key has a character outside ASCII")
    values = [CHARSET.find(c) for c in tail.lower()]
    if -1 in values:
        raise Malformed("a key has a character that Bech32 does not know")
    if _polymod([*_expand(prefix.lower()), *values]) != 1:
        raise Malformed("a key is mistyped: its checksum does not match")
    return prefix, bytes(_regroup(values[:-CHECKSUM_LENGTH], 5, 8, fill=False))


def _polymod(values: Iterable[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(GENERATOR):
            check ^= generator if top >> bit & 1 else 0
    return check


def _expand(prefix: str) -> list[int]:
    return [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]


def _regroup(values: Iterable[int], width: int, target: int, *, fill: bool) -> Iterator[int]:
    """The bits of `values`, `width` each, in groups of `target`; what is left over must be zero."""
    bits = pending = 0
    for value in values:
        pending = (pending << width | value) & 0xFFFF
        bits += width
        while bits >= target:
            bits -= target
            yield pending >> bits & ((1 << target) - 1)
    if fill and bits:
        yield pending << (target - bits) & ((1 << target) - 1)
    elif not fill and (bits >= width or pending & ((1 << bits) - 1)):
        raise Malformed("a key has stray bits at its end")
