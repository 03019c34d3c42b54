"""Filters that lead from a pattern to the reports behind it, where no single answer does.

named=station~4th+district     the answer in words is just this; of several any
named=~12                      a name of the group that somebody made with this number
only=acts                      nothing else of the question was ticked than what is chosen
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from analysis.bitmaps import Bits
from analysis.cipher import Database
from analysis.patterns import behind
from analysis.patterns.places import MARKS
from analysis.review.names import read_groups, reports_of
from analysis.workbench.labels import Book
from analysis.workbench.state import Snapshot

NAMED, ONLY = "named", "only"
# More reports than a desk holds.
ALL = 100_000_000


def join(question: str, written: str) -> str:
    """The filter's value for one spelling."""
    return f"{question}~{written}"


def join_group(number: int) -> str:
    """The filter's value for all names of a group."""
    return f"~{number}"


def find_named(connection: Any, snapshot: Snapshot, values: Sequence[str]) -> Bits:
    """The bits of the reports that write one of these names."""
    found = snapshot.bits.none()
    for value in values:
        question, _, written = value.partition("~")
        if not question and written.isascii() and written.isdigit() and len(written) < 12:
            found = found | snapshot.bits.of_numbers(reports_of(connection, int(written)))
            continue
        choice = snapshot.book.by_code.get((question, written))
        asked = snapshot.book.questions.get(question)
        if choice:
            column = snapshot.bits.column(connection, question)
            found = found | column.get(choice.number, snapshot.bits.none())
        elif asked is not None and asked.kind == "text":
            look = behind.with_mark if question == MARKS else behind.with_name
            numbers = look(Database(connection), question, written, limit=ALL)
            found = found | snapshot.bits.of_numbers(numbers)
    return found


def find_only(connection: Any, snapshot: Snapshot, question: str, filters: Sequence[tuple[str, str]]) -> Bits:
    """The bits of the reports in which nothing of the question was ticked but the chosen answers."""
    if not snapshot.book.is_coded(question):
        return snapshot.bits.none()
    chosen = {code for name, code in filters if name == question}
    found = snapshot.bits.every(connection)
    for number, bits in snapshot.bits.column(connection, question).items():
        if snapshot.book.choices[int(number)].code not in chosen:
            found = np.bitwise_and(found, ~bits)
    return found


def describe(connection: Any, book: Book, value: str, lang: str) -> tuple[str, str]:
    """The question and the name of a filter, in words."""
    question, _, written = value.partition("~")
    if not question:
        group = next((one for one in read_groups(connection) if str(one.id) == written), None)
        return (book.question(group.question, lang), group.label or written) if group else ("", written)
    choice = book.by_code.get((question, written))
    return book.question(question, lang), book.answer(question, choice.number, lang) if choice else written
