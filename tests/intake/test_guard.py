"""What every answer carries, and what no failure lets out."""

import asyncio
import logging
import re
import subprocess
import sys

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from intake.guard import CONTENT_SECURITY_POLICY, Guard
from intake.logs import QuietFormatter
from tests.serving import ENOUGH, Server

CANARY = "zebrafinch"
PATHS = [
    "/",
    "/en/",
    "/en/report/",
    "/es/sent",
    "/es/code",
    "/code/es.js",
    "/en/nowhere/",
    "/static/style.css",
    "/favicon.ico",
    "/sealed",
]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_strict_headers_once(path: str, shared_server: Server) -> None:
    headers = shared_server.client.get(path).headers
    expected = {
        "cache-control": "no-store",
        "content-security-policy": CONTENT_SECURITY_POLICY,
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
    assert {name: headers.get_list(name) for name in expected} == {k: [v] for k, v in expected.items()}
    assert "geolocation=()" in headers["permissions-policy"]


@pytest.mark.parametrize("path", PATHS)
def test_no_answer_sets_a_cookie_or_names_the_program(path: str, shared_server: Server) -> None:
    headers = shared_server.client.get(path).headers
    assert not headers.keys() & {"set-cookie", "server", "etag", "last-modified", "x-powered-by"}


def test_the_answer_to_a_form_carries_the_strict_headers_too(shared_server: Server) -> None:
    for fields in (ENOUGH, {}):
        headers = shared_server.post_form(fields).headers
        assert headers["cache-control"] == "no-store"
        assert "set-cookie" not in headers


async def fail(request: Request) -> Response:
    raise ValueError(CANARY)


async def fail_late(request: Request) -> Response:
    class Late(PlainTextResponse):
        async def __call__(self, scope, receive, send):  # type: ignore[no-untyped-def]
            await super().__call__(scope, receive, send)
            raise ValueError(CANARY)

    return Late("fine")


@pytest.mark.parametrize(("path", "status"), [("/fail", 500), ("/late", 200)])
def test_an_unforeseen_failure_is_logged_by_class_and_place_alone(
    path: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    app = Guard(Starlette(routes=[Route("/fail", fail), Route("/late", fail_late)]))

    async def get() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://intake") as client:
            return await client.get(path)

    answer = asyncio.run(get())
    assert answer.status_code == status
    assert answer.headers["cache-control"] == "no-store"
    assert [record.getMessage() for record in caplog.records if record.name == "intake"] != []
    assert "unexpected ValueError at test_guard.py:" in caplog.text
    assert CANARY not in caplog.text + answer.text


def test_the_log_prints_no_message_and_no_source_line_of_an_exception() -> None:
    try:
        raise ValueError(CANARY)
    except ValueError as error:
        info = (ValueError, error, error.__traceback__)
        record = logging.LogRecord("uvicorn.error", logging.ERROR, "", 1, "Exception in app\n", (), info)
    line = QuietFormatter().format(record)
    assert line.startswith("witnessbox-intake: error: Exception in app: ValueError at test_guard.py:")
    assert CANARY not in line


def test_the_log_does_not_print_the_objects_that_asyncio_names() -> None:
    record = logging.LogRecord("asyncio", logging.ERROR, "", 1, "Task failed: %s", (CANARY,), None)
    assert CANARY not in QuietFormatter().format(record)


def record(message: str, error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("uvicorn.error", logging.ERROR, "", 1, message, (), info)


def test_the_log_prints_the_first_line_of_a_message_alone() -> None:
    line = QuietFormatter().format(record(f"Traceback:\n  File x\nValueError: {CANARY}"))
    assert line == "witnessbox-intake: error: Traceback:"


@pytest.mark.parametrize("message", ["", "  \n "])
def test_an_empty_message_is_printed_as_a_failure_with_its_class(message: str) -> None:
    line = QuietFormatter().format(record(message, ValueError(CANARY)))
    assert line == "witnessbox-intake: error: something failed: ValueError"


FAILURES = """
import logging, threading, warnings
from intake.logs import set_up
set_up()
class Lost:
    def __del__(self): raise ValueError("zebrafinch")
lost = Lost(); del lost
logging.getLogger("uvicorn.error").error("%s %s", "zebrafinch")
def fail(): raise ValueError("zebrafinch")
warnings.simplefilter("always"); warnings.warn("zebrafinch", ResourceWarning)
thread = threading.Thread(target=fail); thread.start(); thread.join()
fail()
"""


def test_no_way_to_fail_prints_what_failed() -> None:
    done = subprocess.run([sys.executable, "-c", FAILURES], capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert re.sub(r" at .*", "", done.stderr).splitlines() == [
        "witnessbox-intake: error: ignored ValueError",
        "witnessbox-intake: warning: Python warns: ResourceWarning",
        "witnessbox-intake: error: stopped by ValueError",
        "witnessbox-intake: error: stopped by ValueError",
    ]
