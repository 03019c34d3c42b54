"""The one sentence of a table, made from its cells, and the caveats that go wherever its numbers go."""

from collections.abc import Iterator

from analysis.findings.released import PERCENT_BASE, TOTAL, Cell, Kind, Noise, Status, Table
from analysis.findings.site.sheet import Column, Row, Sheet, has, sheets
from analysis.findings.site.voice import Voice

# Findings whose tables are all about the same.
_ALIKE = {"F06", "F07", "F14"}


def sentence(table: Table, voice: Voice) -> str:
    """What the table's largest shown number says, with n and period."""
    release = voice.release
    if table.kind is Kind.FLOW and len(table.axes) == 1:
        counts = (release.flow.received.reports, release.flow.counted.reports)
        return voice.say("sentence_flow", release.organization, *counts, release.period_events)
    sheet = sheets(table, voice)[0]
    if table.finding == "F17" and release.campaign:
        return _sides(sheet, voice)
    found = _paired(sheet) if is_paired(table) else _largest(sheet)
    if found:
        return _told(table, *found, voice)
    n = sheet.columns[sheet.whole].base.reports
    return voice.say("sentence_none", release.organization, release.period_events, n)


def is_paired(table: Table) -> bool:
    """Whether rows and columns are the same answers, so that a cell is two of them in one report."""
    return table.kind is Kind.PAIRS and len(table.axes) > 1


def _largest(sheet: Sheet) -> tuple[Column, Row, Cell] | None:
    for place in [sheet.whole] if sheet.added else _in_turn(sheet):
        shown = [pair for pair in sheet.column(place) if _stands_out(pair[1]) and pair[0].telling]
        if shown:
            return (sheet.columns[place], *max(shown, key=lambda pair: pair[1].reports or 0))
    return None


def _stands_out(cell: Cell) -> bool:
    """Whether a cell counts any report for sure: not by noise alone."""
    return (cell.reports or 0) > (cell.margin or 0)


def _paired(sheet: Sheet) -> tuple[Column, Row, Cell] | None:
    shown = [
        (column, row, cell)
        for row in sheet.rows
        for column, cell in zip(sheet.columns, row.cells, strict=True)
        if _stands_out(cell) and row.telling and row.code != column.code
    ]
    return max(shown, key=lambda one: one[2].reports or 0) if shown else None


def _told(table: Table, column: Column, row: Row, cell: Cell, voice: Voice) -> str:
    org, span, label = voice.release.organization, voice.release.period_events, row.label
    first = table.axes[0]
    if table.kind is Kind.FLOW:
        # Its percentage is of what was received in that row: no share of all reports.
        first, cell = table.axes[1], Cell(Status.SHOWN, cell.reports, margin=cell.margin)
    if is_paired(table):
        label = voice.say("chart_both", row.label, column.label)
    if first.id == "month":
        text = voice.say("sentence_month", org, span, label, cell)
    else:
        # The further tables of most findings are each about a question of their own.
        own = table.id != table.finding and table.finding not in _ALIKE
        said = voice.say("said", first.id if own else table.finding, voice.axis(first))
        text = voice.say("sentence", org, span, said, label, cell)
    if table.kind is Kind.FLOW or is_paired(table) or len(table.axes) == 1 or column.code == TOTAL:
        return text
    return voice.say("prefixed", voice.axis(table.axes[1]), column.label, text)


def _in_turn(sheet: Sheet) -> list[int]:
    """The columns, that with the largest shown number first; those that say nothing come last."""
    places = range(len(sheet.columns))
    most = [max((cell.reports or 0 for _, cell in sheet.column(i)), default=0) for i in places]
    return sorted(places, key=lambda i: (not sheet.columns[i].telling, -most[i]))


def _sides(sheet: Sheet, voice: Voice) -> str:
    release = voice.release
    org, span = release.organization, release.period_events
    sides = [i for i, column in enumerate(sheet.columns) if column.telling]
    both = [
        (one.reports, other.reports, row.label)
        for row in sheet.rows
        for one, other in [[row.cells[i] for i in sides]]
        if row.telling and one.reports is not None and other.reports is not None
        # Of exact numbers, a zero is a number too.
        if not one.margin or _stands_out(one) or _stands_out(other)
    ]
    if not both:
        return voice.say("sentence_none", org, span, release.n.reports)
    before, after, label = max(both, key=lambda found: found[0] + found[1])
    return voice.say("sentence_sides", org, span, release.campaign, label, before, after)


