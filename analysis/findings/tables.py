"""The tables F1 to F17 of DOMAIN.md, one function each, as far as the forms ask."""

from collections.abc import Sequence

from analysis.findings import calendar, dimensions
from analysis.findings.control.lattice import Tree
from analysis.findings.dimensions import ALL
from analysis.findings.lines import Builder, Line, Nodes, join_nodes
from analysis.findings.model import Tie
from analysis.findings.naming import WORDED
from analysis.findings.questions import SETTING
from analysis.findings.released import TOTAL, Category, Kind
from analysis.review.exclusions import REASONS
from intake.forms.report import CHANNELS

FLOW, CHANNEL, LANG = "flow", "channel", "lang"
FLOW_RECEIVED, FLOW_COUNTED, FLOW_EXCLUDED = "received", "counted", "excluded"
# Who reported, one question at a time, and the three of them that acts are crossed with.
WHO = ("age", "gender", "trans", "ethnicity", "housing_now", "groups")
CROSSED = ("gender", "housing_now", "age")
# One answer, or many: a finding, the question, and the end of the table's name.
SIMPLE = (
    ("F05", "place_type", ""),
    ("F08", "grounds", ""),
    ("F08", "shown", "-shown"),
    ("F09", "harm", ""),
    ("F09", "injury", "-injury"),
    ("F10", "told", ""),
    ("F10", "result", "-result"),
    ("F11", "why_not", ""),
    ("F12", "want", ""),
    *(("F13", name, f"-{name}") for name in WHO),
    ("F15", "freq", ""),
)


def flow(b: Builder) -> None:
    """F01: received, left out by reason, counted; and by channel, language and setting."""
    excluded = tuple(f"{FLOW_EXCLUDED}.{reason}" for reason in REASONS)
    b.add(
        Tree(
            FLOW,
            FLOW_RECEIVED,
            {FLOW_RECEIVED: (FLOW_COUNTED, FLOW_EXCLUDED), FLOW_EXCLUDED: excluded},
            grows=True,
        )
    )
    b.add(Tree(CHANNEL, ALL, {ALL: CHANNELS}))
    languages = dict.fromkeys(tag for form in b.questions.forms for tag in form.languages)
    b.add(Tree(LANG, ALL, {ALL: tuple(languages)}))
    # The reports that are counted are those of all other tables.
    b.ties.append(Tie(((1, (f"{FLOW}={FLOW_COUNTED}",)), (-1, ())), True))
    stages = [
        Line(Category(FLOW_RECEIVED, {}), {FLOW: FLOW_RECEIVED}),
        Line(Category(FLOW_EXCLUDED, {}), {FLOW: FLOW_EXCLUDED}),
        *(Line(Category(name, {}, FLOW_EXCLUDED, 1), {FLOW: name}) for name in excluded),
        Line(Category(FLOW_COUNTED, {}), {FLOW: FLOW_COUNTED}),
    ]
    b.table("F01", Kind.FLOW, [("stage", {}, stages)], base=_received)
    by = {
        CHANNEL: [Line(Category(name, {}), {CHANNEL: name}) for name in CHANNELS],
        LANG: [Line(Category(name, {}), {LANG: name}) for name in languages],
        SETTING: b.setting_lines(),
    }
    coarse = [line for line in stages if line.category.parent is None]
    for name, lines in by.items():
        b.table(
            f"F01-{name}",
            Kind.FLOW,
            [("stage", {}, coarse), (name, {}, lines)],
            base=_received,
            more=[(name,)],
        )


def acts(b: Builder) -> None:
    """F02: acts and groups of acts, by setting."""
    questions = b.act_questions()
    if not questions:
        return
    settings = b.setting_lines()
    many = any(len(question.settings) > 1 for question in questions)
    columns = [*settings, *([Line(Category(TOTAL, {}), {})] if many else [])]
    lines = [line for question in questions for line in b.tick_lines(question)]
    by_line = {line.category.code: q for q in questions for line in b.tick_lines(q)}

    def join(chosen: Sequence[Line], base: Nodes | None = None) -> Nodes | None:
        line, column = chosen
        question = by_line[line.category.code]
        nodes = line.nodes if base is None else base
        inside = question.settings
        if column.category.code == TOTAL or inside == (column.category.code,):
            return nodes
        return {**(nodes or {}), **(column.nodes or {})} if column.category.code in inside else None

    b.table(
        "F02",
        Kind.BARS,
        [("act", {}, lines), (SETTING, {}, columns)],
        multiple=True,
        join=join,
        base=lambda chosen: join(chosen, chosen[0].base) or {},
    )


