"""Replies that are written once: a few that ship, in plain words, and those of the organizers.

    [meeting]                 ; a TOML file: a name, and the words by language
    en = "We meet every Tuesday at six."
    es = "Nos reunimos cada martes a las seis."

The organizers' own stand in the database, because every file of a desk is ciphertext.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis.desk import Desk
from analysis.desk_errors import UnreadableFile
from analysis.storage import read_file
from analysis.threads import messages
from analysis.threads.errors import BadText, UnknownMessage
from analysis.workbench.pages import words

LONGEST_FILE = 256 * 1024
MOST = 100
_LIKE = '[meeting], then en = "..." and es = "..."'
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def shipped(lang: str) -> Mapping[str, str]:
    """Those that ship, by their names."""
    module = words.environment(lang).get_template("canned.html").module
    return {name: str(text) for name, text in module.canned.items()}  # type: ignore[attr-defined]


def read(connection: Any, lang: str) -> dict[str, str]:
    """All by name, in a language where they have it: the organizers' own go first."""
    lang = lang if lang in words.LANGUAGES else "en"
    rows = connection.execute('SELECT "name", "lang", "text" FROM "canned" ORDER BY "name"').fetchall()
    own: dict[str, str] = {}
    for name, written, text in rows:
        if written == lang or name not in own:
            own[name] = text
    return own | {name: text for name, text in shipped(lang).items() if name not in own}


def find(connection: Any, name: str, lang: str) -> str:
    """The words of one. Raises UnknownMessage."""
    known = read(connection, lang)
    if name not in known:
        raise UnknownMessage("there is no canned reply of this name", f"one of: {', '.join(known)}")
    return known[name]


def take(desk: Desk, path: Path) -> int:
    """Takes the replies of a file, in the place of the organizers' own before; how many."""
    rows = list(_read_file(path))
    with desk.changing(), desk.database.atomic():
        desk.database.conn.execute('DELETE FROM "canned"')
        desk.database.conn.executemany('INSERT INTO "canned" VALUES (?, ?, ?)', rows)
    return len({name for name, _, _ in rows})


def language(connection: Any, report: int) -> str:
    """The language in which a report was sent, English where there is no such report."""
    row = connection.execute('SELECT "lang" FROM "reports" WHERE "id" = ?', [report]).fetchone()
    return str(row[0]) if row else "en"


def _parse(path: Path) -> dict[str, Any]:
    try:
        given = tomllib.loads(read_file(path, LONGEST_FILE).decode())
    # The parser goes one call deeper for each bracket.
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        raise UnreadableFile(f"{path}: not a TOML file", _LIKE) from None
    if not given:
        raise UnreadableFile(f"{path}: holds no replies", _LIKE)
    if len(given) > MOST:
        raise UnreadableFile(f"{path}: holds more than {MOST} replies")
    return given


def _read_file(path: Path) -> list[tuple[str, str, str]]:
    found = []
    for name, texts in _parse(path).items():
        if not _NAME.fullmatch(name) or not isinstance(texts, dict) or not texts:
            raise UnreadableFile(
                f"{path}: each reply is a table of a name in small letters, digits and dashes",
                _LIKE,
            )
        for lang, text in texts.items():
            if lang not in words.LANGUAGES or not isinstance(text, str):
                raise UnreadableFile(f'{path}: "{name}" has another member than a text in {_languages()}')
            try:
                found.append((name, lang, messages.clean(text)))
            except BadText as error:
                raise BadText(f'{path}: "{name}" in "{lang}": {error.message}', error.hint) from None
    return found


def _languages() -> str:
    return " or ".join(f'"{code}"' for code in words.LANGUAGES)
