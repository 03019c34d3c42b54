"""The ways in which the form as one file is used, and what each has beside the form itself.

web       one person, on a device of their own: the report is saved as a file
outreach  a worker's device: one report after the other, saved together as a batch
kiosk     a device that stands somewhere for everybody, which clears itself
paper     a keeper types in sheets of paper by their codes
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from intake.forms import ticks
from intake.forms.form import Form
from intake.style import common_style, form_style, squeezed

STATIC = Path(__file__).parent / "static"
# The channel that the reports of each state.
MODES: Mapping[str, str] = {"web": "web", "outreach": "outreach", "kiosk": "kiosk", "paper": "paper"}


def style(form: Form, mode: str) -> str:
    """How the file looks, and which questions apply until the script says so."""
    # A sheet shows what was ticked on it, even where nobody was to tick.
    base = common_style() if mode == "paper" else form_style(form)
    names = ("file.css",) if mode == "web" else ("file.css", "modes.css")
    return base + "".join(squeezed((STATIC / name).read_text(encoding="utf-8")) for name in names)


def shown(form: Form, mode: str, exit_url: str) -> dict[str, Any]:
    """What the templates read of the mode."""
    # Where several people use one window it stays where it is, and forgets.
    way_out = exit_url if mode == "web" else "#main"
    of_paper = {"letters": ticks.letters(form), "printed": ticks.printed(form)} if mode == "paper" else {}
    return {"mode": mode, "exit_url": way_out, **of_paper}


def config(form: Form, mode: str) -> dict[str, Any]:
    """What the script reads of the mode."""
    of_paper = {"paper": ticks.screen(form)} if mode == "paper" else {}
    return {"mode": mode, "channel": MODES[mode], **of_paper}
