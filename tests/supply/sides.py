"""Which lock belongs to which side, and what is known of each package besides its version."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from tests.supply.locks import ROOT, Package, npm, requirements

KNOWN = ROOT / "deploy/dependencies.toml"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@dataclass(frozen=True, slots=True)
class Side:
    """One part of the system: a title, a sentence, the packages that are new there, and all of them."""

    key: str
    title: str
    where: str
    new: list[Package]
    all: list[Package]


@dataclass(frozen=True, slots=True)
class Known:
    """What a person wrote down of a package: its SPDX licence, why we take it, what it carries inside."""

    licence: str
    why: str = ""
    carries: str = ""


def known(path: Path = KNOWN) -> dict[str, dict[str, Known]]:
    """By kind ("pypi", "npm", "debian", "program") and name."""
    with path.open("rb") as file:
        read = tomllib.load(file)
    return {kind: {name: Known(**one) for name, one in of.items()} for kind, of in read.items()}


def asked(*extras: str) -> dict[str, str]:
    """What pyproject.toml asks for in these extras ("" is the project itself): name, and the whole line."""
    more = PROJECT["optional-dependencies"]
    lines = [line for extra in extras for line in (more[extra] if extra else PROJECT["dependencies"])]
    return {re.split(r"[^a-z0-9-]", line)[0]: line for line in lines}


def sides() -> list[Side]:
    """The sides in the order in which a report meets them."""
    intake, postgres, desk, privacy, everything = (
        requirements(name) for name in ("intake", "postgres", "desk", "privacy", "fuzz")
    )
    browser, tools = npm(development=False), npm(development=True)
    extras = _closure(everything, set(asked("print", "xlsx")))
    building, audit = requirements("build"), requirements("audit")
    shown = [*intake, *postgres, *desk, *privacy, *extras, *building]
    return [
        Side(
            "browser",
            "In the visitor's browser",
            "In the script of the pages, and in the form as one file.",
            browser,
            browser,
        ),
        Side("server", "On the server", "`deploy/requirements/intake.txt`", intake, intake),
        Side(
            "server-postgres",
            "On a server with PostgreSQL, besides",
            "`deploy/requirements/postgres.txt`",
            _without(postgres, intake),
            postgres,
        ),
        Side(
            "desk",
            "At the desk",
            "`deploy/requirements/desk.txt`, besides all that the server has, but for PostgreSQL.",
            _without(desk, intake),
            desk,
        ),
        Side(
            "desk-privacy",
            "At a desk that adds noise, besides",
            "`deploy/requirements/privacy.txt`",
            _without(privacy, desk),
            privacy,
        ),
        Side(
            "printing",
            "Where questionnaires are made and flyers printed",
            "The extras `print` and `xlsx`. Neither runs in the web server.",
            _without(extras, intake),
            extras,
        ),
        Side(
            "development",
            "Where it is built and tested, and nowhere else",
            "`deploy/requirements/build.txt`, `test.txt` and `fuzz.txt`, and npm's development packages.",
            [*building, *_without(everything, shown), *tools],
            [*everything, *tools],
        ),
        Side(
            "audit",
            "Where the databases of vulnerabilities are asked, besides",
            "`deploy/requirements/audit.txt`, in an environment of its own.",
            _without(audit, [*shown, *everything]),
            audit,
        ),
    ]


def _without(packages: list[Package], others: list[Package]) -> list[Package]:
    shown = {(one.name, one.version) for one in others}
    return [one for one in packages if (one.name, one.version) not in shown]


def _closure(packages: list[Package], names: set[str]) -> list[Package]:
    """The packages of those names, and all that they need."""
    wanted = set(names)
    while more := {one.name for one in packages if wanted & set(one.wanted_by)} - wanted:
        wanted |= more
    return [one for one in packages if one.name in wanted]
