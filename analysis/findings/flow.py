"""The flow of reports of one batch (finding F01): received, left out for which reason, counted.

Every report about the period that is in no batch yet is in one place of it. One that was left out of an
earlier batch and taken back since is received a second time, since no batch changes.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from analysis.cipher import Database
from analysis.findings.control.lattice import Cell
from analysis.findings.counting import ENTRY_SITE, WEEK, WHEN, Count
from analysis.findings.plan import Plan
from analysis.findings.questions import BLANK, SETTING, asks_setting
from analysis.findings.tables import CHANNEL, FLOW, FLOW_COUNTED, FLOW_EXCLUDED, FLOW_RECEIVED, LANG
from analysis.patterns.reading import Numbers
from analysis.review.flow import NO_CONSENT
from analysis.review.tables import CONSENT


@dataclass(frozen=True, slots=True)
class Flowing:
    """The cells of the flow, and the reports that were left out of it."""

    cells: dict[Cell, Count]
    left_out: Numbers


def count_flow(
    database: Database,
    plan: Plan,
    *,
    undated: bool,
    until: str | None = None,
    spent: Collection[str] = (),
) -> Flowing:
    """The flow of the reports that a new batch is made of, by channel, language and setting.

    Those that came after the week `until` are not in it. What the batches `spent` left out stays out for
    good: they were published with noise, and each report of theirs has spent its budget.
    """
    found: dict[Cell, Counter[tuple[str, str]]] = {}
    sites: defaultdict[Cell, Counter[int]] = defaultdict(Counter)
    left_out: list[int] = []
    alone = {form.digest: form.id for form in plan.questions.forms if not asks_setting(form)}
    for row in _rows(database, spent):
        fits = plan.months.holds(row[WHEN])
        came = until is None or row[WEEK] <= until
        if came and (undated if fits is None else fits):
            reports = int(row["reports"])
            setting = alone.get(row["digest"]) or row[SETTING] or BLANK
            for cell in _cells(row, setting):
                found.setdefault(cell, Counter())[row[CHANNEL], row[WEEK]] += reports
                if row["site"] is not None:
                    sites[cell][row["site"]] += reports
            if row["reason"]:
                left_out.extend(map(int, row["ids"].split(",")))
    cells = {
        cell: Count(arrived.total(), max(arrived.values()), max(sites[cell].values(), default=0))
        for cell, arrived in found.items()
    }
    return Flowing(cells, np.array(sorted(left_out), dtype=np.int64))


def _cells(row: dict[str, Any], setting: str) -> Iterator[Cell]:
    """The cells of the flow that a report is in."""
    own = [f"{FLOW_EXCLUDED}.{row['reason']}", FLOW_EXCLUDED] if row["reason"] else [FLOW_COUNTED]
    crossed = [(), (f"{CHANNEL}={row[CHANNEL]}",), (f"{LANG}={row[LANG]}",), (f"{SETTING}={setting}",)]
    for stage, other in product([FLOW_RECEIVED, *own], crossed):
        yield tuple(sorted((f"{FLOW}={stage}", *other)))


def _rows(database: Database, spent: Collection[str]) -> Iterator[dict[str, Any]]:
    """Alike reports at once: those that no batch counted, nor left out as they are left out now."""
    there = {row[1] for row in database.conn.execute('PRAGMA table_info("reports")')}
    when = f'r."{WHEN}"' if WHEN in there else "null"
    consent = f'r."{CONSENT[0]}"' if CONSENT[0] in there else "null"
    setting = f'r."{SETTING}"' if SETTING in there else "null"
    site = f'r."{ENTRY_SITE}"' if ENTRY_SITE in there else "null"
    # Only fixed names of columns stand in the text of the query; values never do.
    yield from database.query(
        f"""select "when", week, channel, lang, digest, setting, site, reason, count(*) as reports,
          case when reason is null then null else group_concat(id) end as ids
        from (
          select r.id, {when} as "when", r.week, r.channel, r.lang, f.digest, c.code as setting,
            {site} as site,
            case when {consent} is not
                coalesce((select id from choices where question = ? and code = ?), -1)
              then ? else d.value end as reason,
            b.report is not null as taken, coalesce(b.counted, 0) as counted
          from reports r join forms f on f.id = r.form
            left join choices c on c.id = {setting}
            left join exclusions e on e.report = r.id left join decisions d on d.id = e.decision
            left join (select report, max(counted or batch in (select value from json_each(?))) as counted
                from counted_in group by report) b
              on b.report = r.id)
        where not counted and not (taken and reason is not null)
        group by "when", week, channel, lang, digest, setting, site, reason""",  # noqa: S608 - see above
        [*CONSENT, NO_CONSENT, json.dumps(sorted(spent))],
    )
