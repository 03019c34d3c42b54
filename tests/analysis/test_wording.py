"""A signed form that words anew what reports have said already."""

from pathlib import Path

import pytest

from analysis.desk import Desk
from intake.forms.form import Form
from tests.analysis.conftest import Run
from tests.analysis.making import FORM, Server, member
from tests.analysis.test_courier import count
from tests.analysis.test_loading import rows


def next_version(old: str, new: str) -> Form:
    """The form with other words in it."""
    text = FORM.json.decode().replace('"version":"1"', '"version":"2"')
    assert old in text
    return Form.from_json(text.replace(old, new).encode())


def bundles(desk: Desk, server: Server, stick: Path, form: Form) -> tuple[Path, Path]:
    """One bundle with the form that is known, and one with the form that comes later."""
    first = server.bundle(stick, [member(desk.recipients)])
    server.form = form
    return first, server.bundle(stick, [member(desk.recipients)])


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        pytest.param(
            '"en":"Used a hate word"',
            '"en":"Used a kind word"',
            'acts.slur (en): "Used a hate word" is now "Used a kind word"',
            id="the words of an answer",
        ),
        pytest.param(
            '"en":"Who was it?"',
            '"en":"Who was it not?"',
            'agency_type (en): "Who was it?" is now "Who was it not?"',
            id="the words of a question",
        ),
        pytest.param(
            '{"code":"slur","content_note":false,"exclusive":false',
            '{"code":"slur","content_note":false,"exclusive":true',
            'acts.slur, stands alone: "no" is now "yes"',
            id="what stands alone",
        ),
    ],
)
def test_known_answers_are_not_worded_anew_until_somebody_accepts_it(
    run: Run, desk: Desk, server: Server, stick: Path, old: str, new: str, change: str
) -> None:
    form = next_version(old, new)
    first, second = bundles(desk, server, stick, form)
    assert run("import", "--desk", desk.path, first).returncode == 0
    labels = rows(desk, 'SELECT "code", "label" FROM "choices"')
    refused = run("import", "--desk", desk.path, second)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert change in refused.stderr
    assert refused.stderr.endswith(f"if it is meant so: --accept-form {form.digest}\n")
    assert refused.stderr.count("\n") == 2
    assert (count(desk), count(desk, "bundles"), count(desk, "forms")) == (1, 1, 1)
    assert rows(desk, 'SELECT "code", "label" FROM "choices"') == labels
    taken = run("import", "--desk", desk.path, second, "--accept-form", form.digest)
    assert (taken.returncode, taken.stderr) == (0, "")
    assert taken.stdout.splitlines() == [
        "bundle 2: 1 report added",
        f'new: form "report" 2, {form.digest}',
        f"  {change}",
    ]


def test_a_form_that_words_nothing_anew_is_taken_and_told(
    run: Run, desk: Desk, server: Server, stick: Path
) -> None:
    form = next_version('"title":{"en":"Tell', '"title":{"en":"Please tell')
    first, second = bundles(desk, server, stick, form)
    run("import", "--desk", desk.path, first)
    taken = run("import", "--desk", desk.path, second)
    assert taken.stdout == f'bundle 2: 1 report added\nnew: form "report" 2, {form.digest}\n'
    assert run("import", "--desk", desk.path, second).stdout == "bundle 2: 0 reports added, 1 known before\n"


def test_words_of_a_form_cannot_steer_the_terminal(run: Run, desk: Desk, server: Server, stick: Path) -> None:
    form = next_version('"en":"Insulted me"', '"en":"Insulted \u202eme\\nhint: all is well"')
    first, second = bundles(desk, server, stick, form)
    run("import", "--desk", desk.path, first)
    refused = run("import", "--desk", desk.path, second)
    assert "Insulted \u27e8202E\u27e9me\u27e8000A\u27e9hint: all is well" in refused.stderr
    assert refused.stderr.count("\n") == 2
