"""The style sheet of a form's page: the common one and the form's own rules, in one file and without its air.

One file is one answer less, and each answer carries a head of strict headers that does not compress.
"""

import re
from pathlib import Path

from intake.forms.form import Form
from intake.relevance_css import style_sheet

COMMON = Path(__file__).parent / "static" / "style.css"

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
# Before a colon a space can mean "any descendant"; after it, and around these signs, it means nothing.
_AIR = re.compile(r"\s*([{};,>])\s*|(?<=:)\s+")


def squeezed(style: str) -> str:
    """The same rules without comments, and without the spaces that mean nothing."""
    return _AIR.sub(r"\1", _COMMENT.sub("", style)).replace(";}", "}").strip()


def common_style() -> str:
    """How all pages look."""
    return squeezed(COMMON.read_text(encoding="utf-8"))


def form_style(form: Form) -> str:
    """All that the page of a form needs: how it looks, and which questions apply."""
    return f"{common_style()}\n{style_sheet(form)}"
