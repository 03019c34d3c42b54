"""Which acts and settings the questionnaires know, and which form asks which act in which setting.

The codebook is read from the forms, never from the reports, so that the shape of a table tells
nothing about what was reported.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from analysis.cipher import Database
from analysis.findings.errors import NothingToPublish, Unauditable
from intake.forms.form import Form, Question, Texts
from intake.forms.relevance import named

SETTING = "setting"
_REFUSING = 'refusing to publish "acts by setting"'


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

    `asked` holds the keys of the acts that a form asks in a setting, by (form's digest, setting's
    code); where a form asks none there is no entry, and its reports from there are not counted.
    """

    acts: tuple[Act, ...]
    settings: tuple[Setting, ...]
    asked: Mapping[tuple[str, str], frozenset[str]]
    forms: tuple[Form, ...]

    def only(self, settings: Collection[str]) -> "Codebook":
        """The same without the other settings."""
        return replace(
            self,
            settings=tuple(setting for setting in self.settings if setting.code in settings),
            asked={place: keys for place, keys in self.asked.items() if place[1] in settings},
        )

    def lists(self, setting: str) -> tuple[frozenset[str], ...]:
        """The different lists of acts that forms ask in a setting: one, until a form changes its own."""
        return tuple(dict.fromkeys(keys for (_, code), keys in self.asked.items() if code == setting))

    def is_asked(self, act: str, setting: str) -> bool:
        """Whether some form asks about an act in a setting; if none does, everyone knows of a zero."""
        return any(act in keys for keys in self.lists(setting))

    def is_asked_by_all(self, act: str, setting: str) -> bool:
        """Whether all forms that ask about acts in a setting ask about this one."""
        return all(act in keys for keys in self.lists(setting))


def read_codebook(database: Database, lang: str) -> Codebook:
    """The codebook of all forms at the desk, labelled in `lang`; raises NothingToPublish, Unauditable.

    A newer form words an act better, and the code stands for the same thing. Settings in which no
    form asks about acts are left out.
    """
    rows = database.query('select "json" from "forms" order by "id"')
    forms = tuple(Form.from_json(row["json"].encode()) for row in rows)
    acts: dict[str, Act] = {}
    settings: dict[str, Setting] = {}
    asked: dict[tuple[str, str], frozenset[str]] = {}
    for form in forms:
        own = list(_settings(form, lang))
        settings |= {setting.code: setting for setting in own}
        for question in filter(is_about_acts, form.questions):
            _check_alone(form, question)
            asking = {act.key: act for act in _acts(form, question, lang)}
            _check_same(form, asking, acts)
            acts |= asking
            for setting in own:
                if _is_asked(question, setting.code):
                    place = form.digest, setting.code
                    _check_together(form, question, asked.get(place, frozenset()))
                    asked[place] = asked.get(place, frozenset()).union(asking)
    if not asked:
        raise NothingToPublish(
            f"{_REFUSING}: no questionnaire here asks about acts",
            "import a courier bundle or a CSV file first",
        )
    inside, named_acts = {code for _, code in asked}, frozenset[str]().union(*asked.values())
    return Codebook(
        acts=tuple(act for act in acts.values() if act.key in named_acts),
        settings=tuple(setting for setting in settings.values() if setting.code in inside),
        asked=asked,
        forms=forms,
    )


def is_about_acts(question: Question) -> bool:
    """Whether a question lists acts: `acts`, `health_acts` and the like."""
    named = question.id == "acts" or question.id.endswith("_acts")
    return named and question.kind == "select_multiple"


def asks_setting(form: Form) -> bool:
    """Whether a form asks where it happened; one that does not is a setting of its own."""
    return any(question.id == SETTING for question in form.questions)


def _settings(form: Form, lang: str) -> Iterator[Setting]:
    if not asks_setting(form):
        yield Setting(form.id, _worded(form.title, lang, form))
        return
    for choice in form.question(SETTING).choices:
        yield Setting(choice.code, _worded(choice.label, lang, form))


def _acts(form: Form, question: Question, lang: str) -> Iterator[Act]:
    rollups = {rollup.code: _worded(rollup.label, lang, form) for rollup in form.rollups}
    for choice in question.choices:
        label, rollup = _worded(choice.label, lang, form), rollups.get(choice.rollup, "")
        yield Act(question.id, choice.code, label, rollup, choice.exclusive)


def _worded(texts: Texts, lang: str, form: Form) -> str:
    return texts.get(lang) or texts[form.default_language]


def _is_asked(question: Question, setting: str) -> bool:
    return question.applies is None or question.applies({SETTING: setting})


def _check_alone(form: Form, question: Question) -> None:
    # Where an act is asked only of some, such as those who ticked another, a stranger can bound the
    # two by each other; where something must be ticked, the small rest is what the large numbers miss.
    if question.required or question.constraint or named(question.relevant) - {SETTING}:
        raise Unauditable(
            f'{_REFUSING}: whether and how form "{form.id}" version "{form.version}" asks "{question.id}"'
            " depends on more than the setting",
            "ask about acts by the setting alone, with no constraint and not required",
        )


def _check_together(form: Form, question: Question, before: frozenset[str]) -> None:
    """Where the short form has one of two questions, each has a base of its own, which no n can tell."""
    for name in {key.partition(".")[0] for key in before}:
        if (name in form.unseen) != (question.id in form.unseen):
            raise Unauditable(
                f'{_REFUSING}: the short form of "{form.id}" version "{form.version}" asks only one of'
                f' "{name}" and "{question.id}"',
                "put both on the short form, or neither",
            )


def _check_same(form: Form, asking: Mapping[str, Act], known: Mapping[str, Act]) -> None:
    """What excludes other acts in one form and not in another bounds nothing that can be counted."""
    for key in sorted(asking.keys() & known.keys()):
        if asking[key].exclusive != known[key].exclusive:
            raise Unauditable(
                f'{_REFUSING}: "{key}" excludes other acts in one questionnaire and not in another, as'
                f' form "{form.id}" version "{form.version}" shows',
                "an act that comes to mean something else needs a new code",
            )
