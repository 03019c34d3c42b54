"""Each licence that is told is the one that is stated, and a free one; what a wheel carries is named.

How far that goes stands at the head of deploy/DEPENDENCIES.md.
"""

import importlib.metadata
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.supply import locks
from tests.supply.sides import known, sides

TOLD = known()
PYTHON = sorted(TOLD["pypi"])

# Free, and such that the whole may be given away; each is one that a package of ours has.
FREE = {
    *("0BSD", "Apache-2.0", "Artistic-1.0", "BSD-2-Clause", "BSD-3-Clause", "BSD-4-Clause", "CC0-1.0"),
    *("GPL-2.0-or-later", "ISC", "LGPL-2.1-or-later", "LGPL-3.0-only", "MIT", "MIT-0", "MIT-CMU"),
    *("MPL-1.1", "MPL-2.0", "PSF-2.0", "Unlicense", "Zlib"),
}
# The same of what wheels carry. GPL-3.0-or-later: Pillow's bill has libimagequant, which its wheel has not.
FREE_INSIDE = FREE | {
    *("Apache-2.0 WITH LLVM-exception", "BSD-3-Clause-Open-MPI", "BSD-Attribution-HPND-disclaimer"),
    *("Bitstream-Vera", "FTL", "GPL-3.0-or-later", "GPL-3.0-or-later WITH GCC-exception-3.1"),
    *("GUST-Font-License", "IJG", "MIT-Modern-Variant", "MIT-open-group", "OFL-1.1", "OLDAP-2.8"),
    *("PostgreSQL", "Unicode-3.0", "Unicode-DFS-2016", "WTFPL", "X11", "blessing", "bzip2-1.0.6"),
    *("libpng-2.0", "libtiff"),
}
BSD = {"BSD-2-Clause", "BSD-3-Clause", "BSD-4-Clause"}
# What authors wrote before there were names for it. Of BSD, the text of the licence says which.
CLASSIFIERS = {
    "Apache Software License": {"Apache-2.0"},
    "Artistic License": {"Artistic-1.0"},
    "BSD License": BSD,
    "GNU General Public License (GPL)": {"GPL-2.0-or-later"},
    "GNU General Public License v2 or later (GPLv2+)": {"GPL-2.0-or-later"},
    "GNU Lesser General Public License v2 or later (LGPLv2+)": {"LGPL-2.1-or-later"},
    "ISC License (ISCL)": {"ISC"},
    "MIT License": {"MIT"},
    "Mozilla Public License 1.1 (MPL 1.1)": {"MPL-1.1"},
    "Mozilla Public License 2.0 (MPL 2.0)": {"MPL-2.0"},
    "Python Software Foundation License": {"PSF-2.0"},
}
FIELDS = {"Apache License, Version 2.0": "Apache-2.0"}
# It states that it is in the public domain, and brings the text of a licence, which is stricter.
TEXT_DECIDES = {"click-default-group"}
# As Debian's machine-readable copyright files name them.
DEBIAN = {
    "Expat": "MIT",
    "BSD-3-clause": "BSD-3-Clause",
    "GPL-2": "GPL-2.0-only",
    "GPL-2+": "GPL-2.0-or-later",
    "GPL-3+": "GPL-3.0-or-later",
    "LGPL-2.1+": "LGPL-2.1-or-later",
    "Apache-2.0~glozer": "Apache-2.0",
    "bitstream-vera": "Bitstream-Vera",
}
# Where most files are not what is used: programs of Debian's own around PostgreSQL; and longer expressions.
READ_BY_PEOPLE = {
    "postgresql",
    "dbus-user-session",
    "libpangoft2-1.0-0",
    "libharfbuzz-subset0",
    "poppler-utils",
}
# What stands before the version of a library in a wheel, and what it is called here.
LIBRARIES = {
    "libXau": "libXau",
    "libavif": "libavif",
    "libbrotlicommon": "Brotli",
    "libbrotlidec": "Brotli",
    "libcom_err": "com_err",
    "libcrypt": "libcrypt",
    "libcrypto": "OpenSSL",
    "libfreetype": "FreeType",
    "libgfortran": "libgfortran",
    "libgssapi_krb5": "Kerberos",
    "libharfbuzz": "HarfBuzz",
    "libjpeg": "libjpeg-turbo",
    "libk5crypto": "Kerberos",
    "libkeyutils": "keyutils",
    "libkrb5": "Kerberos",
    "libkrb5support": "Kerberos",
    "liblber": "OpenLDAP",
    "liblcms2": "Little CMS",
    "libldap": "OpenLDAP",
    "liblzma": "liblzma",
    "libopenjp2": "OpenJPEG",
    "libpng16": "libpng",
    "libpq": "libpq",
    "libquadmath": "libquadmath",
    "libsasl2": "Cyrus SASL",
    "libscipy_openblas64_": "OpenBLAS",
    "libsharpyuv": "WebP",
    "libssl": "OpenSSL",
    "libtiff": "LibTIFF",
    "libwebp": "WebP",
    "libwebpdemux": "WebP",
    "libwebpmux": "WebP",
    "libxcb": "libxcb",
    "libzstd": "zstd",
}


