"""Which questions apply: evaluates the conditions of a compiled form.

A condition is a tree of lists, the same in the compiled form, here and in
`intake/browser/src/relevance.js`:

    ["and", A, B ...]  ["or", A, B ...]  ["not", A]  ["selected", id, code]  [comparison, X, Y]
    comparison: "=" "!=" of two texts or two numbers, "<" "<=" ">" ">=" of two numbers
    X, Y: a text, a number, ["answer", id], ["count-selected", id], ["string-length", id]

A question that was left blank, or was not asked, compares as the empty string does in XPath: it
equals '' alone, and is neither less nor more than any number.
"""

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

Tree: TypeAlias = list[Any]
Answers: TypeAlias = Mapping[str, Any]
Predicate: TypeAlias = Callable[[Answers], bool]

SAME = {"=": operator.eq, "!=": operator.ne}
ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
COUNTS = {"count-selected": ("select_multiple",), "string-length": ("text", "long_text")}
DEEPEST = 20


class UnknownName(ValueError):
    """A condition names a question that does not stand before it, or a code that is no choice of it."""

    def __init__(self, question: str, code: str | None = None) -> None:
        if code is None:
            super().__init__(f"a condition names {question!r}, which is no question before this one")
        else:
            super().__init__(f"a condition names {code!r}, which is no choice of {question!r}")
        self.question = question
        self.code = code


class Asked(Protocol):
    """What a condition has to know about a question it names."""

    @property
    def kind(self) -> str: ...
    @property
    def positions(self) -> Mapping[str, int]: ...


def check(tree: object, known: Mapping[str, Asked], depth: int = 0) -> None:
    """Accept a condition on the `known` questions, or raise ValueError with what is wrong."""
    if depth > DEEPEST:
        raise ValueError("a condition is nested too deeply")
    match tree:
        case ["and" | "or", _, _, *_]:
            for part in tree[1:]:
                check(part, known, depth + 1)
        case ["not", part]:
            check(part, known, depth + 1)
        case ["selected", str(question), str(code)]:
            _check_code(_find(question, known), question, code)
        case [str(sign), left, right] if sign in SAME or sign in ORDER:
            _check_comparison(sign, left, right, known)
        case _:
            raise ValueError("a condition has a part that is not known")


def _find(question: str, known: Mapping[str, Asked]) -> Asked:
    found = known.get(question)
    # A note asks nothing.
    if found is None or found.kind == "note":
        raise UnknownName(question)
    return found


def _check_code(asked: Asked, question: str, code: str) -> None:
    if code not in asked.positions:
        raise UnknownName(question, code)


def _check_comparison(sign: str, left: object, right: object, known: Mapping[str, Asked]) -> None:
    kinds = {_type(left, known), _type(right, known)}
    if len(kinds) > 1:
        raise ValueError(f"a condition compares a text with a number by {sign!r}")
    if sign in ORDER and kinds != {int}:
        raise ValueError(f"a condition compares texts by {sign!r}")
    for one, other in ((left, right), (right, left)):
        match one, other:
            case ["answer", str(question)], str(code) if code and known[question].kind == "select_one":
                _check_code(known[question], question, code)


def _type(operand: object, known: Mapping[str, Asked]) -> type:
    match operand:
        case str():
            return str
        case int() if type(operand) is int:
            return int
        case ["answer", str(question)] if _find(question, known).kind != "select_multiple":
            return int if known[question].kind == "integer" else str
        case [str(name), str(question)] if _find(question, known).kind in COUNTS.get(name, ()):
            return int
    raise ValueError("a condition compares what cannot be compared; use selected() for multiple choice")


def named(tree: object) -> set[str]:
    """The ids of the questions that a condition looks at."""
    match tree:
        case ["selected" | "answer" | "count-selected" | "string-length", str(question), *_]:
            return {question}
        case [_, *parts]:
            return set().union(*map(named, parts))
    return set()


def compile_tree(tree: Tree) -> Predicate:
    """A function of the answers so far, for a tree that `check` accepted."""
    match tree:
        case ["and", *parts]:
            return _compile_joined(all, parts)
        case ["or", *parts]:
            return _compile_joined(any, parts)
        case ["not", part]:
            inner = compile_tree(part)
            return lambda answers: not inner(answers)
        case ["selected", question, code]:
            return _compile_selected(question, code)
    return _compile_comparison(*tree)


def _compile_joined(join: Callable[[Any], bool], parts: list[Tree]) -> Predicate:
    inner = [compile_tree(part) for part in parts]
    return lambda answers: join(part(answers) for part in inner)


def _compile_selected(question: str, code: str) -> Predicate:
    def selected(answers: Answers) -> bool:
        value = answers.get(question)
        return code in value if isinstance(value, list) else value == code

    return selected


def _compile_comparison(sign: str, left: Any, right: Any) -> Predicate:
    match sign, left, right:
        case "=", ["answer", question], str(text) if text:
            # By far the commonest condition: blank equals no text but the empty one.
            return lambda answers: bool(answers.get(question) == text)
    first, second = _compile_operand(left), _compile_operand(right)
    if sign in SAME:
        same = SAME[sign]
        return lambda answers: same(first(answers), second(answers))
    order = ORDER[sign]
    return lambda answers: order(_number(first(answers)), _number(second(answers)))


def _compile_operand(operand: Any) -> Callable[[Answers], str | int]:
    match operand:
        case ["answer", question]:
            return lambda answers: _blank(answers.get(question))
        case [_, question]:
            return lambda answers: len(answers.get(question) or "")
    return lambda answers: operand


def _blank(value: Any) -> Any:
    return "" if value is None else value


def _number(value: str | int) -> float:
    return math.nan if value == "" else float(value)
