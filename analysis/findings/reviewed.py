"""Which place each report names, as organizers put spellings together at the review.

Read from the answers and the decisions themselves: a number that is printed for ever is not taken from what
pages keep. A spelling that reads the same as a decided one follows it, as on those pages; what likeness alone
proposes is no place.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.cipher import Database
from analysis.findings.naming import OTHER
from analysis.patterns import names
from analysis.patterns.reading import Numbers, choices, parse
from analysis.patterns.settled import Decisions, Unit, read_decisions
from analysis.patterns.written import Pool, pools

# So many groups a batch remembers at most, those that most reports name.
MOST = 300


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The groups of one kind of name: their names, and the codes of a list that are in them.

    `reports` wrote a name, in rising order, and `groups` has the group of each, 0 where it is in none.
    """

    pool: Pool
    labels: Mapping[int, str]
    listed: Mapping[int, tuple[str, ...]]
    reports: Numbers
    groups: Numbers

    def of(self, reports: Numbers) -> Numbers:
        """The group that each of these reports names; 0 for none, and -1 where nothing was written."""
        found = np.full(len(reports), -1, dtype=np.int64)
        if len(self.reports):
            places = np.searchsorted(self.reports, reports)
            places[places == len(self.reports)] = 0
            there = self.reports[places] == reports
            found[there] = self.groups[places[there]]
        return found

    def remembered(self, reports: Numbers) -> list[int]:
        """The groups that a batch of these reports remembers: those that stand, and are on no list."""
        named = Counter(self.of(reports).tolist())
        standing = [group for group in self.labels if group not in self.listed]
        kept = sorted(standing, key=lambda group: (-named[group], group))[:MOST]
        return sorted(group for group in kept if named[group])


def named_pools(database: Database) -> dict[str, Pool]:
    """What people may name in words, by the question of its table. Officers are never among it."""
    return {pool.id: pool for pool in pools(database) if not pool.holds_marks}


def read_reviewed(database: Database, pool: Pool) -> Reviewed:
    """The groups that stand, and which reports name them."""
    decisions = read_decisions(database.conn, pool.words)
    follow = _followed(database, pool, decisions)
    found: dict[int, int] = {}
    query = f"""SELECT "text", group_concat("report") FROM "texts" WHERE "question" = ?
        AND length("text") <= {names.LONGEST} GROUP BY "text" """  # noqa: S608 - a number
    rows = database.conn.execute(query, [pool.words])
    for text, numbers in rows:
        group = _group(text, pool, decisions, follow)
        found.update(dict.fromkeys(parse(numbers).tolist(), group))
    # Of words that were deleted since, the group that they were in stays.
    for group, reports in decisions.kept.items():
        found.update(dict.fromkeys(reports, group))
    ordered = np.array(sorted(found), dtype=np.int64)
    listed: dict[int, list[str]] = defaultdict(list)
    for (question, code), group in sorted(decisions.groups.items()):
        if question != pool.words:
            listed[group].append(code)
    return Reviewed(
        pool,
        decisions.labels,
        {group: tuple(codes) for group, codes in listed.items()},
        ordered,
        np.array([found[report] for report in ordered.tolist()], dtype=np.int64),
    )


def _group(text: str, pool: Pool, decisions: Decisions, follow: Mapping[names.Name, set[Unit]]) -> int:
    key = (pool.words, text)
    if key in decisions:
        return decisions.groups.get(key, 0)
    name = names.place(text)
    units = follow.get(name, set()) if name else set()
    only = next(iter(units)) if len(units) == 1 else None
    return only if isinstance(only, int) else 0


def _followed(database: Database, pool: Pool, decisions: Decisions) -> Mapping[names.Name, set[Unit]]:
    """By how a name is read: where the decided spellings of it belong."""
    labels = {one.code: one.label for one in choices(database, pool.listed)} if pool.listed else {}
    found: dict[names.Name, set[Unit]] = defaultdict(set)
    for question, text in (*decisions.groups, *decisions.alone):
        name = names.place(text if question == pool.words else labels.get(text, ""))
        unit = decisions.unit((question, text), name) if name else None
        if name and unit is not None:
            found[name].add(unit)
    return found


def read_present(connection: Any, groups: Iterable[int]) -> dict[int, int]:
    """The group in which all spellings of each group are now; one that was divided has none."""
    found = {}
    for group in groups:
        rows = connection.execute(
            'SELECT DISTINCT "named"."group" FROM "grouped" LEFT JOIN "named" '
            'ON "named"."spelling" = "grouped"."spelling" WHERE "grouped"."group" = ?',
            [group],
        ).fetchall()
        if len(rows) == 1 and rows[0][0] is not None:
            found[group] = int(rows[0][0])
    return found


def all_groups(connection: Any, question: str) -> list[int]:
    """Every group that was ever made of answers to a question."""
    rows = connection.execute('SELECT "id" FROM "groups" WHERE "question" = ? ORDER BY "id"', [question])
    return [int(row[0]) for row in rows]


def codes_of(reviewed: Reviewed) -> dict[int, str]:
    """The choice of the list that a group means, where it means one alone."""
    alone = {group: codes[0] for group, codes in reviewed.listed.items() if len(codes) == 1}
    return {group: code for group, code in alone.items() if code != OTHER}
