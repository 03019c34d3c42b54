"""Questions, and the parts of the compiled form that describe them.

The parser is strict: just these fields, each text in each language of the form, no id or code
twice, and conditions that look back only, so that one pass over the questions settles them all.
"""

import re
import unicodedata
from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from intake.forms import relevance

Texts: TypeAlias = Mapping[str, str]

KINDS = ("select_one", "select_multiple", "text", "long_text", "month", "integer", "note")
LONGEST = {"text": 120, "long_text": 2000}
ROLES = ("qi", "sens", "act", "narr", "meas", "ops")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CODE = re.compile(r"[a-z0-9_]{1,40}")


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to tick. `rollup` is the coarser group that findings may fall back on, or empty.

    `exclusive` clears the others; `content_note` means that its words are about force or sexual harm,
    so that a page can keep them out of sight until the reader asks for them.
    """

    code: str
    label: Texts
    rollup: str
    exclusive: bool
    content_note: bool


@dataclass(frozen=True, slots=True)
class Rollup:
    """A group of choices."""

    code: str
    label: Texts


@dataclass(frozen=True, slots=True)
class Section:
    """Questions that stand on one screen."""

    id: str
    label: Texts
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `applies` and `holds` are its relevance and its constraint, as functions.

    `sensitive_note` says beside the question why it is asked; `short` puts it on the short form.
    """

    id: str
    kind: str
    label: Texts
    hint: Texts
    sensitive_note: Texts
    required: bool
    short: bool
    relevant: relevance.Tree | None
    constraint: relevance.Tree | None
    constraint_message: Texts
    choices: tuple[Choice, ...]
    default: str | None
    max_length: int | None
    role: str
    appearance: str
    positions: Mapping[str, int] = field(init=False, repr=False, compare=False)
    exclusive: frozenset[str] = field(init=False, repr=False, compare=False)
    applies: relevance.Predicate | None = field(init=False, repr=False, compare=False)
    holds: relevance.Predicate | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Worked out once, because the desk asks for them thousands of times a second.
        derived = {
            "positions": {choice.code: place for place, choice in enumerate(self.choices)},
            "exclusive": frozenset(choice.code for choice in self.choices if choice.exclusive),
            "applies": None if self.relevant is None else relevance.compile_tree(self.relevant),
            "holds": None if self.constraint is None else relevance.compile_tree(self.constraint),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)


def record(value: object, fields: Mapping[str, type], what: str) -> dict[str, Any]:
    """The object itself when it has just these fields with these types; ValueError otherwise."""
    if not isinstance(value, dict) or value.keys() != fields.keys():
        raise ValueError(f"{what} has other fields than {', '.join(fields)}")
    for name, kind in fields.items():
        if kind is not object and type(value[name]) is not kind:
            raise ValueError(f"{what} has a wrong {name}")
    return value


def parse_name(value: object, what: str) -> str:
    """A permanent name of a question, section or form: a-z first, then a-z, 0-9 and _, 40 at most."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError(f"{what} has an id that is not lower-case letters, digits and _")
    return value


def parse_texts(value: Any, languages: Sequence[str], what: str, *, optional: bool = False) -> Texts:
    """A text in every language of the form, or an empty mapping where the text is optional."""
    if optional and value == {}:
        return {}
    complete = isinstance(value, dict) and value.keys() == set(languages)
    if not complete or not all(isinstance(text, str) and text for text in value.values()):
        raise ValueError(f"{what} lacks a text in one of {', '.join(languages)}")
    # Terminals and pages show these words; a control character would be obeyed instead.
    if any(unicodedata.category(one) == "Cc" and one != "\n" for one in "".join(value.values())):
        raise ValueError(f"{what} has a control character in a text")
    return dict(value)


def once(names: Sequence[str], what: str) -> None:
    """ValueError when a name stands twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{what} has {name!r} twice")
        seen.add(name)


_CHOICE = {"code": str, "label": dict, "rollup": str, "exclusive": bool, "content_note": bool}
_QUESTION = {
    "id": str,
    "kind": str,
    "label": dict,
    "hint": dict,
    "sensitive_note": dict,
    "required": bool,
    "short": bool,
    "relevant": object,
    "constraint": object,
    "constraint_message": dict,
    "choices": list,
    "default": object,
    "max_length": object,
    "role": str,
    "appearance": str,
}


def parse_question(value: object, languages: Sequence[str], known: dict[str, Question]) -> Question:
    """One question of the compiled form, standing after the `known` ones; ValueError with the rule."""
    fields = record(value, _QUESTION, "a question")
    what = f"question {parse_name(fields['id'], 'a question')!r}"
    if fields["id"] in known:
        raise ValueError(f"the form has {fields['id']!r} twice")
    for name in ("label", "hint", "sensitive_note", "constraint_message"):
        fields[name] = parse_texts(fields[name], languages, what, optional=name != "label")
    fields["choices"] = tuple(_parse_choice(choice, languages, what) for choice in fields["choices"])
    _check_kind(fields, what)
    _check_conditions(fields, known)
    return Question(**fields)


def _parse_choice(value: object, languages: Sequence[str], what: str) -> Choice:
    fields = record(value, _CHOICE, f"a choice of {what}")
    if not _CODE.fullmatch(fields["code"]):
        raise ValueError(f"{what} has a code that is not lower-case letters, digits and _")
    return Choice(**fields | {"label": parse_texts(fields["label"], languages, what)})


def _check_kind(fields: Mapping[str, Any], what: str) -> None:
    kind, codes = fields["kind"], [choice.code for choice in fields["choices"]]
    selects = kind in ("select_one", "select_multiple")
    once(codes, what)
    rules: dict[str, bool] = {
        "kind": kind in KINDS,
        "choices": bool(codes) == selects,
        "role": fields["role"] in ROLES,
        "max_length": type(fields["max_length"]) in (int, type(None))
        and (fields["max_length"] is None or 0 < fields["max_length"] <= LONGEST.get(kind, 0))
        and (fields["max_length"] is None) == (kind not in LONGEST),
        "default": fields["default"] is None or (kind == "select_one" and fields["default"] in codes),
        "required": not (kind == "note" and fields["required"]),
    }
    for name, kept in rules.items():
        if not kept:
            raise ValueError(f"{what} has a wrong {name}")


def _check_conditions(fields: Mapping[str, Any], known: dict[str, Question]) -> None:
    if fields["relevant"] is not None:
        relevance.check(fields["relevant"], known)
    if fields["constraint"] is not None:
        own = Question(**{**fields, "relevant": None, "constraint": None})
        # Not a copy: a form may have thousands of questions, each with a constraint.
        with_own: ChainMap[str, Any] = ChainMap({own.id: own}, known)
        relevance.check(fields["constraint"], with_own)
