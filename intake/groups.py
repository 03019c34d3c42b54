"""How the choices of a question stand on the page: in groups, and some of them behind a note."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from intake.forms.form import Choice, Form, Question


@dataclass(frozen=True, slots=True)
class Group:
    """Choices that follow each other; the noted ones wait behind "Show these choices".

    `label` is what the group is called, if anything; `begins` is false where the group before said so.
    """

    label: Mapping[str, str]
    begins: bool
    noted: bool
    choices: tuple[Choice, ...]


def choice_groups(form: Form, question: Question) -> list[Group]:
    """The choices in their order, in runs of one roll-up that are noted or not."""
    labels = {rollup.code: rollup.label for rollup in form.rollups}
    groups: list[Group] = []
    before = ""
    for (rollup, noted), run in groupby(question.choices, key=lambda one: (one.rollup, one.content_note)):
        groups.append(Group(labels.get(rollup, {}), rollup != before, noted, tuple(run)))
        before = rollup
    return groups
