"""Takes a share as it is typed off a sheet: word by word from a person, line by line from a script.

A mistyped word is named by its place and never repeated: a person's screen is over in a moment, but
a script's may be a file.
"""

from collections.abc import Sequence

from analysis import shares
from analysis.desk_errors import BadShare
from analysis.shares import WORDS, Gathering
from analysis.terminal import Terminal
from intake.crypto.card import Card
from intake.crypto.fingerprint import fingerprint

BACK, SHOW = "back", "show"
HOW = (
    "Type the words in their order, one or more to a line, then press Enter.\n"
    f'Four letters of a word are enough. Type "{BACK}" to take the last word back.'
)


def take(terminal: Terminal, expected: Sequence[str] | None = None) -> tuple[str, ...] | None:
    """The words of one share; None when somebody at a terminal asks to see it again.

    Where the share is `expected`, each word is compared with it. BadShare ends it at a pipe; at a
    terminal the person is told and goes on.
    """
    if not terminal.interactive:
        return _whole(terminal.ask(""), expected)
    words: list[str] = []
    while len(words) < WORDS:
        line = terminal.ask(f"  word {len(words) + 1} of {WORDS}: ").split()
        if expected and line == [SHOW]:
            return None
        if line == [BACK]:
            words = words[:-1]
            continue
        _append(terminal, words, line, expected)
    return tuple(words)


def _append(
    terminal: Terminal, words: list[str], line: Sequence[str], expected: Sequence[str] | None
) -> None:
    for typed in line:
        if len(words) == WORDS:
            terminal.say(f"  That is more than {WORDS} words. The rest was left out.")
            return
        known = shares.word(typed)
        flaw = _flaw(known, len(words), expected)
        if flaw:
            near = shares.nearest(typed) if known is None else None
            terminal.say(f"  {flaw}." + (f' Is it "{near}"?' if near else " Look at the sheet again."))
            terminal.say(f"  Go on from word {len(words) + 1}.")
            return
        words.append(known or "")


def _flaw(known: str | None, place: int, expected: Sequence[str] | None) -> str | None:
    if known is None:
        return f"Word {place + 1} is not in the list"
    if expected and known != expected[place]:
        return f"Word {place + 1} is not the one that was shown"
    return None


def _whole(line: str, expected: Sequence[str] | None) -> tuple[str, ...]:
    words = []
    for place, typed in enumerate(line.split()[: WORDS + 1]):
        known = shares.word(typed)
        flaw = _flaw(known, place, expected[:WORDS] if expected and place < WORDS else None)
        if flaw:
            raise BadShare(flaw[0].lower() + flaw[1:], "nothing was changed")
        words.append(known or "")
    if len(words) != WORDS:
        raise BadShare(f"a share has {WORDS} words, and another number was typed", "nothing was changed")
    return tuple(words)


def gather(terminal: Terminal, card: Card) -> Gathering:
    """As many shares as are needed, each typed in private. BadShare at a pipe when one is wrong."""
    found = Gathering()
    if terminal.interactive:
        terminal.say("This desk opens with word shares. These eight words must stand on each sheet:")
        terminal.say(f"  {' '.join(fingerprint(card.recipients))}\n")
    while found.missing != 0:
        _next(terminal, found)
    return found


def _next(terminal: Terminal, found: Gathering) -> None:
    try:
        with terminal.private():
            if terminal.interactive:
                terminal.say(f"Share {len(found) + 1}. {HOW}\n")
            found.add(take(terminal) or ())
    except BadShare as error:
        if not terminal.interactive:
            raise _in_place(error, found) from None
        terminal.say(f"That share was not taken: {error.message}.")
        terminal.say(f"{(error.hint or 'type it again').capitalize()}.\n")
        terminal.ask("Press Enter to type a share again. ")
        return
    if terminal.interactive:
        terminal.say(f"Share {len(found)} is taken. {_left(found.missing or 0)}")
        if found.missing:
            terminal.ask("Press Enter when the next person sits at the keyboard. ")


def _left(missing: int) -> str:
    if not missing:
        return "That is enough.\n"
    return f"{missing} more {'is' if missing == 1 else 'are'} needed."


def _in_place(error: BadShare, found: Gathering) -> BadShare:
    missing = "" if found.missing is None else f" ({found.missing} more needed)"
    return BadShare(f"share {len(found) + 1}: {error.message}{missing}", error.hint)
