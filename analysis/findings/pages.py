"""Renders the pages of a release: Jinja2 with autoescape, and gettext for the words.

Pages are made from a table that is safe to publish; nothing here can reach a report.
"""

import gettext
from dataclasses import dataclass
from datetime import date
from itertools import groupby

import jinja2

from analysis.findings import chart
from analysis.findings.codebook import Act, Setting
from analysis.findings.errors import RefusedRelease
from analysis.findings.knowledge import BASE
from analysis.findings.period import Period
from analysis.findings.safe import PERCENT_BASE, TOTAL, SafeCell, SafeTable, Status
from templates import LOCALE, SOURCE_LANGUAGE, TEMPLATES, catalog, environment

PAGES = {"index.html": "index.html", "findings/F02.html": "finding.html", "method.html": "method.html"}


@dataclass(frozen=True, slots=True)
class Imprint:
    """Who publishes, under which name and when. `date` is also the day the data were closed."""

    organization: str
    release: str
    date: date
    lang: str
    licence: str


@dataclass(frozen=True, slots=True)
class Panel:
    """What the pages say of one setting: its n, the act that most reports name, and a chart."""

    setting: Setting
    n: int | None
    act: Act
    cell: SafeCell
    chart: chart.Chart


def render(table: SafeTable, period: Period, imprint: Imprint, checksum: str) -> dict[str, bytes]:
    """Path in the release to bytes; `checksum` is the SHA-256 of the CSV file in hexadecimal.

    Raises RefusedRelease when a word has no translation into the language of the release.
    """
    environment = _environment(imprint.lang)
    context = _context(table, period, imprint) | {"checksum": checksum}
    pages = {
        path: environment.get_template(f"findings/{name}").render(
            here=path, root="../" * path.count("/"), **context
        )
        for path, name in PAGES.items()
    }
    return {path: page.encode() for path, page in pages.items()} | {"style.css": _style()}


def _context(table: SafeTable, period: Period, imprint: Imprint) -> dict[str, object]:
    acts = table.codebook.acts
    return {
        "table": table,
        "labels": {setting.code: setting.label for setting in table.codebook.settings},
        "groups": [(name, list(group)) for name, group in groupby(acts, key=lambda act: act.rollup)],
        "panels": [_panel(table, setting) for setting in table.shown],
        "n": table.reports,
        "not_asked_somewhere": any(
            table.cell(act.key, column).status is Status.NOT_ASKED for act in acts for column in table.columns
        ),
        "chart_width": chart.WIDTH,
        "period": period,
        "imprint": imprint,
        "base_row": BASE,
        "total": TOTAL,
        "percent_base": PERCENT_BASE,
    }


def _panel(table: SafeTable, setting: Setting) -> Panel:
    cells = [(act, table.cell(act.key, setting.code)) for act in table.codebook.acts]
    act, cell = max(cells, key=lambda pair: pair[1].reports or 0)
    n = table.cell(BASE, setting.code).reports
    return Panel(setting, n, act, cell, chart.draw(table, setting.code))


def _style() -> bytes:
    return (TEMPLATES / "findings" / "style.css").read_bytes()


def _environment(lang: str) -> jinja2.Environment:
    return environment(_catalog(lang), keep_trailing_newline=True)


def _catalog(lang: str) -> gettext.NullTranslations:
    try:
        found = catalog(lang, LOCALE)
    except FileNotFoundError:
        raise RefusedRelease(f'no translation into "{lang}" is installed', "use --lang en") from None
    if lang != SOURCE_LANGUAGE:
        found.add_fallback(_Untranslated(lang))
    return found


class _Untranslated(gettext.NullTranslations):
    """A page in two languages is not published: a missing word stops the release."""

    def __init__(self, lang: str) -> None:
        super().__init__()
        self._lang = lang

    def gettext(self, message: str) -> str:
        raise RefusedRelease(
            f'the translation into "{self._lang}" lacks "{message[:60]}"', "use --lang en, or complete it"
        )

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1)
