"""The intake as a web application: which address does what.

Two ways lead to the store, and both end there with the same kind of bytes. A browser that runs our
script posts to /sealed what it sealed itself. One that runs no script posts the form, and it is
sealed here, in memory, before anything is kept.
"""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from intake import body, door, health, language, upload
from intake.address import Address, Way
from intake.assets import Assets
from intake.attachments import Attachments
from intake.codepage import Threads
from intake.crypto.errors import TooLong
from intake.crypto.padding import pad
from intake.crypto.receipt import CODE_LENGTH, Receipt
from intake.crypto.recipients import Recipient
from intake.crypto.seal import seal_bytes
from intake.door import Door, TooMany
from intake.envelope import Envelope, NotSealed
from intake.forms import answers, report
from intake.forms.errors import InvalidAnswers
from intake.forms.form import Form
from intake.guard import Guard
from intake.handin import HandIn
from intake.health import Health
from intake.keeping import Conflict, Missing, Unavailable
from intake.looking import Looking
from intake.multipart import BrokenForm, TooMuchText, read_fields
from intake.notices import Notices
from intake.once import FIELD as ONCE
from intake.once import Once
from intake.pages import INFORMATION, Pages
from intake.sealing import Sealing, Source
from intake.settings import Settings
from intake.shelf import Shelf
from intake.stamp import FIELD as STAMP
from intake.stamp import OldPage, StampError, TooQuick
from intake.store import Store
from intake.tally import Tally
from intake.upload import FormFiles
from intake.week import iso_week
from intake.work import WorkError

STATIC = Path(__file__).parent / "static"
CHANNEL = "web"
# The hidden field with the code of a form's page; no question's id begins so.
CODE = "_code"
RETRY_LATER = {"Retry-After": "60"}
SEALED_BY = ("browser", "server")
# Another site's page that makes its visitors' browsers send us junk.
FOREIGN = ("cross-site", "same-site")
# Why a form that was typed without script is not taken now: the page's word for it, and the status.
REFUSALS = {
    TooQuick: ("quick", 429),
    OldPage: ("old", 428),
    TooMany: ("busy", 429),
    Unavailable: ("full", 503),
    Missing: ("full", 503),
}

Clock = Callable[[], datetime]

_CODE_HEX = re.compile(rf"[0-9a-f]{{{2 * CODE_LENGTH}}}")


