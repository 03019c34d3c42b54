"""The settings of one intake, read once at start into one frozen object.

What protects a person has no default here: a missing key stops the start with its name. `init`
writes a file that has them all.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self, get_args, get_origin, get_type_hints

from intake.errors import IntakeError

FILE = "intake.toml"
TEMPLATE = """\
# Settings of this intake. None may be left out; the server names the one that is missing.

# The questionnaires that are offered.
forms = [{forms}]

# Where the Exit link leads: a busy page that says nothing about its visitor.
exit_url = "https://www.bbc.com/weather"

# No report is taken beyond this number, nor when the disk has fewer free bytes than this.
max_reports = 1_000_000
min_free_bytes = 268_435_456

# A report that nobody fetched and acknowledged is deleted so many days after the week in which it came.
keep_days = 90

# The largest form that a browser without script may send, and the seconds it may take to send it.
max_form_bytes = 262_144
max_seconds = 120

# Sealed reports a minute that are taken for free. When more come, each browser must work for its own.
free_per_minute = 60

# Looks a minute for replies that are taken for free. When more come, each browser must work for its own look;
# one without script has as many a minute, and is told to wait.
looks_per_minute = 600

# Whether a report is taken from a browser that runs no script. The server then sees the answers for a moment,
# before it seals them in memory. When this is false, such a browser is told so and can send nothing.
reports_without_script = true

# Reports a minute that are taken from browsers without script, and the seconds one needs to fill it in.
scriptless_per_minute = 30
min_fill_seconds = 10

# Sealed files a minute that are taken at /upload from browsers without script, each of a batch for itself.
uploads_per_minute = 300

# Whether a browser without script may send pictures, where a form takes files at all. With script they are
# made anew, so that the place and time that a camera wrote into them are gone; without it they are not.
photos_without_script = false
"""

_MAY_BE_ZERO = {"min_fill_seconds"}


class SettingsError(IntakeError):
    """The settings cannot be used."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One intake's settings; sizes in bytes, times in seconds."""

    forms: tuple[str, ...]
    exit_url: str
    max_reports: int
    min_free_bytes: int
    keep_days: int
    max_form_bytes: int
    max_seconds: int
    free_per_minute: int
    looks_per_minute: int
    reports_without_script: bool
    scriptless_per_minute: int
    min_fill_seconds: int
    uploads_per_minute: int
    photos_without_script: bool

    @classmethod
    def read(cls, path: Path) -> Self:
        """The settings in a TOML file; SettingsError names the file and the key that is wrong."""
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise SettingsError(f"cannot read {path}: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError):
            raise SettingsError(f"{path} is not TOML") from None
        return cls(**_checked(values, get_type_hints(cls), path))

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            least = 0 if field.name in _MAY_BE_ZERO else 1
            if type(value) is int and value < least:
                raise SettingsError(f'"{field.name}" must be {least} or more')
        if not self.forms:
            raise SettingsError('"forms" must name a questionnaire')
        if not self.exit_url.startswith("https://"):
            raise SettingsError('"exit_url" must begin with https://')

    def types_without_script(self, types: Sequence[str]) -> tuple[str, ...]:
        """Those media types of files that a browser without script may send."""
        return tuple(one for one in types if self.photos_without_script or not one.startswith("image/"))


def starting_text(forms: tuple[str, ...]) -> str:
    """The settings file of a new intake."""
    return TEMPLATE.format(forms=", ".join(f'"{form}"' for form in forms))


def _starting_line(key: str) -> str:
    """How a new settings file says it. Whoever updates the program may find a setting that is new."""
    return next(line for line in starting_text(("report",)).splitlines() if line.startswith(f"{key} ="))


def _checked(values: Mapping[str, object], kinds: Mapping[str, object], path: Path) -> dict[str, Any]:
    for key in values:
        if key not in kinds:
            raise SettingsError(f'{path}: there is no setting "{key}"')
    for key in kinds:
        if key not in values:
            raise SettingsError(f'{path}: "{key}" is missing', f"add the line: {_starting_line(key)}")
    return {key: _one(key, values[key], kind, path) for key, kind in kinds.items()}


def _one(key: str, value: object, kind: object, path: Path) -> object:
    if get_origin(kind) is tuple:
        item = get_args(kind)[0]
        if isinstance(value, list) and all(type(part) is item for part in value):
            return tuple(value)
    elif type(value) is kind:
        return value
    raise SettingsError(f'{path}: "{key}" is of the wrong kind')
