"""What a PostgreSQL must be set to before it is trusted with reports.

It could lose what was acknowledged, and it could write down when each report came. Both are settings of
the server, which a client can read. A wrong one stops the start with its name.
"""

from intake.keeping import DatabaseError
from intake.postgres.schema import Raw

_ON = frozenset({"on"})
_OFF = frozenset({"off"})
# What is refused: the values that are right, and what goes wrong with others.
_LOSES = "loses reports that were acknowledged when it crashes"
_TELLS = "writes down when each report came"
DEMANDS = {
    "fsync": (_ON, _LOSES),
    "full_page_writes": (_ON, _LOSES),
    "synchronous_commit": (frozenset({"on", "remote_apply"}), _LOSES),
    "track_commit_timestamp": (_OFF, _TELLS),
    "log_statement": (frozenset({"none"}), _TELLS),
    "log_duration": (_OFF, _TELLS),
    "log_min_duration_statement": (frozenset({"-1"}), _TELLS),
    "log_min_duration_sample": (frozenset({"-1"}), _TELLS),
    "log_transaction_sample_rate": (frozenset({"0"}), _TELLS),
    "log_statement_stats": (_OFF, _TELLS),
    "log_lock_waits": (_OFF, _TELLS),
    # There is a checkpoint after each time of putting in order, which is soon after a report.
    "log_checkpoints": (_OFF, _TELLS),
    "log_parameter_max_length_on_error": (frozenset({"0"}), _TELLS),
    "archive_mode": (_OFF, "keeps what was deleted, and when each report came"),
}
# What makes a log keep times for longer, and is no reason to take no reports.
_WISHES = {
    "wal_recycle": _OFF,
    "wal_keep_size": frozenset({"0"}),
    # An error is said with its time: that of a report which waited too long for a table, for instance.
    "log_min_messages": frozenset({"log", "fatal", "panic"}),
}
_SETTINGS = "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)"
# Both functions are the superuser's alone unless they are granted.
_MAY_CUT = """SELECT has_function_privilege('pg_switch_wal()', 'EXECUTE') AND (rolsuper OR EXISTS (
SELECT 1 FROM pg_roles AS cutter
WHERE cutter.rolname = 'pg_checkpoint' AND pg_has_role(cutter.oid, 'USAGE')
)) FROM pg_roles WHERE rolname = current_user"""


def check(raw: Raw) -> None:
    """DatabaseError names the setting that is wrong. One that an engine does not have is not asked for."""
    for name, setting in raw.execute(_SETTINGS, (list(DEMANDS),)).fetchall():
        right, why = DEMANDS[name]
        if setting not in right:
            raise DatabaseError(
                f"the database is set to {name} = {setting}: it {why}",
                f"set {name} = {sorted(right)[0]} in its configuration; deploy/SCALE.md has all settings",
            )


def wishes(raw: Raw) -> list[str]:
    """What makes the database's log keep the times of reports for longer than it must."""
    rows = raw.execute(_SETTINGS, (list(_WISHES),)).fetchall()
    found = [f"{name} = {setting}" for name, setting in rows if setting not in _WISHES[name]]
    if not may_cut(raw):
        found.append("this user may not call CHECKPOINT and pg_switch_wal()")
    return found


def may_cut(raw: Raw) -> bool:
    """Whether this user may have the log cut off."""
    row = raw.execute(_MAY_CUT).fetchone()
    return bool(row and row[0])
