"""A load generator for loopback: so many connections, each sending whole requests one after another."""

import asyncio
import os
import time
from dataclasses import dataclass

from intake.crypto.shard import ID_LENGTH


@dataclass(frozen=True, slots=True)
class Measured:
    """Requests a second, and the 50th and 99th percentile of their times in milliseconds."""

    rate: float
    p50: float
    p99: float


def post_sealed(host: str, port: int, sealed: bytes, connections: int, requests: int) -> Measured:
    """Posts `sealed` under a new id each time; every answer must be 201."""
    return asyncio.run(_post(host, port, sealed, connections, requests))


async def _post(host: str, port: int, sealed: bytes, connections: int, requests: int) -> Measured:
    head = (
        f"POST /sealed HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/octet-stream\r\n"
        f"content-length: {ID_LENGTH + len(sealed)}\r\n\r\n"
    ).encode()
    times: list[float] = []
    start = time.perf_counter()
    share = requests // connections
    await asyncio.gather(*(_client(host, port, head, sealed, share, times) for _ in range(connections)))
    seconds = time.perf_counter() - start
    times.sort()
    percentile = [1000 * times[int(len(times) * part)] for part in (0.5, 0.99)]
    return Measured(len(times) / seconds, *percentile)


async def _client(host: str, port: int, head: bytes, sealed: bytes, count: int, times: list[float]) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    for _ in range(count):
        began = time.perf_counter()
        writer.write(head + os.urandom(ID_LENGTH) + sealed)
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 201"):
            raise SystemExit("the intake did not answer with 201")
        times.append(time.perf_counter() - began)
    writer.close()
    await writer.wait_closed()
