"""To whom a notice goes: the senders of the reports of an area, or of some weeks."""

from dataclasses import dataclass
from typing import Any

from analysis.threads.errors import BadSetting
from analysis.threads.weeks import is_week

AREA = "area"


@dataclass(frozen=True, slots=True)
class Choice:
    """An area by its code in the form, and the first and the last week in which reports came; or nothing."""

    area: str = ""
    since: str = ""
    until: str = ""


def find(connection: Any, choice: Choice) -> list[int]:
    """The reports that match and are no rows of a spreadsheet, those that are left out of counts among them.

    Raises BadSetting for an area that no form has, or a week that there is not.
    """
    conditions, values = ['"bundle" IS NOT NULL'], list[object]()
    if choice.area:
        conditions.append(f'"{AREA}" = ?')
        values.append(_area(connection, choice.area))
    for week, condition in ((choice.since, '"week" >= ?'), (choice.until, '"week" <= ?')):
        if week:
            if not is_week(week):
                raise BadSetting("a week is not written as one", 'write it like "2026-W47"')
            conditions.append(condition)
            values.append(week)
    query = f'SELECT "id" FROM "reports" WHERE {" AND ".join(conditions)} ORDER BY "id"'  # noqa: S608
    return [number for (number,) in connection.execute(query, values)]


def _area(connection: Any, code: str) -> int:
    query = 'SELECT "code", "id" FROM "choices" WHERE "question" = ? ORDER BY "code"'
    known = dict(connection.execute(query, [AREA]).fetchall())
    if code not in known:
        listed = ", ".join(known) or "no form asks for one"
        raise BadSetting("no form has this area", f"one of: {listed}")
    return int(known[code])
