"""Which words are due to be deleted: what senders were promised when they answered K03.

    delete_words_keep_ticks   once they were counted; also where nothing was answered, as the form says
    keep_12_months            12 months after the week in which the report came, counted or not
    keep_for_legal            24 months after it

Counted means: a release was published while the report was here. A form that does not ask K03 has
promised nothing, and its words stay.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from analysis.mapping import KEEP
from intake.forms.form import Form

COUNTED, YEAR, LEGAL = "delete_words_keep_ticks", "keep_12_months", "keep_for_legal"
_YEARS = {YEAR: 1, LEGAL: 2}


def note_release(connection: Any, name: str, day: date) -> None:
    """Remembers that a release has counted what is here. Belongs in a transaction of the caller."""
    connection.execute(
        'INSERT INTO "releases" ("name", "day", "newest") SELECT ?, ?, coalesce(max("id"), 0) FROM "reports"',
        [name, day.isoformat()],
    )


def find_due(connection: Any, today: date, *, counted: bool = False) -> Counter[str]:
    """Fills the temporary table `due` (report, why) and counts it by what was promised.

    `counted` takes every report as counted. Reports without words and files are not in it.
    """
    connection.execute('CREATE TEMP TABLE IF NOT EXISTS "due" ("report" INTEGER PRIMARY KEY, "why" TEXT)')
    connection.execute('DELETE FROM temp."due"')
    for why, condition, values in _conditions(connection, today, counted):
        forms = ", ".join(map(str, _asking(connection)))
        connection.execute(
            f"""INSERT INTO temp."due" SELECT "id", ? FROM "reports" WHERE {condition}
            AND "form" IN ({forms}) AND ("id" IN (SELECT "report" FROM "texts") OR "id" IN (
                SELECT "report" FROM "attachments" WHERE "report" IS NOT NULL AND "state" <> 'deleted')
                OR "name" IN (SELECT "thread" FROM "followups"))""",  # noqa: S608 - numbers and constants
            [why, *values],
        )
    return Counter(dict(connection.execute('SELECT "why", count(*) FROM temp."due" GROUP BY "why"')))


def _conditions(connection: Any, today: date, counted: bool) -> Iterator[tuple[str, str, list[Any]]]:
    if not _asking(connection):
        return
    codes = dict(
        connection.execute('SELECT "code", "id" FROM "choices" WHERE "question" = ?', [KEEP]).fetchall()
    )
    (newest,) = connection.execute('SELECT coalesce(max("newest"), 0) FROM "releases"').fetchone()
    chosen = f'("{KEEP}" IS NULL OR "{KEEP}" = ?)'
    yield COUNTED, f'{chosen} AND (? OR "id" <= ?)', [codes.get(COUNTED), counted, newest]
    for why, years in _YEARS.items():
        yield why, f'"{KEEP}" = ? AND "week" <= ?', [codes.get(why), _last_week(today, years)]


def _asking(connection: Any) -> list[int]:
    """The numbers of the forms that ask what is to be kept."""
    rows = connection.execute('SELECT "id", "json" FROM "forms"').fetchall()
    return [
        number
        for number, text in rows
        if any(question.id == KEEP for question in Form.from_json(text.encode("utf-8")).asked)
    ]


def _last_week(today: date, years: int) -> str:
    """The last ISO week that ended so many years ago, or earlier."""
    # The 29th of February has no anniversary in most years.
    day = min(today.day, 28) if today.month == 2 else today.day
    year, week, _ = (date(today.year - years, today.month, day) - timedelta(days=6)).isocalendar()
    return f"{year}-W{week:02d}"
