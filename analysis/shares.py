"""Splits the private key into word shares, of which any K open it and fewer say nothing (SLIP-39).

    secret = the 32-byte seed of the identity; one group, K of N, no passphrase, 33 words a share
    word   = one of 1,024; its first four letters are enough

Source: SLIP-0039, by the package `shamir-mnemonic`, whose own command reads these shares too. Its
errors quote what was typed, so none of them leaves this module. Nothing here writes or prints.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from shamir_mnemonic import MnemonicError, Share, combine_mnemonics, generate_mnemonics
from shamir_mnemonic.rs1024 import create_checksum
from shamir_mnemonic.wordlist import WORD_INDEX_MAP, WORDLIST

from analysis.desk_errors import BadShare
from analysis.identity import SEED_LENGTH, HybridIdentity

WORDS = 33
# With one share that opens, who has it has all; the standard takes no more than sixteen.
LEAST, MOST = 2, 16
# The words are as random as the key, so stretching them would cost time and protect nothing.
_ITERATION_EXPONENT = 0
_ENOUGH_LETTERS = 4
_BITS = 10
_CHECKSUM = 3
_CUSTOMIZATION = b"shamir_extendable"
_WORD = re.compile(r"[a-z]+")
_SCHEME = re.compile(r"([0-9]{1,2})/([0-9]{1,2})")


@dataclass(frozen=True, slots=True)
class Scheme:
    """Any `needed` of `number` shares open the key."""

    needed: int
    number: int

    def __str__(self) -> str:
        return f"{self.needed}/{self.number}"


def parse_scheme(text: str) -> Scheme:
    """The scheme spelled `3/5`; ValueError with the rule for anything else."""
    found = _SCHEME.fullmatch(text)
    scheme = Scheme(int(found[1]), int(found[2])) if found else None
    if not scheme or not LEAST <= scheme.needed <= scheme.number <= MOST:
        raise ValueError(f'"3/5" means that any 3 of 5 shares open; from {LEAST} to {MOST} of each')
    return scheme


def split(identity: HybridIdentity, scheme: Scheme) -> tuple[tuple[str, ...], ...]:
    """The words of each share. All are secrets."""
    groups = generate_mnemonics(
        1, [(scheme.needed, scheme.number)], identity.seed, iteration_exponent=_ITERATION_EXPONENT
    )
    return tuple(tuple(share.split()) for share in groups[0])


def word(typed: str) -> str | None:
    """The word of the list that was meant by these letters: all of them, or at least its first four."""
    typed = typed.lower()
    if typed in WORD_INDEX_MAP:
        return typed
    if len(typed) < _ENOUGH_LETTERS or not _WORD.fullmatch(typed):
        return None
    # No two words of the list begin with the same four letters.
    return next((one for one in WORDLIST if one.startswith(typed)), None)


def nearest(typed: str) -> str | None:
    """The word of the list that looks most like what was typed; for the eyes of who typed it alone."""
    found = get_close_matches(typed.lower(), WORDLIST, n=1)
    return found[0] if found else None


class Gathering:
    """The shares that were given so far."""

    def __init__(self) -> None:
        self._shares: dict[int, tuple[Share, str]] = {}

    def __len__(self) -> int:
        return len(self._shares)

    def __repr__(self) -> str:
        return f"Gathering({len(self)} shares)"

    @property
    def missing(self) -> int | None:
        """How many more are needed; None before the first, which says so."""
        if not self._shares:
            return None
        needed: int = next(iter(self._shares.values()))[0].member_threshold
        return max(0, needed - len(self._shares))

    def add(self, words: Sequence[str]) -> None:
        """Takes one share more; BadShare says what is wrong with it, and never quotes it."""
        share = _parsed(words)
        if any(share.common_parameters() != one.common_parameters() for one, _ in self._shares.values()):
            raise BadShare(
                "this share is of another set than the ones before",
                "look for the eight words at the top of the sheet: they are the same on each",
            )
        if share.index in self._shares:
            raise BadShare("this share was given before", "each person gives a share of their own")
        self._shares[share.index] = (share, " ".join(words))

    def identity(self) -> HybridIdentity:
        """The key that the shares open; BadShare when they do not fit together."""
        if self.missing is None or self.missing:
            raise BadShare("there are not enough shares")
        try:
            # One of each: the package takes exactly as many as are needed.
            needed = list(self._shares.values())[: next(iter(self._shares.values()))[0].member_threshold]
            return HybridIdentity(combine_mnemonics([text for _, text in needed]))
        except MnemonicError:
            raise BadShare("these shares do not fit together", "one of them may be of another desk") from None


def _parsed(words: Sequence[str]) -> Share:
    if len(words) != WORDS:
        raise BadShare(f"a share has {WORDS} words, and these are {len(words)}")
    try:
        share = Share.from_mnemonic(" ".join(words))
    except MnemonicError:
        raise _mistyped(words) from None
    groups = (share.group_count, share.group_threshold)
    if groups != (1, 1) or share.iteration_exponent != _ITERATION_EXPONENT or len(share.value) != SEED_LENGTH:
        raise BadShare("this share was not made by this program")
    return share


def _mistyped(words: Sequence[str]) -> BadShare:
    places = list(_one_word_off(words))
    if len(places) == 1:
        return BadShare(
            f"word {places[0]} is another word of the list than the one on the sheet",
            "compare it with the sheet, letter by letter",
        )
    return BadShare(
        "two or more words are not those on the sheet, although each is in the list",
        "compare them with the sheet one by one, and their order",
    )


def _one_word_off(words: Sequence[str]) -> Iterator[int]:
    """The places at which another word would make the share right; there is one at most.

    The checksum is linear: a change of the words changes it by an amount that does not depend on the
    words. It tells any three wrong words, so two different mends of one word cannot both be right.
    """
    indices = [WORD_INDEX_MAP[one] for one in words]
    off = _off(indices)
    nothing = [0] * len(indices)
    for place in range(len(indices)):
        amounts = {0}
        for bit in range(_BITS):
            change = [*nothing[:place], 1 << bit, *nothing[place + 1 :]]
            amount = _off(change) ^ _off(nothing)
            amounts |= {one ^ amount for one in amounts}
        if off in amounts:
            yield place + 1


def _off(indices: Sequence[int]) -> int:
    """What the checksum at the end of these words differs by from the right one; 0 when it is right."""
    data, given = indices[:-_CHECKSUM], indices[-_CHECKSUM:]
    right = create_checksum(data, _CUSTOMIZATION)
    return sum((a ^ b) << _BITS * place for place, (a, b) in enumerate(zip(right, given, strict=True)))
