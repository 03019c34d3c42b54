"""Which acts and settings the questionnaires know, and which act is asked in which setting.

The codebook is read from the forms, never from the reports, so that the shape of a table tells
nothing about what was reported.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.cipher import Database
from analysis.findings.errors import NothingToPublish
from intake.forms.form import Form, Question, Texts

SETTING = "setting"


@dataclass(frozen=True, slots=True)
class Act:
    """One tick of a question about what was done; its key is permanent and may be cited."""

    question: str
    code: str
    label: str
    rollup: str
    exclusive: bool

    @property
    def key(self) -> str:
        return f"{self.question}.{self.code}"


@dataclass(frozen=True, slots=True)
class Setting:
    """Where it happened: police, health, housing."""

    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Codebook:
    """Rows and columns of the table of acts by setting, in the order of the forms.

    `asked` holds the pairs (act's key, setting's code) that some form asks: every other cell is
    zero for everyone, and everyone can know it.
    """

    acts: tuple[Act, ...]
    settings: tuple[Setting, ...]
    asked: frozenset[tuple[str, str]]
    forms: tuple[Form, ...]


def read_codebook(database: Database, lang: str, only: Sequence[str] = ()) -> Codebook:
    """The codebook of all forms at the desk, labelled in `lang`; raises NothingToPublish.

    A newer form words an act better, and the code stands for the same thing. Settings in which no
    form asks about acts are left out, with their reports, and so are all but `only` where that is given:
    a choice of the organizer's, for the table must not shape itself by what was reported.
    """
    rows = database.query('select "json" from "forms" order by "id"')
    forms = tuple(Form.from_json(row["json"].encode()) for row in rows)
    acts: dict[str, Act] = {}
    settings: dict[str, Setting] = {}
    asked: set[tuple[str, str]] = set()
    for form in forms:
        own = [one for one in _settings(form, lang) if not only or one.code in only]
        settings |= {setting.code: setting for setting in own}
        for question in filter(is_about_acts, form.questions):
            inside = [setting.code for setting in own if _may_hold(question.relevant, setting.code)]
            acts |= {act.key: act for act in _acts(form, question, lang)}
            asked |= {
                (f"{question.id}.{choice.code}", code) for choice in question.choices for code in inside
            }
    for code in only:
        if code not in {setting for _, setting in asked}:
            raise NothingToPublish(
                f'refusing to publish "acts by setting": no questionnaire here asks about acts in "{code}"',
                "a setting is named by its code, such as police",
            )
    if not asked:
        raise NothingToPublish(
            'refusing to publish "acts by setting": no questionnaire here asks about acts',
            "import a courier bundle or a CSV file first",
        )
    return Codebook(
        acts=tuple(act for act in acts.values() if act.key in {key for key, _ in asked}),
        settings=tuple(setting for code, setting in settings.items() if code in {code for _, code in asked}),
        asked=frozenset(asked),
        forms=forms,
    )


def is_about_acts(question: Question) -> bool:
    """Whether a question lists acts: `acts`, `health_acts` and the like."""
    named = question.id == "acts" or question.id.endswith("_acts")
    return named and question.kind == "select_multiple"


def _settings(form: Form, lang: str) -> Iterator[Setting]:
    """A form that does not ask for the setting is a setting of its own."""
    asking = [question for question in form.questions if question.id == SETTING]
    if not asking:
        yield Setting(form.id, _worded(form.title, lang, form))
    for question in asking:
        yield from (Setting(one.code, _worded(one.label, lang, form)) for one in question.choices)


def _acts(form: Form, question: Question, lang: str) -> Iterator[Act]:
    rollups = {rollup.code: _worded(rollup.label, lang, form) for rollup in form.rollups}
    for choice in question.choices:
        label, rollup = _worded(choice.label, lang, form), rollups.get(choice.rollup, "")
        yield Act(question.id, choice.code, label, rollup, choice.exclusive)


def _worded(texts: Texts, lang: str, form: Form) -> str:
    return texts.get(lang) or texts[form.default_language]


def _may_hold(relevant: Sequence[Any] | None, setting: str) -> bool:
    return relevant is None or True in _outcomes(relevant, setting)


def _outcomes(tree: Sequence[Any], setting: str) -> set[bool]:
    """What a condition (`intake.forms.relevance`) can come to when only the setting is known."""
    match tree:
        case ["not", inner]:
            return {not outcome for outcome in _outcomes(inner, setting)}
        case ["and", *parts]:
            return _joined(all, (_outcomes(part, setting) for part in parts))
        case ["or", *parts]:
            return _joined(any, (_outcomes(part, setting) for part in parts))
        case ["selected", question, code] if question == SETTING:
            return {code == setting}
        case ["=" | "!=" as sign, ["answer", question], str(code)] if question == SETTING:
            return {(code == setting) == (sign == "=")}
        case _:
            return {True, False}


def _joined(join: Callable[[Iterable[bool]], bool], parts: Iterable[set[bool]]) -> set[bool]:
    # "and" and "or" never fall when a part rises: best and worst of the parts give best and worst
    # of the whole.
    known = list(parts)
    return {join(max(part) for part in known), join(min(part) for part in known)}
