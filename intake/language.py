"""Chooses between the languages of the pages."""

from collections.abc import Sequence

NAMES = {"en": "English", "es": "Español"}
RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ps", "ug", "ur", "yi"})


def direction(language: str) -> str:
    """`rtl` or `ltr`, as the `dir` attribute wants it."""
    return "rtl" if language.split("-")[0] in RIGHT_TO_LEFT else "ltr"


def choose(accept_language: str, offered: Sequence[str]) -> str:
    """The offered language that an Accept-Language header likes best, or the first one."""
    wishes = [_wish(part) for part in accept_language.split(",")[:20]]
    for _, tag in sorted((wish for wish in wishes if wish[0] > 0), key=lambda wish: -wish[0]):
        for language in offered:
            if tag.split("-")[0] == language.split("-")[0]:
                return language
    return offered[0]


def _wish(part: str) -> tuple[float, str]:
    tag, _, quality = part.strip().lower().partition(";q=")
    try:
        return float(quality or 1), tag
    except ValueError:
        return 0, tag
