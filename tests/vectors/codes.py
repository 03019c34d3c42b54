"""Codes in words, and the many ways to type them: right, badly, and wrong."""

import unicodedata
from collections.abc import Sequence
from typing import Any

from intake.crypto.code import (
    CodeError,
    MixedLists,
    UnknownWord,
    WrongChecksum,
    WrongNumber,
    from_words,
    to_words,
)


def to_plain(word: str) -> str:
    """A word without its accents."""
    return unicodedata.normalize("NFD", word).encode("ascii", "ignore").decode()


CODE = bytes.fromhex("5769746e657373626f78212e")
ENGLISH, SPANISH = (" ".join(to_words(CODE, lang)) for lang in ("en", "es"))
E = ENGLISH.split()
S = SPANISH.split()
# All of these words stand in both lists; the checksum agrees in the one that is named.
BOTH_ENGLISH = "area area area area area area area area album"
BOTH_SPANISH = "album album album album album album album album album"
TYPED: dict[str, tuple[str, str]] = {
    "English words on an English page": (ENGLISH, "en"),
    "English words on a Spanish page": (ENGLISH, "es"),
    "Spanish words on a Spanish page": (SPANISH, "es"),
    "Spanish words on an English page": (SPANISH, "en"),
    "a page of another language": (SPANISH, "ar"),
    "capitals": (ENGLISH.upper(), "en"),
    "four letters a word": (" ".join(word[:4] for word in E), "en"),
    "four letters a Spanish word, without accents": (" ".join(to_plain(word)[:4] for word in S), "es"),
    "five letters a word": (" ".join(word[:5] for word in E), "en"),
    "numbered lines": ("".join(f"{number}. {word}\n" for number, word in enumerate(E, 1)), "en"),
    "numbers without a blank": ("".join(f"{number}{word}" for number, word in enumerate(E, 1)), "en"),
    "commas, dashes and other blanks": (",\u00a0-\u3000\t".join(E), "en"),
    "accents that are composed": (unicodedata.normalize("NFC", SPANISH), "es"),
    "accents that are not composed": (unicodedata.normalize("NFD", SPANISH), "es"),
    "accents where there are none": (ENGLISH.replace("a", "\u00e1").replace("o", "\u00f6"), "en"),
    "letters of full width": (
        "".join(chr(ord(one) + 0xFEE0) if one != " " else one for one in ENGLISH),
        "en",
    ),
    "nothing": ("", "en"),
    "no letters": ("1 2 3 4 5 6 7 8 9", "en"),
    "eight words": (" ".join(E[:8]), "en"),
    "ten words": (ENGLISH + " zoo", "en"),
    "twelve words of a wallet": ("abandon " * 11 + "about", "en"),
    "all in one": (ENGLISH.replace(" ", ""), "en"),
    "a word with one letter changed": (" ".join([*E[:4], "zebrb", *E[5:]]), "en"),
    "a word with a letter too many": (" ".join([E[0] + E[0][-1], *E[1:]]), "en"),
    "three letters of a longer word": (" ".join([*E[:8], "aba"]), "en"),
    "a word that is like none": (" ".join([*E[:2], "qqqqqqqq", *E[3:]]), "en"),
    "a word without end": (" ".join([*E[:2], "q" * 5000, *E[3:]]), "en"),
    "a word in another script": (" ".join([*E[:7], "\u0434\u043e\u043c", E[8]]), "en"),
    "a word of another plane": (" ".join([*E[:7], "\U00010400bsorb", E[8]]), "en"),
    "a wrong Spanish word on an English page": (" ".join([*S[:8], "abacc"]), "en"),
    "two wrong words": (" ".join(["xxxxx", *E[1:8], "yyyyy"]), "en"),
    "eight English words and a Spanish one": (" ".join([*E[:8], "abeja"]), "es"),
    "eight Spanish words and an English one": (" ".join(["zebra", *S[1:]]), "en"),
    "words of both, in turn": (" ".join((E if place % 2 else S)[place] for place in range(9)), "en"),
    "the last word another": (" ".join([*E[:8], "zoo"]), "en"),
    "two words in each other's place": (" ".join([E[1], E[0], *E[2:]]), "en"),
    "words of both lists, right in English": (BOTH_ENGLISH, "es"),
    "words of both lists, right in Spanish": (BOTH_SPANISH, "en"),
    "a lone surrogate": (ENGLISH + "\ud83d", "en"),
    "a word cut by a soft hyphen": (E[0][:4] + "\u00ad" + E[0][4:] + ENGLISH[len(E[0]) :], "en"),
}


def problem(error: CodeError) -> dict[str, Any]:
    """What is wrong, as the browser's script names it."""
    match error:
        case WrongNumber():
            return {"rule": "number", "typed": error.typed}
        case UnknownWord():
            return {"rule": "unknown", "number": error.number, "nearest": error.nearest}
        case MixedLists():
            return {"rule": "mixed", "number": error.number}
        case WrongChecksum():
            return {"rule": "checksum"}
        case _:
            raise error


def typed(text: str, lang: str) -> dict[str, Any]:
    """What becomes of typed words."""
    try:
        return {"code": from_words(text, lang).hex()}
    except CodeError as error:
        return {"problem": problem(error)}


def word_vectors(codes: Sequence[str]) -> list[dict[str, Any]]:
    """Codes, and their words on pages of several languages."""
    return [
        {"code": code, "lang": lang, "words": list(to_words(bytes.fromhex(code), lang))}
        for code in codes
        for lang in ("en", "es", "ar")
    ]


def typed_vectors() -> list[dict[str, Any]]:
    """Typed words, and what becomes of them."""
    return [
        {"name": name, "text": text, "lang": lang} | typed(text, lang) for name, (text, lang) in TYPED.items()
    ]
