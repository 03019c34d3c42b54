"""A reporter's code: nine words that anybody can copy, and what is said of every way to get them wrong."""

import hashlib
import json
import random
import unicodedata
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemonic import Mnemonic

from intake.crypto import code as codes
from intake.crypto.code import (
    LISTS,
    WORDS,
    CodeError,
    UnknownWord,
    WrongNumber,
    from_words,
    split,
    to_words,
)
from intake.crypto.errors import Malformed
from intake.crypto.receipt import CODE_LENGTH
from tests.browser.node import call
from tests.vectors.codes import ENGLISH, typed

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "code.json").read_text())
CODES = st.binary(min_size=CODE_LENGTH, max_size=CODE_LENGTH)
LANGUAGES = st.sampled_from(["en", "es", "ar"])
# What NFKD leaves as it is, so that no letter comes out of it.
PARTING = st.characters(exclude_categories=["L", "M", "Cs"]).filter(
    lambda one: unicodedata.is_normalized("NFKD", one)
)
BETWEEN = st.text(PARTING, min_size=1, max_size=3)


def words_of(name: str) -> list[str]:
    return (
        (resources.files("intake.crypto") / "words" / f"{name}.txt").read_text(encoding="utf-8").split("\n")
    )


@pytest.mark.parametrize("name", LISTS)
def test_each_list_is_that_of_the_package_mnemonic(name: str) -> None:
    theirs = [unicodedata.normalize("NFC", word) for word in Mnemonic(name).wordlist]
    assert words_of(name) == [*theirs, ""]
    assert len(set(theirs)) == 2048


@pytest.mark.parametrize("name", LISTS)
def test_each_list_is_that_of_the_package_of_the_browser(name: str) -> None:
    theirs = call(
        [
            "node",
            "--input-type=module",
            "-e",
            f'import {{ wordlist }} from "@scure/bip39/wordlists/{name}.js";'
            'process.stdout.write(wordlist.join("\\n").normalize("NFC"))',
        ]
    )
    assert words_of(name) == [*theirs.split("\n"), ""]


@pytest.mark.parametrize("name", LISTS)
def test_four_letters_tell_every_word_of_a_list_from_the_others(name: str) -> None:
    starts = [split(word)[0][: codes.ENOUGH] for word in words_of(name)[:-1]]
    assert len(set(starts)) == 2048


def test_a_code_is_its_bits_and_three_of_its_digest() -> None:
    code = bytes.fromhex("000102030405060708090a0b")
    bits = "".join(f"{byte:08b}" for byte in code) + f"{hashlib.sha256(code).digest()[0]:08b}"[:3]
    words = words_of("spanish")
    assert to_words(code, "es") == tuple(words[int(bits[at : at + 11], 2)] for at in range(0, 99, 11))


@given(code=CODES, shown=LANGUAGES, page=LANGUAGES)
def test_every_code_comes_back_from_its_words_on_any_page(code: bytes, shown: str, page: str) -> None:
    words = to_words(code, shown)
    assert len(words) == WORDS
    assert from_words(" ".join(words), page) == code


@given(code=CODES, lang=LANGUAGES, between=BETWEEN, length=st.integers(4, 8), capital=st.booleans())
def test_how_the_words_are_written_changes_nothing(
    code: bytes, lang: str, between: str, length: int, capital: bool
) -> None:
    words = [unicodedata.normalize("NFD", word) for word in to_words(code, lang)]
    plain = ["".join(one for one in word if not unicodedata.combining(one))[:length] for word in words]
    text = between.join(plain)
    assert from_words(text.upper() if capital else text, lang) == code


@given(code=CODES, lang=LANGUAGES, place=st.integers(0, WORDS - 1), other=st.integers(0, 2047))
def test_another_word_is_never_the_same_code(code: bytes, lang: str, place: int, other: int) -> None:
    words = list(to_words(code, lang))
    words[place] = words_of("spanish" if lang == "es" else "english")[other]
    if words == list(to_words(code, lang)):
        return
    assert typed(" ".join(words), lang).get("code") != code.hex()


@given(text=st.text(max_size=200), lang=LANGUAGES)
def test_any_text_is_a_code_or_a_mistake_that_is_named(text: str, lang: str) -> None:
    result = typed(text, lang)
    assert result.keys() in ({"code"}, {"problem"})


@pytest.mark.parametrize("vector", VECTORS["typed"], ids=lambda vector: vector["name"])
def test_what_is_wrong_is_said_without_a_word_that_was_typed(vector: dict[str, Any]) -> None:
    if "code" in vector:
        return
    with pytest.raises(CodeError) as caught:
        from_words(vector["text"], vector["lang"])
    said = split(str(caught.value) + repr(caught.value))
    assert not {word for word in split(vector["text"]) if len(word) > 5} & set(said)


@pytest.mark.parametrize(
    ("text", "error", "number"),
    [
        pytest.param("", WrongNumber, 0, id="nothing"),
        pytest.param("zoo " * 12, WrongNumber, 12, id="twelve words, as a wallet has"),
    ],
)
def test_another_number_of_words_is_counted(text: str, error: type[WrongNumber], number: int) -> None:
    with pytest.raises(error, match="number of words") as caught:
        from_words(text, "en")
    assert caught.value.typed == number


def test_a_word_with_a_slip_of_the_pen_is_named_and_the_nearest_given() -> None:
    wrong = ENGLISH.split()
    wrong[4] = "absrb"
    with pytest.raises(UnknownWord, match="in no list") as caught:
        from_words(" ".join(wrong), "es")
    assert (caught.value.number, caught.value.nearest) == (5, "absorb")


def test_the_nearest_word_is_that_of_the_fewest_changes_in_the_whole_list() -> None:
    draw = random.Random(7)
    for _ in range(60):
        word = list(draw.choice(words_of("english")[:-1]))
        for _ in range(draw.randrange(4)):
            word[draw.randrange(len(word))] = draw.choice("abcdefghijklmnopqrstuvwxyz")
        text = "".join(word)
        distances = [_changes(text, split(one)[0]) for one in words_of("english")[:-1]]
        least = min(distances)
        found = words_of("english")[distances.index(least)] if least <= 2 else ""
        assert codes._nearest(text, "english") == found


def _changes(one: str, other: str) -> int:
    """Levenshtein's distance, as it stands in books."""
    rows = [list(range(len(other) + 1))]
    for i, letter in enumerate(one):
        row = [i + 1]
        for j, wanted in enumerate(other):
            row.append(min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (letter != wanted)))
        rows.append(row)
    return rows[-1][-1]


def test_a_word_of_enormous_length_costs_no_time() -> None:
    with pytest.raises(UnknownWord) as caught:
        from_words(f"{'q' * 1_000_000} {'zoo ' * 8}", "en")
    assert (caught.value.number, caught.value.nearest) == (1, "")


def test_a_code_of_another_length_has_no_words() -> None:
    with pytest.raises(Malformed, match="12 bytes"):
        to_words(b"short", "en")
