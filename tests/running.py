"""The real commands, run as a person would run them, for the demo, the benchmarks and the replay."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from intake.crypto.padding import pad
from intake.crypto.receipt import Receipt
from intake.crypto.recipients import Recipient, parse_recipient
from intake.crypto.seal import seal_bytes
from intake.forms import answers, report
from intake.forms.form import Form, shipped

BIN = Path(sys.executable).parent
SECONDS_TO_START = 60
# What a benchmark, or a year's reports at once, must not be slowed down by.
PATIENT = {
    "free_per_minute": 100_000_000,
    "looks_per_minute": 100_000_000,
    "scriptless_per_minute": 100_000_000,
    "uploads_per_minute": 100_000_000,
    "min_fill_seconds": 0,
}
_STAMP = re.compile(r'name="_stamp" value="([^"]+)"')
_SCRIPT = re.compile(r'<script src="([^"]*/forms/[^"]+)"')


def command(name: str, *arguments: str | Path, passphrase: str | None = None) -> str:
    """Runs one of the project's commands to its end; its output. Ends this program when it fails."""
    done = subprocess.run(
        [BIN / name, *arguments],
        input=None if passphrase is None else passphrase + "\n",
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{name} {arguments[0]}: exit status {done.returncode}")
    return done.stdout


def configure(data: Path, **settings: int) -> None:
    """Changes numbers among the settings of a data directory."""
    file = data / "intake.toml"
    lines = file.read_text().splitlines()
    for key, value in settings.items():
        lines = [f"{key} = {value}" if line.startswith(f"{key} =") else line for line in lines]
    file.write_text("\n".join(lines) + "\n")


def be_patient(data: Path) -> None:
    """Changes the settings of an intake so that one sender may send as much as it likes."""
    configure(data, **PATIENT)


@contextmanager
def serving(name: str, *arguments: str | Path, passphrase: str | None = None) -> Iterator[str]:
    """A command that stays up; gives the first address that it prints, and ends it by its id."""
    process = subprocess.Popen(
        [BIN / name, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Its own group: Ctrl-C reaches this program alone, which then ends the rest in order.
        start_new_session=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write(f"{passphrase}\n" if passphrase is not None else "")
        process.stdin.close()
        yield _first_address(name, process)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _first_address(name: str, process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    for line in process.stdout:
        if found := re.search(r"http://\S+", line):
            return found[0]
    raise SystemExit(f"{name}: did not start")


@dataclass(frozen=True, slots=True)
class Page:
    """What the form's page tells a browser."""

    address: str
    form: Form
    recipients: tuple[Recipient, ...]
    stamp: str


def read_page(client: httpx.Client, intake: str, form: str = "report", lang: str = "en") -> Page:
    """Loads the form as a browser does, and reads what its script reads."""
    address = f"{intake}{lang}/{form}/"
    text = client.get(address).raise_for_status().text
    found, stamp = _SCRIPT.search(text), _STAMP.search(text)
    assert found, "the page has no script of its own"
    assert stamp, "the page has no stamp"
    rules = client.get(str(httpx.URL(address).join(found[1]))).raise_for_status().text
    block = json.loads(rules.removeprefix("self.witnessbox="))
    # The page has the rules alone; an intake with the lists that ship asks the form that ships.
    compiled = shipped(form)
    assert compiled.digest == block["form_digest"]
    recipients = tuple(parse_recipient(recipient) for recipient in block["recipients"])
    return Page(address, compiled, recipients, stamp[1])


def sealed_post(page: Page, raw: dict[str, list[str]], lang: str, channel: str = "web") -> bytes:
    """The body that the browser's script would post for these fields."""
    receipt = Receipt.draw()
    body = report.build(
        page.form,
        answers.clean(page.form, raw),
        lang=lang,
        sealed_by="browser",
        channel=channel,
        receipt=receipt,
    )
    return receipt.id + seal_bytes(pad(body), page.recipients)


def send_sealed(client: httpx.Client, intake: str, body: bytes) -> None:
    """Hands in a sealed report; it must be answered with 201."""
    headers = {"content-type": "application/octet-stream"}
    answer = client.post(f"{intake}sealed", content=body, headers=headers)
    assert answer.status_code == 201, f"{answer.status_code}: {answer.text}"


def send_form(client: httpx.Client, page: Page, raw: dict[str, list[str]]) -> None:
    """Sends the form as a browser without script does; it must lead to the sent page."""
    fields = [(name, (None, value)) for name, values in raw.items() for value in values]
    fields.append(("_stamp", (None, page.stamp)))
    answer = client.post(page.address, files=fields)
    assert answer.status_code == 303, f"{answer.status_code}"
    assert "/sent?sealed_by=server&" in answer.headers["location"]
