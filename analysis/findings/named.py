"""The places that releases name in words: which there are, which are new, and whether one may be named.

A reviewed group is named by the release file alone, never by its number of reports: that a place is not named
tells nothing. It may be, where as many reports as the threshold name it, and they came in several ways, so
that one hand cannot have made it (DOMAIN.md, F6). From then on it keeps its row and its code for ever.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.cipher import Database
from analysis.findings.counting import ENTRY_SITE, WEEK, Count
from analysis.findings.errors import BadReleaseFile, Changed, NotToBeNamed
from analysis.findings.naming import OTHER, WORDED, Naming, Place
from analysis.findings.primary import Reason, Rules
from analysis.findings.questions import Questions
from analysis.findings.releasefile import Named, ReleaseFile
from analysis.findings.reviewed import Reviewed, all_groups, named_pools, read_present, read_reviewed
from analysis.findings.rows import read_reports
from analysis.findings.tables import CHANNEL
from analysis.patterns.reading import Numbers

# In so many weeks, and in so many ways (a week, a channel and an entry site) reports of a place came.
WEEKS, WAYS = 2, 3
TABLE = "F06-"


@dataclass(frozen=True, slots=True)
class Row:
    """A place as a release named it first, or as a later one names it again."""

    release: str
    question: str
    place: Place
    generation: int


@dataclass(frozen=True, slots=True)
class Roll:
    """The places of a release and of all before it; `rows` came with it, and `fresh` are new."""

    naming: Mapping[str, Naming]
    rows: tuple[Row, ...] = ()
    fresh: tuple[Row, ...] = ()


def call(
    database: Database,
    questions: Questions,
    file: ReleaseFile,
    batches: Collection[str],
    releases: Collection[str],
    *,
    again: bool,
) -> Roll:
    """The places of a release after those of the `releases` before it, which counted the `batches`.

    Raises BadReleaseFile, Changed.
    """
    _check_questions(database, questions, file)
    rows = [row for row in read_rows(database.conn) if row.release in releases]
    known = {(row.question, row.place.code) for row in rows}
    if again:
        if any((one.question, one.code) not in known for one in file.named):
            raise Changed(
                f'"{file.release}" was published without a place that this file names',
                "give the new release a name of its own",
            )
        return Roll(naming_of(rows))
    added = tuple(_added(database, file, rows, batches))
    _check_groups(_latest([*rows, *added]))
    fresh = tuple(row for row in added if (row.question, row.place.code) not in known)
    return Roll(naming_of([*rows, *added]), added, fresh)


def _check_questions(database: Database, questions: Questions, file: ReleaseFile) -> None:
    pools = named_pools(database)
    for one in file.named:
        asked = questions.asked.get(one.question)
        codes = {option.code for option in asked.options} if asked else set()
        if one.question not in pools or not asked or not (asked.kind == WORDED or OTHER in codes):
            there = [name for name in pools if name in questions.asked]
            raise BadReleaseFile(
                f'named: nobody is asked in words for "{one.question}"',
                f"there are {', '.join(there)}" if there else "no form asks for a place in words",
            )
        if one.code in {*codes, *asked.groups}:
            raise BadReleaseFile(
                f'named: "{one.code}" is a code of the list "{one.question}" already',
                "give the place a code of its own",
            )


def _added(
    database: Database, file: ReleaseFile, rows: Sequence[Row], batches: Collection[str]
) -> Iterator[Row]:
    """The rows that a release adds: for new places, and for known ones whose group is another by now."""
    latest = _latest(rows)
    generations = {row.question: row.generation for row in rows}
    asked = {(one.question, one.code): one for one in file.named}
    for key, row in latest.items():
        present = read_present(database.conn, [row.place.group]).get(row.place.group)
        if key in asked:
            found = _reviewed(database, key[0])
            group = _find(found, asked[key])
            name = asked[key].name
        elif present is None:
            raise Changed(
                f'the group of names of "{row.place.code}" of "{key[0]}" does not stand any more',
                f'name its group in a [[named]] with question = "{key[0]}", code = "{row.place.code}"',
            )
        else:
            group, name = present, row.place.name
        if (group, name) != (row.place.group, row.place.name):
            yield Row(file.release, key[0], Place(key[1], name, group, row.place.earlier), row.generation)
    for key, one in asked.items():
        if key not in latest:
            found = _reviewed(database, one.question)
            group = _find(found, one)
            ever = all_groups(database.conn, found.pool.words)
            now = read_present(database.conn, ever)
            same = tuple(other for other in ever if now.get(other) == group)
            place = Place(one.code, one.name, group, dict.fromkeys(batches, same))
            yield Row(file.release, one.question, place, generations.get(one.question, 0) + 1)


def _reviewed(database: Database, question: str) -> Reviewed:
    return read_reviewed(database, named_pools(database)[question])


def _find(reviewed: Reviewed, one: Named) -> int:
    """The number of the group that a release file names."""
    found = [group for group, label in reviewed.labels.items() if " ".join(label.split()) == one.name]
    if len(found) != 1:
        rule = "no reviewed group has this name" if not found else "several reviewed groups have this name"
        raise BadReleaseFile(
            f'named: "{one.code}" of "{one.question}": {rule}',
            "put its spellings together in the workbench, under Names, and write the name as it stands there",
        )
    if found[0] in reviewed.listed:
        raise BadReleaseFile(
            f'named: "{one.code}" of "{one.question}" was put together with a place of the list',
            "leave it out: its reports count with that place",
        )
    return found[0]


def _check_groups(latest: Mapping[tuple[str, str], Row]) -> None:
    seen: dict[tuple[str, int], str] = {}
    for (question, code), row in latest.items():
        other = seen.setdefault((question, row.place.group), code)
        if other != code:
            raise BadReleaseFile(
                f'named: "{other}" and "{code}" of "{question}" are one group of names',
                "name it once; what was merged after it was named has to be taken apart again",
            )


def _latest(rows: Sequence[Row]) -> dict[tuple[str, str], Row]:
    return {(row.question, row.place.code): row for row in rows}


def naming_of(rows: Sequence[Row]) -> dict[str, Naming]:
    """The places of each question, in the order in which releases named them."""
    found: dict[str, dict[int, list[Place]]] = defaultdict(lambda: defaultdict(list))
    for row in _latest(rows).values():
        found[row.question][row.generation].append(row.place)
    return {
        question: Naming(tuple(tuple(own[number]) for number in sorted(own)))
        for question, own in found.items()
    }


def read_rows(connection: Any) -> list[Row]:
    """What releases named, the oldest first."""
    rows = connection.execute(
        'SELECT "release", "question", "code", "name", "group", "generation", "earlier" FROM "places" '
        "ORDER BY rowid"
    )
    return [
        Row(release, question, Place(code, name, group, _parsed(earlier)), generation)
        for release, question, code, name, group, generation, earlier in rows
    ]


def _parsed(earlier: str) -> dict[str, tuple[int, ...]]:
    return {batch: tuple(groups) for batch, groups in json.loads(earlier).items()}


def keep(connection: Any, roll: Roll) -> None:
    """Writes down what a release names. Belongs in a transaction of the caller."""
    connection.executemany(
        'INSERT INTO "places" VALUES (?, ?, ?, ?, ?, ?, ?)',
        [
            (
                row.release,
                row.question,
                row.place.code,
                row.place.name,
                row.place.group,
                row.generation,
                json.dumps({batch: list(groups) for batch, groups in row.place.earlier.items()}),
            )
            for row in roll.rows
        ],
    )


# Whether a place may be named


def check(
    database: Database,
    roll: Roll,
    file: ReleaseFile,
    rules: Rules,
    counts: Mapping[str, Count],
    reports: Numbers,
) -> None:
    """Raises NotToBeNamed for a new place of too few reports, or of such as one hand may have written.

    `counts` are by the node of each place; `reports` are those that the release counts.
    """
    words = {
        Reason.FEW: f"is named in fewer than {file.k} reports of this release",
        Reason.PLACE: "is a place that too few people are behind, as the release file says",
        Reason.ARRIVAL: "is named in reports of which more than half came by one channel in one week",
        Reason.SITE: "is named in reports of which more than half came by one entry site",
    }
    for row in roll.fresh:
        node = f"{row.question}={row.place.code}"
        count = counts.get(node)
        reason = rules.reason((node,), count) if count and count.reports else Reason.FEW
        said = words[reason] if reason else ""
        if not said and not file.one_arrival:
            groups = {row.place.group, *(group for own in row.place.earlier.values() for group in own)}
            if not came_in_several_ways(database, _naming(database, row.question, groups, reports)):
                said = (
                    f"is named in reports that came in fewer than {WEEKS} weeks, or in fewer than {WAYS} ways"
                    " (a week, a channel, an entry site): one hand may have written them"
                )
        if said:
            raise NotToBeNamed(
                f'named: "{row.place.code}" of "{row.question}" {said}',
                "leave it out of the release file; what is reported of it now is not lost: a later release"
                " that names it counts it too",
            )


def _naming(database: Database, question: str, groups: Collection[int], reports: Numbers) -> Numbers:
    found: Numbers = reports[np.isin(_reviewed(database, question).of(reports), sorted(groups))]
    return found


def came_in_several_ways(database: Database, reports: Numbers) -> bool:
    """Whether reports came in several weeks, and by several channels or entry sites or in more weeks yet."""
    ways = _ways(database, reports)
    return len({week for week, _, _ in ways}) >= WEEKS and len(ways) >= WAYS


def _ways(database: Database, reports: Numbers) -> set[tuple[Any, ...]]:
    found = read_reports(database, WEEK, CHANNEL, ENTRY_SITE)
    places = found.places(reports)
    columns = [found.columns[name] for name in (WEEK, CHANNEL, ENTRY_SITE)]
    codes = np.unique(np.stack([column.codes[places] for column in columns]), axis=1).T
    rows = (zip(columns, row, strict=True) for row in codes.tolist())
    return {tuple(column.values[code] for column, code in row) for row in rows}


def nameable(database: Database, roll: Roll, file: ReleaseFile, reports: Numbers) -> Iterator[str]:
    """Lines about the groups that a release could name, with their true numbers: for organizers alone."""
    for question, pool in named_pools(database).items():
        reviewed = read_reviewed(database, pool)
        named = {place.group for place in roll.naming.get(question, Naming()).places}
        groups = reviewed.of(reports)
        for group, label in sorted(reviewed.labels.items(), key=lambda pair: pair[1]):
            own = reports[groups == group]
            if group not in named and group not in reviewed.listed and len(own) >= file.k:
                ways = _ways(database, own)
                weeks, name = len({week for week, _, _ in ways}), json.dumps(label, ensure_ascii=False)
                yield f"  {question}, {name}: {len(own)} reports, {weeks} weeks, {len(ways)} ways"
