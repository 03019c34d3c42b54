"""Random forms whose conditions hang on each other, for tests that compare two implementations."""

from random import Random
from typing import Any

from intake.forms.form import Form, canonical
from intake.forms.question import LONGEST

KINDS = ("select_one", "select_multiple", "select_multiple", "text", "long_text", "month", "integer")
CODES = ("a", "b", "none", "c", "not_sure")
SIGNS = ("=", "!=", "<", "<=", ">", ">=")
DEEPEST = 4

Question = dict[str, Any]


def random_form(source: Random, questions: int = 14) -> Form:
    """A form in which nearly every question depends on those before it."""
    asked: list[Question] = []
    for number in range(questions):
        asked.append(_question(number, source, asked))
    whole = {
        "v": 1,
        "id": "random",
        "version": "1",
        "default_language": "en",
        "languages": ["en"],
        "title": {"en": "Random"},
        "questions": asked,
        "sections": [{"id": "all", "label": {"en": "All"}, "questions": [one["id"] for one in asked]}],
        "rollups": [],
    }
    return Form.from_json(canonical(whole) + b"\n")


def _question(number: int, source: Random, before: list[Question]) -> Question:
    kind = source.choice(KINDS)
    question: Question = {
        "id": f"q{number}",
        "kind": kind,
        "label": {"en": "?"},
        "hint": {},
        "sensitive_note": {},
        "required": source.random() < 0.02,
        "short": source.random() < 0.4,
        "relevant": _tree(source, before, 0) if before and source.random() < 0.8 else None,
        "constraint": None,
        "constraint_message": {},
        "choices": [_choice(code) for code in CODES] if kind.startswith("select") else [],
        "default": None,
        "max_length": LONGEST.get(kind),
        "role": "meas",
        "appearance": "",
    }
    if source.random() < 0.08:
        question["constraint"] = _tree(source, [*before, question], 1)
    return question


def _choice(code: str) -> Question:
    alone = code in ("none", "not_sure")
    return {"code": code, "label": {"en": code}, "rollup": "", "exclusive": alone, "content_note": False}


def _tree(source: Random, known: list[Question], depth: int) -> list[Any]:
    if depth < DEEPEST and source.random() < 0.55:
        word = source.choice(("and", "or", "not"))
        parts = [_tree(source, known, depth + 1) for _ in range(1 if word == "not" else source.randint(2, 3))]
        return [word, *parts]
    return _comparison(source, source.choice(known), known)


def _comparison(source: Random, one: Question, known: list[Question]) -> list[Any]:
    name, kind = one["id"], one["kind"]
    answer = ["answer", name]
    if kind == "select_multiple":
        if source.random() < 0.6:
            return ["selected", name, source.choice(CODES)]
        return [source.choice(SIGNS), ["count-selected", name], source.randrange(4)]
    if kind == "integer":
        return [source.choice(SIGNS), answer, source.choice((0, 1, 3, 60))]
    if kind in LONGEST and source.random() < 0.5:
        return [source.choice(SIGNS), ["string-length", name], source.choice((0, 1, 5, LONGEST[kind]))]
    texts = [other["id"] for other in known if other["kind"] not in ("select_multiple", "integer")]
    others: list[Any] = ["", "2026", "not_sure", ["answer", source.choice(texts)]]
    if kind == "select_one":
        # Every other text would be a code that the question does not have.
        others = ["", *CODES]
    return [source.choice(("=", "!=")), answer, source.choice(others)]
