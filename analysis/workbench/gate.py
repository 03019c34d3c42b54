"""Stands before Datasette: who may ask, what may be asked, what a browser may do with the answer.

Anybody on this machine can reach a port of it, and so can any page in the same browser. So
nothing, not even a style sheet, is given to a request that does not carry the session's cookie;
the cookie is given once, to whoever opens the address that `open` printed. The Host header is
checked, because a page elsewhere can make its own name point here (DNS rebinding). Browsers send a
cookie to every port of a host, so it proves nothing alone: see `analysis.workbench.peer`.
"""

import hmac
import secrets
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qs

COOKIE = "witnessbox"
OPENING = "/-/open"
# The only addresses that take a form, and how long one may be.
FORMS = ("/saved/", "/review/", "/data/")
FORM_TYPE = b"application/x-www-form-urlencoded"
TOKEN = "token"  # noqa: S105  # the name of a field
LONGEST_FORM = 256 * 1024
MOST_FIELDS = 20_000

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

# Written anew for every answer, so that no page of Datasette can leave one out.
HEADERS = {
    b"cache-control": b"no-store",
    b"x-content-type-options": b"nosniff",
    # Not "no-referrer": with that a browser does not say of our own forms where they come from.
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"x-frame-options": b"DENY",
}
# Ways by which Datasette would have whole tables saved in plain words, people's own among them. The one
# that is open knows what senders allowed: `analysis/workbench/export.py`.
DOWNLOADS = (".csv", ".db", ".blob")


@dataclass(slots=True, repr=False)
class Session:
    """The secrets of one run of the workbench. The opening token is used up by the first request."""

    token: str | None = field(default_factory=lambda: secrets.token_urlsafe(32))
    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    # The language that was chosen: kept here, because the browser is to keep nothing.
    lang: str = ""
    # Who decides, as typed on the page of the review.
    reviewer: str = ""
    # Stands in every form of ours. A page elsewhere can have the browser send a form, but not read one.
    form_token: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    def redeem(self, token: str) -> bool:
        """Whether this is the token, the first time that it is shown."""
        if self.token is None or not _same(token, self.token):
            return False
        self.token = None
        return True

    def wrote(self, token: str) -> bool:
        """Whether a form that came back is one that this session was shown."""
        return _same(token, self.form_token)

    def knows(self, cookie: str) -> bool:
        """Whether a request's cookie is this session's."""
        return _same(cookie, self.cookie)


def guard(
    app: App, session: Session, hosts: Iterable[str], policy: str, is_ours: Callable[[Scope], bool]
) -> App:
    """The application behind the gate. `hosts` are the Host headers that are answered.

    `policy` is the Content-Security-Policy of every answer; `is_ours` says whether the user who runs the
    workbench asks.
    """
    allowed = frozenset(host.encode("ascii") for host in hosts)

    async def gate(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
            return
        if scope["type"] != "http":
            raise ValueError("the workbench speaks HTTP alone")
        guarded = _with_headers(send, policy)
        refusal = _refusal(scope, session, allowed)
        if refusal is None and not is_ours(scope):
            refusal = 403, "the workbench answers the user who started it"
        if refusal is not None:
            await _answer(guarded, *refusal)
        elif scope["path"] == OPENING:
            await _open(scope, session, guarded)
        elif scope["method"] == "POST":
            await _take(app, scope, receive, guarded, session)
        else:
            await app(scope, receive, guarded)

    return gate


def _refusal(scope: Scope, session: Session, hosts: frozenset[bytes]) -> tuple[int, str] | None:
    if [value for name, value in scope["headers"] if name == b"host"] not in [[host] for host in hosts]:
        return 421, "this address is not answered here"
    if scope["method"] not in ("GET", "HEAD") and not _is_a_form(scope):
        return 405, "the workbench is read only"
    # Datasette takes a slash from the end of an address and sends the browser to the rest, and a
    # browser takes what begins so for another host.
    if scope["path"].startswith(("//", "/\\")):
        return 404, "there is no such page"
    if scope["path"] == OPENING:
        # A HEAD would use the address up: whoever only looks whether it is there sends one.
        return None if scope["method"] == "GET" else (405, "open this address in a browser")
    if not any(session.knows(cookie) for cookie in _cookies(scope)):
        return 403, "open the workbench with the address that its command printed"
    if scope["method"] == "POST" and not _is_from_here(scope, hosts):
        return 403, "this form did not come from the workbench"
    return _refused_to_us(scope)


def _refused_to_us(scope: Scope) -> tuple[int, str] | None:
    """What is refused although the cookie came along."""
    # A page of another port of this machine comes with the cookie, too.
    if dict(scope["headers"]).get(b"sec-fetch-site", b"none") not in (b"same-origin", b"none"):
        return 403, "a page from elsewhere asks for this one"
    if scope["path"].endswith(DOWNLOADS) or "_dl" in _query(scope):
        return 403, "Datasette's files are closed here: the page /data makes one"
    return None


def _is_a_form(scope: Scope) -> bool:
    """Datasette's own addresses take no form at all."""
    return bool(scope["method"] == "POST" and scope["path"].startswith(FORMS))


def _is_from_here(scope: Scope, hosts: frozenset[bytes]) -> bool:
    """A browser always says where a form comes from; what says nothing is no browser of ours."""
    headers = dict(scope["headers"])
    host = headers.get(b"host", b"")
    origins = [value for name, value in scope["headers"] if name == b"origin"]
    site = headers.get(b"sec-fetch-site", b"same-origin")
    kind = headers.get(b"content-type", b"")
    return host in hosts and origins == [b"http://" + host] and site == b"same-origin" and kind == FORM_TYPE


async def _take(app: App, scope: Scope, receive: Receive, send: Send, session: Session) -> None:
    """Reads a form, whole and in memory, and passes on its fields once its token is right."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return
        body += message.get("body", b"")
        if len(body) > LONGEST_FORM:
            await _answer(send, 413, "the form is too long")
            return
        if not message.get("more_body"):
            break
    try:
        fields = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        await _answer(send, 400, "the form cannot be read")
        return
    if not session.wrote(fields.pop(TOKEN, [""])[0]):
        await _answer(send, 403, "this form is of an earlier session: go back and open the page again")
        return
    await app({**scope, "form": fields}, receive, send)


async def _open(scope: Scope, session: Session, send: Send) -> None:
    token = _query(scope).get("token", [""])[0]
    if not session.redeem(token):
        await _answer(send, 403, "this address was used before, or is not the right one")
        return
    cookie = f"{COOKIE}={session.cookie}; HttpOnly; SameSite=Strict; Path=/"
    headers = [(b"location", b"/"), (b"set-cookie", cookie.encode("ascii"))]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _query(scope: Scope) -> dict[str, list[str]]:
    """The query as Datasette reads it, however it is spelled."""
    return parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)


async def _answer(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{text}\n".encode()})


def _with_headers(send: Send, policy: str) -> Send:
    fixed = HEADERS | {b"content-security-policy": policy.encode("ascii")}

    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [(name, value) for name, value in message["headers"] if name.lower() not in fixed]
            message = {**message, "headers": [*kept, *fixed.items()]}
        await send(message)

    return sender


def _cookies(scope: Scope) -> Iterator[str]:
    """What has our cookie's name: other ports of this machine may have set one, or some that break rules."""
    for name, header in scope["headers"]:
        if name == b"cookie":
            for one in header.decode("latin-1").split(";"):
                given, _, value = one.strip().partition("=")
                if given == COOKIE:
                    yield value


def _same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode("ascii"))
