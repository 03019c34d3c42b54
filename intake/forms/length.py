"""How long the longest report of a form can be, so that no form asks for more than can be sealed."""

from intake.crypto.padding import SIZE_CLASSES
from intake.forms.form import Form, Question

# All that is no answer: names, digests, the receipt, and five attachments.
_REST = 2048
# Of a character in UTF-8. In JSON a quote, a backslash or a new line takes two.
_WIDEST = 4
_SHORT = len('"not_sure"')
MOST = SIZE_CLASSES[-1] - _REST


def longest(form: Form) -> int:
    """The most bytes that the answers take which everybody is asked for.

    What is asked of some alone is left out, because modules of one form exclude each other.
    """
    return sum(_bytes(question) for question in form.asked if question.relevant is None)


def _bytes(question: Question) -> int:
    codes = [len(code) + len('"",') for code in question.positions]
    by_kind = {
        "select_one": max(codes, default=0),
        "select_multiple": sum(codes) + len("[]"),
        "text": _WIDEST * (question.max_length or 0) + len('""'),
        "long_text": _WIDEST * (question.max_length or 0) + len('""'),
    }
    return len(f'"{question.id}":,') + by_kind.get(question.kind, _SHORT)
