"""The page behind a code, for a browser that runs no script: what was said, one thing more, taking back.

The code comes here, because there is nobody else to use it. It is in memory until its page is shown, two
minutes at most; nothing of it is kept or logged. The answer to a code that nobody ever had, to one that waits
and to one with a reply has one length, and comes after the same time.
"""

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Protocol

from starlette.responses import HTMLResponse, RedirectResponse, Response

from intake import looking
from intake.attachments import Attachments
from intake.crypto import box
from intake.crypto.code import CodeError, from_words, to_words
from intake.crypto.message import Message
from intake.crypto.padding import pad
from intake.crypto.receipt import MESSAGE_NONCE, Receipt
from intake.crypto.seal import seal_bytes
from intake.door import Door, TooMany
from intake.evenly import evenly
from intake.forms import thread
from intake.forms.errors import InvalidAnswers
from intake.keeping import Conflict, Unavailable
from intake.once import FIELD as ONCE
from intake.once import Once
from intake.pages import Pages, is_of_wallet
from intake.sealing import Sealing
from intake.shelf import Boxes, Shelf
from intake.stamp import FIELD as STAMP
from intake.stamp import StampError
from intake.store import Store
from intake.week import iso_week, monday

WORDS, NONCE, TEXT, DO = "words", "_nonce", "text", "do"
CHANNEL = "web"
# In the place of the number of a page that waits, where none does.
BUSY = "busy"
# As many are shown, the newest ones; a page has room for so many, or for as many as a bucket has places.
MOST_SHOWN = 32
# What one message takes in a page: its words (message.py, MAX_TEXT_IN_PAGE) and what stands around them.
BYTES_OF_ONE = 2_560
_FRAME_STEP = 1_024
# Nine words are far shorter, and reading a whole form full of signs as words would hold up everybody.
MOST_LETTERS_OF_WORDS = 1_000
# So much of a message that cannot be sent comes back, to be mended; all of it waits in memory.
MOST_LETTERS_BACK = 10_000

_NONCE = re.compile(rf"[0-9a-f]{{{2 * MESSAGE_NONCE}}}")

Typed = Mapping[str, Sequence[str]]


class Clock(Protocol):
    """The time, in UTC."""

    def __call__(self) -> datetime: ...


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """What a code finds: the Monday of the newest box with its report, messages, whether it waits here."""

    week: date | None = None
    messages: tuple[Mapping[str, object], ...] = ()
    waiting: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Done:
    """What came of a request: the name of its words, and what the next form on the page begins with.

    `wait` is the seconds until it may be sent again; `confirm` asks once more before taking back.
    """

    nonce: bytes
    said: str = ""
    typed: str = ""
    wait: int = 0
    confirm: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Pending:
    """What is to be shown next: what came of a request for a code, or what is wrong with words, and these."""

    stamp: str
    code: bytes = b""
    done: Done | None = None
    problem: CodeError | None = None
    typed: str = ""