def utc_now() -> datetime:
    """The time, in UTC, so that weeks begin for everybody at once."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Intake:
    """What the addresses share."""

    settings: Settings
    sealing: Sealing
    store: Store
    door: Door
    attachments: Attachments | None
    clock: Clock
    threads: Threads
    once: Once[bytes]
    again: Once[bytes]

    @property
    def recipients(self) -> Sequence[Recipient]:
        """Whom reports are sealed to now."""
        return self.sealing.now().recipients

    @property
    def envelope(self) -> Envelope:
        """What sealed reports look like now."""
        return self.sealing.now().envelope

    @property
    def pages(self) -> Pages:
        """The pages, which name the keys of now."""
        return self.sealing.now().pages

    async def take_sealed(self, request: Request) -> Response:
        """A report or an attachment that was sealed in the browser: 201 when it is durable."""
        if request.headers.get("content-type") != "application/octet-stream":
            raise HTTPException(415)
        large = body.announced(request) in self.envelope.attachment_lengths
        try:
            if self.attachments and large:
                await self._take_attachment(request, self.attachments)
            else:
                await self._take_report(request)
        except WorkError as error:
            challenge = {door.CHALLENGE: self.door.challenge(large=large)}
            return PlainTextResponse(f"nothing was saved: {error}\n", 428, challenge)
        except NotSealed as error:
            return PlainTextResponse(f"nothing was saved: {error}\n", 400)
        except Conflict:
            return PlainTextResponse("nothing was saved: another report has this id\n", 409)
        except Unavailable:
            return PlainTextResponse("nothing was saved: try again later\n", 503, RETRY_LATER)
        return Response(status_code=201)

    async def give_challenge(self, request: Request) -> Response:
        """A challenge for a report that is to be sent now."""
        return PlainTextResponse(f"{self.door.challenge()}\n")

    async def _take_report(self, request: Request) -> None:
        entry = self.door.enter(request.headers.get(door.WORK, ""))
        async with body.deadline(self.settings.max_seconds):
            data = await body.whole(request, self.envelope.longest)
        report_id, sealed = self.envelope.open_outside(data)
        entry.update(data)
        await entry.admit()
        await self.store.put(report_id, iso_week(self.clock()), sealed)

    async def _take_attachment(self, request: Request, attachments: Attachments) -> None:
        entry = self.door.enter(request.headers.get(door.WORK, ""), large=True)
        week = iso_week(self.clock())
        async with body.deadline(self.settings.max_seconds) as until:
            await upload.take_sealed(request, self.envelope, attachments, week, entry, until)

    async def take_form(self, request: Request) -> Response:
        """A report that was typed without script: sealed in memory, then the sent page."""
        lang, form = self._lang(request), self._form(request)
        self._refuse_before_reading(request)
        try:
            with ExitStack() as uploads:
                files = self._files(form, uploads)
                typed = await self._read_form(request, files)
                answer = await self._take_typed(lang, form, typed, files)
        except HTTPException as error:
            answer = await self.show_error(request, error)
        return self._by_redirect(request, answer)

    def _by_redirect(self, request: Request, answer: Response) -> Response:
        """The way to a page, for a browser, which would keep the form that a page answers (once.py).

        Programs, and browsers so old that they do not say what they want, get the page at once, as does
        everybody while too many wait.
        """
        if isinstance(answer, RedirectResponse) or request.headers.get("sec-fetch-mode") != "navigate":
            return answer
        number = self.again.keep(bytes(answer.body))
        address = f"{self.pages.base}{request.url.path}?{ONCE}={number}"
        return RedirectResponse(address, 303) if number else answer

    async def take_code(self, request: Request) -> Response:
        """A code that was typed without script, and what its owner wants to do with it."""
        lang = self._lang(request)
        self._refuse_before_reading(request)
        try:
            typed = await self._read_form(request, None)
        except HTTPException as error:
            return self._by_redirect(request, await self.show_error(request, error))
        return await self.threads.take(lang, typed)

    def guarded(self, way: Way) -> Way:
        """The same, but for what is refused before it is read."""

        async def guarded(request: Request) -> Response:
            self._refuse_before_reading(request)
            return await way(request)

        return guarded

    def _refuse_before_reading(self, request: Request) -> None:
        """What another site's page sends; and what is typed, where organizers want it sealed in browsers."""
        foreign = request.headers.get("sec-fetch-site") in FOREIGN
        if foreign or not self.settings.reports_without_script:
            raise HTTPException(403)

    def _files(self, form: Form, uploads: ExitStack) -> FormFiles | None:
        types = self.settings.types_without_script(form.attachments)
        if not (self.attachments and types):
            return None
        return FormFiles(self.attachments, self.recipients, types, uploads, page_code)

    async def _read_form(self, request: Request, files: FormFiles | None) -> dict[str, list[str]]:
        most = self.settings.max_form_bytes
        of_files = upload.MOST_BYTES if files else 0
        patience = upload.PATIENCE if files else body.PATIENCE
        try:
            async with body.deadline(self.settings.max_seconds) as until:
                pieces = body.pieces(request, most + of_files, patience, until if files else None)
                return await read_fields(request.headers.get("content-type", ""), pieces, files, most)
        except BrokenForm:
            raise HTTPException(400) from None
        except TooMuchText:
            raise HTTPException(413) from None

    async def _take_typed(
        self, lang: str, form: Form, typed: dict[str, list[str]], files: FormFiles | None
    ) -> Response:
        stamp, today = typed.get(STAMP, [""])[0], self.clock().date()
        code = (files and files.code) or page_code(typed)
        file_problem = files.problem if files else ""
        # Files may be kept under this code, and whoever tries again may have chosen others.
        next_code = os.urandom(CODE_LENGTH) if files and files.code else code
        again = partial(self.pages.filled, lang, form, today, typed, stamp=self.door.restamp(stamp))
        try:
            answered = answers.clean(form, typed)
            if file_problem:
                raise InvalidAnswers({})
            await self.door.admit_typed(stamp, files.length if files else 0)
            await self._seal_and_store(form, answered, lang, Receipt.from_code(code), files)
        except InvalidAnswers as error:
            page = again(code=code, problems=error.problems, file_problem=file_problem)
            return HTMLResponse(page, 422)
        except TooLong:
            return HTMLResponse(again(code=next_code, refusal="long"), 413)
        except (StampError, TooMany, Unavailable) as error:
            # Who heard no answer sends once more, perhaps to the next server: nobody is refused what is kept.
            # A store that was asked to keep it has looked for itself, perhaps for long.
            asked = isinstance(error, Unavailable) and not (files and files.failed)
            if asked or not await self._is_kept(code):
                reason, status = REFUSALS[type(error)]
                # Any other code would make one report two, should the first be kept and nobody know it.
                code = next_code if isinstance(error, Missing) else code
                page = again(code=code, refusal=reason, wait=self.door.wait(stamp))
                return HTMLResponse(page, status, RETRY_LATER)
        return RedirectResponse(
            f"{self.pages.base}/{lang}/sent?sealed_by=server&{ONCE}={self.once.keep(code)}", 303
        )

    async def _seal_and_store(
        self, form: Form, answered: dict[str, object], lang: str, receipt: Receipt, files: FormFiles | None
    ) -> None:
        words = report.build(
            form,
            answered,
            lang=lang,
            sealed_by="server",
            channel=CHANNEL,
            receipt=receipt,
            attachments=files.named if files else (),
        )
        sealed, week = seal_bytes(pad(words), self.recipients), iso_week(self.clock())
        try:
            if files:
                # The report last: what it names is there.
                await files.finish(week)
            await self.store.put(receipt.id, week, sealed)
        except Conflict:
            # The same page was sent twice, by a second click or a reload: its report is kept already.
            # Unless the server was killed after its files: then it is not, and nobody is told so.
            await self.store.find(receipt.id)
        except Unavailable:
            if files:
                await files.take_back()
            raise

    async def _is_kept(self, code: bytes) -> bool:
        """Whether the report of a code is kept here; False as well when that cannot be said now.

        Who asks has the code, and could ask the page of codes.
        """
        try:
            return await self.store.holds(Receipt.from_code(code).id)
        except Unavailable:
            return False

    async def show_form(self, request: Request) -> Response:
        """The form: blank, or once as it came back from `take_form`."""
        if again := self.again.take(request.query_params.get(ONCE, "")):
            return HTMLResponse(again)
        lang, form, today = self._lang(request), self._form(request), self.clock().date()
        code, stamp = os.urandom(CODE_LENGTH), self.door.stamp()
        return HTMLResponse(self.pages.blank(lang, form, today, code, stamp))

    async def show_first(self, request: Request) -> Response:
        """The first page of a language."""
        return HTMLResponse(self.pages.first(self._lang(request)))

    async def show_start(self, request: Request) -> Response:
        """What to know before the form."""
        return HTMLResponse(self.pages.start(self._lang(request)))

    async def show_information(self, request: Request) -> Response:
        """A page that explains; its address ends with its name."""
        name = request.url.path.rsplit("/", 1)[-1]
        return HTMLResponse(self.pages.information(self._lang(request), name))

    async def show_style(self, request: Request) -> Response:
        """How a form's page looks, and which questions apply where no script runs."""
        style = self.pages.style_sheets.get(request.path_params["digest"])
        if style is None:
            raise HTTPException(404)
        return Response(style, media_type="text/css")

    async def show_script(self, request: Request) -> Response:
        """What the script of a form's page reads: rules, keys, words."""
        params = request.path_params
        script = self.pages.scripts.get((params["digest"], params["lang"]))
        if script is None:
            raise HTTPException(404)
        return Response(script, media_type="text/javascript")

    async def show_code(self, request: Request) -> Response:
        """Where a code is typed, or what one found that was typed without script."""
        lang, number = self._lang(request), request.query_params.get(ONCE, "")
        if again := self.again.take(number):
            return HTMLResponse(again)
        if number:
            return await self.threads.show(lang, number)
        return HTMLResponse(self.pages.code(lang, self.door.stamp()))

    async def show_code_script(self, request: Request) -> Response:
        """What the script of the code's page reads: keys and words."""
        script = self.pages.code_scripts.get(request.path_params["lang"])
        if script is None:
            raise HTTPException(404)
        return Response(script, media_type="text/javascript")

    async def leave(self, request: Request) -> Response:
        """Away from here, to a page that says nothing about its visitor."""
        return RedirectResponse(self.pages.exit_url, 303)

    async def show_sent(self, request: Request) -> Response:
        """The page after sending, the same for both ways; whoever comes from elsewhere sent nothing."""
        lang, sealed_by = self._lang(request), request.query_params.get("sealed_by")
        if sealed_by not in SEALED_BY:
            return RedirectResponse(f"{self.pages.base}/{lang}/", 303)
        code = self.once.take(request.query_params.get(ONCE, "")) or b""
        return HTMLResponse(self.pages.sent(lang, sealed_by, code))

    async def choose_language(self, request: Request) -> Response:
        """Leads to the first page, or to another one, in the language that the browser asks for."""
        path = request.url.path.lstrip("/")
        return RedirectResponse(f"{self.pages.base}/{self._liked(request)}/{path}", 303)

    async def add_slash(self, request: Request) -> Response:
        """The address as it is written everywhere else; without a host, which a proxy may have changed."""
        return RedirectResponse(f"{self.pages.base}{request.url.path}/", 308)

    async def show_error(self, request: Request, error: Exception) -> Response:
        """A page for what went wrong, in the language of the address; one line for the script."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = error.headers if isinstance(error, HTTPException) else None
        if request.url.path == "/sealed":
            return PlainTextResponse("nothing was saved\n", status, headers)
        if request.url.path == "/withdraw":
            return PlainTextResponse("nothing was deleted\n", status, headers)
        if request.url.path.startswith("/box/"):
            return PlainTextResponse("nothing was looked up\n", status, headers)
        first = request.url.path.split("/")[1]
        lang = first if first in self.pages.languages else self._liked(request)
        return HTMLResponse(self.pages.error(lang, status), status, headers)

    def _liked(self, request: Request) -> str:
        return language.choose(request.headers.get("accept-language", ""), self.pages.languages)

    def _lang(self, request: Request) -> str:
        lang: str = request.path_params["lang"]
        if lang not in self.pages.languages:
            raise HTTPException(404)
        return lang

    def _form(self, request: Request) -> Form:
        try:
            return self.pages.forms[request.path_params["form"]]
        except KeyError:
            raise HTTPException(404) from None


class Compression:
    """Compresses what may be: how well a bucket or the page behind a code can be tells what is in it.

    The answer to a report has nothing to compress.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._small = app, GZipMiddleware(app, minimum_size=1024, compresslevel=9)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        even = (
            path == "/sealed"
            or path.startswith("/box/")
            or (path.endswith("/code") and scope.get("query_string"))
        )
        await (self._app if even else self._small)(scope, receive, send)


