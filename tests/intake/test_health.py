"""/healthz says "ok" while reports are taken, and nothing else to anybody."""

import asyncio
from pathlib import Path

import pytest
from starlette.requests import Request

from analysis.identity import HybridIdentity
from intake.directory import read
from intake.health import SECONDS, Health
from intake.store import Store
from tests.serving import ENOUGH, Server, make_data

LARGE = 10**18


def test_a_server_that_takes_reports_says_one_word(server: Server) -> None:
    before = server.client.get("/healthz")
    assert (before.status_code, before.text) == (200, "ok\n")
    server.post_form(ENOUGH)
    after = server.client.get("/healthz")
    assert (after.text, {**after.headers, "date": ""}) == (before.text, {**before.headers, "date": ""})


def test_a_server_without_room_says_that_it_is_not_well(tmp_path: Path, identity: HybridIdentity) -> None:
    with Server(make_data(tmp_path / "data", identity, min_free_bytes=LARGE)) as server:
        answer = server.client.get("/healthz")
    assert (answer.status_code, answer.text) == (503, "not ok\n")


def answers(health: Health, times: int) -> list[int]:
    async def all_at_once() -> list[int]:
        request = Request({"type": "http"})
        found = await asyncio.gather(*(health.show(request) for _ in range(times)))
        return [one.status_code for one in found]

    return asyncio.run(all_at_once())


def test_many_who_ask_at_once_ask_the_store_once(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(read(data).database, max_reports=9, min_free_bytes=1)
    asked: list[bytes] = []
    holds = store.holds

    async def count(report_id: bytes) -> bool:
        asked.append(report_id)
        return await holds(report_id)

    monkeypatch.setattr(store, "holds", count)
    store.start()
    now = [0.0]
    health = Health(store, lambda: now[0])
    assert answers(health, 100) == [200] * 100
    assert len(asked) == 1
    store.close()
    assert answers(health, 1) == [200]
    now[0] += SECONDS
    assert answers(health, 1) == [503]
