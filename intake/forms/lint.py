"""What a questionnaire may not ask for, each with the reason that an organizer is shown.

XLSForm can collect far more than a person can safely give. Whatever is not in our subset is
refused; this is the part of it that would put a reporter at risk.
"""

from intake.forms.sheets import Row

_PLACE = "it would tell where the reporter is; ask for a big area with select_one"
_MEDIA = "pictures, sound and files carry hidden data that can identify; ask whether proof exists instead"
_DEVICE = "it would identify the reporter's device"
_TIME = "it would tell when the report was written; only the ISO week is kept"
_PERSON = "it would identify the reporter"
_COMPUTED = "answers are only what the reporter gave; put the rule into relevant or into the analysis"

UNSAFE_TYPES = {
    **dict.fromkeys(("geopoint", "geotrace", "geoshape", "start-geopoint", "background-geopoint"), _PLACE),
    **dict.fromkeys(("image", "photo", "audio", "video", "file", "barcode", "background-audio"), _MEDIA),
    **dict.fromkeys(("deviceid", "device_id", "simserial", "subscriberid", "imei", "audit"), _DEVICE),
    **dict.fromkeys(("start", "end", "today", "time", "dateTime", "datetime"), _TIME),
    **dict.fromkeys(("username", "phonenumber", "phone_number", "email"), _PERSON),
    **dict.fromkeys(("calculate", "hidden", "xml-external", "csv-external"), _COMPUTED),
    "begin_repeat": "a report tells of one event; send a second report for a second one",
}
_NAMES = "name full_name first_name last_name surname your_name"
_WAYS = "phone phone_number telephone mobile email e_mail address home_address street_address"
_BIRTH = "birth_date birthdate date_of_birth dob birthday"
_IDENTIFYING = frozenset(f"{_NAMES} {_WAYS} {_BIRTH}".split())


def check_question(row: Row, kind: str, name: str) -> None:
    """RefusedSource when a survey row asks what must not be asked."""
    if kind in UNSAFE_TYPES:
        raise row.refuse(f"the type {kind} is not allowed: {UNSAFE_TYPES[kind]}")
    if "or_other" in row.get("type").split():
        raise row.refuse("or_other is not allowed: add a choice with the code other to the list")
    if name.lower() in _IDENTIFYING:
        raise row.refuse(f"a question named {name!r} is not allowed: {_PERSON}")
    if row.get("sdc_role") == "sens" and row.get("required"):
        raise row.refuse("a sensitive question may not be required")
