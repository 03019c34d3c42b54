"""The page where sealed files are handed in that were made elsewhere, and what is done with them.

A browser with script takes batches apart itself and posts each sealed file to `/sealed`. From one without,
the files come as a form: they are kept as they stream in, and the sender is shown once what became of each.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from intake import body
from intake.arriving import File
from intake.attachments import Attachments
from intake.codepage import Clock
from intake.crypto.shard import ID_LENGTH, MAX_SHARD_BYTES
from intake.door import Door
from intake.evenly import evenly
from intake.intray import InTray
from intake.multipart import BrokenForm, TooMuchText, read_fields
from intake.once import FIELD as ONCE
from intake.once import Once
from intake.sealing import Sealing
from intake.settings import Settings
from intake.store import Store
from intake.week import iso_week

# A full batch and some files; who has more hands it in after that.
MOST_BYTES = 2 * MAX_SHARD_BYTES
# What is longer is read and dropped up to twice that, so that the browser shows what became of the rest.
PATIENCE = 2
MOST_TEXT = 4 * 1024
RETRY_LATER = {"Retry-After": "60"}
# What a program is told, by what its files were not taken for; a browser is led to the page in any case.
STATUSES = {"full": 503, "busy": 429}


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an upload; `broken`: not all of it came; `old`: its page was out of date."""

    files: Sequence[File]
    broken: bool
    old: bool

    @property
    def kept(self) -> int:
        """Sealed files that are here now."""
        return sum(file.kept for file in self.files)

    @property
    def again(self) -> int:
        """Those that the upload had once more."""
        return sum(file.again for file in self.files)

    @property
    def refused(self) -> int:
        """Those that were not taken."""
        return sum(file.refused.total() for file in self.files)

    @property
    def status(self) -> int:
        """The status of an answer that is not a redirect."""
        if self.old:
            return 428
        reasons = {reason for file in self.files for reason in file.refused}
        flawed = self.broken or not self.files or any(file.flaw for file in self.files)
        told = [status for reason, status in STATUSES.items() if reason in reasons]
        return told[0] if told else 422 if reasons or flawed else 200


@dataclass(frozen=True, slots=True)
class HandIn:
    """What the addresses of this page need of the server."""

    settings: Settings
    sealing: Sealing
    store: Store
    door: Door
    attachments: Attachments | None
    clock: Clock
    # A page with what became of up to 500 files; many people hand in one.
    results: Once[bytes] = field(default_factory=lambda: Once(most=200))

    async def show(self, request: Request) -> Response:
        """The page where files are chosen; or, this one time, what became of those of a form."""
        if result := self.results.take(request.query_params.get(ONCE, "")):
            return HTMLResponse(result)
        lang = self._lang(request)
        return HTMLResponse(self.sealing.now().pages.upload(lang, self.door.stamp()))

    async def show_script(self, request: Request) -> Response:
        """What the page's script reads: the lengths of what is taken, and words."""
        lang, now = self._lang(request), self.sealing.now()
        large = now.envelope.attachment_lengths if self.attachments else ()
        lengths = [sorted(one - ID_LENGTH for one in some) for some in (now.envelope.lengths, large)]
        return Response(now.pages.upload_script(lang, *lengths), media_type="text/javascript")

    async def take(self, request: Request) -> Response:
        """Sealed files that a browser without script sends, alone and in batches."""
        lang = self._lang(request)
        async with evenly():
            result = await self._take(request)
        page = self.sealing.now().pages.upload(lang, self.door.stamp(), result)
        by_redirect = request.headers.get("sec-fetch-mode") == "navigate"
        if by_redirect and (number := self.results.keep(page.encode())):
            return RedirectResponse(f"{self.sealing.now().pages.base}/{lang}/upload?{ONCE}={number}", 303)
        return HTMLResponse(page, result.status, RETRY_LATER if result.status in STATUSES.values() else None)

    async def _take(self, request: Request) -> Result:
        with ExitStack() as uploads:
            envelope, week = self.sealing.now().envelope, iso_week(self.clock())
            tray = InTray(envelope, self.store, self.attachments, self.door, week, uploads)
            broken = await self._read(request, tray)
            await tray.flush()
            return Result(tray.files, broken, tray.old)

    async def _read(self, request: Request, tray: InTray) -> bool:
        """Reads the form to its end, or as far as it came; says whether that was not all of it."""
        kind = request.headers.get("content-type", "")
        try:
            async with body.deadline(self.settings.max_seconds) as until:
                pieces = body.pieces(request, MOST_BYTES, PATIENCE, until)
                await read_fields(kind, pieces, tray, MOST_TEXT)
        except (BrokenForm, TooMuchText, HTTPException) as error:
            tray.break_off()
            if not tray.files and not tray.old:
                # Nothing was saved, as the page for an error says.
                raise error if isinstance(error, HTTPException) else HTTPException(400) from None
            return True
        return False

    def _lang(self, request: Request) -> str:
        lang: str = request.path_params["lang"]
        if lang not in self.sealing.now().pages.languages:
            raise HTTPException(404)
        return lang
