"""Makes the keys of a desk: those of a new one, and those that take the place of earlier ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from analysis import ceremony, console, identities, keyring, public, rotation, sheets
from analysis.desk import DATABASE_KEY, Desk, check_free
from analysis.desk_errors import Busy
from analysis.identities import Life
from analysis.identity import HybridIdentity, format_identity
from analysis.keyring import IDENTITY, OPEN_IDENTITY
from analysis.releasekey import RELEASE_KEY, has_release_key, read_release_key
from analysis.shares import Scheme
from analysis.sheets import Keys
from analysis.signing import SIGNING_KEY, signing_key
from analysis.terminal import Terminal
from intake.crypto.recipients import HybridRecipient
from intake.crypto.seal import seal_bytes

PASSPHRASE = "a passphrase"  # noqa: S105  # the title of a step
SHEETS = "the sheets of words"
MAKE = "the keys are made"


@dataclass(frozen=True, slots=True)
class Choices:
    """How new keys are to be protected, and what their sheets are to be like."""

    passphrase: bool
    scheme: Scheme | None
    days: int
    lang: str
    folder: Path | None
    swaps: Sequence[str]


@dataclass(frozen=True, slots=True, repr=False)
class NewKeys:
    """Keys that people chose and hold, but that are not in use yet."""

    identity: HybridIdentity
    passphrase: str | None
    public: Keys
    leaflets: dict[str, bytes]

    def __repr__(self) -> str:
        return "NewKeys(...)"


def prepare(terminal: Terminal, choices: Choices, *, rotated: bool, today: date | None = None) -> NewKeys:
    """Goes through the ceremony; nothing is made or changed meanwhile."""
    made = today or date.today()
    chosen = {PASSPHRASE: choices.passphrase, SHEETS: choices.scheme, MAKE: True}
    steps = ceremony.Steps(terminal, [title for title, wanted in chosen.items() if wanted])
    _welcome(terminal, steps)
    passphrase = None
    if choices.passphrase:
        steps.tell(PASSPHRASE)
        passphrase = _passphrase(terminal)
    identity = HybridIdentity.generate()
    life = Life(made, made + timedelta(choices.days))
    keys = Keys(
        [identity.recipient], life, passphrase is not None, choices.scheme is not None, rotated=rotated
    )
    if choices.scheme:
        steps.tell(SHEETS)
        ceremony.hand_out(
            terminal, identity, choices.scheme, keys, choices.lang, choices.folder, choices.swaps
        )
    steps.tell(MAKE)
    return NewKeys(identity, passphrase, keys, sheets.leaflets(keys, choices.lang))


def keygen(path: Path, terminal: Terminal, choices: Choices) -> NewKeys:
    """A new desk. Raises DeskExists before anybody typed anything."""
    check_free(path)
    new = prepare(terminal, choices, rotated=False)
    Desk.create(
        path,
        format_identity(new.identity),
        new.passphrase,
        today=new.public.life.made,
        days=choices.days,
        by_shares=new.public.by_shares,
        leaflets=new.leaflets,
    )
    return new


def rotate(desk: Desk, terminal: Terminal, choices: Choices) -> NewKeys:
    """New keys for a desk, which reports are sealed to from the next card on; the old ones stay.

    A kill at any moment leaves a desk that opens with the old keys or with the new.
    """
    new = prepare(terminal, choices, rotated=True)
    with desk.changing():
        if public.read_card(desk.path) != desk.card:
            raise Busy(f"{desk.path}: another command made new keys meanwhile", "nothing was changed")
        recipients = new.public.recipients
        with desk.database.atomic():
            identities.record(desk.database, recipients, new.public.life)
        files = _files(desk, new)
        old = {IDENTITY, OPEN_IDENTITY, *(f"{name}.{kind}" for name in _SHEETS for kind in ("html", "pdf"))}
        rotation.replace(desk.path, files, old - set(files))
    return new


_SHEETS = (sheets.NEXT, sheets.BLANK)


def _files(desk: Desk, new: NewKeys) -> dict[str, bytes]:
    key, recipients = signing_key(desk), [new.identity.recipient]
    text = format_identity(new.identity)
    return {
        **keyring.files(text, new.passphrase, by_shares=new.public.by_shares),
        **keyring.earlier_file(desk.identities, new.identity),
        **public.files(recipients, key, sequence=desk.card.sequence + 1, expires=new.public.life.expires),
        DATABASE_KEY: seal_bytes(desk.database_key, recipients),
        SIGNING_KEY: seal_bytes(key.seed, recipients),
        **_release_key(desk, recipients),
        **new.leaflets,
    }


def _release_key(desk: Desk, recipients: Sequence[HybridRecipient]) -> dict[str, bytes]:
    if not has_release_key(desk.path):
        return {}
    return {RELEASE_KEY: seal_bytes(read_release_key(desk.path, desk.identities).seed, recipients)}


def _welcome(terminal: Terminal, steps: ceremony.Steps) -> None:
    if terminal.interactive:
        number = len(steps.titles)
        terminal.say(
            f"This makes new keys, in {number} step{'s' if number > 1 else ''}."
            " Ctrl-C stops it at any time before the last; then nothing is changed."
        )


def _passphrase(terminal: Terminal) -> str:
    if terminal.interactive:
        terminal.say(
            "It opens the desk together with the desk's folder. Six or more random words make a good one.\n"
            "Write it on paper. Nobody can bring back a passphrase that is forgotten."
        )
    return console.choose_passphrase()
