"""Quotes for a release (finding F16): words that their sender and two reviewers allow, by theme.

Only of reports that a batch of the release counts. A theme is a setting, or a group of acts, that the
release prints the number of. Place and month are never told: with the words they would be too much.
"""

from typing import Any

from analysis.cipher import Database
from analysis.findings.edition import Edition
from analysis.findings.model import within
from analysis.findings.released import Quote, Words
from analysis.review.quotes import read_quotable


def read_quotes(database: Database, edition: Edition) -> tuple[Quote, ...]:
    """The quotes that may leave the desk with this release, in the order of their words."""
    if not edition.selection.quotes:
        return ()
    found = []
    for quote in read_quotable(database.conn):
        if _is_counted(database.conn, edition, quote.report):
            (lang,) = database.conn.execute(
                'SELECT "lang" FROM "reports" WHERE "id" = ?', [quote.report]
            ).fetchone()
            found.append(Quote(tuple(_themes(database.conn, edition, quote.report)), quote.text, lang))
    # The order in which reports came, or quotes were proposed, is nobody's business.
    return tuple(sorted(found, key=lambda quote: (quote.lang, quote.text)))


def _is_counted(connection: Any, edition: Edition, report: int) -> bool:
    new = edition.new
    if new is not None and new.reports is not None and report in new.reports:
        return True
    holes = ", ".join("?" * len(edition.span.batches))
    query = f'SELECT 1 FROM "counted_in" WHERE "report" = ? AND "counted" AND "batch" IN ({holes})'  # noqa: S608
    return connection.execute(query, [report, *edition.span.batches]).fetchone() is not None


def _themes(connection: Any, edition: Edition, report: int) -> list[Words]:
    rows = connection.execute(
        'SELECT "c"."question", "c"."code" FROM "answers" AS "a" JOIN "choices" AS "c" '
        'ON "c"."id" = "a"."choice" WHERE "a"."report" = ?',
        [report],
    ).fetchall()
    ticked = {(question, code) for question, code in rows}
    themes: list[Words] = []
    for question in edition.plan.questions.asked.values():
        for group, words in question.groups.items():
            cell = within((f"{question.id}.any.{group}=yes",), edition.span.id)
            if cell in edition.printed and any(
                (question.id, code) in ticked for code in question.members(group)
            ):
                themes.append({lang: words[lang] for lang in edition.file.languages if lang in words})
    return themes
