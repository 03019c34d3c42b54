"""Finds, in the words of a question, that it asks a reporter to say who they are; English and Spanish.

Only questions that are answered in free words or numbers are looked at: "Did they take your phone?"
with yes and no is harmless, "Your phone?" with a blank field is not. A rule of words can be outwitted;
it is there for the organizer who did not think of it, not against one who did.
"""

import re
from collections.abc import Iterable

_PERSON = (
    "(?:respondent|interviewee|participant|reporter|complainant|patient|client|beneficiary|victim|survivor"
    "|member|person|tenant|child|head)"
)
_OWNER = f"(?:your|full|first|last|middle|maiden|family|given|legal|{_PERSON}(?:['\u2019]?s)?)"
_DE_PERSONA = (
    "de(?:l| la)? (?:encuestad|entrevistad|participante|denunciante|paciente|client|beneficiari|víctima"
    "|sobreviviente|persona|inquilin|niñ|jef)"
)
_SU = "(?:su|tu)"

# `^...$` is a label that says no more than that; each line is one way to ask.
_WAYS: dict[str, tuple[str, ...]] = {
    "a name": (
        r"^names?$",
        rf"{_OWNER} (?:full |first |last )?names?",
        rf"names? of (?:the |your |a )?(?:{_PERSON}|household)",
        "surname",
        "who are you",
        "^nombres?$",
        f"{_SU} nombre",
        "nombre completo",
        "apellidos?",
        f"nombre {_DE_PERSONA}\\w*",
        "cómo (?:se llama|te llamas)(?: usted)?",
    ),
    "a phone number": (
        "^(?:tele|cell |mobile )?phone$",
        "(?:tele|cell |mobile )?phone (?:number|no)",
        "(?:your|contact) (?:tele|cell |mobile )?phone",
        "(?:mobile|contact) number",
        "whats ?app",
        "^(?:teléfono|celular|móvil)$",
        "número de (?:teléfono|celular|móvil|contacto)",
        f"{_SU} (?:teléfono|celular|móvil)",
    ),
    "an address": (
        "^address$",
        "(?:your|home|street|full|exact|postal|mailing|current|residential) address",
        "address of",
        "where do you live",
        "(?:zip|postal) ?code",
        "postcode",
        "^dirección$",
        f"{_SU} dirección",
        "dirección (?:exacta|postal|completa|de)",
        "domicilio",
        "dónde vives?",
        "código postal",
    ),
    "a birth date": (
        "(?:date|day|year) of birth",
        "birth ?(?:date|day|year)",
        "when were you born",
        "(?:fecha|día|año) de nacimiento",
        "cumpleaños",
        "cuándo naci(?:ó|ste)",
    ),
    "an e-mail address": ("e-?mails?", "correo(?:s)?(?: electrónico)?"),
    "an exact age": (
        "^(?:exact )?age$",
        "how old (?:are|is|was|were)",
        "your (?:exact )?age",
        "age in years",
        "^edad$",
        "cuántos años (?:tiene|tienes|tenía)",
        f"{_SU} edad",
    ),
    "an identity number": (
        "(?:passport|social security|national id|medical record|insurance|id) (?:number|no)",
        f"{_PERSON} (?:id|number|code)",
        "ssn",
        "número de (?:pasaporte|seguro|identidad|identificación|expediente|documento)",
        "(?:dni|curp|cédula)",
    ),
}
# "Do not write your name" asks for none.
_NEGATED = re.compile(r"\b(?:not|no|never|without|leave out|nunca|sin)\b|n['\u2019]t\b", re.IGNORECASE)


def _pattern(ways: Iterable[str]) -> re.Pattern[str]:
    alone = [way[1:-1] for way in ways if way.startswith("^")]
    within = [way for way in ways if not way.startswith("^")]
    either = [rf"\b(?:{'|'.join(within)})\b", *(rf"^\W*(?:\d+\W+)?{way}\W*$" for way in alone)]
    return re.compile("|".join(either), re.IGNORECASE)


_ASKED = {what: _pattern(ways) for what, ways in _WAYS.items()}


def asks_for(text: str) -> str | None:
    """What a label or a hint asks for that would identify a reporter, such as "a name"; None mostly."""
    if _NEGATED.search(text):
        return None
    return next((what for what, pattern in _ASKED.items() if pattern.search(text)), None)
