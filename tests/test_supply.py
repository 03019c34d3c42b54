"""What is said of our dependencies is what the locks pin, and the locks pin what we ask for."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement

from tests import supply
from tests.supply import debian, locks
from tests.supply.programs import programs
from tests.supply.sides import PROJECT, asked, known, sides

SIDES = {side.key: side for side in sides()}
ALL = {(one.kind, one.name, one.version): one for side in SIDES.values() for one in side.all}

# Which side has what an extra of pyproject.toml asks for; "" is the project itself.
PLACE = {
    "": "server",
    "postgres": "server-postgres",
    "desk": "desk",
    "privacy": "desk-privacy",
    "xlsx": "printing",
    "print": "printing",
    "build": "development",
    "test": "development",
    "fuzz": "development",
}


def test_page_and_bills_are_what_the_locks_make() -> None:
    made = supply.everything()
    there = set(supply.BILLS.iterdir()) | {supply.PAGE}
    assert there == set(made)
    wrong = [path.name for path, text in made.items() if path.read_text(encoding="utf-8") != text]
    assert wrong == [], "run python -m tests.supply"


def test_the_locks_make_the_same_files_a_second_time() -> None:
    assert supply.everything() == supply.everything()


@pytest.mark.parametrize("key", sorted(SIDES))
def test_a_bill_follows_the_standard_and_has_each_hash_of_the_lock(key: str) -> None:
    text = (supply.BILLS / f"{key}.cdx.json").read_text(encoding="utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    told = {
        part["purl"].replace("%40", "@"): {
            digest["content"] for place in part["externalReferences"] for digest in place["hashes"]
        }
        for part in json.loads(text)["components"]
    }
    assert told == {one.purl.replace("%40", "@"): set(one.hashes) for one in SIDES[key].all}


def pinned(name: str) -> set[tuple[str, str]]:
    """Names and versions, read out of a lock by other means than those of what is tested."""
    text = (locks.REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==([^ ;\\]+)", text, re.MULTILINE))


def test_every_locked_package_is_on_a_side_and_nothing_else_is_told() -> None:
    python = {("pypi", *one) for path in locks.REQUIREMENTS.glob("*.txt") for one in pinned(path.stem)}
    lock = json.loads(locks.NPM_LOCK.read_text(encoding="utf-8"))["packages"]
    npm = {
        ("npm", place.rpartition("node_modules/")[2], one["version"]) for place, one in lock.items() if place
    }
    assert python | npm == set(ALL)
    told = {(kind, name) for kind in ("pypi", "npm") for name in known()[kind]}
    assert told == {(kind, name) for kind, name, _ in ALL}


def test_each_lock_has_what_the_project_asks_for_and_asks_for_nothing_else() -> None:
    text = (locks.ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    made = re.findall(r"^\t\$\(LOCK\)(.*) -o \$\(LOCKS\)/([a-z]+)\.txt$", text, re.MULTILINE)
    assert {name for _, name in made} == {path.stem for path in locks.REQUIREMENTS.glob("*.txt")} - {
        "build",
        "audit",
    }
    for options, name in made:
        wanted = asked("", *re.findall(r"--extra ([a-z]+)", options))
        found = locks.requirements(name)
        assert {one.name for one in found if one.direct} == set(wanted), name
        for one in found:
            if one.direct:
                assert Requirement(wanted[one.name]).specifier.contains(one.version), (name, one.name)


def test_what_an_extra_asks_for_stands_on_its_side() -> None:
    assert PLACE.keys() == {"", *PROJECT["optional-dependencies"]}
    for extra, key in PLACE.items():
        assert set(asked(extra)) <= {one.name for one in SIDES[key].all}, extra
    only = {one.name for one in SIDES["development"].new if one.direct and one.kind == "pypi"}
    assert only <= set(asked("build", "test", "fuzz"))


def test_what_is_installed_from_debian_or_called_is_told_and_nothing_else() -> None:
    assert sorted(known()["debian"]) == sorted(debian.places())
    assert sorted(known()["program"]) == sorted(programs())


def test_packages_of_every_target_and_guide_are_found() -> None:
    places = debian.places()
    assert {"soak", "machine tests", "SCALE.md"} <= set(places["postgresql"])
    assert {"soak", "tests"} <= set(places["faketime"])
    assert "tests" in places["python3-venv"]
    assert places["slirp4netns"] == ["SERVER.md"]


def test_the_databases_are_asked_about_every_version_of_every_lock(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "tests.supply.asked", str(tmp_path)]
    subprocess.run(line, cwd=locks.ROOT, check=True, timeout=60)
    texts = [path.read_text(encoding="utf-8") for path in sorted(tmp_path.iterdir())]
    lines = [line for text in texts for line in text.splitlines()]
    # What has a condition is passed over where it is not met, and a name that comes twice is refused.
    assert all(re.fullmatch(r"[a-z0-9._-]+==\S+( --hash=sha256:[0-9a-f]{64})+", line) for line in lines)
    assert {tuple(line.split()[0].split("==")) for line in lines} == {
        one for path in locks.REQUIREMENTS.glob("*.txt") for one in pinned(path.stem)
    }
    for text in texts:
        names = [line.split("==")[0] for line in text.splitlines()]
        assert len(names) == len(set(names))


def test_what_we_ask_for_ourselves_has_a_reason() -> None:
    told = known()
    without = {one.name for one in ALL.values() if one.direct and not told[one.kind][one.name].why}
    assert without == set()
    nobody = {one.name for one in ALL.values() if not one.direct and not one.wanted_by}
    assert nobody == set()


def test_the_browsers_script_holds_nothing_but_what_is_told() -> None:
    """The bundler itself writes this list of what it put in; another test makes it anew."""
    text = (locks.ROOT / "intake/static/report.licenses.md").read_text(encoding="utf-8")
    bundled = set(re.findall(r"^## (@?[a-z0-9/-]+) ([0-9.]+)$", text, re.MULTILINE))
    assert bundled <= {(one.name, one.version) for one in SIDES["browser"].all}
    assert "age-encryption" in {name for name, _ in bundled}
