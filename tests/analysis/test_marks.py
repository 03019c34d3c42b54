"""What a screen would obey instead of show."""

import pytest

from analysis.workbench.marks import visible


@pytest.mark.parametrize(
    "code",
    [
        *(0x1B, 0x9B, 0xAD, 0x61C, 0x115F, 0x1160, 0x180E, 0x200B, 0x202E, 0x2028, 0x2029, 0x3164, 0xFEFF),
        *(0xFFA0, 0x110BD, 0x1D173, 0xE0001, 0xE0041, 0xE0100),
    ],
    ids=hex,
)
def test_a_character_that_shows_nothing_is_shown_by_its_number(code: int) -> None:
    assert visible(f"a{chr(code)}b") == f"a\u27e8{code:04X}\u27e9b"


@pytest.mark.parametrize(
    "text", ["two\nlines\tand more", "\u00bfQu\u00e9 pas\u00f3?", "\U0001f600", "\ud55c"]
)
def test_words_are_shown_as_they_are(text: str) -> None:
    assert visible(text) == text


def test_a_message_of_one_line_shows_its_line_ends_too() -> None:
    assert visible("a\nb", keep="") == "a\u27e8000A\u27e9b"
