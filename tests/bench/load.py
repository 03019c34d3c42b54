"""Load for an intake on this machine: as much as it takes (wrk), or so many a second whatever it does.

wrk is written in C and leaves the processor to the server; one in Python took as much of it as the server.
Bytes differ from post to post, but for the front of the file: equal ones would be written over each other
without being written.
"""

import asyncio
import os
import random
import re
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from intake.crypto.shard import ID_LENGTH

SEALED, FORM = (Path(__file__).with_name(name) for name in ("post.lua", "form.lua"))
# Longer than the header for one recipient.
FRONT = 2048
# Enough that one of them is always free.
POOL = 64


@dataclass(frozen=True, slots=True)
class Measured:
    """How many requests were answered, a second, and percentiles of their times in milliseconds."""

    count: int
    rate: float
    p50: float
    p99: float
    p999: float


def post_sealed(address: str, sealed: bytes, connections: int, seconds: float) -> Measured:
    """Posts reports like `sealed` under new ids, one after another in each connection; all must be taken."""
    return _wrk(SEALED, address, sealed, (), connections, seconds)


def post_form(address: str, form: bytes, content_type: str, connections: int, seconds: float) -> Measured:
    """Posts a form as a browser without script does; none may be refused."""
    return _wrk(FORM, address, form, (content_type,), connections, seconds)


def _wrk(
    script: Path, address: str, body: bytes, more: Sequence[str], connections: int, seconds: float
) -> Measured:
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        line = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "30s", "--latency"]
        line += ["-s", str(script), address, "--", file.name, *more]
        # They read what they share from the folder that they lie in.
        said = subprocess.run(line, capture_output=True, text=True, check=True, cwd=script.parent).stdout
    found = re.search(r"^figures (.*)$", said, re.MULTILINE)
    if not found:
        raise SystemExit(f"wrk gave no figures: {said}")
    count, duration, errors, *times = map(int, found[1].split())
    if errors:
        raise SystemExit(f"the intake did not take {errors} of {count} posts")
    return Measured(count, 1e6 * count / duration, *(microseconds / 1000 for microseconds in times))


def post_steadily(address: str, sealed: bytes, rate: float, seconds: float) -> Measured:
    """Posts at random moments, `rate` a second. Times count from the moment, not from when there was room."""
    return asyncio.run(_steadily(address, sealed, rate, seconds))


async def _steadily(address: str, sealed: bytes, rate: float, seconds: float) -> Measured:
    place = urlsplit(address)
    head = (
        f"POST /sealed HTTP/1.1\r\nhost: {place.hostname}\r\ncontent-type: application/octet-stream\r\n"
        f"content-length: {ID_LENGTH + len(sealed)}\r\n\r\n"
    ).encode()
    start, times = time.perf_counter() + 0.2, list[float]()

    async def client() -> None:
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        due, draw = start, random.Random()
        while (due := due + draw.expovariate(rate / POOL)) < start + seconds:
            await asyncio.sleep(max(0, due - time.perf_counter()))
            writer.write(head + os.urandom(ID_LENGTH) + sealed[:FRONT] + os.urandom(len(sealed) - FRONT))
            if not (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 201"):
                raise SystemExit("the intake did not answer with 201")
            times.append(1000 * (time.perf_counter() - due))
        writer.close()

    await asyncio.gather(*(client() for _ in range(POOL)))
    took = time.perf_counter() - start
    times.sort()
    return Measured(
        len(times), len(times) / took, *(times[int(len(times) * part)] for part in (0.5, 0.99, 0.999))
    )
