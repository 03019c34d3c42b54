"""What comes up most in the real complaints: officers, commands, acts that come together, one event twice.

    python -m tests.real.patterns --desk FOLDER

A desk that is not there is made, without a passphrase, and the records are imported; they are read in
place and copied nowhere. The numbers are for whoever works on the patterns, and small ones among them are
not for publication.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import click

from analysis.desk import Desk
from analysis.patterns import events, places, retold, together
from analysis.patterns.alike import Found
from analysis.patterns.reading import SMALL, read_counted
from tests.real.replay import DESK, MAP, RECORDS
from tests.running import command

TOP = 10
SLACK = 6
T = TypeVar("T")


def timed(name: str, find: Callable[[], T]) -> T:
    """What is found, with a line that says how long it took."""
    start = time.perf_counter()
    found = find()
    click.echo(f"\n{name} ({time.perf_counter() - start:.2f} s)")
    return found


def show_names(desk: Desk, pool: places.Pool, title: str) -> None:
    """The names that most complaints have."""
    found = timed(title, lambda: places.places(read_counted(desk.database.conn), pool))
    click.echo(f"  {found.n:,} complaints name {found.found:,}; the {TOP} most frequent:")
    for group in found.groups[:TOP]:
        click.echo(f"  {group.n:6,}  {group.name}")
    likened = [group for group in found.groups if group.names > 1]
    click.echo(f"  {len(likened)} groups put together by likeness")


def show_acts(desk: Desk) -> None:
    """Pairs that enough complaints have, far from what independence would give."""
    found = timed(
        "Acts that come together", lambda: together.together(read_counted(desk.database.conn), "acts")
    )
    click.echo(f"  {found.n:,} complaints tell of acts, in {found.distinct:,} combinations")
    told = [pair for pair in found.pairs if pair.n >= SMALL]
    click.echo("       n  expected   lift")
    for pair in [*told[:12], *told[-4:]]:
        labels = f"{pair.first.label} + {pair.second.label}"
        click.echo(f"  {pair.n:6,}  {pair.expected:8.1f}  {pair.lift:5.2f}  {labels}")
    click.echo("  whole combinations:")
    for one in found.combinations[:TOP]:
        click.echo(f"  {one.n:6,}  {' + '.join(choice.label for choice in one.choices)}")


def show_sets(desk: Desk, title: str, found: Found) -> None:
    """The sets with most complaints, and what their complaints say."""
    click.echo(f"  {found.number} {title}, of {found.reports} complaints")
    for one in found.sets[:TOP]:
        click.echo(f"  {one.n} complaints, {one.likeness:.0f} bits: agree in {', '.join(one.why)}")
        for line in said(desk, one.reports):
            click.echo(f"      {line}")


def said(desk: Desk, reports: Sequence[int]) -> Iterator[str]:
    """Month, command, officers and acts of some reports."""
    for report in reports:
        run = desk.database.conn.execute
        (month,) = run('SELECT "when" FROM "reports" WHERE "id" = ?', [report]).fetchone()
        texts = dict(run('SELECT "question", "text" FROM "texts" WHERE "report" = ?', [report]).fetchall())
        acts = run('SELECT "answer" FROM "ticks" WHERE "report" = ? AND "question" = \'acts\'', [report])
        ticked = "; ".join(act for (act,) in acts.fetchall())
        yield f"{month}  {texts.get('station', '-'):8}  {texts.get('marks', '-'):18}  {ticked}"


@click.command()
@click.option("--records", type=click.Path(path_type=Path), default=RECORDS, help="The CSV file.")
@click.option("--desk", "path", type=click.Path(path_type=Path), required=True, help="The desk.")
def main(records: Path, path: Path) -> None:
    """Prints the patterns in the real complaints."""
    if not path.exists():
        command(DESK, "keygen", "--desk", path, "--no-passphrase")
        command(DESK, "import-csv", "--desk", path, MAP, records)
    with Desk.unlocked(path, lambda: "") as desk:
        database = read_counted(desk.database.conn)
        (newest,) = desk.database.conn.execute('SELECT max("id") FROM "reports"').fetchone()
        pools = {pool.id: pool for pool in places.pools(database)}
        show_names(desk, pools["marks"], "Officers, by number")
        show_names(desk, pools["station"], "Commands")
        show_acts(desk)
        same = timed("The same answers throughout", lambda: events.same_answers(database))
        show_sets(desk, "sets with the same answers", same)
        event = timed("What may be the same event", lambda: events.same_event(database))
        show_sets(desk, "sets that may be one event", event)
        more = timed(f"With {SLACK} bits less", lambda: events.make_events(database, newest, slack=SLACK))
        click.echo(f"  {len(more.columns['sizes'])} sets, of {len(more.columns['members'])} complaints")
        told = timed("Stories told again", lambda: retold.stories(database))
        click.echo(f"  {told.number} sets; these records have no stories")


if __name__ == "__main__":
    main()
