"""A compiled form, as the server and the desk read it. With an odd first byte it is written canonically here
first.
"""

import json
from collections.abc import Callable, Iterator
from random import Random

from intake.forms import xlsform_out
from intake.forms.errors import MalformedForm
from intake.forms.form import Form, canonical
from intake.forms.length import longest
from tests.forms.random_forms import random_form
from tests.fuzz.target import Target


def run(data: bytes) -> None:
    if not data:
        return
    text = _canonical(data[1:]) if data[0] & 1 else data[1:]
    try:
        form = Form.from_json(text)
    except MalformedForm as refused:
        said = str(refused)
    else:
        _check_again(form, text)
        return
    # It names questions and codes, by names that are letters and digits, or as Python writes a text.
    assert said.isprintable()


def _check_again(form: Form, text: bytes) -> None:
    assert form.json == text
    assert Form.from_json(canonical(json.loads(text)) + b"\n") == form
    assert longest(form) > 0
    assert xlsform_out.csv_bytes(form)


def _canonical(text: bytes) -> bytes:
    try:
        return canonical(json.loads(text)) + b"\n"
    except (ValueError, RecursionError):
        return text


def seeds() -> Iterator[bytes]:
    for seed in range(5):
        form = random_form(Random(seed), 2 + seed)
        yield b"\0" + form.json
        yield b"\x01" + form.json


_WHOLE = json.loads(random_form(Random(5), 1).json)
_QUESTION = _WHOLE["questions"][0] | {"kind": "integer", "choices": [], "max_length": None, "relevant": None}
_SELECT = _QUESTION | {"kind": "select_one"}
_CHOICE = {"code": "a", "content_note": False, "exclusive": False, "label": {"en": "A"}, "rollup": ""}


def _form(questions: list[dict[str, object]], **changes: object) -> bytes:
    section = _WHOLE["sections"][0] | {"questions": [one["id"] for one in questions]}
    return b"\x01" + canonical(_WHOLE | {"questions": questions, "sections": [section]} | changes)


def _tree(make: Callable[[int], object]) -> Callable[[int], bytes]:
    return lambda size: _form([_QUESTION, _QUESTION | {"id": "b", "relevant": make(size)}])


def _deep(size: int) -> object:
    tree: object = ["=", ["answer", "q0"], 1]
    for _ in range(min(size // 8, 400)):
        tree = ["not", tree]
    return tree


TARGET = Target(
    "form",
    run,
    seeds,
    shapes={
        "many questions": lambda size: _form([_QUESTION | {"id": f"q{n}"} for n in range(size // 260)]),
        "many conditions": lambda size: _form(
            [
                _QUESTION,
                *(
                    {**_QUESTION, "id": f"b{n}", "relevant": ["=", ["answer", "q0"], 1]}
                    for n in range(size // 290)
                ),
            ]
        ),
        "many choices": lambda size: _form(
            [_SELECT | {"choices": [_CHOICE | {"code": f"c{n}"} for n in range(size // 80)]}]
        ),
        "many rollups": lambda size: _form(
            [_QUESTION], rollups=[{"code": f"r{n}", "label": {"en": "R"}} for n in range(size // 35)]
        ),
        "many sections": lambda size: _form(
            [_QUESTION],
            sections=[
                {"id": f"s{n}", "label": {"en": "S"}, "questions": ["q0"] if not n else []}
                for n in range(size // 45)
            ],
        ),
        "many languages": lambda size: _form(
            [_QUESTION], languages=[f"aa-{n:05}" for n in range(size // 11)]
        ),
        "many attachments": lambda size: _form(
            [_QUESTION], attachments=[f"text/a{n}" for n in range(size // 12)]
        ),
        "a deep condition": _tree(_deep),
        "a wide condition": _tree(lambda size: ["or", *[["=", ["answer", "q0"], 1]] * (size // 22)]),
        "nested lists": lambda size: b"\0" + b"[" * (size // 2) + b"]" * (size // 2),
        "a long label": lambda size: _form([_QUESTION | {"label": {"en": "a" * size}}]),
    },
    tokens=(
        *(
            b'["and",',
            b'["or",',
            b'["not",',
            b'["selected","q0","a"]',
            b'["answer","q0"]',
            b'"relevant":',
            b'"kind":"note"',
        ),
        *(
            b"null",
            b"true",
            b"[]",
            b"{}",
            b'""',
            b'"questions":[',
            b'"choices":[',
            b'"max_length":',
            b"\\ud800",
            b"1.0",
            b"NaN",
        ),
    ),
    seconds=0.2,
    longest=16 * 1024,
)
