"""Nobody who stays within what the form allows loses words because the form is too long."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from analysis.identity import HybridIdentity
from intake.app import create_app
from intake.directory import read
from intake.forms.form import Form, canonical, shipped
from intake.longest import longest_body
from intake.store import Store
from tests.serving import Server, make_data, run, stored

FORM = shipped("report")
# As long as a boundary may be; that of Chromium has 38 characters, and that of Firefox 57.
BOUNDARY = b"-" * 70


def everything(sign: str) -> list[tuple[str, str]]:
    """Every field that a browser without script could send, at its longest, hidden questions too."""
    fields = [("_shown", "all"), ("_code", "0" * 24)]
    for question in FORM.asked:
        if question.max_length:
            fields.append((question.id, sign * question.max_length))
        elif question.kind == "select_multiple":
            fields += [(question.id, code) for code in question.positions]
        elif question.choices:
            code = {"setting": "police", "count": "yes"}.get(question.id, max(question.positions, key=len))
            fields.append((question.id, code))
        elif question.kind == "integer":
            fields.append((question.id, "999999999"))
        else:
            fields += [(f"{question.id}.year", "not_sure"), (f"{question.id}.month", "12")]
    return fields


def multipart(fields: Sequence[tuple[str, str]]) -> bytes:
    parts = [
        b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
        % (BOUNDARY, name.encode(), value.encode())
        for name, value in fields
    ]
    return b"".join(parts) + b"--" + BOUNDARY + b"--\r\n"


KIND = {"content-type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}


@pytest.mark.parametrize("sign", ["\U0001f692", "\r\n", "က", "&"], ids=["emoji", "lines", "Burmese", "mark"])
def test_the_longest_answers_to_every_question_are_taken_without_script(
    sign: str, tmp_path: Path, identity: HybridIdentity
) -> None:
    data = make_data(tmp_path / "data", identity)
    with Server(data) as server:
        body = multipart([("_stamp", server.stamp()), *everything(sign)])
        assert len(body) < longest_body(FORM)
        answer = server.client.post("/en/report/", content=body, headers=KIND)
        assert answer.status_code == 303, answer.text[:2_000]
        assert len(stored(data)) == 1


def test_a_bound_that_could_cut_off_what_the_form_allows_stops_the_start(data: Path) -> None:
    file = data / "intake.toml"
    file.write_text(file.read_text().replace("max_form_bytes = 262_144", "max_form_bytes = 60_000"))
    done = run("serve", "--data", data, "--port", "0")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f'witnessbox-intake: error: {file}: "max_form_bytes" is less than the form "report" can have',
        f"hint: {longest_body(FORM)} is enough",
    ]


def wordy() -> Form:
    """A form that asks for more words than a report holds."""
    value = json.loads(FORM.json)
    story = next(one for one in value["questions"] if one["id"] == "story")
    names = [f"story_{number}" for number in range(20)]
    value["questions"] += [{**story, "id": name, "required": False} for name in names]
    value["sections"][-1]["questions"] += names
    return Form.from_json(canonical(value) + b"\n")


def test_what_no_report_can_hold_is_shown_again_with_every_word(data: Path) -> None:
    directory = read(data)
    form, story = wordy(), "သူတို့က ရိုက်တယ် " * 110
    names = ["story", *(f"story_{number}" for number in range(20))]
    fields = [("setting", "police"), ("count", "yes"), *((name, f"{name} {story}") for name in names)]
    store = Store(directory.database, max_reports=10, min_free_bytes=1)
    settings = replace(directory.settings, forms=(form.id,))
    store.start()
    with closing(store):
        app = create_app(settings, [form], directory.recipients, store)
        answer = asyncio.run(post(app, fields))
    assert answer.status_code == 413
    assert "Your report is too long" in answer.text
    assert "Nothing was saved. What you wrote is still on this page." in answer.text
    assert all(f"{name} {story.strip()}" in answer.text for name in names)
    assert stored(data) == {}


async def post(app: ASGIApp, fields: Sequence[tuple[str, str]]) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://intake") as client:
        page = (await client.get("/en/report/")).text
        stamp = page.partition('name="_stamp" value="')[2].split('"')[0]
        body = multipart([("_stamp", stamp), *fields])
        return await client.post("/en/report/", content=body, headers=KIND)
