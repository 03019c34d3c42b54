"""The commands about what is said to reporters: reply, notice, messages, canned."""

from pathlib import Path

import click

from analysis.options import PATH, desk_option, unlocked

by_option = click.option("--by", "who", required=True, metavar="NAME", help="Who writes it, for the log.")
text_option = click.option("--text", "text", type=PATH, metavar="FILE", help="A file with the words.")


@click.command()
@desk_option
@click.argument("report", type=click.IntRange(1))
@text_option
@click.option("--canned", "name", metavar="NAME", help="The name of a canned reply instead.")
@click.option("--lang", type=click.Choice(["en", "es"]), help="Its language, if not that of the report.")
@by_option
def reply(path: Path, report: int, text: Path | None, name: str | None, lang: str | None, who: str) -> None:
    """Write a reply to the sender of REPORT, by its number in the workbench.

    It goes out with the next acknowledgement. Only who has the code of the report can read it.
    """
    from analysis.review.people import Reviewer
    from analysis.threads import canned, messages

    if (text is None) == (name is None):
        raise click.UsageError("give --text FILE or --canned NAME")
    with unlocked(path) as desk:
        connection, words = desk.database.conn, ""
        if name is not None:
            words = canned.find(connection, name, lang or canned.language(connection, report))
        elif text is not None:
            words = _words(text)
        n = messages.reply(desk, report, words, Reviewer.named(who))
    click.echo(f"wrote message {n} to the sender of report {report}; the next acknowledgement carries it")


@click.command()
@desk_option
@click.option("--area", default="", metavar="CODE", help="Reports about this area alone.")
@click.option(
    "--since", default="", metavar="WEEK", help='Reports that came in this week or later: "2026-W40".'
)
@click.option("--until", default="", metavar="WEEK", help="Reports that came in this week or earlier.")
@text_option
@by_option
@click.option("--dry-run", is_flag=True, help="Say how many boxes it would go to, and write nothing.")
def notice(
    path: Path, area: str, since: str, until: str, text: Path | None, who: str, *, dry_run: bool
) -> None:
    """Write one message to the senders of all reports that match; to all senders without an option."""
    from analysis.review.people import Reviewer
    from analysis.threads import choosing, messages

    if text is None and not dry_run:
        raise click.UsageError("give --text FILE, or --dry-run")
    with unlocked(path) as desk:
        reports = choosing.find(desk.database.conn, choosing.Choice(area, since, until))
        click.echo("1 box matches" if len(reports) == 1 else f"{len(reports)} boxes match")
        words = "" if text is None else messages.clean(_words(text))
        if dry_run:
            messages.find_readers(desk.database.conn, reports)
            return
        n = messages.notice(desk, reports, words, Reviewer.named(who))
    click.echo(f"wrote message {n}; the next acknowledgement carries it")


@click.command("messages")
@desk_option
@click.option(
    "--take-back", "number", type=click.IntRange(1), metavar="N", help="Take this one back, unsent."
)
@click.option("--by", "who", metavar="NAME", help="Who takes it back, for the log.")
@click.option("--weeks", type=int, metavar="W", help="Show messages for so many weeks from now on.")
def list_messages(path: Path, number: int | None, who: str | None, weeks: int | None) -> None:
    """List what is said to reporters, take back what has not gone out, or set how long it lasts."""
    from analysis.review.people import Reviewer
    from analysis.threads import messages, settings

    with unlocked(path) as desk:
        if number is not None:
            if not who:
                raise click.UsageError("say who takes it back: --by NAME")
            messages.take_back(desk, number, Reviewer.named(who))
        if weeks is not None:
            settings.set_weeks(desk, weeks)
        lines = list(messages.describe(desk.database.conn))
    for line in lines:
        click.echo(line)


@click.command("canned")
@desk_option
@click.option("--file", "file", type=PATH, metavar="FILE.toml", help="Take these in the place of your own.")
def list_canned(path: Path, file: Path | None) -> None:
    """List the canned replies, or take the organizers' own from a file."""
    from analysis.threads import canned

    with unlocked(path) as desk:
        if file is not None:
            taken = canned.take(desk, file)
            click.echo(f"took {taken} canned repl{'y' if taken == 1 else 'ies'}")
        known = {lang: canned.read(desk.database.conn, lang) for lang in ("en", "es")}
    for name, text in known["en"].items():
        click.echo(f"{name}\n  en  {_line(text)}\n  es  {_line(known['es'][name])}")


def _words(path: Path) -> str:
    from analysis.desk_errors import UnreadableFile
    from analysis.storage import read_file

    try:
        return read_file(path, 64 * 1024).decode()
    except UnicodeDecodeError:
        raise UnreadableFile(f"{path}: not text in UTF-8") from None


def _line(text: str) -> str:
    from analysis.workbench.marks import visible

    return visible(" ".join(text.split()))


def add_to(group: click.Group) -> None:
    """Adds the commands to the program."""
    for command in (reply, notice, list_messages, list_canned):
        group.add_command(command)
