"""What a browser with script asks of the box: its headers, and one bucket of many.

Who asks has a code, and the server does not learn which: the bits that name a bucket are those of
many, and every bucket has the same size. Nothing else can be asked.
"""

import asyncio
import re
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from intake import body, door
from intake.attachments import Attachments
from intake.crypto.attachment import MOST_ATTACHMENTS
from intake.crypto.receipt import LENGTHS, attachment_id, report_id
from intake.door import Door
from intake.evenly import evenly
from intake.keeping import Unavailable
from intake.settings import Settings
from intake.shelf import Shelf
from intake.store import Store
from intake.work import WorkError

# Which boxes an answer is of, so that nobody reads a bucket by the header of another box.
BOXES = "witnessbox-boxes"
OCTETS = "application/octet-stream"
RETRY_LATER = {"Retry-After": "60"}
# The two answers to who takes back a report have the same length, status line included.
DELETED = "the report is deleted: all of it.\n"
NOT_HERE = "there is nothing to delete\n"
NOT_NOW = "nothing was deleted: try again later\n"

_NUMBER = re.compile(r"0|[1-9][0-9]{0,6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Looking:
    """What these addresses share."""

    settings: Settings
    shelf: Shelf
    store: Store
    door: Door
    attachments: Attachments | None

    async def show_headers(self, request: Request) -> Response:
        """The headers of all boxes, a JSON array."""
        boxes = self.shelf.now()
        return Response(boxes.array, media_type="application/json", headers={BOXES: boxes.epoch})

    async def show_bucket(self, request: Request) -> Response:
        """One bucket of each box, in the order of the headers."""
        bits, number = (_number(request.path_params[name]) for name in ("bits", "number"))
        try:
            await self.door.admit_look(request.headers.get(door.WORK, ""), request.url.path)
        except WorkError as error:
            challenge = {door.CHALLENGE: self.door.look_challenge()}
            return PlainTextResponse(f"nothing was looked up: {error}\n", 428, challenge)
        except Unavailable:
            return PlainTextResponse("nothing was looked up: try again later\n", 503, RETRY_LATER)
        boxes = self.shelf.now()
        if not boxes.opened or bits != boxes.bits:
            return PlainTextResponse("the boxes are others now: ask for their headers\n", 409)
        if number >> bits:
            raise HTTPException(404)
        # A disk may be slow, and others wait.
        buckets = await asyncio.to_thread(boxes.buckets, number)
        return Response(b"".join(buckets), media_type=OCTETS, headers={BOXES: boxes.epoch})

    async def take_back(self, request: Request) -> Response:
        """Deletes the report of whoever shows its withdrawal token: 200 when that is durable."""
        if request.headers.get("content-type") != OCTETS:
            raise HTTPException(415)
        try:
            entry = self.door.enter(request.headers.get(door.WORK, ""), frees=True)
            async with body.deadline(self.settings.max_seconds):
                token = await body.whole(request, LENGTHS["withdraw"])
            if len(token) != LENGTHS["withdraw"]:
                raise HTTPException(400)
            entry.update(token)
            await entry.admit()
        except WorkError as error:
            challenge = {door.CHALLENGE: self.door.challenge(frees=True)}
            return PlainTextResponse(f"nothing was deleted: {error}\n", 428, challenge)
        except Unavailable:
            return PlainTextResponse(NOT_NOW, 503, RETRY_LATER)
        try:
            async with evenly():
                deleted = await withdraw(self.store, self.attachments, token)
        except Unavailable:
            return PlainTextResponse(NOT_NOW, 503, RETRY_LATER)
        return PlainTextResponse(DELETED, 200) if deleted else PlainTextResponse(NOT_HERE, 404)


async def withdraw(store: Store, attachments: Attachments | None, token: bytes) -> bool:
    """Deletes the report of a withdrawal token, and its attachments; False when it is not here to delete.

    Returns when it is durable; raises Unavailable.
    """
    files = [attachment_id(token, number) for number in range(1, MOST_ATTACHMENTS + 1)]
    deleted = await store.withdraw(report_id(token), files)
    if deleted and attachments:
        attachments.settle()
    return deleted


def _number(text: str) -> int:
    """A number in its one spelling."""
    if not _NUMBER.fullmatch(text):
        raise HTTPException(404)
    return int(text)
