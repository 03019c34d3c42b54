"""From a request to a page: which language, which state of the desk, and drawn before or not."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlencode

from datasette import Response
from datasette.utils import sqlite_timelimit

from analysis import cipher
from analysis.desk import Desk
from analysis.errors import AnalysisError
from analysis.workbench.gate import Session
from analysis.workbench.labels import Book
from analysis.workbench.pages import words
from analysis.workbench.selection import Selection
from analysis.workbench.state import Snapshot, State

LANGUAGE = "_lang"
# A page that takes longer is given up, so that one question cannot hold up the desk.
LONGEST_MS = 60_000


@dataclass(frozen=True, slots=True)
class Workbench:
    """What the routes share: the desk's state, and the session of whoever opened it."""

    state: State
    session: Session


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. `parts` are those of its path, `query` is as it came, `selection` what it selects."""

    path: str
    query: str
    parts: Mapping[str, str]
    lang: str
    snapshot: Snapshot
    connection: Any
    # Who decides in this session, if they said so.
    reviewer: str = ""
    selection: Selection = field(init=False)
    _options: Mapping[str, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "selection", Selection.read(self.query))
        object.__setattr__(self, "_options", parse_qs(self.query))

    @property
    def book(self) -> Book:
        """The words of the forms."""
        return self.snapshot.book

    def options(self, name: str) -> list[str]:
        """All values of an option of the page, such as `_page`."""
        return self._options.get(name, [])

    def number(self, name: str, default: int = 1) -> int:
        """An option that is a number."""
        value = "".join(self.options(name)[:1])
        return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else default


@dataclass(frozen=True, slots=True)
class Sent:
    """One form that was sent, and the desk as its own connection may change it."""

    desk: Desk
    fields: Mapping[str, list[str]]
    parts: Mapping[str, str]
    workbench: Workbench

    def field(self, name: str) -> str:
        """One field; empty when it is missing."""
        return self.fields.get(name, [""])[0]


class Missing(LookupError):
    """There is no such page."""


# Returns the template's name and what it shows.
Read: TypeAlias = Callable[[Asked], tuple[str, dict[str, Any]]]
# Does what a form asks for; returns the address where the browser goes on.
Write: TypeAlias = Callable[["Sent"], str]
View: TypeAlias = Callable[..., Awaitable[Response]]


def page(read: Read) -> View:
    """The view that draws what `read` finds."""

    async def view(request: Any, datasette: Any) -> Response:
        workbench: Workbench = datasette.workbench
        if chosen := request.args.get(LANGUAGE):
            return _change_language(workbench.session, chosen, request)
        lang = _language(workbench, request)
        snapshot = workbench.state.snapshot()
        key = (lang, workbench.session.reviewer, request.path, request.query_string)
        drawn = snapshot.pages.get(key)
        if drawn is None:
            parts = request.scope["url_route"]["kwargs"]
            loop = asyncio.get_running_loop()
            try:
                drawn = await loop.run_in_executor(
                    workbench.state.threads,
                    lambda: _draw(
                        read,
                        Asked(
                            request.path,
                            request.query_string,
                            parts,
                            lang,
                            snapshot,
                            workbench.state.connection(),
                            workbench.session.reviewer,
                        ),
                        workbench.session,
                    ),
                )
            except Missing:
                return _error(404, "missing.html", lang, request.path, reviewer=workbench.session.reviewer)
            except cipher.OperationalError as error:
                if str(error) != "interrupted":
                    raise
                return _error(503, "slow.html", lang, request.path, reviewer=workbench.session.reviewer)
            snapshot.pages.put(key, drawn)
        return Response.html(drawn)

    return view


def form(write: Write) -> View:
    """The view of an address that takes a form, which the gate has read and found to be ours."""

    async def view(request: Any, datasette: Any) -> Response:
        workbench: Workbench = datasette.workbench
        fields: Mapping[str, list[str]] | None = request.scope.get("form")
        if fields is None:
            return Response.redirect("/")
        loop = asyncio.get_running_loop()
        parts = request.scope["url_route"]["kwargs"]
        try:
            there = await loop.run_in_executor(
                workbench.state.threads,
                lambda: workbench.state.write(lambda desk: write(Sent(desk, fields, parts, workbench))),
            )
        except AnalysisError as refusal:
            return refuse(workbench, request, refusal)
        # Whoever loads the page again must not send the form again.
        return Response("", status=303, headers={"location": there})

    return view


def refuse(workbench: Workbench, request: Any, refusal: AnalysisError) -> Response:
    """The page that says why a form was not followed."""
    return _error(409, "refused.html", _language(workbench, request), request.path, message=refusal.message)


def refusal(workbench: Workbench, request: Any, status: int, message: str) -> Response:
    """The page of an error that Datasette met."""
    lang = _language(workbench, request)
    if status == 404:
        return _error(404, "missing.html", lang, request.path)
    return _error(status, "failed.html", lang, request.path, message=message)


def _language(workbench: Workbench, request: Any) -> str:
    return workbench.session.lang or words.choose(request.headers.get("accept-language", ""))


def _draw(read: Read, asked: Asked, session: Session) -> str:
    with sqlite_timelimit(asked.connection, LONGEST_MS):
        template, context = read(asked)
    shared = {
        "here": asked.path,
        "address": f"{asked.path}?{asked.query}" if asked.query else asked.path,
        "in_language": in_language(asked),
        "token": session.form_token,
        "reviewer": asked.reviewer,
    }
    return words.render(template, asked.lang, shared | context)


def in_language(asked: Asked) -> Callable[[str], str]:
    """The same page's address in another language."""
    return lambda code: f"{asked.path}?{asked.query}{'&' if asked.query else ''}{LANGUAGE}={code}"


def _change_language(session: Session, chosen: str, request: Any) -> Response:
    if chosen in words.LANGUAGES:
        session.lang = chosen
    rest = [(name, one) for name, values in _pairs(request) if name != LANGUAGE for one in values]
    return Response.redirect(request.path + (f"?{urlencode(rest)}" if rest else ""))


def _pairs(request: Any) -> list[tuple[str, list[str]]]:
    return list(parse_qs(request.query_string, keep_blank_values=True).items())


def _error(status: int, template: str, lang: str, path: str, **more: str | None) -> Response:
    shared = {"here": path, "address": "/review", "in_language": lambda code: f"/?{LANGUAGE}={code}"}
    shown = words.render(template, lang, shared | more)
    return Response.html(shown, status=status)
