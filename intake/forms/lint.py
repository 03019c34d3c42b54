"""What a questionnaire may not ask for, each with the reason that an organizer is shown.

XLSForm can collect far more than a person can safely give. Whatever is not in our subset is
refused; this is the part of it that would put a reporter at risk.
"""

import re

from intake.forms.asking import asks_for, names_accused
from intake.forms.sheets import Row

_PLACE = "it would tell where the reporter is; ask for a big area with select_one"
_MEDIA = "pictures, sound and files carry hidden data that can identify; ask whether proof exists instead"
_DEVICE = "it would identify the reporter's device"
_TIME = "it would tell when the report was written; only the ISO week is kept"
_PERSON = "it would identify the reporter"
_COMPUTED = "answers are only what the reporter gave; put the rule into relevant or into the analysis"
_ELSEWHERE = "its choices are not in the form; use select_one_from_file with a list in .csv"
_SIMPLER = "use select_one, or integer for a number"

UNSAFE_TYPES = {
    **dict.fromkeys(("geopoint", "geotrace", "geoshape", "start-geopoint", "background-geopoint"), _PLACE),
    **dict.fromkeys(("image", "photo", "audio", "video", "file", "barcode", "background-audio"), _MEDIA),
    **dict.fromkeys(("deviceid", "device_id", "simserial", "subscriberid", "imei", "audit"), _DEVICE),
    **dict.fromkeys(("start", "end", "today", "time", "dateTime", "datetime"), _TIME),
    **dict.fromkeys(("username", "phonenumber", "phone_number", "email"), _PERSON),
    **dict.fromkeys(("calculate", "hidden", "pulldata"), _COMPUTED),
    **dict.fromkeys(("xml-external", "csv-external", "select_one_external"), _ELSEWHERE),
    **dict.fromkeys(("decimal", "range", "rank", "acknowledge", "trigger"), _SIMPLER),
    "begin_repeat": "a report tells of one event; send a second report for a second one",
}
# Names that the desk's tables and the addresses of its workbench have for something else.
_COLUMNS = "id name bundle form week lang sealed_by channel asking page identity rowid oid"
TAKEN = frozenset(f"{_COLUMNS} q named only reports".split())
# What only counts, or is needed to handle the report, may be required. The rest a person may keep back.
MAY_BE_REQUIRED = ("meas", "ops")
_ROLES = "qi, sens, act, narr, meas or ops"
_NO = ("", "no", "false", "false()", "0")
_FREE = ("text", "integer", "date")
_OR_OTHER = re.compile(r"\bor[_ ](?:specify[_ ])?other\b")
_NAMES = "name full_name first_name last_name surname family_name your_name nombre apellido apellidos"
_WAYS = "phone phone_number telephone mobile email e_mail telefono celular correo"
_PLACES = "address home_address street_address direccion domicilio"
_KEYS = "gps latitude longitude coordinates ssn passport"
_BIRTH = "birth_date birthdate date_of_birth dob birthday fecha_nacimiento fecha_de_nacimiento"
_IDENTIFYING = frozenset(f"{_NAMES} {_WAYS} {_PLACES} {_BIRTH} {_KEYS}".split())

# The same inside a longer name, such as resp_email or q7_client_name.
_SURELY = "email dob birthdate birthday surname apellido apellidos gps latitude longitude ssn"
_PERSONS = "respondent resp client patient participant reporter victim your my su"
_THINGS = "name phone address telephone mobile nombre telefono direccion"
_SURE, _WHOSE, _WHAT = (frozenset(words.split()) for words in (_SURELY, _PERSONS, _THINGS))


def check_type(row: Row, kind: str) -> None:
    """RefusedSource when the type of a survey row collects what must not be collected."""
    if kind in UNSAFE_TYPES:
        raise row.refuse(f"the type {kind} is not allowed: {UNSAFE_TYPES[kind]}")
    if _OR_OTHER.search(row.get("type")):
        raise row.refuse("or_other is not allowed: add a choice with the code other to the list")


def check_taken(row: Row) -> None:
    """RefusedSource when a question has a name by which no desk could keep or choose its answers."""
    if row.get("name") in TAKEN:
        raise row.refuse(f"a question cannot be named {row.get('name')!r}: the desk uses that name itself")


def check_role(row: Row, kind: str) -> None:
    """RefusedSource when a question does not say what it can give away, or demands what may be kept back."""
    role = row.get("sdc_role") or ("ops" if kind == "note" else "")
    if not role:
        raise row.refuse(f"the column sdc_role must say what the answer can give away: {_ROLES}")
    if row.get("required").lower() not in _NO and role not in MAY_BE_REQUIRED:
        raise row.refuse(f"a sensitive question (sdc_role {role}) may not be required")


def check_words(row: Row, kind: str) -> None:
    """RefusedSource when a question that is answered in free words asks who the reporter is."""
    if kind not in _FREE:
        return
    named = row.refuse(f"a question named {row.get('name')!r} is not allowed: {_PERSON}")
    if row.get("name").lower() in _IDENTIFYING:
        raise named
    for heading, text in row.cells.items():
        if not heading.startswith(("label::", "hint::")):
            continue
        what = asks_for(text)
        if what:
            raise row.refuse(f"the question asks for {what}, which is not allowed: {_PERSON}")
        if names_accused(text) and row.get("sdc_role") != "act":
            raise row.refuse("the question asks for the name of who did it: set sdc_role to act")
    if _is_identifying(set(row.get("name").lower().split("_"))):
        raise named


def _is_identifying(words: set[str]) -> bool:
    owned = bool(words & _WHOSE) and bool(words & _WHAT)
    return owned or bool(words & _SURE) or {"phone", "number"} <= words
