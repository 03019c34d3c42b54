"""The intake as a web application: which address does what.

Two ways lead to the store, and both end there with the same kind of bytes. A browser that runs our
script posts to /sealed what it sealed itself. One that runs no script posts the form, and it is
sealed here, in memory, before anything is kept.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from intake import body, language, upload
from intake.attachments import Attachments
from intake.crypto.attachment import Attachment
from intake.crypto.errors import TooLong
from intake.crypto.padding import pad
from intake.crypto.receipt import Receipt
from intake.crypto.recipients import Recipient
from intake.crypto.seal import seal_bytes
from intake.envelope import Envelope, NotSealed
from intake.forms import answers, report
from intake.forms.errors import InvalidAnswers
from intake.forms.form import Form
from intake.guard import Guard
from intake.multipart import BrokenForm, TooMuchText, read_fields
from intake.pages import Pages
from intake.settings import Settings
from intake.store import Conflict, Store, Unavailable
from intake.upload import FormFiles

STATIC = Path(__file__).parent / "static"
CHANNEL = "web"
SEALED_BY = ("browser", "server")

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The time, in UTC, so that weeks begin for everybody at once."""
    return datetime.now(UTC)


def iso_week(now: datetime) -> str:
    """All that is kept of the time: the ISO 8601 week, as 2026-W47."""
    year, week, _ = now.isocalendar()
    return f"{year}-W{week:02d}"


