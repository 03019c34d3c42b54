"""Which kind of question a row's type and appearance make together."""

import re

from intake.forms.sheets import Row

# The kind that a type and an appearance make together.
_KINDS = {
    ("select_one", ""): "select_one",
    ("select_one", "minimal"): "select_one",
    ("select_multiple", ""): "select_multiple",
    ("select_multiple", "minimal"): "select_multiple",
    ("text", ""): "text",
    ("text", "multiline"): "long_text",
    ("integer", ""): "integer",
    ("date", "month-year"): "month",
    ("date", "year"): "month",
    ("note", ""): "note",
}
_KEPT = ("minimal", "year")
# They arrange the choices on a screen of another program, and mean nothing here.
_LOOKS = re.compile(
    r"(?:quick|horizontal-)?compact(?:-\d+)?|quick|horizontal|vertical|likert|columns(?:-\w+)?|w\d+"
)
# XLSForm's older spellings: `select one from yes_no`, `begin group`, `string`.
_GROUP = re.compile(r"(begin|end)[ _](group|repeat|loop)\b.*")
_SELECT = re.compile(r"(?:add )?select(?:[ _](one)|[ _]multiple|[ _]all that apply|(1))(?: from)? ")
_ALIASES = {"string": "text", "int": "integer"}
_LOOP = {"loop": "repeat"}
_OLD = {
    **dict.fromkeys(("gps", "location"), "geopoint"),
    **dict.fromkeys(("phone number", "get phone number"), "phonenumber"),
    "device id": "deviceid",
}


def read_type(row: Row) -> tuple[str, str]:
    """The type in today's spelling, and the list that follows it."""
    text = _GROUP.sub(lambda found: f"{found[1]}_{_LOOP.get(found[2], found[2])}", row.get("type"))
    text = _SELECT.sub(lambda found: "select_one " if found[1] or found[2] else "select_multiple ", text)
    if text.lower() in _OLD:
        return _OLD[text.lower()], ""
    kind, _, rest = text.partition(" ")
    return _ALIASES.get(kind, kind), rest.strip()


def read_kind(row: Row, type_: str) -> tuple[str, str]:
    """The kind, and the appearance that the compiled form keeps; RefusedSource when there is none."""
    words = [word for word in row.get("appearance").split() if not _LOOKS.fullmatch(word)]
    appearance = " ".join(words)
    found = _KINDS.get((type_, appearance))
    if found is not None:
        return found, appearance if appearance in _KEPT else ""
    if type_ == "date":
        raise row.refuse("an exact date can point to a person; set appearance to month-year or year")
    if any(known == type_ for known, _ in _KINDS):
        raise row.refuse(f"the appearance {appearance!r} is not accepted for {type_}")
    raise row.refuse(f"the type {type_!r} is not accepted")
