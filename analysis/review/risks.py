"""Finds what in a text may point to a person: it tells a reviewer where to look, and no more.

Nothing is changed or hidden by this, and a text without a flag is not a safe one: names in small
letters, nicknames and what only a neighbour understands are not found. The words are those of
English and Spanish. Every pattern is bounded, since an adversary writes the texts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

PHONE, EMAIL, URL, NUMBER = "phone", "email", "url", "number"
NAME, ADDRESS, DATE, AGE = "name", "address", "date", "age"


@dataclass(frozen=True, slots=True)
class Flag:
    """A place in a text, in characters, and what seems to stand there."""

    start: int
    end: int
    kind: str


_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|enero|febrero|marzo|abril|mayo|junio|julio|agosto"
    r"|septiembre|setiembre|octubre|noviembre|diciembre)"
)
_WAY = (
    r"(?:street|st|avenue|ave|road|rd|boulevard|blvd|drive|dr|lane|ln|court|ct|place|pl|terrace|highway"
    r"|hwy|parkway|pkwy|square|sq|alley|way)"
)
_VIA = r"(?:calle|c/|avenida|avda?\.|av\.|plaza|paseo|carrera|cra\.|camino|callej[oó]n|bulevar|jir[oó]n)"
_DOOR = r"(?:apartment|apt|unit|room|suite|flat|floor|apartamento|apto|depto|piso|cuarto|habitaci[oó]n)"
_PAPER = (
    r"(?:badge|case|docket|complaint|report|file|passport|licen[cs]e|plate|policy|account|inmate|placa"
    r"|caso|expediente|denuncia|matr[ií]cula|pasaporte|licencia|cuenta|dni|nie|curp|ssn|itin)"
)
_TOP = r"(?:com|org|net|info|gov|edu|onion|io|me|es|mx|us|uk)"
_NUMBER_WORD = r"(?:no\.?|num(?:ber)?\.?|n[úu]m(?:ero)?\.?|nº)"
_TITLE = (
    r"(?:officer|detective|sergeant|sgt|lieutenant|lt|captain|deputy|sheriff|judge|nurse|doctor|dr|mr|mrs|ms"
    r"|miss|agente|oficial|sargento|teniente|capit[aá]n|juez|jueza|enfermer[oa]|doctora|dra|sr|sra|srta"
    r"|señora?|don|doña|named|called|llamad[oa])"
)
_UPPER, _LETTER = r"[^\W\d_a-zß-öø-ÿ]", r"[^\W\d_]"
_CAPITALISED = rf"{_UPPER}(?:{_LETTER}|['\u2019-]){{1,30}}"
_BETWEEN = r"(?:(?:de|del|la|las|los|van|von|da|dos|al|bin|y)[ ]){0,2}"

# Of two that find the same place the first one names it.
_PATTERNS = (
    (EMAIL, r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}"),
    (EMAIL, r"\b[\w.+-]{1,64} ?(?:\(at\)|\[at\]|\(arroba\)|\barroba\b) ?[\w-]{1,63}"),
    (URL, r"\b(?:https?://|www\.)\S{0,300}[\w/]"),
    (URL, rf"\b(?:[\w-]{{1,63}}\.){{1,4}}{_TOP}\b(?:/\S{{0,300}}[\w/]|/)?"),
    (URL, r"(?<![\w@.])@\w{3,30}"),
    (DATE, r"(?<![\d/.-])\d{4}([-/.])\d{1,2}\1\d{1,2}(?![\d/-])"),
    (DATE, r"(?<![\d/.-])\d{1,2}([-/.])\d{1,2}\1(?:\d{4}|\d{2})(?![\d/-])"),
    (DATE, rf"\b{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?\b(?!:)"),
    (DATE, rf"\b\d{{1,2}}(?:st|nd|rd|th)? (?:of |de )?{_MONTH}\b"),
    (DATE, r"\b\d{1,2}:\d{2}\b(?: ?[ap]\.?m\b\.?)?|\b\d{1,2} ?[ap]\.?m\b\.?"),
    (NUMBER, r"\b\d{3}-\d{2}-\d{4}\b"),
    (PHONE, r"(?<![\w.-])\+?\(?\d(?:[ ().\-/]{0,2}\d){6,14}(?![\w-])"),
    (NUMBER, rf"\b{_PAPER}(?: {_NUMBER_WORD})?[ :#]{{1,3}}[\w-]{{0,20}}\d[\w-]{{0,20}}"),
    (NUMBER, r"\b(?=[A-Za-z-]{0,10}\d)(?=[\d-]{0,10}[A-Za-z])[A-Za-z\d]{1,9}-?[A-Za-z\d]{4,12}\b"),
    (NUMBER, r"(?<![\w.,])\d{5,}(?![\w])"),
    (ADDRESS, rf"\b\d{{1,5}}[a-z]? (?:[\w.'\u2019-]{{1,30}} ){{1,4}}?{_WAY}\b\.?"),
    (ADDRESS, rf"(?<!\w){_VIA} (?:[\w.'\u2019-]{{1,30}},? ){{1,5}}?(?:#|nº|n[úu]m\.?|no\.)? ?\d{{1,5}}\b"),
    (ADDRESS, rf"\b{_DOOR}\.? ?(?:#|no\.?)? ?(?:\d{{1,5}}[a-z]?|[a-z]\d{{0,4}})\b"),
    (ADDRESS, r"\b(?:corner of|esquina de) (?:[\w.'\u2019-]{1,30} ){1,3}?(?:and|y|con) [\w.'\u2019-]{1,30}"),
    (AGE, r"\b\d{1,3}[ -]?(?:years?|yrs?)[ -]?(?:old|of age)\b|\b\d{1,3} ?(?:y/?o|años)\b"),
    (AGE, r"\b(?:aged?|edad(?: de)?|i am|i'm|i\u2019m|turned|cumpl[ií]) (?:\d{1,3})\b(?![:/.-]?\d)"),
)  # fmt: skip
_FLAGS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _PATTERNS)
# Letters' case matters in these alone.
_NAMES = (
    re.compile(rf"(?:\b{_CAPITALISED} {_BETWEEN}){{1,5}}{_CAPITALISED}"),
    re.compile(rf"\b(?i:{_TITLE})\.? (?:{_BETWEEN}{_CAPITALISED} ?){{1,4}}"),
)
_LONE = re.compile(rf"(?<=[^\W_] )(?<![.!?] ){_CAPITALISED}|(?<=[,;:] ){_CAPITALISED}")
# Capitals that English gives to words which point to nobody.
_COMMON = re.compile(
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august"
    r"|(?:sept|nov|dec)ember|october|english|spanish|god|internet|christmas|i['\u2019](?:m|ve|d|ll)",
    re.IGNORECASE,
)


def find_risks(text: str) -> list[Flag]:
    """The places of a text that a reviewer should look at, in their order; one inside another is left out."""
    kept: list[Flag] = []
    for flag in sorted(_all(text), key=lambda one: (one.start, -one.end)):
        if not kept or flag.end > kept[-1].end:
            kept.append(flag)
    return kept


def _all(text: str) -> Iterator[Flag]:
    for kind, pattern in _FLAGS:
        for found in pattern.finditer(text):
            yield Flag(found.start(), found.end(), kind)
    # Who writes in capitals throughout capitalises no name.
    if text.upper() != text:
        yield from _names(text)


def _names(text: str) -> Iterator[Flag]:
    for pattern in _NAMES:
        for found in pattern.finditer(text):
            if not any(_COMMON.fullmatch(word) for word in found[0].split()):
                yield Flag(found.start(), found.start() + len(found[0].rstrip()), NAME)
    for found in _LONE.finditer(text):
        if not _COMMON.fullmatch(found[0]):
            yield Flag(found.start(), found.end(), NAME)
