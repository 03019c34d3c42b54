"""The organizers' public keys as a few words that a person can compare with a flyer.

    digest = SHA-256("witnessbox-recipients/1" LF, then each recipient LF, sorted)
    words  = its first 88 bits, eleven at a time, in the English list of BIP-39

Who controls the server could seal reports to a key of their own. These words come out otherwise
then: 88 bits are too many to search for a key whose words are alike. The words are the same in every
language, so that one flyer serves all.
"""

import functools
import hashlib
from collections.abc import Iterable
from importlib import resources

LABEL = "witnessbox-recipients/1"
WORDS = 8
_BITS = 11


def fingerprint(recipients: Iterable[object]) -> tuple[str, ...]:
    """Eight words for a set of recipients, whatever their order."""
    lines = [LABEL, *sorted(str(recipient) for recipient in recipients)]
    digest = hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).digest()
    number = int.from_bytes(digest, "big") >> (len(digest) * 8 - WORDS * _BITS)
    places = [number >> _BITS * place & 2**_BITS - 1 for place in reversed(range(WORDS))]
    return tuple(_list()[place] for place in places)


@functools.cache
def _list() -> tuple[str, ...]:
    text = (resources.files("intake.crypto") / "words" / "english.txt").read_text(encoding="ascii")
    return tuple(text.split())
