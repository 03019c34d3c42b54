"""The one plugin that the workbench's Datasette runs: hostile text stays text, secrets stay unread."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from datasette import NotFound, Response, hookimpl
from markupsafe import Markup, escape

from analysis.cipher import sqlite
from analysis.workbench import functions, reading
from analysis.workbench.marks import visible
from analysis.workbench.pages.routes import ROUTES
from analysis.workbench.pages.view import View, refusal
from analysis.workbench.pages.words import shown

# Nobody at the desk needs them to see patterns, and a screen can be photographed.
SECRET_TABLES = frozenset({"receipts", "servers", "withdrawals", "addressed", "gone", "boxes", "trackers"})
SECRET_COLUMNS = frozenset({("forms", "json")})

_WRITES = (
    "SQLITE_INSERT",
    "SQLITE_UPDATE",
    "SQLITE_DELETE",
    "SQLITE_ATTACH",
    "SQLITE_DETACH",
    "SQLITE_ALTER_TABLE",
    "SQLITE_DROP_TABLE",
)
_REFUSED = frozenset(getattr(sqlite, name) for name in _WRITES)

_Function = TypeVar("_Function", bound=Callable[..., object])


def _hook(function: _Function) -> _Function:
    """Datasette's marker, which comes without types; ours are asked before its own."""
    hookimpl(function, tryfirst=True)
    return function


@_hook
def register_routes() -> Iterable[tuple[str, View]]:
    """Our own pages, the first of which takes the place of Datasette's."""
    return ROUTES


@_hook
def skip_csrf(scope: Any) -> bool:
    """The gate has checked our forms already, and lets no other one through."""
    return "form" in scope


@_hook
def prepare_connection(conn: Any, database: str) -> None:
    """Every connection sorts in memory; those to the desk's database read what may be read."""
    conn.execute("PRAGMA temp_store = MEMORY")
    if database == "desk":
        functions.prepare(conn)
        conn.set_authorizer(_authorize)
        conn.text_factory = _text


def _text(given: bytes) -> str:
    """A text of an answer to somebody's query."""
    if len(given) > functions.LONGEST:
        raise sqlite.OperationalError("a text is too long to be shown")
    return given.decode("utf-8", "replace")


def _authorize(action: int, first: str | None, second: str | None, *_: object) -> int:
    if action in _REFUSED:
        return int(sqlite.SQLITE_DENY)
    if action == sqlite.SQLITE_FUNCTION and second in functions.REFUSED:
        return int(sqlite.SQLITE_DENY)
    if action == sqlite.SQLITE_READ and first in SECRET_TABLES:
        return int(sqlite.SQLITE_DENY)
    if action == sqlite.SQLITE_READ and (first, second) in SECRET_COLUMNS:
        return int(sqlite.SQLITE_IGNORE)
    return int(sqlite.SQLITE_OK)


@_hook
def render_cell(value: object) -> Markup | None:
    """Text as text: Datasette would make a link of what looks like an address."""
    if not isinstance(value, str) or not value:
        return None
    return Markup('<span class="words">{}</span>').format(escape(visible(value)))


@_hook
def prepare_jinja2_environment(env: Any) -> None:
    """What Datasette writes beside its cells, such as groups and filters, is made visible too."""
    env.finalize = shown


@_hook
def extra_css_urls() -> list[str]:
    """Our own style sheet, from this machine."""
    return ["/static/workbench.css"]


@_hook
def extra_template_vars(
    template: str, table: str | None, view_name: str, request: Any, datasette: Any
) -> Any:
    """What the page of one report shows."""
    if view_name != "row" or table != "reports":
        return {}

    async def read() -> dict[str, object]:
        database = datasette.get_database("desk")
        number = request.url_vars["pks"]
        found = (await database.execute('SELECT * FROM "reports" WHERE "id" = ?', [number])).first()
        if found is None:
            # Of "1,2" Datasette looks up the first number alone.
            raise NotFound("no such report")
        return {"report": await reading.read(database, dict(found), datasette.forms)}

    return read


@_hook
def menu_links(datasette: Any) -> Iterable[dict[str, str]]:
    """What stands above Datasette's pages: the tables that people open most."""
    return [
        {"href": datasette.urls.table("desk", "reports"), "label": "Reports"},
        {"href": datasette.urls.table("desk", "texts"), "label": "Search the words"},
        {"href": datasette.urls.table("desk", "answers") + "?_facet=choice", "label": "What was ticked"},
        {"href": datasette.urls.table("desk", "set_aside"), "label": "Set aside"},
        {"href": datasette.urls.database("desk"), "label": "All tables, and SQL"},
    ]


@_hook
def handle_exception(request: Any, datasette: Any, exception: BaseException) -> Response:
    """An error's name, for the page alone: what is printed stays in the terminal's memory.

    `analysis.workbench.server` takes Datasette's own away, which would be run as well and prints
    the values of all variables, stories and search words among them.
    """
    status = getattr(exception, "status", 500)
    message = str(exception) if status < 500 else f"something went wrong: {type(exception).__name__}"
    if request.path.endswith(".json"):
        return Response.text(f"{message}\n", status=status)
    return refusal(datasette.workbench, request, status, message)
