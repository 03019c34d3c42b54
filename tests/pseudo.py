"""A language that nobody speaks, written from right to left: shows which words and edges a page forgot.

Every message comes out in Arabic letters, half as long again, so that what stays in Latin letters was not
translated, and what stays on the left was not turned around.
"""

import re
from pathlib import Path

from babel.messages.catalog import Catalog, Message

from templates import DOMAIN
from tests import catalogs

LANGUAGE = "ar"
NAMES = {"en": "English", LANGUAGE: "العربية"}
LETTERS = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "ابتثجحخدذرزسشصضطظعغفقكلمنه" * 2
)
KEPT = re.compile(r"(%\([a-z]+\)s|\{[a-z]+\}|%%)")


def written(text: str) -> str:
    """A text in the letters of the pseudo-language, its placeholders untouched."""
    parts = KEPT.split(text + " " + text[: len(text) // 2])
    return "".join(part if KEPT.fullmatch(part) else part.translate(LETTERS) for part in parts)


def make_locale(directory: Path) -> Path:
    """Writes the compiled catalog of the pseudo-language below a directory, and returns the directory."""
    catalog = Catalog(locale=LANGUAGE, domain=DOMAIN)
    for message in catalogs.extracted():
        if message.id:
            catalog.add(message.id, _string(message, catalog.num_plurals))
    file = directory / LANGUAGE / "LC_MESSAGES" / f"{DOMAIN}.mo"
    file.parent.mkdir(parents=True)
    file.write_bytes(catalogs.mo_bytes(catalog))
    return directory


def _string(message: Message, plurals: int) -> str | tuple[str, ...]:
    if message.pluralizable:
        return (written(message.id[1]),) * plurals
    return written(message.id)
