"""Writes opened reports into the tables."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from analysis import attachments, identities, schema
from analysis.asking import Askings
from analysis.desk import Desk
from analysis.opening import Coding, Opened, Outcome, Refused, Said
from analysis.threads import arriving
from analysis.threads.tables import REPORTS, last_number

# Reports that wait to be written together: one table at a time costs a third less than in turns.
LOT = 1024


class Writer:
    """Puts opened reports into the tables, inside the transaction of its caller.

    The numbers that point from one table to another are the writer's own, so the caller may leave
    foreign keys unchecked meanwhile, which halves the time.
    """

    def __init__(self, desk: Desk, bundle: int | None, codings: Mapping[str, Coding]) -> None:
        self._desk = desk
        self._connection = desk.database.conn
        self._bundle = bundle
        self._codings = codings
        numbers = self._connection.execute('SELECT "digest", "id" FROM "forms"')
        self._forms: dict[str, int] = dict(numbers.fetchall())
        sources = {digest: coding.json for digest, coding in codings.items()}
        self._askings = Askings(self._connection, sources, self._forms)
        self._last = last_number(self._connection, REPORTS)
        aside = self._connection.execute('SELECT EXISTS (SELECT 1 FROM "set_aside")')
        self._some_were_set_aside = bool(aside.fetchone()[0])
        own = [identity.recipient for identity in desk.identities]
        self._identities = identities.numbers(desk.database, own)
        self._waiting: list[Outcome] = []
        self.added = 0
        self.followups = 0
        self.withdrawals = 0
        self.set_aside: Counter[str] = Counter()

    def write(self, outcomes: Sequence[Outcome]) -> None:
        """Takes one batch; it is in the tables after `finish`."""
        self._waiting.extend(outcomes)
        if len(self._waiting) >= LOT:
            self.finish()

    def finish(self) -> None:
        """Writes what still waits."""
        self._write_opened([outcome for outcome in self._waiting if isinstance(outcome, Opened)])
        self._write_said([outcome for outcome in self._waiting if isinstance(outcome, Said)])
        self._write_refused([outcome for outcome in self._waiting if isinstance(outcome, Refused)])
        self._waiting.clear()

    def _write_opened(self, opened: Sequence[Opened]) -> None:
        numbered = list(enumerate(opened, start=self._last + 1))
        self._last += len(opened)
        self.added += len(opened)
        for digest in {report.digest for report in opened}:
            rows = [self._row(number, report) for number, report in numbered if report.digest == digest]
            self._many("reports", (*schema.FIXED_COLUMNS, *self._codings[digest].columns), rows)
        self._many("answers", ("report", "choice"), [(n, tick) for n, one in numbered for tick in one.ticks])
        self._many(
            "texts", ("report", "question", "text"), [(n, *text) for n, one in numbered for text in one.texts]
        )
        self._many(
            "receipts", ("report", "box", "reply", "withdraw"), [(n, *one.receipt) for n, one in numbered]
        )
        attachments.name(
            self._desk, [(name, n, *rest) for n, one in numbered for name, *rest in one.attachments]
        )
        self._is_open([report.name for report in opened])

    def _is_open(self, names: Sequence[str]) -> None:
        """One that was set aside may open later, with a key or a form that was missing."""
        if self._some_were_set_aside:
            self._connection.executemany(
                'DELETE FROM "set_aside" WHERE "name" = ?', [(name,) for name in names]
            )

    def _write_said(self, said: Sequence[Said]) -> None:
        followups, withdrawals = arriving.write(self._connection, self._bundle, said)
        self.followups += followups
        self.withdrawals += withdrawals
        self._is_open([one.name for one in said])

    def _row(self, number: int, report: Opened) -> tuple[Any, ...]:
        form = self._forms[report.digest]
        fixed = (number, report.name, self._bundle, form, report.week, report.lang)
        asking = self._askings.find(report.digest, report.asked)
        opened_by = self._identities[report.identity]
        return (*fixed, report.sealed_by, report.channel, *asking, opened_by, *report.values)

    def _write_refused(self, refused: Sequence[Refused]) -> None:
        self.set_aside.update(report.reason for report in refused)
        rows = [(report.name, self._bundle, report.reason) for report in refused]
        self._many("set_aside", ("name", "bundle", "reason"), rows, verb="INSERT OR REPLACE")

    def _many(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], verb: str = "INSERT"
    ) -> None:
        """Measured at a sixth of what the insert_all of sqlite-utils takes for rows of this kind."""
        if rows:
            names = ", ".join(f'"{column}"' for column in columns)
            holes = ", ".join("?" * len(columns))
            self._connection.executemany(f'{verb} INTO "{table}" ({names}) VALUES ({holes})', rows)
