"""How a name is read: spellings of one name come out the same, as far as rules can tell.

A place becomes its words and its numbers: case, accents, punctuation, leading zeros and common short
forms are taken away. An officer's mark becomes upper case without spaces and dashes (DOMAIN.md, P04).
"""

import re
import unicodedata
from typing import NamedTuple

# The question for officers' marks; what a question in words is called that completes a list; and what
# a name is at most (the index of short texts holds no stories: analysis/review/tables.py).
MARKS, OTHER = "marks", "_other"
LONGEST = 120


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Short forms that mean one thing in a name, in English and Spanish. "St." is a saint or a street.
SHORT_FORMS = {
    "street": "st", "str": "st", "calle": "st", "saint": "st", "santa": "st", "san": "st", "santo": "st",
    "avenue": "ave", "av": "ave", "avenida": "ave", "road": "rd", "boulevard": "blvd", "building": "bldg",
    "apartment": "apt", "apartments": "apt", "apts": "apt", "pct": "precinct", "pcnt": "precinct",
    "prec": "precinct", "stn": "station", "comisaria": "station", "estacion": "station",
    "dept": "department", "dpt": "department", "departamento": "department", "hosp": "hospital",
    "ctr": "center", "cntr": "center", "centre": "center", "centro": "center", "clin": "clinic",
    "clinica": "clinic", "pharm": "pharmacy", "farmacia": "pharmacy", "policia": "police",
    "mgmt": "management", "assoc": "association", "univ": "university", "natl": "national",
    "distrito": "district", "dist": "district",
}  # fmt: skip
# Words that say what kind of place it is: without one of them it may still be the same place.
KINDS = _set(
    """
    st ave rd blvd bldg apt precinct station department hospital center clinic pharmacy police
    office district city county health services service group program housing management
    company inc llc ltd association university national
    """
)
_DROPPED = _set(
    """
    the of at in and on de la el del los las en y no nr num number numero
    """
)
_NOTHING = _set(
    """
    unknown na none idk unsure dontknow notsure noidea nose nolose idontknow desconocido
    ninguno nada no yes si
    """
)
_LABELS = _set(
    """
    BADGE SHIELD OFFICER OFC OFF PO PLACA AGENTE OFICIAL NUMBER NUMERO NO NR NUM
    """
)
_WORD = re.compile(r"[0-9]+|[^\W\d_]+")
_ORDINAL = re.compile(r"(?<=[0-9])(?:st|nd|rd|th|er|ra|ro|ta|to|va|vo)\b")
_POSSESSIVE = re.compile(r"['\u2019\u2018`\u00b4]")
# Single letters with dots or spaces between are one short form: "E.S.U.", "D C P I".
_SPELLED = re.compile(r"\b(?:[^\W\d_][. ]+)+[^\W\d_]\b\.?")
_LATIN_MARKS = re.compile("[\u0300-\u036f]")
_BETWEEN_MARKS = re.compile(r"[|,;/&+\n]|\b(?:and|y|und|et)\b", re.IGNORECASE)
_NO_LETTER = re.compile(r"[\W_]+")


class Name(NamedTuple):
    """The words of a place's name, sorted and each once, and its numbers as they stand in it."""

    words: tuple[str, ...]
    numbers: tuple[str, ...]

    @property
    def tokens(self) -> tuple[str, ...]:
        return self.words + tuple(sorted(set(self.numbers)))


def place(written: str) -> Name | None:
    """The name of a place; None where the answer names none, such as "unknown"."""
    text = _ORDINAL.sub(" ", _POSSESSIVE.sub("", _fold(written).casefold()))
    text = _SPELLED.sub(lambda found: _NO_LETTER.sub("", found[0]), text)
    tokens = [token for token in _WORD.findall(text) if token not in _DROPPED]
    if "".join(tokens) in _NOTHING or not tokens:
        return None
    words = {SHORT_FORMS.get(token, token) for token in tokens if not token[0].isdigit()}
    # In their order: 8th Street and 37th Avenue is another corner than 37th Street and 8th Avenue.
    numbers = tuple(token.lstrip("0") or "0" for token in tokens if token[0].isdigit())
    return Name(tuple(sorted(words)), numbers)


def marks(answer: str) -> dict[str, str]:
    """The officers' marks in an answer, which may name several: as each is written, and as it is read."""
    parts = {part.strip(): _mark(part) for part in _BETWEEN_MARKS.split(answer)}
    return {written: mark for written, mark in parts.items() if mark}


def _mark(part: str) -> str:
    tokens = re.sub(r"[.:#]", " ", _fold(part).upper()).split()
    while tokens and tokens[0] in _LABELS:
        tokens.pop(0)
    mark = _NO_LETTER.sub("", "".join(tokens))
    return "" if mark.casefold() in _NOTHING else mark


def _fold(text: str) -> str:
    """Without the accents of Latin letters; in other scripts such marks are the vowels."""
    decomposed = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFC", _LATIN_MARKS.sub("", decomposed))
