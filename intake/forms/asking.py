"""Finds, in the words of a question, that it asks a reporter to say who they are; English and Spanish.

Only questions that are answered in free words or numbers are looked at: "Did they take your phone?"
with yes and no is harmless, "Your phone?" with a blank field is not. A rule of words can be outwitted;
it is there for the organizer who did not think of it, not against one who did.
"""

import re
import unicodedata
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

# `^...$` is a label that says no more than that; each line is one way to ask. Accents do not count.
_WAYS: dict[str, tuple[str, ...]] = {
    "a name": (
        r"^names?$",
        rf"{_OWNER} (?:full |first |last )?names?",
        rf"names? of (?:the |your |a )?(?:{_PERSON}|household)",
        "surname",
        "who are you",
        "nick ?name",
        "(?:your|my) initials",
        "(?:people|we|i) (?:should )?call you",
        "^nombres?$",
        f"{_SU} nombre",
        "nombre completo",
        "apellidos?",
        f"nombre {_DE_PERSONA}\\w*",
        "apodo",
        f"{_SU}s iniciales",
        "quién es usted",
        "cómo (?:se llama|te llamas)(?: usted)?",
    ),
    "a phone number": (
        "^(?:tele|cell |mobile )?phone$",
        "(?:tele|cell |mobile )?phone (?:number|no)",
        "(?<!to )(?<!with )(?<!took )(?:your|contact) (?:tele|cell |mobile )?phone",
        "(?:mobile|contact) number",
        "whats ?app",
        "^(?:teléfono|celular|móvil)$",
        "número de (?:teléfono|celular|móvil|contacto)",
        f"{_SU} (?:teléfono|celular|móvil)",
    ),
    "an e-mail address": ("e-?mails?", "correo(?:s)? electrónico", f"{_SU} correo", "^correo$"),
    "an address": (
        "^address$",
        "(?:your|home|street|full|exact|postal|mailing|current|residential) address",
        "address of",
        "(?:which|what|whose|the|an|this|that) (?:\\w+ )?address",
        "where (?:do|did) you (?:live|stay|sleep)",
        "where are you (?:living|staying|sleeping)",
        "(?:house|apartment|flat|building) (?:number|no)",
        "(?:gps|coordinates|latitude|longitude|exact location)",
        "(?:zip|postal) ?code",
        "postcode",
        "^dirección$",
        f"{_SU} dirección",
        "dirección (?:exacta|postal|completa|de)",
        "domicilio",
        "dónde (?:vive|se queda|duerme)s?",
        "(?:la|qué|cuál es la) dirección (?:de|era|es)",
        "calle y número",
        "número de (?:casa|apartamento|departamento)",
        "(?:coordenadas|latitud|longitud|ubicación exacta)",
        "código postal",
    ),
    "a birth date": (
        "(?:date|day|month|year) of birth",
        "birth ?(?:date|day|month|year)",
        "were you born",
        "dob",
        "(?:fecha|día|mes|año) de nacimiento",
        "cumpleaños",
        "cuándo naci(?:ó|ste)",
    ),
    "a way to reach them": (
        "(?:signal|telegram|facebook|instagram) (?:name|number|user ?name|handle|account)",
        "(?:how|where) (?:can|may|could|should|do) we (?:reach|contact|call|find|write to) you",
        "contact (?:details|info|information)",
        "datos de contacto",
        "cómo podemos (?:contactar|comunicar|llamar|localizar|encontrar)\\w*",
        "^contacto?$",
    ),
    "an exact age": (
        "^(?:exact )?age$",
        "how (?:many years )?old (?:are|is|was|were)",
        "your (?:exact )?age",
        "age in years",
        "^edad$",
        "cuántos años (?:tiene|tienes|tenía)",
        f"{_SU} edad",
    ),
    "an identity number": (
        "(?:passport|social security|national id|medical record|insurance|license|id) (?:number|no)",
        "(?:case|docket|booking|inmate|medicaid|medicare) (?:number|no)",
        f"{_PERSON} (?:id|number|code)",
        "ssn",
        "número de (?:pasaporte|seguro|identidad|identificación|expediente|documento|caso|licencia)",
        "(?:dni|curp|cédula)",
    ),
}
_ACCUSED = (
    "(?:officer|agent|deputy|guard|doctor|nurse|worker|clinician|landlord|owner|manager|employee|staff"
    "|agente|oficial|policía|guardia|médico|médica|enfermer[oa]|doctora?|casero|dueñ[oa]|emplead[oa])"
)
_PART = "(?:full |first |last |family )?"
_NAMES_ACCUSED = (
    rf"{_ACCUSED}(?:'?s)? {_PART}names?",
    rf"{_PART}names?(?: or \w+)? of (?:the |an? |any )?(?:\w+ )?{_ACCUSED}s?",
    rf"(?:nombre|apellido)s?(?: completo)? del? (?:la |l[oa]s )?{_ACCUSED}s?",
)
# "Do not write your name" asks for none, and "your name, which we do not publish" does.
_NEGATED = re.compile(
    r"\b(?:not|no|never|without|leave out|avoid|nunca|sin)\b(?! mind)|n't\b(?! mind)", re.IGNORECASE
)
_SENTENCE = re.compile(r"[.!?¿¡;()\[\]\n]+")
_MARKUP = re.compile(r"<[^<>]*>|[*_`#]")
_UNSEEN = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def _folded(text: str) -> str:
    """Without what changes the look of words and not their meaning: accents, markup, width, spaces."""
    text = _MARKUP.sub(" ", _UNSEEN.sub("", text)).replace("\u2019", "'")
    marked = unicodedata.normalize("NFKD", text)
    bare = "".join(one for one in marked if not unicodedata.combining(one))
    return re.sub(r"[^\S\n]+", " ", bare).strip()


def _pattern(ways: Iterable[str]) -> re.Pattern[str]:
    plain = [_plain(way) for way in ways]
    alone = [way[1:-1] for way in plain if way.startswith("^")]
    within = [way for way in plain if not way.startswith("^")]
    # What stands alone may have a number before it, and a comma or a colon after it.
    either = [rf"\b(?:{'|'.join(within)})\b", *(rf"(?:^|,)\W*(?:\d+\W+)?{way}\W*(?:$|[,:])" for way in alone)]
    return re.compile("|".join(either), re.IGNORECASE)


def _plain(way: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFKD", way) if not unicodedata.combining(one))


_ASKED = {what: _pattern(ways) for what, ways in _WAYS.items()}
_ACCUSING = _pattern(_NAMES_ACCUSED)


def asks_for(text: str) -> str | None:
    """What a label or a hint asks for that would identify a reporter, such as "a name"; None mostly."""
    for sentence in _SENTENCE.split(_folded(text)):
        # The name of who did it is not the reporter's.
        rest = _ACCUSING.sub(" ", sentence.strip())
        for what, pattern in _ASKED.items():
            found = pattern.search(rest)
            if found and not _NEGATED.search(rest[: found.start()]):
                return what
    return None


def names_accused(text: str) -> bool:
    """Whether a label or a hint asks for the name of a person who is accused."""
    return any(
        (found := _ACCUSING.search(sentence)) and not _NEGATED.search(sentence[: found.start()])
        for sentence in _SENTENCE.split(_folded(text))
    )
