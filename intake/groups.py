"""How the choices of a question stand on the page: in groups, and some of them behind a note."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from intake.forms.form import Choice, Form, Question


@dataclass(frozen=True, slots=True)
class Group:
    """Choices that follow each other; the noted ones wait behind "Show these choices".

    `label` is empty where the group before has said it already.
    """

    label: Mapping[str, str]
    noted: bool
    choices: tuple[Choice, ...]


def choice_groups(form: Form, question: Question) -> list[Group]:
    """The choices in their order, in runs of one roll-up that are noted or not."""
    labels = {rollup.code: rollup.label for rollup in form.rollups}
    groups: list[Group] = []
    before = None
    for (rollup, noted), run in groupby(question.choices, key=lambda one: (one.rollup, one.content_note)):
        label = labels.get(rollup, {}) if rollup != before else {}
        groups.append(Group(label, noted, tuple(run)))
        before = rollup
    return groups
