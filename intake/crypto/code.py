"""A reporter's code in nine words, and typed words back into the code (FORMAT.md, section 10).

    checksum = the first 3 bits of SHA-256(code)
    words    = code || checksum, 99 bits, 11 bits a word, in the BIP-39 list of the reporter's language

The packages for BIP-39 refuse 96 bits, so the lists are theirs and the few lines are ours. What is wrong
with typed words is raised by the number of a word, and never with a word: these errors may be logged.
"""

import functools
import hashlib
import unicodedata
from collections.abc import Sequence
from importlib import resources

from intake.crypto.errors import Malformed
from intake.crypto.receipt import CODE_LENGTH

WORDS = 9
LISTS = ("english", "spanish")
# The list in which a code is shown, by the language of the page; other languages show English words.
LIST_OF = {"en": "english", "es": "spanish"}
# So many letters of a word suffice: in each list no two words have the same.
ENOUGH = 4
# A word further off than this is not what was meant.
_NEAR = 2
_FAR = _NEAR + 1
_BITS = 11
_CHECKSUM_BITS = WORDS * _BITS - CODE_LENGTH * 8


class CodeError(Exception):
    """Base of what can be wrong with typed words; never raised itself. Holds no word that was typed."""


class WrongNumber(CodeError):
    """Another number of words than nine was typed."""

    def __init__(self, typed: int) -> None:
        super().__init__("another number of words")
        self.typed = typed


class UnknownWord(CodeError):
    """The word of this number, counted from 1, is in no list; `nearest` is what may be meant, or empty."""

    def __init__(self, number: int, nearest: str) -> None:
        super().__init__("a word that is in no list")
        self.number = number
        self.nearest = nearest


class MixedLists(CodeError):
    """The words are of two languages; that of this number, counted from 1, is not of most others' list."""

    def __init__(self, number: int) -> None:
        super().__init__("words of two lists")
        self.number = number


class WrongChecksum(CodeError):
    """All nine words are of one list, and yet of no code: one of them is another, or their order."""

    def __init__(self) -> None:
        super().__init__("a checksum that does not agree")


def to_words(code: bytes, language: str) -> tuple[str, ...]:
    """The nine words of a code, in the list for the language of a page."""
    if len(code) != CODE_LENGTH:
        raise Malformed(f"a code has {CODE_LENGTH} bytes")
    number = int.from_bytes(code, "big") << _CHECKSUM_BITS | _checksum(code)
    words = _words(LIST_OF.get(language, LISTS[0]))
    return tuple(words[number >> _BITS * place & 2**_BITS - 1] for place in reversed(range(WORDS)))


def from_words(text: str, language: str) -> bytes:
    """The code that was typed, in any of the lists; CodeError says what is wrong.

    `language` is that of the page.
    """
    typed = split(text)
    if len(typed) != WORDS:
        raise WrongNumber(len(typed))
    lists = _lists_in_order(language)
    places = {name: [_place(word, name) for word in typed] for name in lists}
    for index, word in enumerate(typed):
        if all(places[name][index] is None for name in lists):
            raise UnknownWord(index + 1, _nearest(word, _likeliest(places)))
    whole = [found for name in lists if (found := _all(places[name])) is not None]
    if not whole:
        raise MixedLists(places[_likeliest(places)].index(None) + 1)
    for found in whole:
        code = _code(found)
        if code is not None:
            return code
    raise WrongChecksum


def split(text: str) -> list[str]:
    """The words of a text, in small letters without accents: whatever stands between letters parts them."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not _is(letter, "M"))
    return "".join(letter if _is(letter, "L") else " " for letter in plain).lower().split()


def _is(letter: str, category: str) -> bool:
    return unicodedata.category(letter).startswith(category)


def _checksum(code: bytes) -> int:
    return hashlib.sha256(code).digest()[0] >> 8 - _CHECKSUM_BITS


def _code(places: Sequence[int]) -> bytes | None:
    number = 0
    for place in places:
        number = number << _BITS | place
    code = (number >> _CHECKSUM_BITS).to_bytes(CODE_LENGTH, "big")
    return code if number & 2**_CHECKSUM_BITS - 1 == _checksum(code) else None


def _place(typed: str, name: str) -> int | None:
    """The place in a list of the word that was typed, or that it begins."""
    exact, begun = _index(name)
    place = exact.get(typed)
    if place is None and len(typed) >= ENOUGH:
        place = begun.get(typed[:ENOUGH])
        if place is not None and not _plain(name)[place].startswith(typed):
            return None
    return place


def _all(places: Sequence[int | None]) -> list[int] | None:
    found = [place for place in places if place is not None]
    return found if len(found) == len(places) else None


def _likeliest(places: dict[str, list[int | None]]) -> str:
    """The list that most of the words are of; the page's own when it has as many as another."""
    return max(places, key=lambda name: sum(place is not None for place in places[name]))


def _nearest(typed: str, name: str) -> str:
    """The word of a list that the fewest changed letters lead to, or nothing when none is near."""
    # Everything typed may come here, and a word of another length is further off than one that is near.
    likely = (
        (place, word) for place, word in enumerate(_plain(name)) if abs(len(word) - len(typed)) <= _NEAR
    )
    distance, place = min(((_distance(typed, word), place) for place, word in likely), default=(_FAR, 0))
    return _words(name)[place] if distance <= _NEAR else ""


def _distance(one: str, other: str) -> int:
    """Levenshtein's: the fewest letters to add, drop or change; _FAR as soon as they are too many."""
    row = list(range(len(other) + 1))
    for added, letter in enumerate(one, 1):
        above, row = row, [added]
        for place, wanted in enumerate(other, 1):
            row.append(min(above[place] + 1, row[-1] + 1, above[place - 1] + (letter != wanted)))
        if min(row) > _NEAR:
            return _FAR
    return row[-1]


def _lists_in_order(language: str) -> list[str]:
    own = LIST_OF.get(language, LISTS[0])
    return [own, *(name for name in LISTS if name != own)]


@functools.cache
def _words(name: str) -> tuple[str, ...]:
    text = (resources.files("intake.crypto") / "words" / f"{name}.txt").read_text(encoding="utf-8")
    return tuple(text.split())


@functools.cache
def _plain(name: str) -> tuple[str, ...]:
    return tuple(split(word)[0] for word in _words(name))


@functools.cache
def _index(name: str) -> tuple[dict[str, int], dict[str, int]]:
    """The places of a list's words, by the whole word and, where it is long enough, by its first letters."""
    plain = _plain(name)
    begun = {word[:ENOUGH]: place for place, word in enumerate(plain) if len(word) >= ENOUGH}
    return {word: place for place, word in enumerate(plain)}, begun
