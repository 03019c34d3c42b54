"""The intake's own application, but for one thing: what is posted to /sealed is read and dropped."""

import sys
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from intake import app, body, serve
from intake.directory import read
from intake.listening import on_address


async def drop(self: app.Intake, request: Request) -> Response:
    """Reads the body as the intake does, and answers as if it were kept."""
    await body.whole(request, self.envelope.longest)
    return Response(status_code=201)


if __name__ == "__main__":
    app.Intake.take_sealed = drop  # type: ignore[method-assign]
    # As the real command is called: serve --data DIRECTORY --port 0
    directory = read(Path(sys.argv[3]))
    serve.serve(
        {"": directory},
        lambda: [on_address("127.0.0.1", 0)],
        lambda places: print(f"taking reports at {places[0]}", flush=True),
    )
