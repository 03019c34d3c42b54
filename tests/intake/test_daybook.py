"""Once a day the log says in round numbers what came, and tells of nobody."""

import asyncio
import logging
import time
from datetime import date, timedelta

import pytest
from starlette.types import Message, Receive, Scope, Send

from intake.daybook import Daybook, daily, rounded

NOTHING = "; ".join(
    f"{kind}: fewer than 10"
    for kind in ("sent", "asked to wait or to work first", "turned away for want of room", "failed")
)


def answering(status: int, location: bytes = b"") -> Daybook:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"location", location)] if location else []
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    return Daybook(app)


def post(tally: Daybook, times: int, method: str = "POST") -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    for _ in range(times):
        asyncio.run(tally({"type": "http", "method": method}, receive, send))
    return sent


@pytest.mark.parametrize(
    ("number", "said"), [(0, "fewer than 10"), (9, "fewer than 10"), (10, "about 10"), (26, "about 30")]
)
def test_a_number_is_told_in_tens(number: int, said: str) -> None:
    assert rounded(number) == said


@pytest.mark.parametrize(
    ("status", "location", "line"),
    [
        pytest.param(201, b"", "sent: about 20; asked", id="sealed in the browser"),
        pytest.param(303, b"/en/sent?sealed_by=server&once=1", "sent: about 20; asked", id="typed"),
        pytest.param(428, b"", "work first: about 20;", id="work"),
        pytest.param(429, b"", "work first: about 20;", id="too many"),
        pytest.param(503, b"", "room: about 20;", id="no room"),
        pytest.param(500, b"", "failed: about 20", id="failed"),
    ],
)
def test_what_was_posted_is_counted_by_how_it_ended(status: int, location: bytes, line: str) -> None:
    tally = answering(status, location)
    assert [one["status"] for one in post(tally, 19) if "status" in one] == [status] * 19
    assert line in tally.take()
    assert tally.take() == NOTHING


@pytest.mark.parametrize(
    ("method", "status", "location"),
    [("GET", 200, b""), ("GET", 503, b""), ("POST", 303, b"/en/report/?once=2")],
)
def test_pages_that_were_read_are_not_counted(method: str, status: int, location: bytes) -> None:
    tally = answering(status, location)
    post(tally, 19, method)
    assert tally.take() == NOTHING


def test_a_day_is_said_when_it_is_over_and_not_before(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="intake.daybook")
    day = date(2026, 7, 1)
    now = [day]
    tally = answering(201)
    with daily(tally, lambda: now[0], 0.01):
        post(tally, 12)
        time.sleep(0.2)
        assert caplog.messages == []
        now[0] += timedelta(1)
        until = time.monotonic() + 10
        while not caplog.messages and time.monotonic() < until:
            time.sleep(0.01)
    assert caplog.messages == [f"2026-07-01: {NOTHING.replace('sent: fewer than 10', 'sent: about 10')}"]
