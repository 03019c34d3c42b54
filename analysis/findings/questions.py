"""The questions of all forms at the desk, and who is asked them, as far as tables are made of them.

Read from the forms, never from the reports, so that the shape of a table tells nothing about what was
reported. Everybody who knows the forms knows all of this, so what they tie together is in the model.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from analysis.asking import ALL, SHORT
from analysis.cipher import Database
from analysis.findings.errors import NothingToPublish, Unauditable
from analysis.findings.naming import WORDED
from analysis.findings.released import Words
from analysis.patterns.names import MARKS
from analysis.patterns.names import OTHER as ENDING
from intake.forms.form import Form
from intake.forms.form import Question as FormQuestion
from intake.forms.relevance import compile_tree, named

SETTING = "setting"
BLANK = ".blank"
_KINDS = ("select_one", "select_multiple")


@dataclass(frozen=True, slots=True)
class Page:
    """Reports of one form, one of its pages (the short one or all of it) and one setting."""

    form: str
    page: str
    setting: str

    @property
    def id(self) -> str:
        return f"{self.form}.{self.page}.{self.setting}"


@dataclass(frozen=True, slots=True)
class Option:
    """A code of a question, as the newest form words it; `rollup` is the group it lies in, or empty."""

    code: str
    label: Words
    rollup: str
    exclusive: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A question. `pages` ask it, and where `given` is not empty of those alone who ticked one of it.

    `given` has pairs of a question and a code. `offered` says which pages offer a code; `groups` are the
    rollups in order, and their words.
    """

    id: str
    kind: str
    label: Words
    options: tuple[Option, ...]
    groups: Mapping[str, Words]
    pages: frozenset[Page]
    given: tuple[tuple[str, str], ...]
    offered: Mapping[str, frozenset[Page]]
    required: bool

    @property
    def settings(self) -> tuple[str, ...]:
        """The settings in which some page asks it."""
        return tuple(sorted({page.setting for page in self.pages}))

    def members(self, group: str) -> tuple[str, ...]:
        """The codes that a group holds."""
        return tuple(option.code for option in self.options if option.rollup == group)


@dataclass(slots=True)
class _Gathered:
    """A question while forms are read, the oldest first."""

    question: FormQuestion
    label: Words
    options: dict[str, Option] = field(default_factory=dict)
    groups: dict[str, Words] = field(default_factory=dict)
    pages: set[Page] = field(default_factory=set)
    given: tuple[tuple[str, str], ...] = ()
    offered: dict[str, set[Page]] = field(default_factory=dict)
    required: bool = True


@dataclass(frozen=True, slots=True)
class Questions:
    """All of them by id; `pages` is every kind of page, `settings` the settings in their order.

    `refused` says of a question why no table is made of it, where one is there that cannot be audited.
    """

    forms: tuple[Form, ...]
    asked: Mapping[str, Asked]
    settings: Mapping[str, Words]
    pages: tuple[Page, ...]
    refused: Mapping[str, str]

    def question(self, name: str) -> Asked | None:
        """A question that tables may be made of; None where no form asks it. Raises Unauditable."""
        if name in self.refused:
            raise Unauditable(
                f'refusing to publish a table of "{name}": {self.refused[name]}',
                "leave its tables out of the release file, with without = [...]",
            )
        return self.asked.get(name)


def is_about_acts(name: str) -> bool:
    """Whether a question lists acts: `acts`, `health_acts` and the like."""
    return name == "acts" or name.endswith("_acts")


def is_worded(question: FormQuestion, kinds: Mapping[str, str]) -> bool:
    """Whether people name a place in words alone: officers' marks are no place, nor what completes a list."""
    completes = kinds.get(question.id.removesuffix(ENDING)) == "select_one"
    return (question.kind, question.role) == (WORDED, "act") and question.id != MARKS and not completes


def page_form(form: Form) -> str:
    """How a form is named in a page's id: no two forms alike."""
    return f"{form.id}-{form.version}-{form.digest[:8]}"


def asks_setting(form: Form) -> bool:
    """Whether a form asks where it happened; one that does not is a setting of its own."""
    return any(question.id == SETTING for question in form.questions)


def read_questions(database: Database) -> Questions:
    """The questions of the forms at the desk; raises NothingToPublish, Unauditable."""
    rows = database.query('select "json" from "forms" order by "id"')
    forms = tuple(Form.from_json(row["json"].encode()) for row in rows)
    if not forms:
        raise NothingToPublish("no questionnaire is at this desk", "import a bundle or a CSV file first")
    kinds = {question.id: question.kind for form in forms for question in form.questions}
    settings: dict[str, Words] = {}
    gathered: dict[str, _Gathered] = {}
    refused: dict[str, str] = {}
    for form in forms:
        own = dict(_settings(form))
        settings |= own
        for question in form.questions:
            if (question.kind in _KINDS and question.id != SETTING) or is_worded(question, kinds):
                try:
                    _gather(gathered, form, question, own)
                except Unauditable as error:
                    refused.setdefault(question.id, error.message)
    asked = {name: _made(name, one) for name, one in gathered.items()}
    pages = tuple(page for form in forms for page in _pages(form, dict(_settings(form))))
    return Questions(forms, asked, settings, pages, refused)