def licences(expression: str) -> set[str]:
    return set(re.split(r" +(?:AND|OR) +|[()]", expression)) - {""}


def is_free(expression: str, free: set[str]) -> bool:
    """Whether somebody may choose so that only free licences hold."""
    while inner := re.search(r"\(([^()]*)\)", expression):
        expression = expression.replace(inner[0], min(free) if is_free(inner[1], free) else "unfree")
    return any(set(re.split(r" +AND +", part)) <= free for part in re.split(r" +OR +", expression.strip()))


@pytest.mark.parametrize(
    ("expression", "free"),
    [
        ("MIT", True),
        ("Proprietary", False),
        ("MIT AND Proprietary", False),
        ("MIT OR Proprietary", True),
        ("(MIT OR Proprietary) AND ISC", True),
        ("(MIT AND Proprietary) OR Proprietary", False),
        ("MIT AND (ISC AND (Zlib OR Proprietary))", True),
    ],
)
def test_one_free_licence_does_not_excuse_another_that_holds_too(expression: str, free: bool) -> None:
    assert is_free(expression, FREE) is free


def test_every_licence_is_a_free_one() -> None:
    told = [one for kind in ("pypi", "npm") for one in TOLD[kind].values()]
    assert [one.licence for one in told if not is_free(one.licence, FREE)] == []
    assert FREE - {one for entry in told for one in licences(entry.licence)} == set()
    inside = [
        part
        for one in told
        for found in re.findall(r"\(([^)]*)\)", one.carries)
        for part in found.split(", ")
    ]
    assert [one for one in inside if not is_free(one, FREE_INSIDE)] == []


@cache
def installed(name: str) -> importlib.metadata.Distribution | None:
    """The package as it is beside the tests, or beside the tool of `make audit`, where that was made."""
    try:
        return importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        beside = [str(path) for path in (locks.ROOT / ".venv/audit/lib").glob("python*/site-packages")]
        return next(iter(importlib.metadata.distributions(name=name, path=beside)), None)


def test_what_every_machine_takes_for_the_tests_is_looked_at() -> None:
    assert [one.name for one in locks.requirements("test") if not one.when and not installed(one.name)] == []


@pytest.mark.parametrize("name", [name for name in PYTHON if installed(name)])
def test_a_licence_is_the_one_that_the_package_states(name: str) -> None:
    told, package = TOLD["pypi"][name].licence, installed(name)
    assert package
    if expression := package.metadata.get("License-Expression"):
        assert told == expression
        return
    said = list(stated(package))
    if not said or name in TEXT_DECIDES:
        assert licences(told) == of_text(package)
        return
    # Each licence that is told was stated, and of each that was stated one is told.
    assert licences(told) <= set.union(*said)
    assert all(licences(told) & one for one in said)
    if licences(told) & BSD:
        assert licences(told) & BSD == of_text(package)


def stated(package: importlib.metadata.Distribution) -> Iterator[set[str]]:
    """What the older kind of metadata says; each is a choice of what may be meant."""
    written = package.metadata.get("License", "")
    if FIELDS.get(written, written) in FREE:
        yield {FIELDS.get(written, written)}
    for one in package.metadata.get_all("Classifier", []):
        name = one.rpartition(" :: ")[2]
        if one.startswith("License") and name != "Public Domain":
            yield CLASSIFIERS[name]


