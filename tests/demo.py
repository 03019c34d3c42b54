"""`make demo`: the whole chain with synthetic reports, by the commands that organizers use.

The reports are sent once and kept in a folder, `.demo/`; a second run shows the same again. With --once
each part is asked for an answer, and the program ends.
"""

import itertools
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
import httpx

from tests.running import be_patient, command, read_page, sealed_post, send_form, send_sealed, serving
from tests.synthetic import reports

ROOT = Path(__file__).parents[1]
HOME = ROOT / ".demo"
REPORTS = 500
SEED = 2026
# The demo's reports are about nobody, so its passphrase may stand here.
PASSPHRASE = "only for the demo"
INTAKE, DESK = "witnessbox-intake", "witnessbox-analysis"
RELEASE = """\
organization = "Demo Union"
release = "demo-1"
date = 2026-11-22
languages = ["en", "es"]
one_arrival = true      # all reports of the demo came a minute ago
[title]
en = "What people told the Demo Union"
es = "Lo que la gente contó al Demo Union"
[period]
first = "2025-01"
last = "2026-10"
"""


class Demo:
    """The folders of one demo, and the steps in their order."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.intake, self.desk = home / "intake", home / "desk"
        self.stick, self.site = home / "stick", home / "findings"
        self.complete = home / "complete"

    def make_keys(self) -> None:
        """The desk's keys, and an intake that knows the public half alone."""
        command(DESK, "keygen", "--desk", self.desk, passphrase=PASSPHRASE)
        command(INTAKE, "init", "--data", self.intake, "--desk", self.desk / "desk.pub")
        be_patient(self.intake)
        command(DESK, "pin", "--desk", self.desk, self.intake / "server.pub", passphrase=PASSPHRASE)

    def send(self, address: str) -> None:
        """Half of the reports sealed as the script seals them, half typed without script."""
        with httpx.Client() as client:
            page = read_page(client, address)
            drawn = itertools.islice(reports(page.form, SEED), REPORTS)
            with click.progressbar(list(drawn), label="  sending", file=sys.stderr) as progress:
                for number, (lang, raw) in enumerate(progress):
                    if number % 2:
                        send_form(client, page, raw)
                    else:
                        send_sealed(client, address, sealed_post(page, raw, lang))

    def carry(self) -> str:
        """A bundle on the stick, imported at the desk; says what the desk took."""
        self.stick.mkdir()
        command(INTAKE, "export", "--data", self.intake, "--out", self.stick)
        return command(DESK, "import", "--desk", self.desk, self.stick, passphrase=PASSPHRASE)

    def publish(self) -> str:
        """The findings that a release file asks for, signed with a key of their own."""
        command(DESK, "release-key", "--desk", self.desk, passphrase=PASSPHRASE)
        asked = self.home / "release.toml"
        asked.write_text(RELEASE, encoding="utf-8")
        return command(DESK, "publish", "--desk", self.desk, asked, "--out", self.site, passphrase=PASSPHRASE)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Says what is done, and how long it took."""
    click.echo(f"{text} ...")
    start = time.monotonic()
    yield
    click.echo(f"  done in {time.monotonic() - start:.1f} s")


def run_chain(demo: Demo, running: ExitStack) -> str:
    """Everything from new keys to findings; the intake's address, which stays up."""
    with step("making the organizers' keys at the desk, and an intake that knows the public half"):
        demo.make_keys()
    with step("starting the intake"):
        address = running.enter_context(serving(INTAKE, "serve", "--data", demo.intake, "--port", "0"))
    with step(f"sending {REPORTS} synthetic reports, half sealed by script, half without"):
        demo.send(address)
    with step("carrying them to the desk as a signed bundle, and opening them there"):
        click.echo("  " + demo.carry().strip().replace("\n", "\n  "))
    with step("publishing the findings, with all withheld that could point at somebody"):
        click.echo("  " + demo.publish().strip().replace("\n", "\n  "))
    demo.complete.touch()
    return address


def show(intake: str, workbench: str, site: Path) -> None:
    """The addresses, each with what to look at."""
    click.echo("\nThe whole chain is up:\n")
    click.echo(f"  the form       {intake}\n                 fill it in with and without JavaScript")
    click.echo(f"  the workbench  {workbench}\n                 opens once: facets, search for naloxone")
    click.echo(
        f"  the findings   {(site / 'index.html').as_uri()}\n                 look for [c], a withheld number"
    )


def check(intake: str, workbench: str, site: Path) -> None:
    """Asks each part for an answer; ends the program with a word when one is wrong."""
    checks: dict[str, Callable[[], bool]] = {
        "the form": lambda: "acts" in httpx.get(f"{intake}en/report/").raise_for_status().text,
        "the workbench, without its token": lambda: httpx.get(workbench.split("?")[0]).status_code == 403,
        "the workbench": lambda: _workbench_answers(workbench),
        "the findings": lambda: ",c\n" in (site / "tables" / "F02.csv").read_text(),
        "the findings' checksums": lambda: (site / "SHA256SUMS").stat().st_size > 0,
    }
    for name, answers in checks.items():
        if not answers():
            raise SystemExit(f"{name}: did not answer as it should")
        click.echo(f"  {name}: answers")


def _workbench_answers(link: str) -> bool:
    with httpx.Client(follow_redirects=True) as client:
        home = client.get(link).raise_for_status()
        rows = client.get(f"{home.url.join('/')}desk/reports.json?_shape=array&_size=1")
        return rows.status_code == 200 and len(rows.json()) == 1


@click.command()
@click.option("--once", is_flag=True, help="Check that each part answers, then end.")
@click.option("--home", type=click.Path(path_type=Path), default=HOME, help="The demo's folder.")
def main(*, once: bool, home: Path) -> None:
    """Shows the whole chain, from a form to a finding."""
    demo = Demo(home)
    with ExitStack() as running:
        if demo.complete.exists():
            click.echo(f"showing the reports of the last demo (remove {home.name}/ to begin anew)")
            intake = running.enter_context(serving(INTAKE, "serve", "--data", demo.intake, "--port", "0"))
        else:
            shutil.rmtree(home, ignore_errors=True)
            intake = run_chain(demo, running)
        opening = serving(DESK, "open", "--desk", demo.desk, "--port", "0", passphrase=PASSPHRASE)
        workbench = running.enter_context(opening)
        show(intake, workbench, demo.site)
        if once:
            check(intake, workbench, demo.site)
            return
        click.echo("\nCtrl-C ends it.")
        wait_for_interrupt()


def wait_for_interrupt() -> None:
    """Until Ctrl-C."""
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        click.echo("ending")


if __name__ == "__main__":
    main()
