"""How long the body of a form can be that a browser without script sends.

A form that is cut off loses what somebody typed, so the setting that bounds it must leave room for
the longest answers that the form itself allows.

    body = *( "--" boundary CRLF disposition CRLF CRLF value CRLF ) "--" boundary "--" CRLF    (RFC 7578)
"""

from collections.abc import Iterator

from intake.forms.form import Form
from intake.forms.question import Question

# RFC 2046, section 5.1.1.
_LONGEST_BOUNDARY = 70
_PART = len('--\r\nContent-Disposition: form-data; name=""\r\n\r\n\r\n') + _LONGEST_BOUNDARY
# A character takes four bytes of UTF-8 at most; the end of a line, which counts for one, takes two.
_CHARACTER = 4
# The page's own fields, `_stamp`, `_code` and `_shown`, and what is written by hand beside them.
_OWN = 2_048


def longest_body(form: Form) -> int:
    """Bytes of the longest body of a form that says no more than it may; its files come on top."""
    fields = (len(name) + length for question in form.asked for name, length in _fields(question))
    return _OWN + sum(_PART + field for field in fields)


def _fields(question: Question) -> Iterator[tuple[str, int]]:
    """The name and the longest value of each field that a question may send."""
    if question.max_length:
        yield question.id, question.max_length * _CHARACTER
    elif question.choices:
        # All of them, also of one question: which are allowed together is decided later.
        yield from ((question.id, len(choice.code)) for choice in question.choices)
    else:
        yield from ((f"{question.id}{part}", 16) for part in ("", ".year", ".month"))