def page_code(typed: Mapping[str, Sequence[str]]) -> bytes:
    """The code that the form's page was given, or a new one where the browser did not send it."""
    given = typed.get(CODE, ())
    if len(given) == 1 and _CODE_HEX.fullmatch(given[0]):
        return bytes.fromhex(given[0])
    return os.urandom(CODE_LENGTH)


async def no_icon(request: Request) -> Response:
    """Browsers ask for it unasked; a page without an icon is a neutral page."""
    return Response(status_code=204)


def create_app(
    settings: Settings,
    forms: Sequence[Form],
    recipients: Sequence[Recipient],
    store: Store,
    clock: Clock = utc_now,
    notices: Notices | None = None,
    attachments: Attachments | None = None,
    source: Source | None = None,
    shelf: Shelf | None = None,
    tally: Tally | None = None,
    base: str = "",
) -> ASGIApp:
    """The whole application, around stores that are started; keys come from `source`, boxes from `shelf`.

    Its addresses begin with `base` for whoever is outside, and without it here.
    """
    pages = Pages(settings, forms, recipients, notices, base=base)
    pages.read_ahead()
    return assemble(settings, recipients, store, pages, clock, attachments, source, shelf, tally)


def assemble(
    settings: Settings,
    recipients: Sequence[Recipient],
    store: Store,
    pages: Pages,
    clock: Clock = utc_now,
    attachments: Attachments | None = None,
    source: Source | None = None,
    shelf: Shelf | None = None,
    tally: Tally | None = None,
) -> ASGIApp:
    """The application around pages that are made already."""
    door = Door(settings, store, attachments, tally)
    sealing = Sealing(recipients, pages, source)
    shelf = shelf or Shelf(None)
    threads = Threads(sealing, store, door, shelf, attachments, clock)
    intake = Intake(
        settings, sealing, store, door, attachments, clock, threads, Once(), Once(seconds=60, most=100)
    )
    looking = Looking(settings, shelf, store, door, attachments)
    hand_in = HandIn(settings, sealing, store, door, attachments, clock)

    routes = [
        Route("/sealed", Address(POST=intake.take_sealed)),
        Route("/challenge", intake.give_challenge),
        Route("/box", Address(GET=looking.show_headers)),
        Route("/box/{bits}/{number}", Address(GET=looking.show_bucket)),
        Route("/withdraw", Address(POST=looking.take_back)),
        Route("/", intake.choose_language),
        Route("/favicon.ico", no_icon),
        Route(health.PATH, Health(store).show),
        Route("/static/{name}", Assets(STATIC).show),
        Route("/exit", intake.leave),
        Route("/forms/{digest}.css", intake.show_style),
        Route("/forms/{digest}/{lang}.js", intake.show_script),
        Route("/code/{lang}.js", intake.show_code_script),
        Route("/upload", intake.choose_language),
        Route("/upload/{lang}.js", hand_in.show_script),
        Route("/{lang}", intake.add_slash),
        Route("/{lang}/", intake.show_first),
        Route("/{lang}/start", intake.show_start),
        *(Route(f"/{{lang}}/{name}", intake.show_information) for name in INFORMATION),
        Route("/{lang}/sent", intake.show_sent),
        Route("/{lang}/code", Address(GET=intake.show_code, POST=intake.take_code)),
        Route("/{lang}/upload", Address(GET=hand_in.show, POST=intake.guarded(hand_in.take))),
        Route("/{lang}/{form}", intake.add_slash),
        Route("/{lang}/{form}/", Address(GET=intake.show_form, POST=intake.take_form)),
    ]
    handlers = {HTTPException: intake.show_error, Exception: intake.show_error}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    # A form with all its words is four times as large as it need be on a slow line. Nothing in such a page is
    # secret from its own reader, so compressing tells nobody anything.
    return Guard(Compression(app))
