"""Reads the small part of XLSForm's expressions that we accept.

    expression = conjunction { "or" conjunction }
    conjunction = condition { "and" condition }
    condition = "not" "(" expression ")" / "(" expression ")"
              / "selected" "(" question "," string ")" / operand comparison operand
    comparison = "=" / "!=" / "<" / "<=" / ">" / ">="
    operand = question / string / integer
            / "count-selected" "(" question ")" / "string-length" "(" question ")"
    question = "${" id "}" / "."                 ; "." is the question that the expression stands on
    string = "'" text "'" / '"' text '"'

What comes out is the tree that `intake.forms.relevance` describes. Only the compiler of forms runs
this; what is evaluated later is the tree.
"""

import re
from collections.abc import Iterator
from typing import Any

from intake.forms.relevance import COUNTS, DEEPEST, ORDER, SAME, Tree

_TOKEN = re.compile(
    r"\s*(?:\$\{(?P<question>[a-z][a-z0-9_]*)\}|(?P<string>'[^']*'|\"[^\"]*\")|(?P<integer>[0-9]{1,9})"
    r"|(?P<word>[a-z]+(?:-[a-z]+)*)|(?P<sign>!=|<=|>=|[=<>(),.]))"
)

# Brackets may stand around brackets, which the tree does not have.
MOST_OPEN = 2 * DEEPEST


def parse(text: str, own: str) -> Tree:
    """The tree of an expression that stands on question `own`; ValueError says what is not accepted."""
    return _Parser(text, own).whole()


class _Parser:
    def __init__(self, text: str, own: str) -> None:
        self._tokens = list(_split(text))
        self._place = 0
        self._open = 0
        self._own = own

    def whole(self) -> Tree:
        tree = self._joined("or")
        if self._peek()[1]:
            raise ValueError(f"unexpected {self._peek()[1]!r}")
        return tree

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._place] if self._place < len(self._tokens) else ("end", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self._place += 1
        return token

    def _expect(self, sign: str) -> None:
        found = self._next()[1]
        if found != sign:
            raise ValueError(f"expected {sign!r}, found {found or 'the end'!r}")

    def _joined(self, word: str) -> Tree:
        parts = [self._part(word)]
        while self._peek() == ("word", word):
            self._next()
            parts.append(self._part(word))
        return [word, *parts] if len(parts) > 1 else parts[0]

    def _part(self, word: str) -> Tree:
        return self._joined("and") if word == "or" else self._condition()

    def _condition(self) -> Tree:
        if self._peek() == ("word", "not"):
            self._next()
            return ["not", self._bracketed()]
        if self._peek() == ("sign", "("):
            return self._bracketed()
        if self._peek() == ("word", "selected"):
            return self._selected()
        return self._comparison()

    def _bracketed(self) -> Tree:
        self._expect("(")
        self._open += 1
        if self._open > MOST_OPEN:
            raise ValueError("a condition is nested too deeply")
        tree = self._joined("or")
        self._open -= 1
        self._expect(")")
        return tree

    def _selected(self) -> Tree:
        self._next()
        self._expect("(")
        question = self._question()
        self._expect(",")
        kind, text = self._next()
        if kind != "string":
            raise ValueError("selected() needs a code in quotes")
        self._expect(")")
        return ["selected", question, text[1:-1]]

    def _comparison(self) -> Tree:
        left = self._operand()
        sign = self._next()[1]
        if sign not in SAME and sign not in ORDER:
            raise ValueError(f"expected a comparison, found {sign or 'the end'!r}")
        return [sign, left, self._operand()]

    def _operand(self) -> Any:
        kind, _ = self._peek()
        if kind == "string":
            return self._next()[1][1:-1]
        if kind == "integer":
            return int(self._next()[1])
        if kind == "word":
            return self._count()
        return ["answer", self._question()]

    def _count(self) -> Tree:
        name = self._next()[1]
        if name not in COUNTS:
            raise ValueError(f"{name!r} is not accepted")
        self._expect("(")
        question = self._question()
        self._expect(")")
        return [name, question]

    def _question(self) -> str:
        kind, text = self._next()
        if kind == "question":
            return text
        if text == ".":
            return self._own
        raise ValueError(f"expected a question, found {text or 'the end'!r}")


def _split(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"{text[position:].strip()[:20]!r} is not accepted")
        kind = str(match.lastgroup)
        yield kind, match[kind]
        position = match.end()
