"""`make replay`: real records of last years through the whole chain, as if each were sent today.

The records stand in `../shared/data`, beside the project; they are read there and copied nowhere.
Everything that is made lies in a temporary folder that is removed at the end.
"""

import csv
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import click
import httpx

from analysis.mapfile import read_map
from analysis.mapping import Map
from tests.running import Page, be_patient, command, read_page, sealed_post, send_form, send_sealed, serving

ROOT = Path(__file__).parents[2]
RECORDS = ROOT.parent / "shared" / "data" / "police_complaints.csv"
MAP = ROOT / "tests" / "real" / "police_complaints.toml"
PASSPHRASE = "only for the replay"
INTAKE, DESK = "witnessbox-intake", "witnessbox-analysis"
# All reports came in one week, whenever they were made.
RELEASE = """
organization = "Replay"
release = "replay-1"
date = 2026-11-22
title = "Complaints"
one_arrival = true
tables = ["F02", "F03"]
without = ["F03-received"]
[period]
first = "1985-01"
last = "2013-12"
"""
CONNECTIONS = 8
# One in so many comes without script, as from a browser at its safest level.
WITHOUT_SCRIPT = 4


@contextmanager
def leg(name: str) -> Iterator[None]:
    """Prints how long a part of the way took."""
    start = time.monotonic()
    yield
    click.echo(f"{time.monotonic() - start:8.1f} s  {name}")


def send_all(address: str, mapping: Map, records: list[dict[str, str]]) -> None:
    """Sends every record; each must be acknowledged."""
    with httpx.Client(timeout=60) as client, ThreadPoolExecutor(CONNECTIONS) as pool:
        page = read_page(client, address)

        def send(numbered: tuple[int, dict[str, str]]) -> None:
            _send(client, address, page, numbered[0], mapping.answers(numbered[1], Counter()))

        with click.progressbar(length=len(records), label="sending", file=sys.stderr) as progress:
            for _ in pool.map(send, enumerate(records)):
                progress.update(1)


def _send(client: httpx.Client, address: str, page: Page, number: int, raw: dict[str, list[str]]) -> None:
    if number % WITHOUT_SCRIPT:
        send_sealed(client, address, sealed_post(page, raw, "en"))
    else:
        send_form(client, page, raw)


def replay(folder: Path, records_file: Path) -> Path:
    """All legs, in order; the folder of the findings."""
    desk, intake, stick = folder / "desk", folder / "intake", folder / "stick"
    stick.mkdir()
    mapping = read_map(MAP)
    with records_file.open(newline="", encoding="utf-8") as file:
        records = list(csv.DictReader(file))
    with leg("keys for the desk, an intake that knows the public half"):
        command(DESK, "keygen", "--desk", desk, passphrase=PASSPHRASE)
        command(INTAKE, "init", "--data", intake, "--desk", desk / "desk.pub")
        be_patient(intake)
        command(DESK, "pin", "--desk", desk, intake / "server.pub", passphrase=PASSPHRASE)
    with serving(INTAKE, "serve", "--data", intake, "--port", "0") as address:
        with leg(f"{len(records):,} reports sent and acknowledged, one in {WITHOUT_SCRIPT} without script"):
            send_all(address, mapping, records)
        with leg("export to the stick"):
            command(INTAKE, "export", "--data", intake, "--out", stick)
    (bundle,) = stick.iterdir()
    with leg("import at the desk: verified, opened, checked, loaded, indexed"):
        said = command(DESK, "import", "--desk", desk, bundle, passphrase=PASSPHRASE)
    click.echo(f"            {said.strip()}")
    with leg("the same file once more, by import-csv into another desk"):
        other = folder / "other"
        command(DESK, "keygen", "--desk", other, passphrase=PASSPHRASE)
        said = command(DESK, "import-csv", "--desk", other, MAP, records_file, passphrase=PASSPHRASE)
    click.echo("            " + said.strip().replace("\n", "\n            "))
    with leg("published"):
        sites = [_publish(of, folder / f"findings-{of.name}") for of in (desk, other)]
    tables = [(site / "tables" / "F02.csv").read_bytes() for site in sites]
    if tables[0] != tables[1]:
        raise SystemExit("the two ways do not give the same table")
    click.echo("            both ways give the same table, byte for byte")
    return sites[0]


def _publish(desk: Path, out: Path) -> Path:
    asked = out.with_suffix(".toml")
    asked.write_text(RELEASE, encoding="utf-8")
    command(DESK, "release-key", "--desk", desk, passphrase=PASSPHRASE)
    command(DESK, "publish", "--desk", desk, asked, "--out", out, passphrase=PASSPHRASE)
    return out


@click.command()
@click.option("--records", type=click.Path(path_type=Path), default=RECORDS, help="The CSV file to replay.")
@click.option("--keep", type=click.Path(path_type=Path), help="Where to leave the findings.")
def main(records: Path, keep: Path | None) -> None:
    """Sends the real records through a running intake, to a desk, to one published table."""
    if not records.is_file():
        raise SystemExit(f"{records.name}: the records are not there; name them with --records")
    with tempfile.TemporaryDirectory() as name:
        site = replay(Path(name), records)
        click.echo((site / "tables" / "F02.csv").read_text())
        if keep:
            shutil.copytree(site, keep)


if __name__ == "__main__":
    main()
