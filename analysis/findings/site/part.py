"""One table with all that stands around it: title, sentence, chart, caveats, source."""

from dataclasses import dataclass, replace

from analysis.findings.released import Cell, Kind, Status, Table
from analysis.findings.site import saying
from analysis.findings.site.charts import Chart, chart
from analysis.findings.site.drawing import Drawing
from analysis.findings.site.sheet import Row, Sheet, number, sheets, small
from analysis.findings.site.voice import Voice


@dataclass(frozen=True, slots=True)
class Part:
    """A table as pages, pictures and the PDF show it in one language."""

    id: str
    finding: str
    title: str
    short: str
    caption: str
    sentence: str
    caveats: list[str]
    made: list[str]
    sheets: list[Sheet]
    chart: Chart | None
    chart_caption: str
    source: str

    @property
    def drawing(self) -> Drawing:
        """The picture of a chart that has one."""
        if not self.chart:
            raise LookupError(self.id)
        drawing = self.chart.drawings[0]
        return Drawing(drawing.width, drawing.height, drawing.marks, self.title, drawing.text)


@dataclass(frozen=True, slots=True)
class View:
    """What a cell looks like: a number and what it is of, or a mark and what it stands for."""

    number: str = ""
    small: str = ""
    mark: str = ""
    word: str = ""
    why: str = ""


def part(table: Table, voice: Voice) -> Part:
    """A table in one language."""
    release, drawn = voice.release, chart(table, voice)
    return Part(
        table.id,
        table.finding,
        saying.title(table, voice),
        saying.short(table, voice),
        saying.caption(table, voice),
        saying.sentence(table, voice),
        saying.caveats(table, voice),
        saying.made(voice),
        [_shortened(sheet, voice) for sheet in sheets(table, voice)]
        if table.kind is Kind.COMBINED
        else sheets(table, voice),
        drawn,
        voice.say("chart_caption", *_captioned(table, drawn, voice)),
        voice.say("chart_source", release.organization, release.id, release.version, table.id),
    )


def _captioned(table: Table, drawn: Chart | None, voice: Voice) -> tuple[object, ...]:
    scope = drawn.scope if drawn else ""
    return saying.title(table, voice), scope, saying.asked(table, voice), voice.release.period_events


def _shortened(sheet: Sheet, voice: Voice) -> Sheet:
    """What is withheld as one row: it all looks the same, and there may be hundreds."""
    hidden = [row for row in sheet.rows if row.leaf and row.cells[0].status is Status.WITHHELD]
    if len(hidden) < 2:
        return sheet
    rest = Row("withheld", voice.say("whole_withheld", len(hidden)), 0, False, hidden[0].cells)
    return replace(sheet, rows=(*(row for row in sheet.rows if row not in hidden), rest))


def view(cell: Cell, voice: Voice) -> View:
    """A cell; withheld ones all look the same."""
    if cell.status is Status.WITHHELD:
        return View(mark="c", word=voice.say("withheld"), why=voice.say("withheld_why"))
    if cell.status is Status.NOT_ASKED:
        return View(mark="z", word=voice.say("not_asked"), why=voice.say("not_asked"))
    return View(number(voice, cell), small(voice, cell))
