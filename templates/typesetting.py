"""Sets a printed thing with typst, offline, the same bytes every time.

All that stands on it reaches typst as data, so that no words of organizers can pass for its markup. Only
the fonts that typst brings along are used: those of the machine would make other bytes elsewhere.
"""

import datetime
import json
from typing import Any, Literal

from templates import TEMPLATES


class NotSet(Exception):
    """The page cannot be set; says why, for the operator."""


def typeset(
    template: str, data: dict[str, Any], date: datetime.date, kind: Literal["pdf", "svg"]
) -> list[bytes]:
    """A template set with `data`, dated by a day: one PDF, or an SVG of each page.

    Raises NotSet, also where typst is not installed.
    """
    try:
        # An extra: whoever only takes reports has no need of it.
        import typst
    except ModuleNotFoundError:
        raise NotSet("typst is not installed: pip install 'witnessbox[print]'") from None
    midnight = datetime.datetime.combine(date, datetime.time(), datetime.UTC)
    options: dict[str, Any] = {"pdf_standards": "ua-1"} if kind == "pdf" else {}
    try:
        made: bytes | list[bytes] = typst.compile(
            (TEMPLATES / template).read_bytes(),
            format=kind,
            ignore_system_fonts=True,
            sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
            timestamp=int(midnight.timestamp()),
            **options,
        )
    except typst.TypstError as error:
        raise NotSet(error.message[:200]) from None
    return made if isinstance(made, list) else [made]
