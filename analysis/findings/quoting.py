"""Quotes for a release (finding F16): words that their sender and two reviewers allow, by theme.

Only of reports that a batch of the release counts. A theme is a group of acts; place and month are told
both or not at all. Whatever is told of a quote says that somebody reported just that, so it is told only
where the release prints every number of it that there is (of a theme, of two themes together, of a theme
in an area ...), and, for place and month, where at least k reports share all that is told.
The attack knows no words: what a quote tells to who was there is nothing that it can find.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

from analysis.cipher import Database
from analysis.findings.calendar import MONTH
from analysis.findings.counting import WHEN
from analysis.findings.dimensions import YES
from analysis.findings.edition import Edition
from analysis.findings.model import within
from analysis.findings.questions import Asked, Option
from analysis.findings.released import Quote, Words
from analysis.review.quotes import read_quotable

AREA = "area"
# With more, the combinations to look at would be many, and so would be what they tell.
_MOST_THEMES = 4


@dataclass(frozen=True, slots=True)
class _Theme:
    """A group of acts: its node, its words, and the answers that are in it."""

    node: str
    words: Words
    codes: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Report:
    """What a quoted report ticked, where and when it happened."""

    ticked: frozenset[tuple[str, str]]
    area: str | None
    when: str | None


def read_quotes(database: Database, edition: Edition) -> tuple[Quote, ...]:
    """The quotes that may leave the desk with this release, in the order of their words."""
    if not edition.selection.quotes:
        return ()
    quotes, counted, connection = read_quotable(database.conn), None, database.conn
    found = []
    for quote in quotes:
        counted = _counted(connection, edition) if counted is None else counted
        if quote.report in counted:
            (lang,) = connection.execute(
                'SELECT "lang" FROM "reports" WHERE "id" = ?', [quote.report]
            ).fetchone()
            report = _read(connection, edition, quote.report)
            themes = list(_told(edition, report))
            place, month = _where(connection, edition, report, themes, counted)
            words = tuple(_in(edition, theme.words) for theme in themes)
            found.append(Quote(words, quote.text, lang, place, month))
    # The order in which reports came, or quotes were proposed, is nobody's business.
    return tuple(sorted(found, key=lambda quote: (quote.lang, quote.text)))


def _counted(connection: Any, edition: Edition) -> frozenset[int]:
    """The reports that the batches of a release count."""
    new = edition.new
    own = new.reports.tolist() if new is not None and new.reports is not None else []
    holes = ", ".join("?" * len(edition.span.batches))
    query = f'SELECT "report" FROM "counted_in" WHERE "counted" AND "batch" IN ({holes})'  # noqa: S608
    return frozenset(own).union(row[0] for row in connection.execute(query, [*edition.span.batches]))


def _read(connection: Any, edition: Edition, report: int) -> _Report:
    rows = connection.execute(
        'SELECT "c"."question", "c"."code" FROM "answers" AS "a" JOIN "choices" AS "c" '
        'ON "c"."id" = "a"."choice" WHERE "a"."report" = ?',
        [report],
    )
    ticked = frozenset((question, code) for question, code in rows)
    there = {row[1] for row in connection.execute('PRAGMA table_info("reports")')}
    if not {AREA, WHEN} <= there or _area(edition) is None:
        return _Report(ticked, None, None)
    area, when = connection.execute(
        f'SELECT "c"."code", "r"."{WHEN}" FROM "reports" AS "r" LEFT JOIN "choices" AS "c" '  # noqa: S608 - constants
        f'ON "c"."id" = "r"."{AREA}" WHERE "r"."id" = ?',
        [report],
    ).fetchone()
    return _Report(ticked, area, when)


def _area(edition: Edition) -> Asked | None:
    question = edition.plan.questions.asked.get(AREA)
    return question if question and question.kind == "select_one" else None


def _told(edition: Edition, report: _Report) -> Iterator[_Theme]:
    """The themes of a report that may be told together."""
    told: list[str] = []
    for theme in _themes(edition):
        if len(told) < _MOST_THEMES and theme.codes & report.ticked:
            # Two themes of one quote are a pair, whether or not the release has a table of pairs.
            alone_and_paired = [(theme.node,), *(tuple(sorted((node, theme.node))) for node in told)]
            printed = all(within(nodes, edition.span.id) in edition.printed for nodes in alone_and_paired)
            if printed and _is_printed(edition, [*told, theme.node]):
                told.append(theme.node)
                yield theme


def _themes(edition: Edition) -> Iterator[_Theme]:
    for question in edition.plan.questions.asked.values():
        for group, words in question.groups.items():
            codes = frozenset((question.id, code) for code in question.members(group))
            yield _Theme(f"{question.id}.any.{group}={YES}", words, codes)


def _is_printed(edition: Edition, nodes: Sequence[str]) -> bool:
    """Whether every number of these nodes together, and of some of them, is printed that is in the model."""
    parts = chain.from_iterable(combinations(nodes, size) for size in range(1, len(nodes) + 1))
    names = (within(tuple(sorted(part)), edition.span.id) for part in parts)
    return all(name in edition.printed for name in names if name in edition.system.index)


def _where(
    connection: Any, edition: Edition, report: _Report, themes: Sequence[_Theme], counted: frozenset[int]
) -> tuple[Words | None, str | None]:
    """Place and month, or neither."""
    option = _option(edition, report.area)
    months = edition.model.trees[MONTH]
    if option is None or report.when not in months.parents or report.when in months.children:
        return None, None
    nodes = [f"{AREA}={option.code}", f"{MONTH}={report.when}"]
    alone = all(within((node,), edition.span.id) in edition.printed for node in nodes)
    if not alone or not _is_printed(edition, [*nodes, *(theme.node for theme in themes)]):
        return None, None
    alike = len(_alike(connection, report, themes) & counted)
    return (_in(edition, option.label), report.when) if alike >= edition.file.k else (None, None)


def _option(edition: Edition, area: str | None) -> Option | None:
    question = _area(edition)
    return next((one for one in question.options if one.code == area), None) if question else None


def _alike(connection: Any, report: _Report, themes: Iterable[_Theme]) -> frozenset[int]:
    """The reports that have all that would be told."""
    rows = connection.execute(
        f'SELECT "r"."id" FROM "reports" AS "r" JOIN "choices" AS "c" ON "c"."id" = "r"."{AREA}" '  # noqa: S608 - constants
        f'WHERE "c"."code" = ? AND "r"."{WHEN}" = ?',
        [report.area, report.when],
    )
    found = {row[0] for row in rows}
    for theme in themes:
        holes = ", ".join("(?, ?)" for _ in theme.codes)
        ticking = connection.execute(
            'SELECT "a"."report" FROM "answers" AS "a" JOIN "choices" AS "c" ON "c"."id" = "a"."choice" '  # noqa: S608
            f'WHERE ("c"."question", "c"."code") IN (VALUES {holes})',
            [part for code in sorted(theme.codes) for part in code],
        )
        found &= {row[0] for row in ticking}
    return frozenset(found)


def _in(edition: Edition, words: Words) -> Words:
    return {lang: words[lang] for lang in edition.file.languages if lang in words}
