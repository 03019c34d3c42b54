"""The part of a compiled form that the browser's script needs: its rules, without its words.

The words stand in the page already. Left out of the script's copy, they do not travel twice.
"""

import json
from typing import Any

from intake.forms.form import Form

# Fields that say something to a reader, and nothing to `intake/browser/src/answers.js`.
_SPOKEN = frozenset(
    {
        *("appearance", "content_note", "default", "default_language", "languages"),
        *("role", "rollup", "rollups", "sections"),
    }
)


def rules(form: Form) -> dict[str, Any]:
    """The compiled form as a JSON value, less its texts, the `_SPOKEN` fields, and what is false anyway."""
    value: dict[str, Any] = _without_words(json.loads(form.json), set(form.languages))
    return value


def _without_words(value: Any, languages: set[str]) -> Any:
    if isinstance(value, list):
        return [_without_words(one, languages) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _without_words(inner, languages)
        for name, inner in value.items()
        if name not in _SPOKEN
        and inner is not False
        and not (isinstance(inner, dict) and inner.keys() <= languages)
    }
