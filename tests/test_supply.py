"""What is said of our dependencies is what the locks pin, what is installed, and what is free."""

import importlib.metadata
import json
import re
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests import supply
from tests.supply import debian, locks
from tests.supply.sides import known, sides

SIDES = {side.key: side for side in sides()}
ALL = {(one.kind, one.name, one.version): one for side in SIDES.values() for one in side.all}
PYTHON = sorted({one.name for one in ALL.values() if one.kind == "pypi"})

# Free, and such that the whole may be given away; each is one that a package of ours has.
FREE = {
    *("0BSD", "Apache-2.0", "Artistic-1.0", "BSD-2-Clause", "BSD-3-Clause", "BSD-4-Clause", "CC0-1.0"),
    *("GPL-2.0-or-later", "ISC", "LGPL-2.1-or-later", "LGPL-3.0-only", "MIT", "MIT-0", "MIT-CMU"),
    *("MPL-1.1", "MPL-2.0", "PSF-2.0", "Unlicense", "Zlib"),
}
# What authors wrote before there were names for it; the text of their licence decides.
OLD_WORDS = {
    "BSD": {"BSD-2-Clause", "BSD-3-Clause"},
    "MIT": {"MIT"},
    "Apache": {"Apache-2.0"},
    "Mozilla": {"MPL-2.0", "MPL-1.1"},
    "MPL": {"MPL-2.0"},
    "Python Software Foundation": {"PSF-2.0"},
    "PSFL": {"PSF-2.0"},
    "GNU General Public": {"GPL-2.0-or-later"},
    "Lesser General Public": {"LGPL-2.1-or-later"},
    "Artistic": {"Artistic-1.0"},
    "ISC": {"ISC"},
    "Public Domain": {"BSD-3-Clause"},
}


def licences(expression: str) -> set[str]:
    return set(re.split(r" (?:AND|OR) |[()]", expression)) - {""}


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


def test_every_locked_package_is_on_a_side_and_nothing_else_is_told() -> None:
    files = [path.stem for path in locks.REQUIREMENTS.glob("*.txt") if path.stem != "audit"]
    pinned = {(one.kind, one.name, one.version) for name in files for one in locks.requirements(name)}
    npm = {(one.kind, one.name, one.version) for flag in (True, False) for one in locks.npm(development=flag)}
    assert pinned | npm == set(ALL)
    told = {(kind, name) for kind, names in known().items() for name in names if kind != "debian"}
    assert told == {(kind, name) for kind, name, _ in ALL}


def test_what_is_installed_from_debian_is_told_and_nothing_else() -> None:
    assert sorted(known()["debian"]) == sorted(debian.places())


def test_what_we_ask_for_ourselves_has_a_reason() -> None:
    told = known()
    without = {one.name for one in ALL.values() if one.direct and not told[one.kind][one.name].why}
    assert without == set()
    nobody = {one.name for one in ALL.values() if not one.direct and not one.wanted_by}
    assert nobody == set()


def test_every_licence_is_a_free_one() -> None:
    told = known()
    used = {
        one for kind in ("pypi", "npm") for entry in told[kind].values() for one in licences(entry.licence)
    }
    assert used - FREE == set()
    assert FREE - used == set()


@pytest.mark.parametrize("name", PYTHON)
def test_a_licence_is_the_one_that_the_package_states(name: str) -> None:
    stated = known()["pypi"][name].licence
    try:
        metadata = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        # For another system or another Python, as the lock says; or for fuzzing alone.
        here = {one.name for one in locks.requirements("test") if not one.when}
        assert name not in here
        return
    if expression := metadata.get("License-Expression"):
        assert stated == expression
        return
    classifiers = [one for one in metadata.get_all("Classifier", []) if one.startswith("License")]
    words = " ".join([(metadata.get("License") or "")[:60], *classifiers])
    said = {one for old, names in OLD_WORDS.items() if old in words for one in names}
    # A few state nothing but a file.
    assert licences(stated) & said if said else _of_file(name) in stated


def _of_file(name: str) -> str:
    """What the text of a licence shows, where nothing else states it."""
    files = importlib.metadata.distribution(name).files or []
    (path,) = (file for file in files if "dist-info" in str(file) and file.name.startswith("LICENSE"))
    text = " ".join(Path(path.locate()).read_text(encoding="utf-8").split())
    if "provided 'as-is', without any express or implied warranty" in text:
        return "Zlib"
    if "Redistribution and use in source and binary forms" in text:
        return "BSD-3-Clause" if "endorse" in text else "BSD-2-Clause"
    raise AssertionError(f"{name}: a licence that nobody has read")


@pytest.mark.parametrize("one", locks.npm(development=False), ids=lambda one: one.purl)
def test_a_licence_is_the_one_that_the_browsers_package_states(one: locks.Package) -> None:
    lock = json.loads(locks.NPM_LOCK.read_text(encoding="utf-8"))["packages"]
    stated = {entry["license"] for place, entry in lock.items() if place.endswith(f"node_modules/{one.name}")}
    assert stated == {known()["npm"][one.name].licence}


def test_the_browsers_script_holds_nothing_but_what_is_told() -> None:
    """The bundler itself writes this list of what it put in; another test makes it anew."""
    text = (locks.ROOT / "intake/static/report.licenses.md").read_text(encoding="utf-8")
    bundled = set(re.findall(r"^## (@?[a-z0-9/-]+) ([0-9.]+)$", text, re.MULTILINE))
    assert bundled <= {(one.name, one.version) for one in SIDES["browser"].all}
    assert "age-encryption" in {name for name, _ in bundled}
