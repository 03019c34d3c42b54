"""Full-text search in people's own words: what is typed is words, never a language of queries.

cold night        both words            "cold night"   one after the other
-court            not this word         shout*         every word that begins so
"""

import re
import secrets
from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup, escape

from analysis.bitmaps import Bitmaps, Bits
from analysis.workbench.marks import visible

LONGEST = 200
MOST_WORDS = 20
# Words around what was found.
AROUND = 40

_PART = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')


def phrase(words: str) -> str:
    """The query of the full-text index, in which every word is quoted; empty when there is none."""
    wanted: list[str] = []
    unwanted: list[str] = []
    # SQLite reads a question up to its first null, and finds a quotation mark missing.
    for minus, quoted, bare in _PART.findall(words.replace("\0", " "))[:MOST_WORDS]:
        text = quoted or bare
        if not any(one.isalnum() for one in text):
            continue
        begins = "*" if bare.endswith("*") else ""
        (unwanted if minus else wanted).append('"' + text.rstrip("*").replace('"', '""') + '"' + begins)
    if not wanted:
        return ""
    return " NOT ".join([f"({' AND '.join(wanted)})", *unwanted])


def phrases(words: str) -> list[str]:
    """Each word or phrase that is searched for or left out, as a query of its own."""
    parts = [f'"{quoted}"' if quoted else bare.lstrip("-") for _, quoted, bare in _PART.findall(words)]
    return [query for part in parts if (query := phrase(part))]


def find(connection: Any, bits: Bitmaps, words: str) -> Bits:
    """The bits of the reports in whose words they are found; none where nothing can be searched for."""
    query = phrase(words)
    if not query:
        return bits.none()
    # One long text of numbers costs a fifth of as many rows.
    sql = 'SELECT group_concat("rowid") FROM "texts_fts" WHERE "texts_fts" MATCH ?'
    (joined,) = connection.execute(sql, [query]).fetchone()
    reports = bits.texts(connection)
    places = np.fromstring(joined or "", dtype=np.int64, sep=",")
    return bits.of_numbers(reports[places[places < reports.size]])


def highlights(
    connection: Any, words: str, texts: Sequence[int], *, whole: bool = False
) -> dict[int, Markup]:
    """Texts in which the words were found, by their numbers: around them, or whole, with marks."""
    query = phrase(words)
    if not query or not texts:
        return {}
    # Nobody who writes a report can know the two marks, so none can be forged.
    begin, end = secrets.token_hex(12), secrets.token_hex(12)
    shown = "highlight(texts_fts, 0, ?, ?)" if whole else f"snippet(texts_fts, 0, ?, ?, ' … ', {AROUND})"
    sql = f'SELECT "rowid", {shown} FROM "texts_fts" WHERE "texts_fts" MATCH ? AND "rowid" = ?'  # noqa: S608
    found = {}
    for text in texts:
        for number, marked in connection.execute(sql, [begin, end, query, text]):
            found[number] = _marked(marked, begin, end)
    return found


def _marked(text: str, begin: str, end: str) -> Markup:
    shown = str(escape(visible(text)))
    return Markup(shown.replace(begin, "<mark>").replace(end, "</mark>"))  # noqa: S704  # escaped above
