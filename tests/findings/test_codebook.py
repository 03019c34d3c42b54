from typing import Any

import pytest

from analysis.findings.codebook import read_codebook
from analysis.findings.errors import Unauditable
from tests.findings.small_desk import SmallDesk, choice, form, question


def _acts(*choices: dict[str, Any], name: str = "acts", **more: Any) -> dict[str, Any]:
    return question(name, "select_multiple", choices, **more)


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"relevant": ["=", ["answer", "role"], "me"]}, id="of some roles"),
        pytest.param(
            {
                "relevant": [
                    "and",
                    ["=", ["answer", "setting"], "police"],
                    ["not", ["selected", "acts", "shout"]],
                ]
            },
            id="after an act",
        ),
        pytest.param({"relevant": [">", ["count-selected", "acts"], 0]}, id="after a number of acts"),
        pytest.param({"required": True}, id="of everybody, with no blank"),
        pytest.param(
            {
                "constraint": ["<", ["count-selected", "more_acts"], 3],
                "constraint_message": {"en": "Two."},
            },
            id="with a limit",
        ),
    ],
)
def test_an_act_that_depends_on_more_than_the_setting_is_refused(asked: dict[str, Any]) -> None:
    desk = SmallDesk(
        form(
            question("setting", "select_one", [choice("police"), choice("health")]),
            question("role", "select_one", [choice("me"), choice("saw")]),
            _acts(choice("shout")),
            _acts(choice("push"), name="more_acts", **asked),
        )
    )
    with pytest.raises(Unauditable, match='"more_acts" depends on more than the setting') as refusal:
        read_codebook(desk.database, "en")
    assert refusal.value.hint


@pytest.mark.parametrize("first", [True, False])
def test_versions_that_disagree_on_what_excludes_other_acts_are_refused(first: bool) -> None:
    desk = SmallDesk(form(_acts(choice("none", exclusive=first), choice("shout"))))
    desk.add_form(form(_acts(choice("none", exclusive=not first), choice("shout")), version="2"))
    with pytest.raises(Unauditable, match=r'"acts\.none" excludes .* version "2" shows') as refusal:
        read_codebook(desk.database, "en")
    assert refusal.value.hint == "an act that comes to mean something else needs a new code"


def test_a_condition_may_name_the_setting_on_either_side() -> None:
    turned = ["or", ["=", "health", ["answer", "setting"]], ["selected", "setting", "housing"]]
    settings = [choice(code) for code in ("police", "health", "housing")]
    desk = SmallDesk(
        form(question("setting", "select_one", settings), _acts(choice("shout"), relevant=turned))
    )
    codebook = read_codebook(desk.database, "en")
    assert [setting.code for setting in codebook.settings] == ["health", "housing"]
