"""What the workbench says about each table, and how Datasette should treat it."""

from collections.abc import Iterator, Mapping
from typing import Any

from analysis import schema
from analysis.cipher import Database
from analysis.desk import DATABASE
from analysis.workbench.state import State
from intake.forms.form import Form, Question

# Datasette paints its pages in the first six digits of what it believes to be the digest of the file.
COLOUR = "1f5c57"

HIDDEN = (
    *("receipts", "servers", "bundles", "shards", "acknowledgements"),
    *("withdrawals", "gone", "leaving", "highest", "addressed", "trackers", "boxes", "settings", "canned"),
)
# Hidden as well, and only there to count fast; they say nothing that other tables do not say.
COUNTING = ("bitmaps", "bitmaps_texts", "bitmaps_stale", "bitmaps_done", "summaries")
# A decision leaves them as they are, so that ten million rows need not be counted again.
TOLD = ("reports", "answers", "texts")

_REPORTS = """One row a report. Choose a heading to sort by it, or "Group by" to count the reports by an
answer. Reports are what people chose to tell: they are not checked one by one."""
_TEXTS = "What people wrote in their own words. Everything is shown as plain text, whatever it looks like."
_ANSWERS = "One row a tick, because several answers may be ticked to one question. Group by choice to count."
_ATTACHMENTS = """Files that were sent along with reports. Each was checked against its report, and lies
sealed in the archive. This version cannot open one: treat it as hostile when a later one does."""
_ASKINGS = """The different sets of questions that reports were asked. A blank in a report is a question that
was left blank when its set holds the question, and one that was not asked when it does not."""
_BASES = """How many reports were asked each question, and how many of them by the short form. Divide by this,
and not by all reports: the others never saw the question."""
_SET_ASIDE = "Sealed reports that could not be opened or broke a rule. They stay in the archive as they came."


_BUNDLE = "The bundle that brought it; 0 for a sealed file that came in none, nothing for a spreadsheet's row"


def describe(database: Database, actor: Mapping[str, str]) -> dict[str, Any]:
    """Datasette's metadata; only `actor` may see anything."""
    questions = {question.id: question for form in read_forms(database).values() for question in form.asked}
    labels = {name: question.label.get("en", name) for name, question in questions.items()}
    columns = [row[1] for row in database.conn.execute('PRAGMA table_info("reports")')]
    groupable = [name for name in columns if _is_groupable(name, questions)]
    tables: dict[str, dict[str, Any]] = {
        "reports": {
            "title": "Reports",
            "description": _REPORTS,
            "columns": {"bundle": _BUNDLE} | {name: labels[name] for name in columns if name in labels},
            "group_by": groupable,
            "label_column": "id",
        },
        "texts": {
            "title": "In their own words",
            "description": _TEXTS,
            "fts_table": "texts_fts",
            "fts_pk": "id",
            "group_by": ["question"],
            # Sorting a million stories would use up the whole time that a page has.
            "sortable_columns": ["id", "report"],
        },
        "answers": {"title": "What was ticked", "description": _ANSWERS, "group_by": ["choice"]},
        "choices": {"title": "Choices", "label_column": "label", "group_by": ["question", "rollup"]},
        "forms": {"title": "Forms", "label_column": "title"},
        "attachments": {
            "title": "Attachments",
            "description": _ATTACHMENTS,
            "columns": {"bytes": "Its length", "size": "Its length in the archive, sealed and filled"},
            "group_by": ["state", "type", "bundle"],
        },
        "set_aside": {"title": "Set aside", "description": _SET_ASIDE, "group_by": ["reason", "bundle"]},
        "askings": {"title": "Sets of questions", "description": _ASKINGS, "label_column": "page"},
        "asked": {"title": "Questions of each set", "group_by": ["question"]},
        "bases": {"title": "How many were asked", "description": _BASES},
        "ticks": {"title": "What was ticked, in words", "group_by": ["question", "group", "answer"]},
    }
    tables |= {name: {"hidden": True, "allow": False} for name in _out_of_sight(database)}
    return {
        "title": "Witnessbox workbench",
        "description": "This machine only. Nothing on these pages comes from anywhere else or goes anywhere.",
        "allow": dict(actor),
        "databases": {"desk": {"title": "The desk", "tables": tables}},
    }


class Counts(Mapping[str, Mapping[str, int]]):
    """How many rows each table has, in Datasette's shape; counted when a page first asks.

    Datasette would count them for every page; all at once, ten million ticks would hold up the start.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        database = state.desk.database
        self._names = [
            row[0] for row in database.conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        # Nobody is shown how many rows these have.
        self._unseen = frozenset(_out_of_sight(database))
        self._counts: dict[str, tuple[int, int]] = {}

    def __getitem__(self, name: str) -> Mapping[str, int]:
        if name in self._unseen:
            return {"count": 0}
        if name not in self._names:
            raise KeyError(name)
        written, told = self._state.versions()
        version = told if name in TOLD else written
        if self._counts.get(name, (None, 0))[0] != version:
            query = f'SELECT count(*) FROM "{name}"'  # noqa: S608  # the name of a table
            self._counts[name] = version, self._state.connection().execute(query).fetchone()[0]
        return {"count": self._counts[name][1]}

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def inspect(state: State) -> dict[str, Any]:
    """What Datasette would find out about the file."""
    path = state.desk.path / DATABASE
    return {"hash": COLOUR, "size": path.stat().st_size, "file": path.name, "tables": Counts(state)}


def read_forms(database: Database) -> dict[int, Form]:
    """The forms that the desk knows, by their number."""
    rows = database.conn.execute('SELECT "id", "json" FROM "forms" ORDER BY "id"').fetchall()
    return {number: Form.from_json(text.encode("utf-8")) for number, text in rows}


def _is_groupable(column: str, questions: Mapping[str, Question]) -> bool:
    if column in schema.FIXED_COLUMNS:
        return column in ("week", "lang", "sealed_by", "channel", "form", "page", "bundle")
    return column in questions and questions[column].kind in ("select_one", "month")


def _out_of_sight(database: Database) -> list[str]:
    search = database.conn.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'texts_fts*'"
    )
    return [*HIDDEN, *COUNTING, *(row[0] for row in search)]
