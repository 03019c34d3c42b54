"""How the choices of a question stand on the page: in groups, and some of them behind a note."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from intake.forms.form import Choice, Form, Question


@dataclass(frozen=True, slots=True)
class Group:
    """Choices that follow each other. `label` is empty where the group before has said it already."""

    label: Mapping[str, str]
    noted: bool
    choices: tuple[Choice, ...]


def is_noted(choice: Choice) -> bool:
    """Whether a choice names sexual harm or force, and so waits behind "Show these choices"."""
    return bool(getattr(choice, "content_note", False))


def choice_groups(form: Form, question: Question) -> list[Group]:
    """The choices in their order, in runs of one roll-up that are noted or not."""
    labels = {rollup.code: rollup.label for rollup in form.rollups}
    groups: list[Group] = []
    before = None
    for (rollup, noted), run in groupby(question.choices, key=lambda one: (one.rollup, is_noted(one))):
        label = labels.get(rollup, {}) if rollup != before else {}
        groups.append(Group(label, noted, tuple(run)))
        before = rollup
    return groups
