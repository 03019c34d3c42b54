"""Whatever hangs on whatever: the browser's script and Python ask and keep the same of random forms."""

import json
from random import Random

import pytest

from intake.forms import answers
from intake.forms.form import Form
from intake.forms.relevance import named
from tests.browser.node import parity
from tests.forms.random_forms import random_form
from tests.forms.raws import Raw, random_raw
from tests.vectors.make import FORMS, outcome

CASES = 150
# One code point each; in UTF-8 two, three and four bytes, and the last is two units to a browser.
SIGNS = {"Arabic": "ق", "Burmese": "က", "emoji": "\U0001f692"}


def both(form: Form, raws: list[Raw]) -> list[dict[str, object]]:
    """What Python makes of the fields, when the script makes the same of them."""
    found = parity("clean", form=json.loads(form.json), raws=raws)
    for raw, result in zip(raws, found, strict=True):
        assert result == outcome(form, raw), (form.json, raw)
    return list(found)


def kept(results: list[dict[str, object]]) -> list[dict[str, object]]:
    return [json.loads(str(result["answers"])) for result in results if "answers" in result]


@pytest.mark.parametrize("seed", range(10))
def test_conditions_on_conditions_drop_the_same_answers_in_both(seed: int) -> None:
    source = Random(f"random form {seed}")
    form = random_form(source)
    raws = [random_raw(form, source) for _ in range(CASES)]
    found = kept(both(form, raws))
    assert len(found) > CASES // 30, "the generator makes too few fields that can be sent"
    for one in found:
        answers.check(form, one)


def test_the_random_forms_hold_what_can_go_wrong() -> None:
    forms = [random_form(Random(f"random form {seed}")) for seed in range(10)]
    trees = [one.relevant for form in forms for one in form.asked if one.relevant]
    text = json.dumps(trees)
    assert all(word in text for word in ("count-selected", "string-length", '"not"', '"and"', '"or"', "none"))
    # A condition on a question that has one itself, three deep.
    form = forms[0]
    depth: dict[str, int] = {}
    for one in form.asked:
        depth[one.id] = 1 + max((depth[name] for name in named(one.relevant) if name in depth), default=0)
    assert max(depth.values()) > 3


@pytest.mark.parametrize("sign", SIGNS.values(), ids=SIGNS)
@pytest.mark.parametrize("name", ["short", "long"])
def test_the_longest_text_is_the_same_length_in_both(name: str, sign: str) -> None:
    form = FORMS["every"]
    longest = form.question(name).max_length
    assert longest
    raws: list[Raw] = [{"one": ["yes"], name: [sign * (longest + more)]} for more in (-1, 0, 1)]
    results = both(form, raws)
    assert [len(one[name]) for one in kept(results)] == [longest - 1, longest]
    assert results[2] == {"problems": {name: "too_long"}}