_OF_A_FINDING = {
    "F03": "caveat_months",
    "F04": "caveat_areas",
    "F05": "caveat_areas",
    "F06": "caveat_areas",
    "F17": "caveat_sides",
}


def caveats(table: Table, voice: Voice) -> list[str]:
    """What must be read with the table, the most needed first; the same wherever the table goes."""
    said = [voice.say("caveat_chosen"), voice.say("caveat_people")]
    if table.finding in _OF_A_FINDING:
        said.append(voice.say(_OF_A_FINDING[table.finding]))
    said.extend(_named(table, voice))
    if table.multiple:
        said.append(voice.say("caveat_multiple"))
    if has(table, Status.WITHHELD):
        said.append(voice.say("caveat_withheld", voice.release.k))
    if has(table, Status.NOT_ASKED):
        said.append(voice.say("caveat_not_asked"))
    if table.noise:
        said.extend(_noise(table, table.noise, voice))
    if any(cell.percent is not None for cell in table.cells.values()):
        said.append(voice.say("caveat_percent_noise" if table.noise else "caveat_percent", PERCENT_BASE))
    return said


def _named(table: Table, voice: Voice) -> Iterator[str]:
    """Who decided which places people's words name, and what those say that answered."""
    release = voice.release
    own = [one for one in release.named if one.table == table.id]
    if own:
        yield voice.say("caveat_named", release.k, release.method.one_arrival)
    names = {one.code: voice.label(table.axes[0], one) for one in table.axes[0].categories}
    for one in own:
        if one.reply:
            yield voice.say("replied", names[one.code], one.asked, voice.pick(one.reply))
        elif one.asked:
            yield voice.say("not_replied", names[one.code], one.asked)


def _noise(table: Table, noise: Noise, voice: Voice) -> list[str]:
    said = [voice.say("caveat_noise", table.id, noise)]
    if table.multiple and voice.release.privacy:
        said.append(voice.say("caveat_answers", voice.release.privacy.answers))
    return said


def protected(voice: Voice) -> str:
    """How the people of a release are protected, in a sentence."""
    if voice.release.privacy:
        return voice.say("caveat_noise_general")
    return voice.say("caveat_withheld", voice.release.k)


def made(voice: Voice) -> list[str]:
    """What was left out, which form asked, and which release this is: below the caveats."""
    release = voice.release
    closed = voice.say("day", release.closed)
    return [
        voice.say("excluded", release.excluded),
        *([voice.say("received", release.period_received)] if release.period_received else []),
        voice.say("closed", release.forms, closed, release.id, release.version),
    ]


def title(table: Table, voice: Voice) -> str:
    """The name of a table: its finding's, and where that has several tables its own too."""
    name, own = voice.say("finding", table.finding), short(table, voice)
    return name if own == name else voice.say("title_of", name, own)


def short(table: Table, voice: Voice) -> str:
    """What tells a table from the others of its finding: the first dimension that they do not share."""
    several = [one for one in voice.release.tables if one.finding == table.finding]
    if len(several) == 1:
        return voice.say("finding", table.finding)
    for place, axis in enumerate(table.axes):
        if {one.axes[place].id for one in several if len(one.axes) > place} != {axis.id}:
            return voice.axis(axis)
    return voice.say("about_acts", table.id, voice.axis(table.axes[-1]))


def caption(table: Table, voice: Voice) -> str:
    """The caption of a table: its dimensions, n and period."""
    span = voice.release.period_events
    return voice.say("caption", table.id, voice.dimensions(table), asked(table, voice), span)


def asked(table: Table, voice: Voice) -> int | None:
    """n of a table: that of its column of all reports, else of the release."""
    whole = [base for codes, base in table.bases.items() if set(codes) <= {TOTAL}]
    return whole[0].reports if whole else voice.release.n.reports
