"""The workbench over a form of the organizers' own: no English, no setting, no place."""

import os
from pathlib import Path

from analysis import courier, loading
from analysis.desk import Desk
from analysis.identity import HybridIdentity, format_identity
from analysis.pinning import pin
from intake.crypto.padding import pad
from intake.crypto.receipt import Receipt
from intake.crypto.seal import seal_bytes
from intake.crypto.shard import Member, ReportName
from intake.forms import report
from intake.forms.answers import clean
from intake.forms.form import Form
from tests.analysis.conftest import unlock
from tests.analysis.making import WEEK, Server
from tests.analysis.test_workbench import PAGES, start
from tests.findings.small_desk import choice, form, question

TICKED = {"acts": ["shout"], "story": ["Una palabra."], "count": ["yes"]}


def spanish() -> Form:
    """A small form, in Spanish alone."""
    small = form(
        question("acts", "select_multiple", [choice("shout"), choice("push")]),
        question("story", "long_text", max_length=2000, role="narr"),
    )
    text = small.json.decode().replace('"en"', '"es"')
    return Form.from_json(text.encode())


def test_every_page_opens_over_a_form_without_english_or_setting(tmp_path: Path) -> None:
    Desk.create(tmp_path / "desk", format_identity(HybridIdentity.generate()), None)
    desk, server, receipt = unlock(tmp_path / "desk"), Server(form=spanish()), Receipt.draw()
    pin(desk, server.public(tmp_path))
    body = report.build(
        server.form,
        clean(server.form, TICKED),
        lang="es",
        sealed_by="browser",
        channel="web",
        receipt=receipt,
    )
    sealed = Member(ReportName(WEEK, receipt.id), seal_bytes(pad(body), desk.recipients))
    loading.load_delivery(desk, courier.receive(desk, server.bundle(tmp_path, [sealed])))
    desk.close()
    process, browser, opening = start(desk.path, dict(os.environ))
    try:
        browser.cookie = browser.get(opening).headers["Set-Cookie"].split(";")[0]
        wrong = {path: answer.status for path in PAGES if (answer := browser.get(path)).status >= 500}
        assert wrong == {}
        assert "Label of shout" in browser.get("/patterns/words").text
    finally:
        process.terminate()
        process.communicate(timeout=20)
