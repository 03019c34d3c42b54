"""The making of new keys, step by step, with people at the terminal.

Every share is shown alone, copied to paper, and typed back from the paper before anything is made.
Nothing is written to the desk here; a ceremony that is stopped leaves nothing behind.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from analysis import dictation, paper, shares, sheets
from analysis.identity import HybridIdentity
from analysis.shares import WORDS, Scheme
from analysis.sheets import Keys
from analysis.terminal import Terminal
from intake.crypto.fingerprint import fingerprint

_ROWS = 11


@dataclass(frozen=True, slots=True)
class Steps:
    """Numbers the steps of a ceremony as they are told."""

    terminal: Terminal
    titles: Sequence[str]

    def tell(self, title: str) -> None:
        """Says which step begins; quiet where nobody sits."""
        if self.terminal.interactive:
            number = self.titles.index(title) + 1
            self.terminal.say(f"\nStep {number} of {len(self.titles)}: {title}")


def hand_out(
    terminal: Terminal,
    identity: HybridIdentity,
    scheme: Scheme,
    keys: Keys,
    lang: str,
    folder: Path | None = None,
    swaps: Sequence[str] = (),
) -> None:
    """Gives each share to its keeper and has it typed back.

    With a `folder` in memory the sheets are laid there for printing meanwhile. Raises BadShare at a pipe
    when a share is typed wrongly, and UnsafePlace.
    """
    made = shares.split(identity, scheme)
    with paper.in_memory(folder, swaps) if folder else nullcontext() as place:
        _explain(terminal, scheme)
        if place:
            for number, share in enumerate(made, start=1):
                paper.put(place, sheets.filled(keys, share, number, scheme, lang))
            _print(terminal, place, scheme)
        for number, share in enumerate(made, start=1):
            _give(terminal, share, f"{number} of {scheme.number}", keys, printed=place is not None)
    if terminal.interactive:
        terminal.say(f"All {scheme.number} sheets are right.")


def _explain(terminal: Terminal, scheme: Scheme) -> None:
    if terminal.interactive:
        terminal.say(
            f"There are {scheme.number} sheets. Any {scheme.needed} of them together open the reports."
            f" Fewer open nothing.\nYou need {scheme.number} sheets of paper, a pen, and a room without"
            " phones, cameras and windows behind you.\nEach keeper comes to the screen alone. Lost sheets"
            " cannot be made again."
        )
        terminal.ask("Press Enter when you are ready. ")


def _print(terminal: Terminal, place: Path, scheme: Scheme) -> None:
    terminal.say(f"The {scheme.number} sheets lie in {place} until the end of this step. Print them now.")
    terminal.say("Use a printer with a cable. A large printer may remember what it printed; a pen does not.")
    if terminal.interactive:
        terminal.ask("Press Enter when you hold the printed sheets. ")


def _give(terminal: Terminal, share: Sequence[str], which: str, keys: Keys, *, printed: bool) -> None:
    if not terminal.interactive:
        terminal.say(f"share {which}: {' '.join(share)}")
        dictation.take(terminal, share)
        return
    terminal.ask(f"\nSheet {which}. Press Enter when only its keeper sees the screen. ")
    typed, shown = None, printed
    while typed is None:
        if not shown:
            with terminal.private():
                _show(terminal, share, which, keys)
        with terminal.private():
            terminal.say(f"Sheet {which}. Now type the words back, from the paper.\n{dictation.HOW}")
            terminal.say(f'Type "{dictation.SHOW}" to see the sheet once more.\n')
            typed = dictation.take(terminal, share)
        shown = False
    terminal.say(f"Sheet {which} is right. Its keeper takes it along now.")


def _show(terminal: Terminal, share: Sequence[str], which: str, keys: Keys) -> None:
    terminal.say(f"Sheet {which}. Copy the {WORDS} words to paper, each with its number.\n")
    for row in range(_ROWS):
        places = range(row, WORDS, _ROWS)
        terminal.say("".join(f"  {place + 1:2}  {share[place]:<12}" for place in places).rstrip())
    terminal.say("\nWrite these eight words at the top. They are the same on each sheet, and no secret:")
    terminal.say(f"  {' '.join(fingerprint(keys.recipients))}\n")
    terminal.ask("Press Enter when all of it is on the paper. ")
