"""Too many reports, or reports that come in a wrong way: a clear answer, and nothing is stored."""

import re
import time
from collections.abc import Iterator, Sequence
from html import unescape
from pathlib import Path

import httpx
import pytest

from analysis.identity import HybridIdentity
from intake.crypto.recipients import Recipient
from tests.serving import ENOUGH, OCTETS, Server, make_data, sealed_body, stored
from tests.working import solve

CHALLENGE = "witnessbox-challenge"
STORY = "They took my phone & laughed."


@pytest.fixture(scope="session")
def recipients(identity: HybridIdentity) -> Sequence[Recipient]:
    return [identity.recipient]


@pytest.fixture
def busy(tmp_path: Path, identity: HybridIdentity) -> Iterator[Server]:
    """An intake whose free reports of this minute are gone."""
    data = make_data(tmp_path / "busy", identity, free_per_minute=1)
    with Server(data) as running:
        for _ in range(2):
            body = sealed_body([identity.recipient])
            assert running.client.post("/sealed", content=body, headers=OCTETS).status_code == 201
        yield running


def post(server: Server, body: bytes, work: str = "") -> httpx.Response:
    headers = {**OCTETS, "witnessbox-work": work} if work else OCTETS
    return server.client.post("/sealed", content=body, headers=headers)


def test_nothing_is_asked_of_a_browser_in_quiet_times(
    server: Server, recipients: Sequence[Recipient]
) -> None:
    answer = server.client.get("/challenge")
    assert re.fullmatch(r"1\.0\.\d+\.[0-9a-f]{32}\.[0-9a-f]{32}\n", answer.text)
    assert post(server, sealed_body(recipients)).status_code == 201
    assert post(server, sealed_body(recipients), answer.text.strip()).status_code == 201


def test_a_busy_intake_asks_for_work_and_takes_it(busy: Server, recipients: Sequence[Recipient]) -> None:
    body = sealed_body(recipients)
    refused = post(busy, body)
    assert refused.status_code == 428
    assert refused.text == "nothing was saved: work is asked for now\n"
    assert body[:16] not in stored(busy.data)
    assert post(busy, body, solve(refused.headers[CHALLENGE], body)).status_code == 201
    assert body[:16] in stored(busy.data)


def test_work_from_the_challenge_address_is_taken_too(busy: Server, recipients: Sequence[Recipient]) -> None:
    body = sealed_body(recipients)
    challenge = busy.client.get("/challenge").text.strip()
    assert challenge.split(".")[1] == "13"
    assert post(busy, body, solve(challenge, body)).status_code == 201


@pytest.mark.parametrize("flaw", ["replayed", "forged", "wrong body", "unsolved", "nonsense", "too easy"])
def test_work_that_is_not_right_stores_nothing(
    flaw: str, busy: Server, recipients: Sequence[Recipient]
) -> None:
    body, other = sealed_body(recipients), sealed_body(recipients)
    challenge = post(busy, body).headers[CHALLENGE]
    header = solve(challenge, other)
    if flaw == "replayed":
        header = solve(challenge, body)
        assert post(busy, body, header).status_code == 201
        body = sealed_body(recipients)
    elif flaw == "forged":
        header = solve(challenge.replace("1.13.", "1.11."), body)
    elif flaw == "unsolved":
        header = f"{challenge} {','.join(map(str, range(16)))}"
    elif flaw == "nonsense":
        header = "please"
    elif flaw == "too easy":
        header = challenge.replace("1.13.", "1.0.")
    before = stored(busy.data)
    answer = post(busy, body, header)
    assert answer.status_code == 428
    assert answer.text.startswith("nothing was saved: ")
    assert re.match(r"1\.13\.", answer.headers[CHALLENGE])
    assert stored(busy.data) == before


def test_junk_without_work_is_refused_and_never_makes_it_harder(
    tmp_path: Path, identity: HybridIdentity
) -> None:
    with Server(make_data(tmp_path / "data", identity, free_per_minute=2)) as server:
        for _ in range(200):
            assert post(server, b"junk").status_code == 400
        assert server.client.get("/challenge").text.startswith("1.0.")


def test_the_last_room_is_kept_for_those_who_work_for_it(tmp_path: Path, identity: HybridIdentity) -> None:
    with Server(make_data(tmp_path / "data", identity, max_reports=8)) as server:
        for _ in range(7):
            assert post(server, sealed_body([identity.recipient])).status_code == 201
        body = sealed_body([identity.recipient])
        assert post(server, body).status_code == 428
        assert server.post_sealed(body).status_code == 201
        assert server.post_sealed(sealed_body([identity.recipient])).status_code == 503


def test_a_form_that_comes_back_at_once_is_shown_again_and_taken_a_little_later(
    tmp_path: Path, identity: HybridIdentity
) -> None:
    with Server(make_data(tmp_path / "data", identity, min_fill_seconds=2)) as server:
        refused = server.post_form({**ENOUGH, "story": [STORY]})
        assert refused.status_code == 429
        assert "That was very quick" in refused.text
        assert "Nothing was saved. What you wrote is still on this page." in refused.text
        assert re.search(r"Wait [123] seconds?, then press Send again\.", refused.text)
        assert STORY in unescape(refused.text)
        assert stored(server.data) == {}
        time.sleep(3)
        assert server.post_form({**ENOUGH, "_stamp": [stamp_of(refused.text)]}).status_code == 303


@pytest.mark.parametrize("stamp", [[], ["nonsense"], ["1.1." + "0" * 32]])
def test_a_form_with_no_stamp_of_ours_is_shown_again_with_one(stamp: list[str], server: Server) -> None:
    refused = server.post_form({**ENOUGH, "story": [STORY], "_stamp": stamp})
    assert refused.status_code == 428
    assert "This page was open for a long time" in refused.text
    assert STORY in unescape(refused.text)
    assert stored(server.data) == {}
    assert server.post_form({**ENOUGH, "_stamp": [stamp_of(refused.text)]}).status_code == 303


def test_forms_without_script_have_an_allowance_that_leaves_the_others_alone(
    tmp_path: Path, identity: HybridIdentity
) -> None:
    with Server(make_data(tmp_path / "data", identity, scriptless_per_minute=1)) as server:
        statuses = [server.post_form(ENOUGH).status_code for _ in range(2)]
        assert statuses == [303, 303]
        refused = server.post_form({**ENOUGH, "story": [STORY]}, lang="es")
        assert refused.status_code == 429
        assert "Ahora mismo llegan demasiados reportes" in refused.text
        assert "No se guardó nada." in refused.text
        assert STORY in unescape(refused.text)
        assert post(server, sealed_body([identity.recipient])).status_code == 201
        assert len(stored(server.data)) == 3


@pytest.mark.parametrize(("site", "status"), [("cross-site", 403), ("same-origin", 303)])
def test_another_site_cannot_make_its_visitors_send_forms(site: str, status: int, server: Server) -> None:
    server.client.headers["sec-fetch-site"] = site
    assert server.post_form(ENOUGH).status_code == status
    assert len(stored(server.data)) == (status == 303)


def stamp_of(page: str) -> str:
    found = re.search(r'name="_stamp" value="([^"]+)"', page)
    assert found
    return found[1]
