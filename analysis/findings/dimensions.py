"""Trees and ties that the questions make.

    a question of one answer     all > .asked, .not_asked;  .asked > groups > codes, and .blank
    a question of many answers   the same, and for each answer a tree of its own:
                                 all > .asked, .not_asked;  .asked > yes, no
    a group of such answers      a tree alike: yes where any of them was ticked

Answers of which several may be ticked do not add up, so each is told from all others by a tree of its
own; what holds between them nevertheless is a tie.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from analysis.findings.control.lattice import Cell, Tree
from analysis.findings.model import Terms, Tie
from analysis.findings.naming import OTHER, WORDED, WORDS, Naming
from analysis.findings.questions import BLANK, SETTING, Asked, Page, Questions

ALL = "all"
ASKED, NOT_ASKED = ".asked", ".not_asked"
YES, NO = "yes", "no"
PAGE = "page"


@dataclass(frozen=True, slots=True)
class Tick:
    """A tree of a question of many answers: one code, or a group of several ("any of these")."""

    question: Asked
    id: str
    codes: tuple[str, ...]

    @property
    def yes(self) -> Cell:
        return (f"{self.id}={YES}",)

    @property
    def tree(self) -> Tree:
        return Tree(self.id, ALL, {ALL: (ASKED, NOT_ASKED), ASKED: (YES, NO)})


def code_tick(question: Asked, code: str) -> Tick:
    """The tree of one answer."""
    return Tick(question, f"{question.id}.{code}", (code,))


def group_tick(question: Asked, group: str) -> Tick:
    """The tree of a group of answers."""
    return Tick(question, f"{question.id}.any.{group}", question.members(group))


def coarse_ticks(question: Asked) -> tuple[Tick, ...]:
    """What a question of many answers is crossed by: its groups, or its answers where it has none."""
    if question.groups:
        return tuple(group_tick(question, group) for group in question.groups)
    return tuple(code_tick(question, option.code) for option in question.options if not option.exclusive)


def choice_tree(question: Asked, naming: Naming) -> Tree:
    """The tree of a question of one answer, or of one in words of which places are named."""
    if question.kind == WORDED:
        return _words_tree(question, naming)
    groups = {f"in.{group}": question.members(group) for group in question.groups}
    alone = tuple(option.code for option in question.options if not option.rollup)
    blank = () if question.required else (BLANK,)
    return Tree(
        question.id,
        ALL,
        {ALL: (ASKED, NOT_ASKED), ASKED: (*groups, *alone, *blank)}
        | {k: v for k, v in groups.items() if v}
        | naming.children(OTHER),
    )


def _words_tree(question: Asked, naming: Naming) -> Tree:
    top = {ALL: (ASKED, NOT_ASKED), ASKED: (WORDS, BLANK)}
    return Tree(question.id, ALL, top | naming.children(WORDS))


def base_tree(question: Asked) -> Tree:
    """Who was asked a question of many answers."""
    return Tree(question.id, ALL, {ALL: (ASKED, NOT_ASKED)})


def page_trees(questions: Questions) -> tuple[Tree, Tree]:
    """The kinds of pages, which nobody is told of, and the settings."""
    pages = Tree(PAGE, ALL, {ALL: tuple(page.id for page in questions.pages)})
    return pages, Tree(SETTING, ALL, {ALL: tuple(questions.settings)})


def asked_cell(question: Asked) -> Cell:
    """The reports that were asked a question."""
    return (f"{question.id}={ASKED}",)


def setting_ties(questions: Questions) -> Iterator[Tie]:
    """A setting is the sum of its pages."""
    for setting in questions.settings:
        pages = [page for page in questions.pages if page.setting == setting]
        yield Tie(((1, (f"{SETTING}={setting}",)), *_pages(pages, -1)), True)


def asking_ties(questions: Questions, question: Asked) -> Iterator[Tie]:
    """Who is asked a question: all of its pages, or who ticked one of the answers that it goes on from."""
    asked = (1, asked_cell(question))
    if not question.given:
        yield Tie((asked, *_pages(question.pages, -1)), True)
        return
    yield Tie(((-1, asked[1]), *_pages(question.pages, 1)), False)
    before = questions.asked[question.given[0][0]]
    ticks = [_answer(before, code) for _, code in question.given]
    yield Tie(((-1, asked[1]), *((1, tick) for tick in ticks)), False)
    if before.pages <= question.pages and not before.given:
        for tick in ticks:
            yield Tie((asked, (-1, tick)), False)
        others = _exclusive(before) - {code for _, code in question.given}
        rest = tuple((-1, _answer(before, code)) for code in sorted(others))
        yield Tie(((1, asked_cell(before)), (-1, asked[1]), *rest), False)


def _answer(question: Asked, code: str) -> Cell:
    return (f"{question.id}={code}",) if question.kind == "select_one" else code_tick(question, code).yes


def _exclusive(question: Asked) -> set[str]:
    return {option.code for option in question.options if option.exclusive}


def _pages(pages: "frozenset[Page] | list[Page]", sign: int) -> Terms:
    return tuple((sign, (f"{PAGE}={name}",)) for name in sorted(page.id for page in pages))


def answer_ties(question: Asked) -> Iterator[Tie]:
    """What holds between the answers of a question of many, and who was asked it.

    An answer that excludes the others stands alone, so all such answers and any one other are what was
    asked at most. A group is at least each of its answers, and at most their sum. An answer that some
    pages do not offer is at most what the others were asked.
    """
    alone = tuple((-1, code_tick(question, code).yes) for code in sorted(_exclusive(question)))
    asked = (1, asked_cell(question))
    groups = [group_tick(question, group) for group in question.groups]
    for group in groups:
        members = [code_tick(question, code).yes for code in group.codes]
        for member in members:
            yield Tie(((1, group.yes), (-1, member)), False)
        yield Tie((*((1, member) for member in members), (-1, group.yes)), False)
    free = [code_tick(question, o.code) for o in question.options if not o.exclusive and not o.rollup]
    for tick in (*groups, *free):
        yield Tie((asked, *alone, (-1, tick.yes)), False)
    if alone:
        yield Tie((asked, *alone), False)
    for tick in (*groups, *(code_tick(question, option.code) for option in question.options)):
        yield Tie((asked, (-1, (f"{tick.id}={ASKED}",))), True)
    for code, pages in question.offered.items():
        if pages < question.pages:
            yield Tie(((-1, code_tick(question, code).yes), *_pages(pages, 1)), False)


def pair(first: Tick, second: Tick) -> Cell:
    """The reports that have both."""
    return tuple(sorted((*first.yes, *second.yes)))


def pair_ties(question: Asked, ticks: tuple[Tick, ...]) -> Iterator[Tie]:
    """What holds between pairs: none of three answers can be in more than the whole of them.

    Deza and Laurent, "Geometry of Cuts and Metrics", 5.2: the triangle inequalities of the correlation
    polytope, and that the union of two or three is what was asked at most, without who ticked an answer
    that excludes them.
    """
    alone = tuple((-1, code_tick(question, code).yes) for code in sorted(_exclusive(question)))
    room = ((1, asked_cell(question)), *alone)
    for a, b in combinations(ticks, 2):
        yield Tie((*room, (-1, a.yes), (-1, b.yes), (1, pair(a, b))), False)
    for a, b, c in combinations(ticks, 3):
        pairs = pair(a, b), pair(a, c), pair(b, c)
        singles = tuple((-1, tick.yes) for tick in (a, b, c))
        yield Tie((*room, *singles, *((1, cell) for cell in pairs)), False)
        for one, (near, other), far in (
            (a, (pairs[0], pairs[1]), pairs[2]),
            (b, (pairs[0], pairs[2]), pairs[1]),
            (c, (pairs[1], pairs[2]), pairs[0]),
        ):
            yield Tie(((1, one.yes), (1, far), (-1, near), (-1, other)), False)
