"""The compiled form: what is asked, in which words and under which conditions.

A form is written as an XLSForm and compiled once (`intake.forms.xlsform`); the page, the browser's
script, the server and the desk all read the compiled JSON. Reports name it by the SHA-256 of its
bytes, so the parser is canonical: one byte string per form, anything else is refused.
"""

import functools
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Self

from intake.crypto.attachment import TYPE
from intake.forms.errors import MalformedForm
from intake.forms.question import (
    Choice,
    Question,
    Rollup,
    Section,
    Texts,
    once,
    parse_name,
    parse_question,
    parse_texts,
    record,
)

__all__ = [
    "Choice",
    "Form",
    "MalformedForm",
    "Question",
    "Rollup",
    "Section",
    "Texts",
    "canonical",
    "shipped",
]

VERSION = 1
JPEG = "image/jpeg"
_VERSION = re.compile(r"[0-9A-Za-z._-]{1,20}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
canonical_text = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode


def canonical(value: object) -> bytes:
    """The one JSON text of a value: sorted keys, no spaces, UTF-8, nothing escaped without need."""
    return canonical_text(value).encode()


@dataclass(frozen=True, slots=True)
class Form:
    """A questionnaire. `json` is its canonical text and `digest` the SHA-256 of that, in hexadecimal.

    `asked` are the questions that can be answered; `unseen` are the ids of those that the short form
    leaves out, none in a form that has no short one. `attachments` are the media types of files that
    may be sent along; most forms take none.
    """

    id: str
    version: str
    default_language: str
    languages: tuple[str, ...]
    title: Texts
    questions: tuple[Question, ...]
    sections: tuple[Section, ...]
    rollups: tuple[Rollup, ...]
    json: bytes = field(repr=False)
    digest: str
    attachments: tuple[str, ...] = ()
    asked: tuple[Question, ...] = field(init=False, repr=False, compare=False)
    unseen: frozenset[str] = field(init=False, repr=False, compare=False)
    _by_id: Mapping[str, Question] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_id = {question.id: question for question in self.questions}
        asked = tuple(one for one in self.questions if one.kind != "note")
        has_short = any(one.short for one in asked)
        unseen = frozenset(one.id for one in asked if has_short and not (one.short or one.required))
        for name, value in {"_by_id": by_id, "asked": asked, "unseen": unseen}.items():
            object.__setattr__(self, name, value)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a compiled form; MalformedForm names the file and the rule."""
        try:
            return cls.from_json(path.read_bytes())
        except MalformedForm as error:
            raise MalformedForm(f"{path}: {error}") from None

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Parse the bytes of a compiled form; MalformedForm names the rule that they break."""
        try:
            parts = parse_parts(read_canonical(data))
        except (ValueError, RecursionError) as error:
            raise MalformedForm(f"not a compiled form: {error}") from None
        return cls(**parts, json=data, digest=hashlib.sha256(data).hexdigest())

    def question(self, name: str) -> Question:
        """The question of that id; KeyError when there is none."""
        return self._by_id[name]


@functools.cache
def shipped(name: str) -> Form:
    """A form that comes with Witnessbox, such as "report"."""
    return Form.from_json((resources.files("intake.forms") / f"{name}.json").read_bytes())


_FORM = {
    "v": int,
    "id": str,
    "version": str,
    "default_language": str,
    "languages": list,
    "title": dict,
    "questions": list,
    "sections": list,
    "rollups": list,
}
_SECTION = {"id": str, "label": dict, "questions": list}
_ROLLUP = {"code": str, "label": dict}


def read_canonical(data: bytes) -> object:
    """The value of a canonical JSON text with a newline at its end; ValueError for any other text."""
    value = json.loads(data.decode())
    if canonical(value) + b"\n" != data:
        raise ValueError("the JSON is not canonical")
    return value


def parse_parts(value: object) -> dict[str, Any]:
    """The fields of a Form out of its JSON value; ValueError with the rule that it breaks."""
    # The one member that is left out when it is empty, as it is in most forms.
    optional = {"attachments": list} if isinstance(value, dict) and value.get("attachments") else {}
    fields = record(value, _FORM | optional, "the form")
    if fields.pop("v") != VERSION:
        raise ValueError("the form is of another version of the format")
    if not _VERSION.fullmatch(fields["version"]):
        raise ValueError("the form's version is not made of letters, digits, dots, - and _")
    parse_name(fields["id"], "the form")
    languages = fields["languages"] = _parse_languages(fields)
    fields["attachments"] = _parse_attachments(fields.get("attachments", ()))
    fields["title"] = parse_texts(fields["title"], languages, "the title")
    fields["questions"] = _parse_questions(fields["questions"], languages)
    fields["rollups"] = tuple(_parse_rollup(one, languages) for one in fields["rollups"])
    fields["sections"] = tuple(_parse_section(one, languages) for one in fields["sections"])
    _check_whole(fields["questions"], fields["sections"], fields["rollups"])
    return fields


def _parse_languages(fields: Mapping[str, Any]) -> tuple[str, ...]:
    languages = fields["languages"]
    if not all(isinstance(one, str) and _LANGUAGE.fullmatch(one) for one in languages):
        raise ValueError("the form has a language that is no language tag")
    once(languages, "the form")
    if fields["default_language"] not in languages:
        raise ValueError("the default language is not among the languages")
    return tuple(languages)


def _parse_attachments(types: Sequence[object]) -> tuple[str, ...]:
    known = [one for one in types if isinstance(one, str) and TYPE.fullmatch(one)]
    if len(known) < len(types):
        raise ValueError("the form takes an attachment of a type that is no media type")
    once(known, "the form")
    # Browsers make every picture a JPEG, which drops what a camera wrote into it.
    if any(one.startswith("image/") for one in known) and JPEG not in known:
        raise ValueError(f"a form that takes pictures must take {JPEG}, which all of them become")
    return tuple(known)


def _parse_questions(values: Sequence[object], languages: Sequence[str]) -> tuple[Question, ...]:
    known: dict[str, Question] = {}
    for value in values:
        question = parse_question(value, languages, known)
        known[question.id] = question
    return tuple(known.values())


def _parse_section(value: object, languages: Sequence[str]) -> Section:
    fields = record(value, _SECTION, "a section")
    what = f"section {parse_name(fields['id'], 'a section')!r}"
    label = parse_texts(fields["label"], languages, what)
    return Section(fields["id"], label, tuple(fields["questions"]))


def _parse_rollup(value: object, languages: Sequence[str]) -> Rollup:
    fields = record(value, _ROLLUP, "a rollup")
    name = parse_name(fields["code"], "a rollup")
    return Rollup(name, parse_texts(fields["label"], languages, f"rollup {name!r}"))


def _check_whole(
    questions: Sequence[Question], sections: Sequence[Section], rollups: Sequence[Rollup]
) -> None:
    placed = [name for section in sections for name in section.questions]
    if placed != [question.id for question in questions]:
        raise ValueError("the sections do not hold each question once and in order")
    once([section.id for section in sections], "the form")
    once([rollup.code for rollup in rollups], "the form")
    named = {choice.rollup for question in questions for choice in question.choices} - {""}
    if named != {rollup.code for rollup in rollups}:
        raise ValueError("the rollups are not those that the choices name")