@dataclass(frozen=True, slots=True)
class Intake:
    """What the addresses share."""

    settings: Settings
    recipients: Sequence[Recipient]
    envelope: Envelope
    pages: Pages
    store: Store
    attachments: Attachments | None
    clock: Clock

    async def take_sealed(self, request: Request) -> Response:
        """A report or an attachment that was sealed in the browser: 201 when it is durable."""
        if request.headers.get("content-type") != "application/octet-stream":
            raise HTTPException(415)
        try:
            if self.attachments and body.announced(request) in self.envelope.attachment_lengths:
                await self._take_attachment(request, self.attachments)
            else:
                await self._take_report(request)
        except NotSealed as error:
            return PlainTextResponse(f"nothing was saved: {error}\n", 400)
        except Conflict:
            return PlainTextResponse("nothing was saved: another report has this id\n", 409)
        except Unavailable:
            return PlainTextResponse("nothing was saved: try again later\n", 503)
        return Response(status_code=201)

    async def _take_report(self, request: Request) -> None:
        async with body.deadline(self.settings.max_seconds):
            data = await body.whole(request, self.envelope.longest)
        report_id, sealed = self.envelope.open_outside(data)
        await self.store.put(report_id, iso_week(self.clock()), sealed)

    async def _take_attachment(self, request: Request, attachments: Attachments) -> None:
        async with body.deadline(upload.seconds(self.settings, request, upload.MOST_BYTES)):
            await upload.take_sealed(request, self.envelope, attachments, iso_week(self.clock()))

    async def take_form(self, request: Request) -> Response:
        """A report that was typed without script: sealed in memory, then the sent page."""
        lang, form = self._lang(request), self._form(request)
        receipt, today = Receipt.draw(), self.clock().date()
        with ExitStack() as uploads:
            files = self._files(form, receipt, uploads)
            typed = await self._read_form(request, files)
            file_problem = files.problem if files else ""
            try:
                if files and files.failed:
                    raise Unavailable("a file was not stored")
                answered = answers.clean(form, typed)
                if file_problem:
                    raise InvalidAnswers({})
                await self._seal_and_store(form, answered, lang, receipt, files)
            except InvalidAnswers as error:
                page = self.pages.filled(
                    lang, form, today, typed, problems=error.problems, file_problem=file_problem
                )
                return HTMLResponse(page, 422)
            except TooLong:
                raise HTTPException(413) from None
            except Unavailable:
                return HTMLResponse(self.pages.filled(lang, form, today, typed, failed=True), 503)
        return RedirectResponse(f"/{lang}/sent?sealed_by=server", 303)

    def _files(self, form: Form, receipt: Receipt, uploads: ExitStack) -> FormFiles | None:
        types = self.settings.types_without_script(form.attachments)
        if not (self.attachments and types):
            return None
        return FormFiles(self.attachments, self.recipients, receipt, types, uploads)

    async def _read_form(self, request: Request, files: FormFiles | None) -> dict[str, list[str]]:
        most = self.settings.max_form_bytes
        of_files = upload.MOST_BYTES if files else 0
        pieces = body.pieces(request, most + of_files, upload.PATIENCE if files else body.PATIENCE)
        try:
            async with body.deadline(upload.seconds(self.settings, request, of_files)):
                return await read_fields(request.headers.get("content-type", ""), pieces, files, most)
        except BrokenForm:
            raise HTTPException(400) from None
        except TooMuchText:
            raise HTTPException(413) from None

    async def _seal_and_store(
        self, form: Form, answered: dict[str, object], lang: str, receipt: Receipt, files: FormFiles | None
    ) -> None:
        named: tuple[Attachment, ...] = files.named if files else ()
        words = report.build(
            form,
            answered,
            lang=lang,
            sealed_by="server",
            channel=CHANNEL,
            receipt=receipt,
            attachments=named,
        )
        sealed = seal_bytes(pad(words), self.recipients)
        week = iso_week(self.clock())
        if files:
            # The report last: what it names is there.
            await files.finish(week)
        await self.store.put(receipt.id, week, sealed)

    async def show_form(self, request: Request) -> Response:
        """The form, blank."""
        page = self.pages.blank(self._lang(request), self._form(request), self.clock().date())
        return HTMLResponse(page)

    async def show_start(self, request: Request) -> Response:
        """The first page of a language."""
        return HTMLResponse(self.pages.start(self._lang(request)))

    async def show_sent(self, request: Request) -> Response:
        """The page after sending, the same for both ways."""
        sealed_by = request.query_params.get("sealed_by", "")
        return HTMLResponse(self.pages.sent(self._lang(request), sealed_by if sealed_by in SEALED_BY else ""))

    async def choose_language(self, request: Request) -> Response:
        """Leads to the start page in the language that the browser asks for."""
        return RedirectResponse(f"/{self._liked(request)}/", 303)

    async def show_error(self, request: Request, error: Exception) -> Response:
        """A page for what went wrong, in the language of the address; one line for the script."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        if request.url.path == "/sealed":
            return PlainTextResponse("nothing was saved\n", status)
        first = request.url.path.split("/")[1]
        lang = first if first in self.pages.languages else self._liked(request)
        headers = error.headers if isinstance(error, HTTPException) else None
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


async def add_slash(request: Request) -> Response:
    """The address as it is written everywhere else; without a host, which a proxy may have changed."""
    return RedirectResponse(f"{request.url.path}/", 308)


async def no_icon(request: Request) -> Response:
    """Browsers ask for it unasked; a page without an icon is a neutral page."""
    return Response(status_code=204)


def create_app(
    settings: Settings,
    forms: Sequence[Form],
    recipients: Sequence[Recipient],
    store: Store,
    clock: Clock = utc_now,
    attachments: Attachments | None = None,
) -> ASGIApp:
    """The whole application; it starts the stores and closes them."""
    pages = Pages(settings, forms, recipients)
    intake = Intake(settings, recipients, Envelope(recipients), pages, store, attachments, clock)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        store.start()
        if attachments:
            attachments.start()
        yield
        store.close()
        if attachments:
            attachments.close()

    routes = [
        Route("/sealed", intake.take_sealed, methods=["POST"]),
        Route("/", intake.choose_language),
        Route("/favicon.ico", no_icon),
        Mount("/static", StaticFiles(directory=STATIC)),
        Route("/{lang}", add_slash),
        Route("/{lang}/", intake.show_start),
        Route("/{lang}/sent", intake.show_sent),
        Route("/{lang}/{form}", add_slash),
        Route("/{lang}/{form}/", intake.show_form),
        Route("/{lang}/{form}/", intake.take_form, methods=["POST"]),
    ]
    handlers = {HTTPException: intake.show_error, Exception: intake.show_error}
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return Guard(app)
