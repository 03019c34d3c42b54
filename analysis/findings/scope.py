"""Which reports a finding is about, and which of them are counted.

Every query of a finding goes through this one. The desk's view "counted" decides: the sender allows
it (K01), and no organizer's decision leaves the report out.
"""

from collections.abc import Iterator
from typing import Any

from analysis.cipher import Database
from analysis.findings.codebook import SETTING, Codebook, asks_setting

CONSENT = "count"
MONTH = "when"


def scope(database: Database, codebook: Codebook, query: str) -> Iterator[dict[str, Any]]:
    """Rows of a query on `scope`: the reports whose forms asked them about acts in their setting.

    Its columns: id, setting (a code), incident ("2026-05", "2026", "not_sure" or null), week
    ("2026-W21"), allowed (1 where the sender said yes, 0 for no and for no answer), counted (1 where
    it is allowed and nobody left the report out).
    """
    known = database["reports"].columns_dict
    setting, consent = (_code(name) if name in known else "null" for name in (SETTING, CONSENT))
    incident = f'r."{MONTH}"' if MONTH in known else "null"
    places = list(_places(codebook))
    # Only fixed names of columns stand in the text of the query; values never do.
    text = f"""with asked(form, answer, setting) as (values {", ".join("(?, ?, ?)" for _ in places)}),
    reported as (
      select r.id, f.digest as form, {setting} as answer, {incident} as incident, r.week as week,
             coalesce({consent} = 'yes', 0) as allowed,
             r.id in (select id from counted) as counted
      from reports r join forms f on f.id = r.form
    ), scope as (
      select id, setting, incident, week, allowed, counted
      from reported join asked on asked.form = reported.form and asked.answer is reported.answer
    )
    {query}"""  # noqa: S608 - see above
    yield from database.query(text, [value for place in places for value in place])


def _places(codebook: Codebook) -> Iterator[tuple[str, str | None, str]]:
    """Digest of a form, the answer to its question for the setting (or none), code of the setting."""
    alone = {form.digest for form in codebook.forms if not asks_setting(form)}
    for digest, setting in codebook.asked:
        yield digest, None if digest in alone else setting, setting


def _code(column: str) -> str:
    return f'(select choices.code from choices where choices.id = r."{column}")'  # noqa: S608 - as in scope()
