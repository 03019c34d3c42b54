"""Who decides: the name that an organizer types once when a session begins.

Nobody proves it; the desk has one passphrase. It tells organizers apart who sit at it in turn, and
so two spellings of one name must not pass for two people.
"""

import unicodedata
from dataclasses import dataclass

from analysis.review.errors import BadName

LONGEST = 60
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn")
# Letters and marks by their category that show nothing: fillers, selectors of a letter's variant.
_BLANK = {
    *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180F, 0x2800, 0x3164, 0xFFA0),
    *(*range(0x180B, 0x180E), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)),
}
_ACCENTS = (
    *(range(0x0300, 0x0370), range(0x1AB0, 0x1B00), range(0x1DC0, 0x1E00)),
    *(range(0x20D0, 0x2100), range(0xFE20, 0xFE30)),
)
# Persian and many scripts of India are misspelled without them.
_JOINERS = "\u200c\u200d"
# Letters of other alphabets that look like one of these in one case or the other, as small letters.
_ALIKE = str.maketrans(
    "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0456\u0458\u0455\u04bb\u04cf\u051b\u051d"
    "\u03b1\u03b2\u03b5\u03b6\u03b7\u03b9\u03ba\u03bc\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u0131",
    "abekmhopctyxijshiqwabezhikmnoptyxi",
)


@dataclass(frozen=True, slots=True)
class Reviewer:
    """An organizer by the name that stands in the log."""

    name: str

    @classmethod
    def named(cls, typed: str) -> "Reviewer":
        """The organizer of that name, however it was typed; BadName when it is none."""
        return cls(tidy(typed, LONGEST, "a name"))

    @property
    def key(self) -> str:
        """What is the same for all spellings that a person would take for this name."""
        return key(self.name)


def key(name: str) -> str:
    """What tells one name from another: not case, blanks, accents, dots, width of letters or alphabet."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    kept = (one for one in plain if unicodedata.category(one)[0] in "LMN" and not _is_accent(one))
    return "".join(kept).translate(_ALIKE)


def _is_accent(letter: str) -> bool:
    # Marks of other scripts are vowels, which do tell names apart.
    return ord(letter) in _BLANK or any(ord(letter) in block for block in _ACCENTS)


def tidy(typed: str, longest: int, what: str) -> str:
    """One line without blanks at its ends; BadName when nothing is left or nobody could see it."""
    seen = "".join(one for one in typed if ord(one) not in _BLANK)
    text = " ".join(unicodedata.normalize("NFC", seen).split())
    if not key(text) or len(text) > longest:
        raise BadName(f"{what} has letters or digits, and {longest} characters at most")
    # A mark that turns the line round could make one name look like another.
    if any(unicodedata.category(one) in _UNSEEN and one not in _JOINERS for one in text):
        raise BadName(f"{what} holds a character that cannot be seen", "type it, do not paste it")
    return text
