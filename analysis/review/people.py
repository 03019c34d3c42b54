"""Who decides: the name that an organizer types once when a session begins.

Nobody proves it; the desk has one passphrase. It tells organizers apart who sit at it in turn, and
so two spellings of one name must not pass for two people.
"""

import unicodedata
from dataclasses import dataclass

from analysis.review.errors import BadName

LONGEST = 60
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn")
# Persian and many scripts of India are misspelled without them.
_JOINERS = "\u200c\u200d"


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
    """What tells one name from another: not case, blanks, accents, dots or width of letters."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    # Marks of other scripts are vowels, which do tell names apart.
    return "".join(
        one for one in plain if unicodedata.category(one)[0] in "LMN" and not "\u0300" <= one <= "\u036f"
    )


def tidy(typed: str, longest: int, what: str) -> str:
    """One line without blanks at its ends; BadName when nothing is left or nobody could see it."""
    text = " ".join(unicodedata.normalize("NFC", typed).split())
    if not key(text) or len(text) > longest:
        raise BadName(f"{what} has letters or digits, and {longest} characters at most")
    # A mark that turns the line round could make one name look like another.
    if any(unicodedata.category(one) in _UNSEEN and one not in _JOINERS for one in text):
        raise BadName(f"{what} holds a character that cannot be seen", "type it, do not paste it")
    return text
