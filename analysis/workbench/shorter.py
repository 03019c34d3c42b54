"""Says shorter what Datasette asks of a full-text search, which it words so that it holds for any table.

Datasette looks up every text that was found, to count them all and to show the first fifty: seconds of
reading for a word that most stories have. The index alone knows how many there are, and their order.
"""

import re

# A longer count of a table's rows is given up: the page is shown without it.
LONGEST_COUNT_MS = 1000

_FOUND = (
    r"from texts where id in \(select rowid from texts_fts where texts_fts match "
    r"(?P<words>escape_fts\(:search\)|:search)\) "
)
_COUNT = re.compile(rf"select count\(\*\) {_FOUND}")
_PAGE = re.compile(
    rf"(?P<columns>select [\w, ]+ ){_FOUND}(?:and id > (?P<after>:p\d+) )?order by id limit (?P<most>\d+)"
)
_ANY_COUNT = re.compile(r"select count\(\*\) from .* ", re.DOTALL)


def shorten(sql: str) -> str:
    """A query with the same answer; as it is where Datasette asks for something else."""
    if found := _COUNT.fullmatch(sql):
        return f"select count(*) from texts_fts where texts_fts match {found['words']}"  # noqa: S608
    if found := _PAGE.fullmatch(sql):
        after = f" and rowid > {found['after']}" if found["after"] else ""
        numbers = (
            f"select rowid from texts_fts where texts_fts match {found['words']}{after} "  # noqa: S608
            f"order by rowid limit {found['most']}"
        )
        return f"{found['columns']}from texts where id in ({numbers}) order by id"
    return sql


def is_count(sql: str) -> bool:
    """Whether Datasette counts the rows of a table's page: it alone ends such a query with a space."""
    return _ANY_COUNT.fullmatch(sql) is not None
