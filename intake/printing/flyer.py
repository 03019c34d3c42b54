"""The flyer: where to report, on one sheet with strips to tear off, as PDF and SVG.

It is black on white, so that it can be copied, and the same for everybody: nothing on it tells one copy
from another. The discreet one says neither what it is about nor whom to call, for a coat pocket.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from intake.notices import Line
from intake.printing import PAPERS, qr
from intake.printing.errors import PrintingError
from intake.printing.flyerfile import Flyer
from intake.printing.words import read_words, spoken
from templates.typesetting import NotSet, typeset

TEMPLATE, WORDS = "printed/flyer.typ", "printed/flyer.txt"
# More would push the code off the sheet.
MOST_HELP = 4
# Digits that an eye compares at once.
_GROUP = 4


@dataclass(frozen=True, slots=True)
class Printing:
    """What is printed beside the flyer's own file: the words of the keys, and whom to call, by language."""

    words: Sequence[str]
    help: Mapping[str, Sequence[Line]]
    paper: str


def make(flyer: Flyer, printing: Printing, *, discreet: bool) -> dict[str, bytes]:
    """The files of a flyer by their names, a PDF and an SVG in each language of its headline.

    Raises PrintingError when the program speaks none of them, or where typst is missing.
    """
    made = {}
    for language in spoken(flyer.discreet if discreet else flyer.headline):
        data = _data(flyer, printing, language, discreet=discreet)
        name = f"{'discreet' if discreet else 'flyer'}-{language}"
        kinds: tuple[Literal["pdf", "svg"], ...] = ("pdf", "svg")
        for kind in kinds:
            try:
                made[f"{name}.{kind}"] = typeset(TEMPLATE, data, flyer.date, kind)[0]
            except NotSet as error:
                raise PrintingError(f"the flyer cannot be made: {error}") from None
    return made


def _data(flyer: Flyer, printing: Printing, language: str, *, discreet: bool) -> dict[str, Any]:
    code = qr.draw(flyer.address)
    words = read_words(WORDS, language)
    help_lines = () if discreet else printing.help.get(language, ())[:MOST_HELP]
    return {
        "lang": language,
        "paper": PAPERS[printing.paper],
        "headline": (flyer.discreet if discreet else flyer.headline)[language],
        "discreet": discreet,
        "code": {"side": code.side, "runs": code.runs},
        "short": flyer.short,
        "onion": flyer.onion,
        "keys": " ".join(printing.words),
        "file": [flyer.file_sha256[at : at + _GROUP] for at in range(0, len(flyer.file_sha256), _GROUP)],
        "help": [{"label": label, "text": text} for label, text in help_lines],
        "say": {
            name: str(getattr(words, name)())
            for name in ("promise", "scan", "onion", "keys", "file", "help", "alt")
        },
        "date": str(words.printed(flyer.date)),
    }
