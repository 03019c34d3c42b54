"""Makes visible what a terminal or a browser would obey instead of show.

Control characters, and those that turn the direction of text around or take no room, can make
a text read as something that it is not.
"""

_OBEYED = (
    *range(0x20),
    *range(0x7F, 0xA0),
    0x061C,
    *range(0x200B, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2070),
    0xFEFF,
)
_MARKS = {code: f"\u27e8{code:04X}\u27e9" for code in _OBEYED if chr(code) not in "\n\t"}


def visible(text: str) -> str:
    """The text with such characters as their numbers, between angle brackets."""
    return text.translate(_MARKS)
