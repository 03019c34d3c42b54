"""Makes visible what a terminal or a browser would obey instead of show.

Control characters, bytes that are no character, and what turns the direction of text around or takes no
room, can make a text read as something that it is not.
"""

import unicodedata

_CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp"}
# Letters by their category that show nothing, and the block of tags and invisible selectors.
_FILLERS = {0x115F, 0x1160, 0x3164, 0xFFA0}
_TAGS = range(0xE0000, 0xE1000)


def visible(text: str, *, keep: str = "\n\t") -> str:
    """The text with such characters, but for those in `keep`, as their numbers in angle brackets."""
    if text.isascii() and text.isprintable():
        return text
    obeyed = {ord(one) for one in set(text) - set(keep) if _is_obeyed(one)}
    return text.translate({code: f"\u27e8{code:04X}\u27e9" for code in obeyed})


def _is_obeyed(character: str) -> bool:
    code = ord(character)
    return unicodedata.category(character) in _CATEGORIES or code in _FILLERS or code in _TAGS
