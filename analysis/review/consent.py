"""Does what senders were promised about their words (K03): the tables first, then the archive.

After this nothing at the desk says what they wrote. It does not reach what lies elsewhere: sticks,
the intake until it was told what to delete, backups, and copies of the desk's folder.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from analysis.desk import Desk
from analysis.patterns import making
from analysis.patterns.making import Begin
from analysis.review.purge import purge_tables
from analysis.review.retention import COUNTED, LEGAL, YEAR, find_due
from analysis.review.stripping import Stripped, strip_archive
from analysis.threads import leaving
from analysis.threads.leaving import Left

_PROMISES = {COUNTED: "once counted", YEAR: "after 12 months", LEGAL: "after 24 months"}


@dataclass(frozen=True, slots=True)
class Purged:
    """Reports whose words are due or were deleted, by what was promised; no `archive` in a rehearsal.

    `questions` were saved, and searched for words that are deleted now.
    """

    reports: Counter[str]
    archive: Stripped | None
    questions: int = 0


def purge(
    desk: Desk,
    today: date,
    *,
    counted: bool = False,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _: None,
    patterns: Begin = making.unseen,
) -> Purged:
    """Deletes the words that are due, for ever; `progress` is told the shards of the archive, and `patterns`
    what is made again of the reports that are left.

    `counted` says that the counting is done, though no release was published. May be repeated after
    it was cut off anywhere. The caller keeps other commands away (`desk.changing`).
    """
    if dry_run:
        with desk.database.atomic():
            return Purged(find_due(desk.database.conn, today, counted=counted), None)
    reports, questions = purge_tables(desk, today, counted=counted)
    purged = Purged(reports, strip_archive(desk, progress), questions)
    # What was added to these reports later.
    leaving.strip(desk, Left())
    # What was made of deleted words went with them; it is made again of those that are left.
    making.refresh(desk.database, patterns)
    return purged


def steps(desk: Desk) -> int:
    """The shards of the archive, for a progress bar."""
    return int(desk.database.conn.execute('SELECT count(*) FROM "shards"').fetchone()[0])


def describe(purged: Purged) -> Iterator[str]:
    """Lines about a purge."""
    verb = "are due to be deleted" if purged.archive is None else "were deleted"
    yield f"the words of {_count(purged.reports.total(), 'report')} {verb}"
    for why, words in _PROMISES.items():
        if purged.reports[why]:
            yield f"  {purged.reports[why]} {words}"
    if purged.questions:
        yield f"{_count(purged.questions, 'saved question')} deleted, whose search words stood nowhere else"
    if purged.archive is not None:
        yield from _describe_archive(purged.archive)


def describe_due(due: Counter[str]) -> Iterator[str]:
    """A line after a release, where words are due now."""
    if due:
        yield f"the words of {_count(due.total(), 'report')} are due to be deleted: witnessbox-analysis purge"


def _describe_archive(done: Stripped) -> Iterator[str]:
    if done.shards:
        yield (
            f"in the archive: {_count(done.reports, 'report')} sealed anew without words, "
            f"{_count(done.files, 'file')} deleted"
        )
    if done.damaged:
        yield f"{_count(done.damaged, 'file')} of the archive left as it was, because it is damaged"
    if done.unopened:
        yield f"{_count(done.unopened, 'report')} left in the archive with its words: it does not open"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")