def time(b: Builder) -> None:
    """F03: by month of the event, and by month of receipt."""
    for name, months, table in (
        (calendar.MONTH, b.months, "F03"),
        (calendar.RECEIVED, b.received, "F03-received"),
    ):
        tree = b.add(calendar.tree(name, months, years_alone=name == calendar.MONTH))
        lines = [
            Line(category, {tree: category.code}) for category in calendar.categories(b.trees[tree], months)
        ]
        b.table(table, Kind.BARS, [(name, {}, lines)])


def areas(b: Builder) -> None:
    """F04: areas in their districts, by setting."""
    question = b.question("area")
    if question and question.kind == "select_one":
        columns = [*b.setting_lines(), Line(Category(TOTAL, {}), {})]
        if len(columns) == 2:
            columns = columns[1:]
        lines = b.choice_lines(question)
        b.table("F04", Kind.HEAT, [("area", question.label, lines), (SETTING, {}, columns)])


def simple(b: Builder, finding: str, name: str, end: str) -> None:
    """A table of one question."""
    question = b.question(name)
    if question:
        multiple = question.kind == "select_multiple"
        scale = (name, question.label, b.lines(question))
        b.table(f"{finding}{end}", Kind.BARS, [scale], multiple=multiple)


def actors(b: Builder) -> None:
    """F06: agencies, stations, facilities, landlords of the lists, and what is reported of each."""
    roles = {q.id: q.role for form in b.questions.forms for q in form.questions}
    for name in [name for name, role in roles.items() if role == "act" and name in b.questions.asked]:
        # Of a question in words there is a table once a place of it is named.
        if b.questions.asked[name].kind == WORDED and name not in b.naming:
            continue
        actor = b.question(name)
        if actor and actor.kind in ("select_one", WORDED) and not actor.given:
            same = [q for q in b.act_questions() if set(q.settings) & set(actor.settings)]
            acts = [line for question in same for line in b.coarse_lines(question)]
            columns = [Line(Category(TOTAL, {}), {}), *acts]
            b.table(
                f"F06-{name}",
                Kind.HEAT,
                [(name, actor.label, b.choice_lines(actor)), ("act", {}, columns)],
                multiple=True,
                base=_base_of_actor,
                more=b.alone(name),
            )


def together(b: Builder) -> None:
    """F07: pairs of groups of acts in one report."""
    for question in b.act_questions():
        lines = b.coarse_lines(question)
        if len(lines) > 1:
            b.ties.extend(dimensions.pair_ties(question, dimensions.coarse_ticks(question)))
            b.table(
                f"F07-{question.id}",
                Kind.PAIRS,
                [("act", {}, lines), ("with", {}, lines)],
                multiple=True,
                # Who ticked an answer was asked: the same number under two names would be two secrets.
                base=lambda chosen: chosen[1].nodes or {},
            )


def crossed(b: Builder) -> None:
    """F14: groups of acts by one thing about the reporter at a time."""
    acts = [line for question in b.act_questions() for line in b.coarse_lines(question)]
    for name in CROSSED:
        question = b.question(name)
        if acts and question and question.kind == "select_one":
            columns = [*b.choice_lines(question), Line(Category(TOTAL, {}), {})]
            b.table(
                f"F14-{name}",
                Kind.HEAT,
                [("act", {}, acts), (name, question.label, columns)],
                multiple=True,
                base=_base_in_column,
                more=b.alone(name),
            )


def sides(b: Builder) -> None:
    """F17: groups of acts before a month, and from it on."""
    for campaign in b.campaigns:
        tree = b.add(calendar.side_tree(campaign))
        b.ties.extend(calendar.side_ties(b.trees[calendar.MONTH], campaign))
        acts = [line for question in b.act_questions() for line in b.coarse_lines(question)]
        sides = (calendar.BEFORE, calendar.SINCE, calendar.UNKNOWN)
        columns = [Line(Category(side, {}), {tree: side}) for side in sides]
        if acts:
            b.table(
                f"F17-{campaign}",
                Kind.MULTIPLES,
                [("act", {}, acts), ("side", {}, columns)],
                multiple=True,
                base=_base_in_column,
                more=b.alone(tree),
            )


def _base_in_column(chosen: Sequence[Line]) -> Nodes:
    return {**chosen[0].base, **(chosen[1].nodes or {})}


def _base_of_actor(chosen: Sequence[Line]) -> Nodes:
    """What is reported of an actor is of its reports that were asked; its share, of all that were."""
    actor, act = chosen
    return actor.base if act.category.code == TOTAL else {**act.base, **(actor.nodes or {})}


def _received(chosen: Sequence[Line]) -> Nodes:
    return {FLOW: FLOW_RECEIVED, **(join_nodes(chosen[1:]) or {})}
