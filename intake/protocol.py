"""HTTP/1.1 for strangers: bounds what uvicorn does not, and forgets who is at the other end.

uvicorn waits for ever for the head of a request, and for ever for a client that does not take its
answer, and it counts connections without letting one go. A few slow clients could hold every place.
Here both have a deadline, and when all places are taken the one goes that has kept us waiting
longest; no address plays a part in it.
"""

import asyncio
import logging
import socket
import struct
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from intake.guard import RAW_HEADERS

MOST_CONNECTIONS = 1_000
HEAD_SECONDS = 15.0
# So long after a connection nothing need have been asked.
MOMENT = 1.0
# An answer that the system's buffers do not hold must be taken in this time, most of it at least.
READ_SECONDS = 60.0
_PHRASES = {400: b"Bad Request", 408: b"Request Timeout"}

# uvicorn's own logger names addresses when it is told to say everything. This one never says more.
log = logging.getLogger("intake.http")
log.setLevel(logging.WARNING)


class OneLength(h11.Connection):
    """h11, without its patience for a body whose length is told in two ways.

    A proxy in front may believe the other one, and then take a part of one visitor's body for the
    head of another's request (RFC 9112, section 6.1).
    """

    def next_event(self) -> Any:
        """As h11's; RemoteProtocolError for a request that two readers may end in two places."""
        event = super().next_event()
        if isinstance(event, h11.Request):
            names = {name for name, _ in event.headers}
            if {b"content-length", b"transfer-encoding"} <= names:
                raise h11.RemoteProtocolError("both Content-Length and Transfer-Encoding")
        return event


class Protocol(H11Protocol):
    """One connection."""

    most: ClassVar[int] = MOST_CONNECTIONS
    head_seconds: ClassVar[float] = HEAD_SECONDS
    read_seconds: ClassVar[float] = READ_SECONDS
    # In the order they were made.
    _all: ClassVar[dict["Protocol", None]] = {}

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.logger = log
        self.conn = OneLength(h11.SERVER)
        self._deadline: asyncio.TimerHandle | None = None
        self._deaf: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes the connection, and lets another one go when there are too many."""
        super().connection_made(transport)
        # An answer is its head and its body; without this the body waits for the head's receipt. asyncio
        # does it for sockets that name their protocol, and those of socket.create_server do not.
        connection = transport.get_extra_info("socket")
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Nothing above this line needs to know who it is.
        self.client = None
        self._all[self] = None
        self._mind_the_head()
        if len(self._all) > self.most:
            self._slowest()._drop()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the connection."""
        self._all.pop(self, None)
        self._forget_deadline()
        self._heard()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Starts the clock for a client that does not take what it asked for."""
        super().pause_writing()
        self._heard()
        self._deaf = self.loop.call_later(self.read_seconds, self._drop)

    def resume_writing(self) -> None:
        """Stops that clock."""
        self._heard()
        super().resume_writing()

    def handle_events(self) -> None:
        """Handles what has come, and starts or stops the clock."""
        super().handle_events()
        self._mind_the_head()

    def send_400_response(self, msg: str) -> None:
        """Answers what is no HTTP, in one line and with our headers."""
        self._refuse(400)

    def _should_upgrade(self) -> bool:
        """Never; and there is nothing to say about it."""
        return False

    def _is_busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _mind_the_head(self) -> None:
        if self._is_busy() or self.transport.is_closing():
            self._forget_deadline()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.head_seconds, self._give_up)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _heard(self) -> None:
        if self._deaf is not None:
            self._deaf.cancel()
            self._deaf = None

    def _drop(self) -> None:
        # Now, not when the loop comes to it: of many who come at once, each must find another to drop.
        self._all.pop(self, None)
        # Without lingering, the system forgets at once what nobody reads.
        linger = struct.pack("ii", 1, 0)
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.transport.abort()

    def _give_up(self) -> None:
        self._deadline = None
        if self.conn.trailing_data[0]:
            self._refuse(408)
        else:
            # Nobody asked for anything, so there is nothing to answer.
            self.transport.close()

    def _refuse(self, status: int) -> None:
        if self._is_busy():
            # Whoever makes an answer now makes it for nobody: there is one already, or half of one.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        text = b"nothing was saved\n"
        headers = [
            *RAW_HEADERS,
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(text)).encode()),
            (b"connection", b"close"),
        ]
        answer = h11.Response(status_code=status, headers=headers, reason=_PHRASES[status])
        try:
            parts = [self.conn.send(one) for one in (answer, h11.Data(data=text), h11.EndOfMessage())]
            self.transport.write(b"".join(part for part in parts if part))
        except h11.LocalProtocolError:
            pass  # an answer was given already, or is being given
        self.transport.close()

    def _slowest(self) -> "Protocol":
        """The oldest that asks nothing, or takes no answer, or still sends; else this one, the newest.

        Who came a moment ago had no time to ask yet, and does not go before those who take no answer.
        """
        for waits in (_is_silent, _is_deaf, _is_idle, _is_sending):
            for one in self._all:
                if one is not self and waits(one):
                    return one
        return self


def _is_idle(one: Protocol) -> bool:
    return not one._is_busy()


def _is_silent(one: Protocol) -> bool:
    if one._is_busy() or one._deadline is None:
        return False
    return one.loop.time() - (one._deadline.when() - one.head_seconds) > MOMENT


def _is_deaf(one: Protocol) -> bool:
    return one.flow.write_paused


def _is_sending(one: Protocol) -> bool:
    return one.cycle.more_body
