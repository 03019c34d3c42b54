"""Which questionnaire a spreadsheet answers.

What the organizers name on the command line goes first: a form, compiled or an XLSForm, or the one that
ships with lists of theirs. Else it is the newest form of that name that came to the desk, in a bundle or
by an earlier spreadsheet, because its places are theirs. Else it is the one that ships.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from analysis import archive, mapfile, schema
from analysis.cipher import Database
from analysis.desk import Desk
from analysis.desk_errors import BadForm
from analysis.mapping import Reading
from analysis.storage import read_file
from analysis.wording import read_news
from intake.forms.errors import FormsError, RefusedSource
from intake.forms.form import Form, shipped
from intake.forms.local import SHIPPED
from intake.forms.xlsform import compile_form

Finder = Callable[[str], Form]

MAX_FORM = 8 * 1024 * 1024
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the command line says of the questionnaire; nothing, mostly.

    `accepted` are digests of forms that may word known answers anew.
    """

    form: Path | None = None
    lists: Path | None = None
    accepted: Collection[str] = ()


def read_map(database: Database, path: Path, chosen: Chosen) -> tuple[Reading, list[str]]:
    """The map at `path` with its form, and lines about what that form is the first to say here.

    Raises BadMap, BadForm, UnreadableFile, or RewordedForm for a form that was not accepted.
    """
    mapping = mapfile.read_map(path, _finder(database, chosen))
    return mapping, list(read_news(database, [mapping.form], chosen.accepted))


def read_form(path: Path, lists: Path | None) -> Form:
    """The form at `path`, compiled or an XLSForm, with its `lists`. Raises BadForm or UnreadableFile."""
    return _read(path, lists)


def all_shipped() -> list[Form]:
    """The forms that come with this program."""
    names = sorted(one.name for one in resources.files("intake.forms").iterdir())
    return [shipped(name.removesuffix(".json")) for name in names if name.endswith(".json")]


def add(desk: Desk, forms: Sequence[Form], accepted: Collection[str] = ()) -> list[str]:
    """Makes forms known that no bundle brought; lines about what they are the first to say here.

    Raises BadForm, or RewordedForm for one that is not among the digests `accepted`.
    """
    news = list(read_news(desk.database, forms, accepted))
    with desk.database.atomic():
        for form in forms:
            schema.add_form(desk.database, form)
    for form in forms:
        archive.keep_form(desk, form)
    return news


def _finder(database: Database, chosen: Chosen) -> Finder:
    def find(name: str) -> Form:
        if not _NAME.fullmatch(name):
            raise FileNotFoundError
        if chosen.form:
            return _named(_read(chosen.form, chosen.lists), name, chosen.form)
        if chosen.lists:
            return _read(_source(name), chosen.lists)
        return _newest(database, name) or shipped(name)

    return find


def _source(name: str) -> Path:
    source = SHIPPED.parent / f"{name}.csv"
    if not source.exists():
        raise FileNotFoundError
    return source


def _named(form: Form, name: str, path: Path) -> Form:
    if form.id != name:
        raise BadForm(f'{path}: is form "{form.id}", and the map is for "{name}"')
    return form


def _read(path: Path, lists: Path | None) -> Form:
    try:
        if path.suffix.lower() == ".json":
            return Form.from_json(read_file(path, MAX_FORM))
        return Form.from_json(compile_form(path, lists))
    except RefusedSource as error:
        first, *more = error.problems
        also = f", and {len(more)} more" if more else ""
        raise BadForm(first + also, error.hint or f"witnessbox-intake form check {path} tells all") from None
    except FormsError as error:
        raise BadForm(f"{path}: {error}") from None


def _newest(database: Database, name: str) -> Form | None:
    query = 'SELECT "json" FROM "forms" WHERE "name" = ? ORDER BY "id" DESC LIMIT 1'
    found = database.conn.execute(query, [name]).fetchone()
    return Form.from_json(found[0].encode("utf-8")) if found else None
