"""The data directory of an intake: what stands in it, and how it is made and read.

intake.toml     the settings
desks/          the newest card of each desk: every report is sealed to the keys in all of them
boxes/          what each desk says to reporters, once one has said anything
server.key      the seed that signs courier bundles; it opens nothing
server.pub      its public half, for the desk to pin
lists/          the local lists that organizers edit: areas.csv, help.csv ...
forms/          questionnaires of their own, compiled, where they have any
reports.db      the sealed reports
attachments.db  the sealed attachments, where a form takes any
groups/         the data directories of groups that share this server, if any (hosting.py)
database.toml   in place of both databases: where the PostgreSQL is that several machines share
*.moved         both databases as they were before `move`, until somebody deletes them
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from intake import database, settings
from intake import desks as all_desks
from intake.crypto.card import Recipient
from intake.crypto.errors import CryptoError
from intake.crypto.signing import SigningKey, VerifyKey, format_public, parse_public
from intake.desks import Desks
from intake.errors import IntakeError
from intake.files import new_directory, sync_directory, write_synced
from intake.forms import local
from intake.forms.errors import FormsError, RefusedSource
from intake.forms.form import Form
from intake.forms.xlsform import compile_form
from intake.keeping import Database
from intake.longest import longest_body
from intake.settings import Settings
from intake.sqlite import Sqlite

if TYPE_CHECKING:
    from intake.postgres.database import Postgres
    from intake.postgres.moving import Moved

KEY = "server.key"
PUBLIC = "server.pub"
SHARED = "database.toml"
LISTS = "lists"
GROUPS = "groups"
OWN_FORMS = "forms"
SHIPPED_FORMS = Path(local.__file__).parent
KEY_LABEL = "witnessbox-server-seed/1"

Notices: TypeAlias = Mapping[str, tuple[tuple[str, str], ...]]

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_KEY_LINE = re.compile(rf"{KEY_LABEL} ([0-9a-f]{{64}})\n")


class DirectoryError(IntakeError):
    """The data directory, or a file in it, cannot be used."""


@dataclass(frozen=True, slots=True)
class Directory:
    """A data directory that was read: everything the server needs but the signing key.

    `help` and `deadlines` are (label, text) pairs by language, for the pages to show.
    """

    path: Path
    settings: Settings
    desks: Desks
    forms: tuple[Form, ...]
    help: Notices
    deadlines: Notices

    @property
    def recipients(self) -> tuple[Recipient, ...]:
        """Whom every report is sealed to."""
        return self.desks.recipients

    @property
    def database(self) -> Database:
        """Where the reports are."""
        return find_database(self.path)


def make(path: Path, cards: Sequence[Path], forms: tuple[str, ...], shared: str | None = None) -> Desks:
    """Makes a new data directory with a new signing key, for the desks whose cards are in these files.

    The reports will be in files there, or in the `shared` PostgreSQL. An IntakeError leaves nothing behind.
    """
    path = path.absolute()
    desks = all_desks.meet(cards)
    loaded = load_forms(forms, local.SHIPPED)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        hint = "choose a new directory; nothing was changed"
        if shared and (path / database.FILE).exists():
            hint = "nothing was changed; witnessbox-intake move --database takes its reports there"
        raise DirectoryError(f"{path} exists already", hint)
    key = SigningKey.generate()
    try:
        _make_way(path.parent)
        with new_directory(path) as new:
            write_synced(new / settings.FILE, settings.starting_text(forms).encode())
            all_desks.write(new / all_desks.FOLDER, desks, cards)
            write_synced(new / KEY, f"{KEY_LABEL} {key.seed.hex()}\n".encode())
            write_synced(new / PUBLIC, format_public(key.verify_key).encode(), 0o644)
            _copy_lists(new / LISTS)
            made = _make_shared(new, shared, key) if shared else _make_files(new)
            made.keep_forms([(form.digest, form.json) for form in loaded])
    except OSError as error:
        raise DirectoryError(f"cannot make {path}: {error.strerror}") from None
    return desks


def read(path: Path) -> Directory:
    """What stands in a data directory; an IntakeError names the file that cannot be used."""
    _check_exists(path)
    chosen = Settings.read(path / settings.FILE)
    desks = all_desks.read(path)
    forms = load_forms(chosen.forms, path / LISTS, path / OWN_FORMS)
    _check_room(forms, chosen, path / settings.FILE)
    # The pages speak what all questionnaires speak.
    languages = [one for one in forms[0].languages if all(one in form.languages for form in forms)]
    try:
        shown = [local.read_notices(path / LISTS / file, languages) for file in (local.HELP, local.DEADLINES)]
    except RefusedSource as error:
        raise _refused(path / LISTS, error) from None
    return Directory(path, chosen, desks, forms, *shown)


def _check_room(forms: tuple[Form, ...], chosen: Settings, file: Path) -> None:
    """Whoever answers all that is asked, as long as is allowed, must not lose it without script."""
    for form in forms:
        longest = longest_body(form)
        if chosen.max_form_bytes < longest:
            raise DirectoryError(
                f'{file}: "max_form_bytes" is less than the form "{form.id}" can have', f"{longest} is enough"
            )


def find_database(path: Path) -> Database:
    """Where the intake of a data directory keeps its reports."""
    _check_exists(path)
    if not (path / SHARED).exists():
        return Sqlite(path / database.FILE)
    if (path / database.FILE).exists():
        raise DirectoryError(
            f"{path} has both {SHARED} and {database.FILE}", "leave the one in which the reports are"
        )
    return _postgres().of(path, read_public(path))


def _make_files(new: Path) -> Database:
    database.create(new / database.FILE)
    return Sqlite(new / database.FILE)


def _make_shared(new: Path, url: str, key: SigningKey) -> Database:
    postgres = _postgres()
    return postgres.make(new, url, key.verify_key)


def move(path: Path, url: str) -> "Moved":
    """Moves the reports of a data directory from its files to the PostgreSQL at `url`."""
    _check_exists(path)
    _postgres()
    from intake.postgres import moving

    return moving.move(path, url, read_public(path))


def _postgres() -> "type[Postgres]":
    """What speaks to PostgreSQL: an extra, which who has one machine need not install."""
    try:
        from intake.postgres.database import Postgres
    except ImportError:
        raise DirectoryError(
            "the library for PostgreSQL is not installed", "pip install 'witnessbox[postgres]'"
        ) from None
    return Postgres


def read_public(path: Path) -> VerifyKey:
    """The public half of the signing key of a data directory."""
    try:
        return parse_public(_read_text(path / PUBLIC))
    except CryptoError as error:
        raise DirectoryError(f"{path / PUBLIC}: {error}") from None


def read_key(path: Path) -> SigningKey:
    """The signing key of a data directory."""
    _check_exists(path)
    found = _KEY_LINE.fullmatch(_read_text(path / KEY))
    if not found:
        raise DirectoryError(f"{path / KEY} is not a server key")
    return SigningKey(bytes.fromhex(found[1]))


def load_forms(names: tuple[str, ...], choices: Path, own: Path | None = None) -> tuple[Form, ...]:
    """The forms of these names: compiled ones in `own` first, else those that come with the program.

    Ours are compiled anew with the local lists in `choices`, so that an organizer edits a list and starts
    the server again. Raises DirectoryError that names the file and the row.
    """
    return tuple(_load_form(name, choices, own) for name in names)


def _load_form(name: str, choices: Path, own: Path | None) -> Form:
    source = SHIPPED_FORMS / f"{name}.csv"
    try:
        if not _NAME.fullmatch(name):
            raise FileNotFoundError
        if own and (own / f"{name}.json").exists():
            return Form.load(own / f"{name}.json")
        if not source.exists():
            raise FileNotFoundError
        return Form.from_json(compile_form(source, choices))
    except OSError:
        raise DirectoryError(f'there is no form "{name}"') from None
    except RefusedSource as error:
        raise _refused(choices, error) from None
    except FormsError as error:
        raise DirectoryError(str(error)) from None


def _refused(folder: Path, error: RefusedSource) -> DirectoryError:
    mend = "mend the list there, then start the server again"
    return DirectoryError(
        f"{folder}: " + "; ".join(error.problems), f"{error.hint}; {mend}" if error.hint else mend
    )


def _make_way(folder: Path) -> None:
    """Makes the folders above a new directory: whom a server serves, nobody else of the machine may list."""
    for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)


def _copy_lists(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    for file in sorted(local.SHIPPED.glob("*.csv")):
        write_synced(folder / file.name, file.read_bytes())
    sync_directory(folder)


def _check_exists(path: Path) -> None:
    if not path.is_dir():
        raise DirectoryError(f"there is no directory {path}", "witnessbox-intake init makes one")
    if (path / GROUPS).is_dir() and not (path / settings.FILE).exists():
        raise DirectoryError(f"{path} holds groups alone", f"name one: --data {path / GROUPS / 'NAME'}")


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise DirectoryError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DirectoryError(f"{path} is not a text file") from None
