"""People who hold shares, as a script at the pipes of the real command."""

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.analysis.conftest import COMMAND

_SHOWN = re.compile(r"share (\d+) of (\d+): (.+)\n")


@dataclass
class Held:
    """What a ceremony gave out, and how it ended."""

    status: int
    output: str
    errors: str
    shares: list[str] = field(default_factory=list)


def hold(
    *arguments: object, environment: dict[str, str], typed: str = "", prefix: tuple[str, ...] = ()
) -> Held:
    """Runs a command that gives out shares, types `typed`, and each share back as it is shown."""
    process = subprocess.Popen(
        [*prefix, *COMMAND, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdin
    assert process.stdout
    shares, output = [], ""
    process.stdin.write(typed)
    process.stdin.flush()
    for line in process.stdout:
        output += line
        if found := _SHOWN.fullmatch(line):
            shares.append(found[3])
            process.stdin.write(f"{found[3]}\n")
            process.stdin.flush()
    rest, errors = process.communicate(timeout=60)
    return Held(process.returncode, output + rest, errors, shares)


def lines(*shares: str) -> str:
    """Shares as they are typed in."""
    return "".join(f"{share}\n" for share in shares)


def contents(*places: Path) -> dict[Path, bytes]:
    """The bytes of every file below these folders."""
    return {path: path.read_bytes() for place in places for path in place.rglob("*") if path.is_file()}
