"""A receipt code as it is typed, in either language's words; what is read is written again."""

from collections.abc import Iterator

from intake.crypto.code import LISTS, CodeError, from_words, split, to_words
from intake.crypto.receipt import CODE_LENGTH, Receipt
from tests.fuzz.keys import CODE
from tests.fuzz.target import Sayings, Target, fill, only

_SAYINGS = Sayings()
_LANGUAGES = ("en", "es", "xx")
# The page cuts what is typed; so does this, for the reader to be measured as it is used.
MOST_LETTERS = 1_000
OTHER = bytes(range(100, 100 + CODE_LENGTH))


def run(data: bytes) -> None:
    text = data[1:].decode("utf-8", "replace")[:MOST_LETTERS]
    lang = _LANGUAGES[data[0] % 3] if data else "en"
    with only(CodeError, data, _SAYINGS):
        code = from_words(text, lang)
        assert len(code) == CODE_LENGTH
        for one in _LANGUAGES:
            assert from_words(" ".join(to_words(code, one)), one) == code
        assert len(Receipt.from_code(code).id) == 16
    assert split(" ".join(split(text))) == split(text)


def seeds() -> Iterator[bytes]:
    for code in (CODE, OTHER, bytes(CODE_LENGTH)):
        for place, lang in enumerate(_LANGUAGES):
            words = to_words(code, lang)
            yield bytes([place]) + " ".join(words).encode()
            yield bytes([place]) + "\n".join(word[:4].upper() for word in words).encode()
            yield bytes([place]) + "1. ".join(words[:8]).encode() + b" zzzzz"
    assert len(LISTS) == 2


TARGET = Target(
    "words",
    run,
    seeds,
    shapes={
        "one long word": lambda size: b"\0" + fill(b"a", size),
        "many words": lambda size: b"\0" + fill(b"abandon ", size),
        "letters that unfold": lambda size: b"\0" + fill("\ufdfa".encode(), size),
        "combining marks": lambda size: b"\0" + fill("a\u0301\u0323".encode(), size),
        "nine words that are near none": lambda size: (
            b"\0" + b" ".join([fill(b"qx", min(size // 9, 10))] * 9)
        ),
        "marks out of their order": lambda size: b"\0a" + fill("\u0301\u0323\u0345".encode(), size),
    },
    tokens=tuple(word.encode() for lang in ("en", "es") for word in to_words(OTHER, lang)),
    open=True,
    seconds=0.1,
)
