"""The columns of an XLSForm that we read, and the languages that their headings name.

    survey    type, name, label::Language (xx), hint::..., sensitive_note::..., required, relevant,
              constraint, constraint_message::..., appearance, default, sdc_role, short_form
    choices   list_name, name, label::Language (xx), rollup, exclusive, content_note
    settings  form_id, version, default_language, form_title, page_title::Language (xx), attachments

`attachments` holds the media types of files that may be sent along, with spaces between them.

A heading without a language, such as `label`, is in the default language, as XLSForm has it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from intake.forms.sheets import Row

_TRANSLATED = frozenset({"label", "hint", "sensitive_note", "constraint_message", "page_title"})
_CHOICE = {"name", "label", "rollup", "exclusive", "content_note"}
COLUMNS: Mapping[str, frozenset[str]] = {
    "survey": frozenset(
        {"type", "name", "required", "relevant", "constraint", "appearance", "default", "sdc_role"}
        | {"short_form", "label", "hint", "sensitive_note", "constraint_message"}
    ),
    "choices": frozenset(_CHOICE | {"list_name"}),
    "settings": frozenset(
        {"form_id", "version", "default_language", "form_title", "page_title", "attachments"}
    ),
    # A local list, which stands in a file of its own.
    "": frozenset(_CHOICE | {"rollup_label"}),
}
# For other tools and for later: they change nothing that a reporter sees.
_PASSED_OVER = {"sdc_generalise", "sdc_topcode", "hxl", "iccs", "required_message", "style"}
# Other spellings that XLSForm allows.
_ALIASES = {"list name": "list_name", "value": "name", "relevance": "relevant", "caption": "label"}
_REASONS = {
    "choice_filter": "put the bigger group of each choice into the column rollup",
    "calculation": "answers are only what the reporter gave",
    "default_language": "it belongs into the sheet settings",
}
_HARMLESS = re.compile(r"(?:rows|randomize|seed)=\S+(?:\s+(?:rows|randomize|seed)=\S+)*")
_LANGUAGE = re.compile(r".*\(([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\)")

# As some write it: label::es.
_BARE = re.compile(r"[a-z]{2,3}")


def language(name: str) -> str:
    """The code in a language's name, such as es in `Español (es)`; empty when it has none."""
    match = _LANGUAGE.fullmatch(name)
    return match[1] if match else name if _BARE.fullmatch(name) else ""


def languages(rows: Iterable[Row]) -> list[str]:
    """The languages of the labels, in the order of their columns."""
    found = (heading.partition("::") for row in rows for heading in row.cells)
    return list(dict.fromkeys(tag for name, _, tag in found if name == "label" and tag))


def names_all_languages(rows: Iterable[Row]) -> bool:
    """Whether no heading that wants a language is without one."""
    headings = {heading for row in rows for heading in row.cells}
    return _TRANSLATED.isdisjoint(_ALIASES.get(heading.lower(), heading.lower()) for heading in headings)


def normalized(rows: Sequence[Row], default: str, refused: list[str]) -> Iterator[Row]:
    """The rows with headings as `label::en`, without the columns that we pass over.

    What is not accepted is dropped and told in `refused`, once a column.
    """
    told: set[str] = set()
    for row in rows:
        cells = {}
        for heading, text in row.cells.items():
            name, problem = _read_heading(row, heading, default)
            if name:
                cells[name] = text
            elif problem and heading not in told:
                told.add(heading)
                refused += row.refuse(f"the column {heading!r} {problem}").problems
        yield row.holding(cells)


def _read_heading(row: Row, heading: str, default: str) -> tuple[str, str]:
    """The heading as we write it, or an empty one and, where it must not be passed over, the reason."""
    # Older forms write one colon.
    name, _, spoken = (part.strip() for part in heading.partition("::" if "::" in heading else ":"))
    name = _ALIASES.get(name.lower(), name.lower())
    columns, translated = COLUMNS[row.sheet], _TRANSLATED | ({"rollup_label"} if not row.sheet else set())
    if name in _PASSED_OVER or (name == "parameters" and _HARMLESS.fullmatch(row.get(heading))):
        return "", ""
    if name not in columns:
        return "", f"is not accepted: {_REASONS.get(name, 'nothing here would obey it')}"
    if name not in translated:
        return (name, "") if not spoken else ("", "has no language here")
    tag = language(spoken) if spoken else default
    return (f"{name}::{tag}", "") if tag else ("", "names no language code, as in label::English (en)")
