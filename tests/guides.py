"""Guides that are tried as somebody new would try them: each indented line is run, in order, as it stands.

In a guide, an indented block is commands. One that begins with `# NAME.toml` is a file of that name, which
the reader writes. Places that only a reader has (a stick, a server) are folders here, and so is copying to a
server: `scp` becomes `cp`. What stands in for the rest is named by the test that uses it.
"""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.analysis.holding import hold, lines
from tests.running import BIN

DEPLOY = Path(__file__).parents[1] / "deploy"
SECONDS = 120
# The desks of these tests are about nobody, so their passphrase may stand here.
PASSPHRASE = "six random words to be typed"
PLACES = {
    "/var/lib/witnessbox": "server",
    "/media/stick": "stick",
    "/media/copy": "copy",
    "/dev/shm": "memory",
}


def parts(guide: str) -> dict[str, str]:
    """The text of a guide below each of its headings."""
    text = (DEPLOY / guide).read_text(encoding="utf-8")
    return {
        head.strip(): body
        for head, _, body in (one.partition("\n") for one in re.split(r"^##+ ", text, flags=re.MULTILINE)[1:])
    }


def blocks(text: str) -> Iterator[list[str]]:
    """The indented blocks of a text, without what indents them."""
    for found in re.finditer(r"(?:^|\n)\n((?: {4,}\S[^\n]*(?:\n|$))+)", text):
        yield [line.strip() for line in found[1].splitlines()]


def is_file(block: list[str]) -> bool:
    """Whether a block is a file that the reader writes."""
    return bool(re.match(r"# \S+\.(toml|txt)", block[0]))


def commands(text: str) -> list[str]:
    """The command lines of a text: continued lines joined, remarks at their ends left out."""
    joined = "\n".join("\n".join(block) for block in blocks(text) if not is_file(block))
    joined = re.sub(r" *\\\n *", " ", joined)
    return [line for one in joined.splitlines() if (line := re.sub(r"(^| {2,})# .*$", "", one).strip())]


@dataclass
class Walk:
    """Somebody who goes through a guide in an empty folder, with a passphrase and sheets at hand."""

    home: Path
    # What stands in for a line that cannot be run here: a pattern of it, and what is done.
    instead: dict[str, Callable[[str], str]] = field(default_factory=dict)
    # What a reader puts for a word in capitals, or for an address.
    words: dict[str, str] = field(default_factory=dict)
    shares: list[str] = field(default_factory=list)
    # What each line said the last time, and the first.
    said: dict[str, str] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home.mkdir(exist_ok=True)
        for name in PLACES.values():
            (self.home / name).mkdir(exist_ok=True)

    def go(self, text: str) -> None:
        """Writes each file and runs each line of a part of a guide."""
        for block in blocks(text):
            if is_file(block):
                (self.home / block[0].split()[1]).write_text("\n".join(block[1:]) + "\n", encoding="utf-8")
            else:
                for line in commands("\n\n" + "\n".join(f"    {one}" for one in block)):
                    self.said[line] = self.run(line)
                    self.first.setdefault(line, self.said[line])

    def run(self, line: str) -> str:
        """One line, which must work; what it said."""
        for pattern, act in self.instead.items():
            if re.search(pattern, line):
                return act(line)
        if re.search(r"--(new-)?shares \d/\d", line):
            return self._hold(line)
        done = subprocess.run(
            ["bash", "-ec", self.here(line)],
            cwd=self.home,
            env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"},
            input=self._typed(line),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    def here(self, line: str) -> str:
        """The line with this machine's folders and the reader's own words in it."""
        line = line.replace("root@SERVER:", "").replace("scp ", "cp ")
        for place, name in PLACES.items():
            line = line.replace(place, str(self.home / name))
        for word, own in self.words.items():
            line = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", own, line)
        return line

    def _typed(self, line: str) -> str:
        if "witnessbox-analysis" not in line:
            return ""
        return lines(*self.shares[:2]) if line.endswith(" --shares") else f"{PASSPHRASE}\n"

    def _hold(self, line: str) -> str:
        """A ceremony: everybody types back the words that are shown."""
        _, *words = line.split()
        words = [str(self.home / word) if word == "desk" else word for word in words]
        # The passphrase that opens the desk, where there is one, and then the new one.
        typed = f"{PASSPHRASE}\n" * (2 if words[0] == "rotate" else 1)
        held = hold(*words, environment=dict(os.environ), typed=typed)
        assert held.status == 0, f"{line}\n{held.output}{held.errors}"
        self.shares = held.shares
        return held.output