def _settings(form: Form) -> Iterator[tuple[str, Words]]:
    if not asks_setting(form):
        yield form.id, form.title
        return
    question = form.question(SETTING)
    for choice in question.choices:
        yield choice.code, choice.label
    if not question.required:
        yield BLANK, {}


def _pages(form: Form, settings: Iterable[str]) -> Iterator[Page]:
    for kind in (ALL, SHORT) if form.unseen else (ALL,):
        for setting in settings:
            yield Page(page_form(form), kind, setting)


def _gather(gathered: dict[str, _Gathered], form: Form, question: FormQuestion, own: Iterable[str]) -> None:
    _check(form, question)
    given, pages = _given(form, question), _asking(form, question, own)
    one = gathered.setdefault(question.id, _Gathered(question, question.label, given=given))
    if one.given != given:
        raise Unauditable(f'form "{form.id}" version "{form.version}" asks it of others than another form')
    groups = {rollup.code: rollup.label for rollup in form.rollups}
    for choice in question.choices:
        before = one.options.get(choice.code)
        if before and (before.exclusive, before.rollup) != (choice.exclusive, choice.rollup):
            raise Unauditable(
                f'"{choice.code}" excludes other answers, or lies in another group, in one questionnaire'
                f' and not in another, as form "{form.id}" version "{form.version}" shows'
            )
        one.options[choice.code] = Option(choice.code, choice.label, choice.rollup, choice.exclusive)
        one.offered.setdefault(choice.code, set()).update(pages)
        if choice.rollup:
            one.groups[choice.rollup] = groups[choice.rollup]
    one.label = question.label
    one.pages |= pages
    one.required &= question.required


def _check(form: Form, question: FormQuestion) -> None:
    """Where a count is limited, or something must be ticked, the rest is what the large numbers miss."""
    if question.kind == "select_multiple" and (question.required or question.constraint):
        raise Unauditable(f'form "{form.id}" version "{form.version}" limits how it is answered')


def _asking(form: Form, question: FormQuestion, settings: Iterable[str]) -> set[Page]:
    """The pages that ask a question, whatever else was answered."""
    conditions = [part for part in _parts(question) if named(part) <= {SETTING}]
    fits = [setting for setting in settings if all(_holds(part, setting) for part in conditions)]
    pages = _pages(form, fits)
    return {page for page in pages if page.page == ALL or question.id not in form.unseen}


def _holds(tree: Sequence[object], setting: str) -> bool:
    return compile_tree(list(tree))({} if setting == BLANK else {SETTING: setting})


def _parts(question: FormQuestion) -> list[list[object]]:
    """The conditions that must all hold."""
    return list(_split(question.relevant)) if question.relevant else []


def _split(tree: list[object]) -> Iterator[list[object]]:
    if tree[0] == "and":
        for part in tree[1:]:
            yield from _split(part)  # type: ignore[arg-type]
    else:
        yield tree


def _given(form: Form, question: FormQuestion) -> tuple[tuple[str, str], ...]:
    """The ticks of which one is needed to be asked; Unauditable for a condition of another kind."""
    rest = [part for part in _parts(question) if not named(part) <= {SETTING}]
    if not rest:
        return ()
    ticks = tuple(_ticks(rest[0])) if len(rest) == 1 else (None,)
    known = tuple(tick for tick in ticks if tick)
    if len(known) < len(ticks) or len({name for name, _ in known}) > 1:
        raise Unauditable(
            f'form "{form.id}" version "{form.version}" asks it by a condition that the audit does not know'
        )
    return known


def _ticks(tree: Sequence[object]) -> Iterator[tuple[str, str] | None]:
    match tree:
        case ["or", *parts]:
            for part in parts:
                yield from _ticks(part)  # type: ignore[arg-type]
        case ["selected", str(name), str(code)] | ["=", ["answer", str(name)], str(code)] if code:
            yield name, code
        case _:
            yield None


def _made(name: str, one: _Gathered) -> Asked:
    return Asked(
        name,
        one.question.kind,
        one.label,
        tuple(one.options.values()),
        one.groups,
        frozenset(one.pages),
        one.given,
        {code: frozenset(pages) for code, pages in one.offered.items()},
        one.required,
    )
