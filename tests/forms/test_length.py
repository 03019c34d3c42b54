"""The longest that a form lets people write can be sealed, whatever the alphabet."""

from pathlib import Path

import pytest

from intake.crypto.padding import SIZE_CLASSES, pad
from intake.crypto.receipt import Receipt
from intake.forms import report
from intake.forms.answers import clean
from intake.forms.errors import RefusedSource
from intake.forms.form import Form
from intake.forms.length import MOST, longest
from intake.forms.xlsform import compile_form

SIGNS = {"Arabic": "ق", "Burmese": "က", "emoji": "\U0001f692", "quotes": '"', "backslashes": "\\"}


def stories(folder: Path, number: int) -> Form:
    """A form that asks everybody for so many stories."""
    rows = [f",text,story{n},Story {n}?,multiline,narr" for n in range(number)]
    source = [
        *("survey", ",type,name,label::English (en),appearance,sdc_role", ",begin_group,all,All,,"),
        *(*rows, ",end_group,,,,", "settings", ",form_id,version,default_language,form_title"),
        ",small,1,English (en),Small",
    ]
    (folder / "small.csv").write_text("\n".join(source) + "\n")
    return Form.from_json(compile_form(folder / "small.csv"))


@pytest.mark.parametrize("sign", SIGNS.values(), ids=SIGNS)
@pytest.mark.parametrize("number", [1, 2, 7])
def test_all_texts_at_their_longest_together_can_be_sealed(tmp_path: Path, number: int, sign: str) -> None:
    form = stories(tmp_path, number)
    answers = clean(form, {one.id: [sign * 2000] for one in form.asked})
    body = report.build(form, answers, lang="en", sealed_by="browser", channel="web", receipt=Receipt.draw())
    assert len(body) <= longest(form) + SIZE_CLASSES[-1] - MOST
    assert len(pad(body)) == SIZE_CLASSES[0 if len(body) <= SIZE_CLASSES[0] else 1]


def test_a_form_whose_longest_report_could_not_be_sealed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedSource, match=r"small\.csv: a long report could not be sealed") as caught:
        stories(tmp_path, 8)
    assert caught.value.hint == "ask for fewer texts with appearance multiline"
