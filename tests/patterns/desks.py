"""Desks in memory whose reports a test writes out one by one."""

from collections.abc import Mapping, Sequence
from typing import Any

from analysis import bitmaps, schema
from analysis.bitmaps import numbers
from analysis.cipher import Database
from analysis.patterns import making
from analysis.patterns.reading import Counted, Numbers, read_counted
from intake.forms.form import Form
from tests.findings.small_desk import choice, form, question

ACTS = ("shout", "push", "search", "arrest")
GROUNDS = ("drugs", "race", "not_sure")


def small_form() -> Form:
    """Acts, grounds, a station, an officer's marks, a clinic from a list or in words, and a story."""
    return form(
        question("setting", "select_one", [choice("police"), choice("health")]),
        question("station", "text", max_length=120, role="act"),
        question("marks", "text", max_length=120, role="act"),
        question("clinic", "select_one", [choice("main_clinic"), choice("other")], role="act"),
        question("clinic_other", "text", max_length=120, role="act"),
        question("acts", "select_multiple", [choice(code) for code in ACTS]),
        question("grounds", "select_multiple", [choice(c, exclusive=c == "not_sure") for c in GROUNDS]),
        question("contact", "select_one", [choice(code) for code in ("street", "car", "home")]),
        question("story", "long_text", max_length=2000, role="narr"),
    )


class Desk:
    """A desk's database with the small form and the reports that were added, numbered from 1."""

    def __init__(self, one: Form | None = None) -> None:
        self._database = Database(memory=True)
        schema.create(self._database)
        self.form = schema.add_form(self._database, one or small_form())
        rows = self._database.conn.execute('SELECT "question", "code", "id" FROM "choices"').fetchall()
        self.codes = {(name, code): number for name, code, number in rows}
        self.last = 0
        asking = 'INSERT INTO "askings" ("form", "page", "questions") VALUES (?, ?, ?) RETURNING "id"'
        cursor = self._database.conn.execute(asking, [self.form, "all", "all"])
        self.asking = cursor.fetchone()[0]

    @property
    def database(self) -> Counted:
        """What patterns read, true to what was added so far, as after an import."""
        if not bitmaps.is_true(self._database):
            with self._database.atomic():
                bitmaps.refresh(self._database)
        if not making.is_true(self._database.conn):
            making.refresh(self._database)
        return read_counted(self._database.conn)

    @property
    def connection(self) -> Any:
        """The tables as they are, whatever summaries say."""
        return self._database.conn

    def who_ticked(self, question: str, code: str) -> Numbers:
        """The counted reports with a choice."""
        database = self.database
        ticked = database.column(question).get(self.codes[question, code], database.bits.none())
        return numbers(ticked & database.which)

    def forget(self) -> None:
        """Drops every summary, so that they are made from nothing."""
        self._database.conn.execute('DELETE FROM "summaries"')
        self._database.conn.commit()

    def add(
        self,
        *,
        week: str = "2026-W21",
        channel: str = "web",
        lang: str = "en",
        when: str | None = "2026-05",
        ticks: Mapping[str, Sequence[str]] | None = None,
        texts: Mapping[str, str] | None = None,
        **one_of: str,
    ) -> int:
        """The number of a new report; `ticks` and `texts` by their question."""
        self.last += 1
        row: dict[str, Any] = {
            "id": self.last, "name": f"{self.last:032x}", "form": self.form, "week": week, "lang": lang,
            "sealed_by": "file", "channel": channel, "when": when, "asking": self.asking, "page": "all",
            **{name: self.codes[name, code] for name, code in {"count": "yes", **one_of}.items()},
        }  # fmt: skip
        names, holes = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
        run = self._database.conn.execute
        run(f'INSERT INTO "reports" ({names}) VALUES ({holes})', list(row.values()))  # noqa: S608
        for name, ticked in (ticks or {}).items():
            for code in ticked:
                run('INSERT INTO "answers" VALUES (?, ?)', [self.last, self.codes[name, code]])
        for name, text in (texts or {}).items():
            run(
                'INSERT INTO "texts" ("report", "question", "text") VALUES (?, ?, ?)', [self.last, name, text]
            )
        return self.last
