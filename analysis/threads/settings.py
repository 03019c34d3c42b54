"""What organizers set about messages to reporters: for how many weeks they are shown."""

from typing import Any

from analysis.desk import Desk
from analysis.threads.errors import BadSetting

DEFAULT_WEEKS, MOST_WEEKS = 26, 104
_WEEKS = "weeks"


def weeks(connection: Any) -> int:
    """For how many weeks a message is shown."""
    row = connection.execute('SELECT "value" FROM "settings" WHERE "name" = ?', [_WEEKS]).fetchone()
    return int(row[0]) if row else DEFAULT_WEEKS


def set_weeks(desk: Desk, number: int) -> None:
    """Sets it for messages that are written from now on. Raises BadSetting, Busy."""
    if not 1 <= number <= MOST_WEEKS:
        raise BadSetting(f"messages are shown for 1 to {MOST_WEEKS} weeks")
    with desk.changing(), desk.database.atomic():
        desk.database.conn.execute(
            'INSERT OR REPLACE INTO "settings" ("name", "value") VALUES (?, ?)', [_WEEKS, str(number)]
        )