def of_text(package: importlib.metadata.Distribution) -> set[str]:
    """What the texts of the licences are, of those kinds that only their text tells."""
    files = [
        one for one in package.files or () if re.search(r"dist-info/(licenses/)?(LICEN|COPYING)", str(one))
    ]
    text = " ".join(" ".join(Path(one.locate()).read_text(encoding="utf-8") for one in files).split())
    found = {_bsd(part) for part in text.split("Redistribution and use in source and binary forms")[1:]}
    if "provided 'as-is', without any express or implied warranty" in text:
        found.add("Zlib")
    if "Apache License Version 2.0, January 2004" in text:
        found.add("Apache-2.0")
    return found


def _bsd(text: str) -> str:
    if "advertising materials" in text:
        return "BSD-4-Clause"
    return "BSD-3-Clause" if "endorse" in text else "BSD-2-Clause"


@pytest.mark.parametrize("name", sorted(TOLD["npm"]))
def test_a_licence_is_the_one_that_npms_lock_states(name: str) -> None:
    lock = json.loads(locks.NPM_LOCK.read_text(encoding="utf-8"))["packages"]
    found = {
        one["license"].strip("()") for place, one in lock.items() if place.endswith(f"node_modules/{name}")
    }
    assert found == {TOLD["npm"][name].licence}


@pytest.mark.parametrize("name", sorted(TOLD["debian"].keys() - READ_BY_PEOPLE))
def test_a_licence_is_the_one_that_debians_copyright_file_states(name: str) -> None:
    path = Path("/usr/share/doc") / name / "copyright"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    # It is installed on some machines only, and not every copyright file is one for machines.
    if found := re.search(r"^Files: \*\n(?:.+\n)*?License: (.+)$", text, re.MULTILINE):
        assert TOLD["debian"][name].licence == DEBIAN.get(found[1], found[1])


@pytest.mark.parametrize("name", [name for name in PYTHON if installed(name)])
def test_what_an_installed_wheel_carries_is_named(name: str) -> None:
    package = installed(name)
    assert package
    carries = TOLD["pypi"][name].carries.lower()
    assert [one for one in sorted(set(carried(package))) if one.lower() not in carries] == []


def carried(package: importlib.metadata.Distribution) -> Iterator[str]:
    for one in package.files or ():
        path = str(one)
        if found := re.match(r"[^/]+\.libs/([A-Za-z0-9_]+)[-.]", path):
            yield LIBRARIES[found[1]]
        elif found := re.match(r"[^/]+/_vendor/(\w+)/", path):
            yield "" if found[1] == "__pycache__" else found[1].replace("_", "-")
        elif path.endswith("/driver/node"):
            yield "Node.js"
        elif path.endswith((".cdx.json", ".cyclonedx.json")):
            bill = json.loads(Path(one.locate()).read_text(encoding="utf-8"))
            rust = [part for part in bill.get("components", []) if "pkg:cargo" in part.get("purl", "")]
            yield "the wheel's own bill" if rust else ""


@pytest.mark.parametrize("name", [name for name in PYTHON if installed(name)])
def test_every_licence_in_a_wheels_own_bill_is_a_free_one(name: str) -> None:
    package = installed(name)
    assert package
    for one in package.files or ():
        if "/sboms/" in str(one):
            bill = json.loads(Path(one.locate()).read_text(encoding="utf-8"))
            found = [(part["name"], each) for part in bill.get("components", []) for each in of_part(part)]
            assert [each for each in found if not is_free(each[1], FREE_INSIDE)] == []


def of_part(part: dict[str, list[dict[str, object]]]) -> Iterator[str]:
    for one in part.get("licenses", []):
        named = one.get("license")
        yield str((named.get("id") or named.get("name")) if isinstance(named, dict) else one["expression"])


def test_every_side_has_a_bill_with_the_licences_that_are_told() -> None:
    for side in sides():
        text = (locks.ROOT / f"deploy/sbom/{side.key}.cdx.json").read_text(encoding="utf-8")
        for part in json.loads(text)["components"]:
            name = "/".join(filter(None, (part.get("group"), part["name"])))
            kind = part["purl"].removeprefix("pkg:").partition("/")[0]
            assert [one["expression"] for one in part["licenses"]] == [TOLD[kind][name].licence]
