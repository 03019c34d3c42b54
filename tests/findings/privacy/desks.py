"""Desks whose releases get noise."""

import json
from pathlib import Path
from typing import Any

from analysis.cipher import Database
from analysis.findings.control.lattice import Cell
from analysis.findings.privacy.design import Design, prepare
from analysis.findings.privacy.drawing import draw
from analysis.findings.releasefile import ReleaseFile
from intake.forms.form import Form
from tests.findings.releasing import Publisher
from tests.findings.small_desk import choice, form, question

LATER: dict[str, Any] = {"release": "2026-2", "period": ("2026-01", "2026-12"), "date": "2027-01-15"}


def asked(epsilon: float = 1.0, tables: tuple[str, ...] = ("F02",), **changes: Any) -> dict[str, Any]:
    """The settings of a release file with noise."""
    more = {name: changes.pop(name) for name in ("budget", "answers") if name in changes}
    privacy = {"mode": "differential", "epsilon": epsilon, **more}
    return {"one_arrival": None, "tables": list(tables), "privacy": privacy, **changes}


def two_settings(acts: tuple[str, ...] = ("shout", "push", "grab", "never")) -> Form:
    """A form with acts of the police and of clinics, in groups and without, and the gender of who reports."""
    clinic = ["=", ["answer", "setting"], "health"]
    groups = {"shout": "speech", "push": "force", "grab": "force"}
    return form(
        question("setting", "select_one", [choice("police"), choice("health")], required=True),
        question(
            "acts",
            "select_multiple",
            [choice(code, rollup=groups.get(code, "")) for code in acts],
            relevant=["not", clinic],
        ),
        question("health_acts", "select_multiple", [choice("refused"), choice("mocked")], relevant=clinic),
        question("gender", "select_one", [choice("f"), choice("m")]),
    )


def design_of(desk: Publisher, file: ReleaseFile) -> Design:
    """What a release of a desk would measure."""
    desk.desk.database.conn.commit()
    assert file.privacy
    return prepare(desk.desk.database, file, file.privacy)


def numbers(folder: Path, line: int = -1) -> dict[str, dict[str, dict[str, int]]]:
    """The drawn numbers of a release, by batch and table, as the ledger has them."""
    entry = json.loads((folder / "ledger.jsonl").read_text().splitlines()[line])
    return {
        batch: {name: table["numbers"] for name, table in spent["tables"].items()}
        for batch, spent in entry["drawn"].items()
    }


def drawn_keys(database: Database, design: Design) -> dict[str, set[Cell]]:
    """The keys that a release draws, by table."""
    spent, _ = draw(database, design)
    return {name: set(table.numbers) for one in spent.values() for name, table in one.tables.items()}
