"""The committed script is what the source builds, and holds nothing that the page may not use."""

import gzip
import json
import re
from pathlib import Path

import pytest

from tests.browser.node import BROWSER, call

STATIC = BROWSER.parent / "static"
SCRIPTS = ("report.js", "words.js", "code.js", "exit.js", "file.js", "upload.js")
# With lists of words in two of them.
LARGEST = {
    "report.js": 40 * 1024,
    "words.js": 16 * 1024,
    "code.js": 44 * 1024,
    "exit.js": 1024,
    "file.js": 52 * 1024,
    "upload.js": 10 * 1024,
}


def test_building_again_gives_the_committed_bytes(tmp_path: Path) -> None:
    call(["node", "build.js", str(tmp_path)])
    for name in (*SCRIPTS, "report.licenses.md"):
        assert (tmp_path / name).read_bytes() == (STATIC / name).read_bytes(), (
            f"intake/static/{name} is stale: run `npm run build` in intake/browser"
        )


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_script_is_small_enough_for_a_slow_line(name: str) -> None:
    assert len(gzip.compress((STATIC / name).read_bytes(), mtime=0)) <= LARGEST[name]


@pytest.mark.parametrize(
    "word",
    [
        *("WebAssembly", "eval(", "Function(", "localStorage", "sessionStorage", "indexedDB", "cookie"),
        *("sendBeacon", "XMLHttpRequest", "WebSocket", "Math.random", "innerHTML", "document.write"),
        *("http://", "https://", "import("),
    ],
)
def test_the_script_has_no_means_to_store_or_to_leak(word: str) -> None:
    for name in SCRIPTS:
        assert word not in (STATIC / name).read_text()


def test_the_source_draws_randomness_from_the_platform_alone() -> None:
    sources = "".join(path.read_text() for path in (BROWSER / "src").glob("*.js"))
    assert re.findall(r"[\w.]*[rR]andom\w*", sources) == ["crypto.getRandomValues"]


def test_the_lock_file_pins_every_package_and_names_no_address() -> None:
    package = json.loads((BROWSER / "package.json").read_text())
    lock = json.loads((BROWSER / "package-lock.json").read_text())
    pinned = package["dependencies"] | package["devDependencies"] | package["overrides"]
    assert all(re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", version) for version in pinned.values())
    installed = {name: entry for name, entry in lock["packages"].items() if name}
    assert all("integrity" in entry and "resolved" not in entry for entry in installed.values())
    assert package["private"] is True
