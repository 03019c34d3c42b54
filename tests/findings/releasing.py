"""Release files, and desks to publish from."""

import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis.desk import Desk
from analysis.findings.publish import Written, publish
from analysis.findings.released import Cell, Release, Table
from analysis.findings.releasefile import ReleaseFile, read_release_file
from analysis.findings.site.site import build
from analysis.identity import HybridIdentity, format_identity
from intake.crypto.signing import SigningKey
from intake.forms.form import Form
from tests.findings.small_desk import ORGANIZATION, SmallDesk

FIRST, LAST = "2026-01", "2026-06"
# Of one seed, so that a release is the same in another place.
KEY = SigningKey(bytes(32))


def write_release_file(path: Path, *, period: tuple[str, str] = (FIRST, LAST), **changes: Any) -> Path:
    """A release file; a change to None leaves the setting out, and reports may all come in one week."""
    settings: dict[str, Any] = {
        "organization": ORGANIZATION,
        "release": "2026-1",
        "date": "2026-07-15",
        "title": "What people told us",
        "one_arrival": True,
    } | changes
    day = settings.pop("date")
    lines = [f"{name} = {_value(value)}" for name, value in settings.items() if value is not None]
    lines += [f"date = {day}"] if day else []
    lines += ["[period]", f'first = "{period[0]}"', f'last = "{period[1]}"']
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_value(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return value.isoformat() if isinstance(value, datetime.date) else json.dumps(value)


class Publisher:
    """A real desk with one form, to which reports are added in bulk, and which publishes."""

    def __init__(self, folder: Path, form: Form) -> None:
        Desk.create(folder / "desk", format_identity(HybridIdentity.generate()), None)
        self.desk = Desk.unlock(folder / "desk", lambda: "")
        self.folder = folder
        self.reports = SmallDesk(form, self.desk.database)
        self.last: Release | None = None

    def file(self, **changes: Any) -> ReleaseFile:
        """A release file, read."""
        return read_release_file(write_release_file(self.folder / "release.toml", **changes))

    def publish(self, out: str = "out", **changes: Any) -> Written:
        """Publishes into a folder; the release is then in `last`."""

        def signed(release: Release) -> Mapping[str, bytes]:
            self.last = release
            return build(release, KEY)

        # What was added to the tables is not committed before.
        self.desk.database.conn.commit()
        return publish(self.desk, self.file(**changes), self.folder / out, signed)

    def table(self, name: str) -> Table:
        """A table of the last release."""
        assert self.last
        (found,) = [table for table in self.last.tables if table.id == name]
        return found

    def cell(self, table: str, *codes: str) -> Cell:
        """A cell of the last release."""
        return self.table(table).cells[codes]
