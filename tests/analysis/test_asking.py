"""At the desk, a question that was never seen, one that was skipped and "not sure" are told apart."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from analysis.desk import Desk
from intake.crypto.padding import pad
from intake.crypto.receipt import Receipt
from intake.crypto.seal import seal_bytes
from intake.crypto.shard import Member, ReportName
from intake.forms import report
from intake.forms.answers import clean
from tests.analysis.conftest import Run
from tests.analysis.making import FORM, WEEK, Server

# A question of each kind that health care is asked, and that the short form leaves out.
KINDS = {
    "came_for": "select_one",
    "health_said": "select_multiple",
    "station": "text",
    "story": "long_text",
    "when": "month",
    "days_without": "integer",
}


def member(desk: Desk, **raw: Sequence[str]) -> Member:
    receipt = Receipt.draw()
    answers = clean(FORM, {"count": ["yes"], **raw})
    body = report.build(FORM, answers, lang="en", sealed_by="browser", channel="web", receipt=receipt)
    return Member(ReportName(WEEK, receipt.id), seal_bytes(pad(body), desk.recipients))


def imported(run: Run, desk: Desk, server: Server, stick: Path, *members: Member) -> None:
    result = run("import", "--desk", desk.path, server.bundle(stick, members))
    assert (result.returncode, result.stderr) == (0, "")


def asked(desk: Desk, name: str) -> set[str]:
    query = """SELECT "asked"."question" FROM "reports" JOIN "asked" ON "asked"."asking" = "reports"."asking"
        WHERE "reports"."name" = ?"""
    return {row[0] for row in desk.database.conn.execute(query, [name])}


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_the_examples_are_questions_of_their_kind(name: str, kind: str) -> None:
    assert FORM.question(name).kind == kind


def test_unseen_skipped_and_not_sure_differ_at_the_desk_in_every_kind(
    run: Run, desk: Desk, server: Server, stick: Path
) -> None:
    short = member(desk, setting=["health"], _shown=["short"])
    skipped = member(desk, setting=["health"], came_for=["refill"])
    told = {"came_for": ["not_sure"], "health_said": ["not_sure"], "when.year": ["not_sure"]}
    unsure = member(desk, setting=["health"], health_acts=["dose_withheld"], **told)
    police = member(desk, setting=["police"])
    imported(run, desk, server, stick, short, skipped, unsure, police)
    names = {one: one.name.id.hex() for one in (short, skipped, unsure, police)}
    assert asked(desk, names[short]) & KINDS.keys() == {"when"}
    assert asked(desk, names[skipped]) & KINDS.keys() == KINDS.keys() - {"station"}
    assert asked(desk, names[unsure]) & KINDS.keys() == KINDS.keys() - {"station"}
    assert asked(desk, names[police]) & KINDS.keys() == {"station", "story", "when"}
    pages = dict(desk.database.conn.execute('SELECT "name", "page" FROM "reports"').fetchall())
    assert pages == {names[short]: "short", names[skipped]: "all", names[unsure]: "all", names[police]: "all"}
    codes = desk.database.conn.execute(
        'SELECT "choices"."question" FROM "choices" JOIN "reports" ON "choices"."id" = "reports"."came_for" '
        'WHERE "code" = \'not_sure\' UNION SELECT "question" FROM "answers" JOIN "choices" '
        'ON "choices"."id" = "answers"."choice" WHERE "code" = \'not_sure\' '
        "UNION SELECT 'when' FROM \"reports\" WHERE \"when\" = 'not_sure'"
    )
    assert {row[0] for row in codes} == {"came_for", "health_said", "when"}


def test_the_base_of_a_question_is_those_whom_it_was_asked(
    run: Run, desk: Desk, server: Server, stick: Path
) -> None:
    members = [
        *(member(desk, setting=["police"], _shown=["short"]) for _ in range(3)),
        *(member(desk, setting=["police"], acts=["strip"]) for _ in range(2)),
        member(desk, setting=["housing"], told=["lawyer"]),
    ]
    imported(run, desk, server, stick, *members)
    bases = {row[0]: row[1:] for row in desk.database.conn.execute('SELECT * FROM "bases"')}
    assert bases["setting"] == (6, 3)
    assert bases["acts"] == (5, 3)
    assert bases["consent_search"] == (2, 0), "of those alone who ticked a search"
    assert bases["result"] == (1, 0)
    assert bases["outcome"] == (2, 0)
    assert "behalf_ok" not in bases


def test_reports_that_were_asked_the_same_share_one_set(
    run: Run, desk: Desk, server: Server, stick: Path
) -> None:
    for _ in range(2):
        imported(run, desk, server, stick, *(member(desk, setting=["police"]) for _ in range(20)))
    assert desk.database.conn.execute('SELECT count(*) FROM "askings"').fetchone() == (1,)
