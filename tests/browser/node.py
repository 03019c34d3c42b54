"""Runs the scripts of this directory in Node."""

import json
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
BROWSER = HERE.parents[1] / "intake" / "browser"


def call(command: list[str], text: str = "") -> str:
    """What a command prints that runs in intake/browser and reads `text`."""
    assert (BROWSER / "node_modules" / ".package-lock.json").is_file(), (
        "intake/browser/node_modules is missing: run `npm ci` in intake/browser, or `make setup`"
    )
    done = subprocess.run(command, cwd=BROWSER, input=text.encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def parity(verb: str, **values: object) -> Any:
    """The answer of parity.mjs, which runs the browser's own modules."""
    return json.loads(call(["node", str(HERE / "parity.mjs"), verb], json.dumps(values)))