@dataclass(frozen=True, slots=True)
class Threads:
    """What the page needs of the server."""

    sealing: Sealing
    store: Store
    door: Door
    shelf: Shelf
    attachments: Attachments | None
    clock: Clock
    pending: Once[Pending] = field(default_factory=Once)

    async def take(self, lang: str, typed: Typed) -> Response:
        """Does what is asked for with a code that was typed, and leads to where it is shown.

        It is not shown in answer to the form: then a browser would keep the form, words and all (once.py).
        """
        try:
            await self.door.admit_typed_look()
            async with evenly():
                number = self.pending.keep(await self._do(lang, typed)) or BUSY
        except (TooMany, Unavailable):
            number = BUSY
        return RedirectResponse(f"{self.sealing.now().pages.base}/{lang}/code?{ONCE}={number}", 303)

    async def show(self, lang: str, number: str) -> Response:
        """What a code finds now, this one time; where a code is typed, for whoever comes again."""
        if number == BUSY:
            page = self.sealing.now().pages.code(lang, self.door.stamp(), said="busy")
            return HTMLResponse(page, 429, looking.RETRY_LATER)
        pending = self.pending.take(number)
        if not pending:
            return RedirectResponse(f"{self.sealing.now().pages.base}/{lang}/code", 303)
        async with evenly():
            pages, boxes = self.sealing.now().pages, self.shelf.now()
            page = await self._page(pages, lang, pending, boxes)
            return HTMLResponse(_Length(pages, lang, boxes).fill(page))

    async def _do(self, lang: str, typed: Typed) -> Pending:
        stamp = _first(typed, STAMP)
        asked = Pending(self.door.restamp(stamp))
        words = _first(typed, WORDS)[:MOST_LETTERS_OF_WORDS]
        try:
            code = from_words(words, lang)
        except CodeError as problem:
            # To be mended, like all that is typed here; but a code for money goes into no page.
            return replace(asked, problem=problem, typed="" if is_of_wallet(problem) else words)
        return replace(asked, code=code, done=await self._done(lang, typed, stamp, Receipt.from_code(code)))

    async def _page(self, pages: Pages, lang: str, pending: Pending, boxes: Boxes) -> str:
        if not pending.done:
            return pages.code(lang, pending.stamp, pending.problem, typed=pending.typed)
        try:
            found = await self._look(Receipt.from_code(pending.code), boxes)
        except Unavailable:
            words = " ".join(to_words(pending.code, lang))
            return pages.code(lang, pending.stamp, said="busy", typed=words)
        done = pending.done
        return pages.thread(
            lang,
            words=to_words(pending.code, lang),
            stamp=pending.stamp,
            nonce=done.nonce.hex(),
            said=done.said,
            typed=done.typed,
            wait=done.wait,
            confirm=done.confirm,
            waiting=found.waiting,
            week=found.week,
            messages=found.messages,
        )

    async def _look(self, receipt: Receipt, boxes: Boxes) -> Found:
        """The same work whatever is found: every place is tried, and the store is asked."""
        number = box.bucket_number(receipt.box, boxes.bits)
        pairs = zip(boxes.headers, boxes.buckets(number), strict=True)
        opened = [(header, box.open_bucket(header, one, receipt.box, receipt.reply)) for header, one in pairs]
        waiting = await self.store.holds(receipt.id)
        messages = sorted(
            (message for _, one in opened for message in one.messages), key=lambda one: (one.at, one.n)
        )
        today = self.clock().date()
        return Found(
            week=max((monday(header.week) for header, one in opened if one.collected), default=None),
            messages=tuple(_shown(message, today) for message in messages[-MOST_SHOWN:]),
            waiting=waiting,
        )

    async def _done(self, lang: str, typed: Typed, stamp: str, receipt: Receipt) -> Done:
        given = _first(typed, NONCE)
        nonce = bytes.fromhex(given) if _NONCE.fullmatch(given) else os.urandom(MESSAGE_NONCE)
        written = _first(typed, TEXT)
        begun = Done(nonce, typed=written[:MOST_LETTERS_BACK])
        match _first(typed, DO):
            case "add":
                return await self._add(lang, stamp, receipt, begun, written)
            case "take-back":
                return replace(begun, confirm=True)
            case "take-back-now":
                return await self._take_back(lang, stamp, receipt, begun)
            case _:
                return begun

    async def _add(self, lang: str, stamp: str, receipt: Receipt, begun: Done, written: str) -> Done:
        try:
            text = thread.clean(written)
        except InvalidAnswers as error:
            return replace(begun, said="empty" if "required" in error.problems.values() else "tooLong")
        begun = replace(begun, typed=text)
        if refused := await self._refused(stamp, begun, "nothingSaved"):
            return refused
        try:
            await self._send(
                thread.Message(thread.FOLLOWUP, receipt, begun.nonce, lang, "server", CHANNEL, text)
            )
        except Conflict:
            return replace(begun, said="addedArrived", nonce=os.urandom(MESSAGE_NONCE))
        except Unavailable:
            return replace(begun, said="nothingSaved")
        return Done(os.urandom(MESSAGE_NONCE), said="added")

    async def _take_back(self, lang: str, stamp: str, receipt: Receipt, begun: Done) -> Done:
        if refused := await self._refused(stamp, begun, "backNothing"):
            return replace(refused, confirm=True)
        try:
            deleted = await looking.withdraw(self.store, self.attachments, receipt.withdraw)
        except Unavailable:
            return replace(begun, said="backNothing", confirm=True)
        message = thread.Message(thread.WITHDRAWAL, receipt, begun.nonce, lang, "server", CHANNEL)
        try:
            # Also when it was here: a copy of it may have left before, or come later.
            with suppress(Conflict):  # The same page was sent twice: its request is kept already.
                await self._send(message)
        except Unavailable:
            return replace(begun, said="deletedOnly" if deleted else "backNothing", confirm=True)
        return replace(begun, said="deleted" if deleted else "asked")

    async def _refused(self, stamp: str, begun: Done, full: str) -> Done | None:
        """What is said when nothing is taken now, by the rules for a form that is typed without script."""
        try:
            await self.door.admit_typed(stamp, 0)
        except StampError:
            return replace(begun, said="quick", wait=self.door.wait(stamp))
        except (TooMany, Unavailable):
            return replace(begun, said=full)
        return None

    async def _send(self, message: thread.Message) -> None:
        sealed = seal_bytes(pad(thread.build(message)), self.sealing.now().recipients)
        await self.store.put(message.id, iso_week(self.clock()), sealed)


class _Length:
    """How long the pages for codes are: all the same, whatever they say."""

    def __init__(self, pages: Pages, lang: str, boxes: Boxes) -> None:
        places = min(MOST_SHOWN, sum(header.replies for header in boxes.headers))
        longest = max(len(page.encode()) for page in pages.threads_without_messages(lang))
        frame = (longest // _FRAME_STEP + 2) * _FRAME_STEP
        self._step = frame + places * BYTES_OF_ONE

    def fill(self, page: str) -> bytes:
        """A page with spaces after its end, which no browser shows.

        Only one that quotes what was typed may be longer than what is the step for all.
        """
        text = page.encode()
        return text.ljust(-(-len(text) // self._step) * self._step)


def _shown(message: Message, today: date) -> dict[str, Any]:
    """What the page says of a message; the words of one that has expired are left out."""
    until = monday(message.until)
    expired = (today - until).days >= 7
    words = {name: "" if expired else getattr(message, name) for name in ("text", "release", "tracker")}
    return {"kind": message.kind, "at": monday(message.at), "until": until, "expired": expired, **words}


def _first(typed: Typed, name: str) -> str:
    return next(iter(typed.get(name, ())), "")
