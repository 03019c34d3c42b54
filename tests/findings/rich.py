"""A release made by hand that has everything a site can meet: F01 to F17, in two languages.

TELLTALES are the true counts of withheld cells, as large as a protected one can be: none of them may stand in
any file. They are known to this module alone; the release has no place for them.
"""

import datetime
import random
from collections.abc import Mapping, Sequence
from itertools import product

from analysis.findings.released import (
    TOTAL,
    AskedForm,
    Axis,
    Batch,
    Category,
    Cell,
    Flow,
    Kind,
    Licence,
    Method,
    Quote,
    Release,
    Span,
    Status,
    Table,
    Words,
)
from intake.crypto.signing import SigningKey
from intake.forms.form import Form, shipped

KEY = SigningKey(bytes(range(32)))
ORGANIZATION = 'The "Union" of <Reporters> & Friends'
N = 1204
K = 10
TELLTALES: set[int] = set()
_WITHHELD, _NOT_ASKED = Cell(Status.WITHHELD), Cell(Status.NOT_ASKED)
_FORM: Form = shipped("report")
LONG = (
    "They made me wait outside in the rain for several hours, told everybody in the room why I was there, "
    "and then closed the counter before it was my turn"
)


def shown(reports: int, base: int | None = None) -> Cell:
    """A printed number."""
    percent = (200 * reports + base) // (2 * base) if base and base >= 20 else None
    return Cell(Status.SHOWN, reports, base, percent)


def withheld(draw: random.Random) -> Cell:
    """A cell whose true count nobody may learn: a new telltale each time."""
    TELLTALES.add(70_000 + len(TELLTALES) * 17 + draw.randrange(17))
    return _WITHHELD


def choices(question: str, most: int = 99) -> list[Category]:
    """The choices of a question of one answer, as rows."""
    found = [Category(one.code, one.label) for one in _FORM.question(question).choices][:most]
    return [*found, Category(".blank", {})]


def ticks(question: str, most: int = 99) -> list[Category]:
    """The choices of a question of many answers."""
    return [Category(f"{question}.{one.code}", one.label) for one in _FORM.question(question).choices][:most]


def grouped(question: str, most: int, group: str, own: str = "") -> list[Category]:
    """Choices under their roll-ups, each behind its own."""
    found: list[Category] = []
    for one in _FORM.question(question).choices[:most]:
        parent = f"{group}{one.rollup}" if one.rollup else None
        if parent and parent not in {known.code for known in found}:
            found.append(Category(parent, {}))
        found.append(Category(f"{own}{one.code}", one.label, parent, int(bool(parent))))
    return found


def axis(
    name: str, categories: Sequence[Category], *, total: bool = False, label: Words | None = None
) -> Axis:
    """A dimension, worded by the shipped form where that asks it."""
    asked = {one.id: one.label for one in _FORM.questions}
    words = asked.get(name, {}) if label is None else label
    return Axis(name, words, (*categories, *([Category(TOTAL, {})] if total else [])))


def table(
    name: str, kind: Kind, axes: Sequence[Axis], *, multiple: bool = False, hide: int = 5, skip: int = 0
) -> Table:
    """Cells that look like counts: one in `hide` is withheld, and one in `skip` asked by no form."""
    draw = random.Random(name)
    columns = list(product(*(one.categories for one in axes[1:])))
    bases = {tuple(one.code for one in codes): shown(draw.randrange(150, 900)) for codes in columns}
    if len(axes) > 1:
        bases |= {codes: shown(N) for codes in bases if set(codes) == {TOTAL}}
    else:
        bases = {(): shown(N)}
    cells = {}
    for place, codes in enumerate(product(*(one.categories for one in axes))):
        key = tuple(one.code for one in codes)
        base = bases[key[1:]].reports or 0
        if skip and place % skip == 3:
            cells[key] = _NOT_ASKED
        elif place % hide == 2:
            cells[key] = withheld(draw)
        else:
            cells[key] = shown(draw.randrange(K, base // 2), base)
    return Table(name, name[:3], kind, tuple(axes), cells, bases, multiple)


def _tables() -> tuple[Table, ...]:
    settings = axis("setting", choices("setting")[:-1], total=True, label={})
    health = grouped("health_acts", 6, "health_acts.any.", "health_acts.")
    long = Category("health_acts.made_to_wait", {"en": LONG, "es": LONG})
    acts = axis("act", [*grouped("acts", 20, "acts.any.", "acts."), *health, long], label={})
    months = [Category(f"2026-{month:02}", {}, f"2026-Q{(month + 2) // 3}", 2) for month in range(1, 7)]
    year = [Category("2026", {}), *_behind(months), Category("2026.year", {}, "2026", 1)]
    month = axis("month", [*year, Category(".unknown", {})], label={})
    side = axis("side", [Category(code, {}) for code in ("before", "since", ".unknown")], label={})
    ways = [Category(code, {}) for code in ("web", "onion", "kiosk", "paper", "outreach")]
    few = axis("act", ticks("acts", 9), label={})
    formulas = [
        Category("city", {"en": "=City police, 1st precinct", "es": "+Policía, comisaría 1"}),
        Category("county", {"en": "County sheriff <north>", "es": "Alguacil del condado <norte>"}),
        Category("clinic", {"en": '"Hope" clinic', "es": 'Clínica "Esperanza"'}),
    ]
    profile = axis("act", [Category(TOTAL, {}), *ticks("acts", 4)], label={})
    return (
        _flow_table(),
        _flow_by("F01-channel", axis("channel", ways, label={})),
        _flow_by("F01-lang", axis("lang", [Category("en", {}), Category("es", {})], label={})),
        _apart(table("F02", Kind.BARS, [acts, settings], multiple=True, hide=6)),
        table("F03", Kind.BARS, [month]),
        table("F03-received", Kind.BARS, [axis("received", months[:5], label={})]),
        table("F04", Kind.HEAT, [axis("area", grouped("area", 12, "in.")), settings]),
        table("F05", Kind.BARS, [axis("place_type", choices("place_type"))]),
        table("F06-agency", Kind.HEAT, [axis("agency", formulas), profile], hide=4),
        _pairs(few),
        table("F08", Kind.BARS, [axis("grounds", ticks("grounds"))], multiple=True),
        table("F08-shown", Kind.BARS, [axis("shown", choices("shown"))], hide=9),
        table("F09", Kind.BARS, [axis("harm", ticks("harm"))], multiple=True),
        table("F10", Kind.BARS, [axis("told", ticks("told"))], multiple=True),
        table("F10-result", Kind.BARS, [axis("result", choices("result"))]),
        table("F11", Kind.BARS, [axis("why_not", ticks("why_not"))], multiple=True),
        table("F12", Kind.BARS, [axis("want", ticks("want"))], multiple=True),
        table("F13-gender", Kind.BARS, [axis("gender", choices("gender"))]),
        table("F13-age", Kind.BARS, [axis("age", choices("age"))]),
        table("F14-gender", Kind.MULTIPLES, [few, axis("gender", choices("gender"))], multiple=True),
        table(
            "F14-age",
            Kind.HEAT,
            [few, axis("age", choices("age")), axis("setting", choices("setting", 2)[:2])],
        ),
        _none_shown(table("F15", Kind.BARS, [axis("freq", choices("freq"))])),
        table("F17-2026-04", Kind.MULTIPLES, [few, side], multiple=True),
    )


def _behind(months: Sequence[Category]) -> list[Category]:
    quarters = {one.parent: Category(one.parent or "", {}, "2026", 1) for one in months}
    return [
        row
        for code, quarter in quarters.items()
        for row in (quarter, *(m for m in months if m.parent == code))
    ]


def _apart(one: Table) -> Table:
    """Each setting has questions of its own, as in the shipped form."""
    cells = {
        (act, setting): cell
        if setting == TOTAL or act.startswith("health_acts.") == (setting == "health")
        else _NOT_ASKED
        for (act, setting), cell in one.cells.items()
    }
    return Table(one.id, one.finding, one.kind, one.axes, cells, one.bases, one.multiple)


def _pairs(few: Axis) -> Table:
    """Every pair twice, as in a mirror; an act with itself is all reports that name it."""
    made = table("F07-acts", Kind.PAIRS, [few, axis("with", few.categories, label={})], multiple=True)
    cells = {(one, two): made.cells[min(one, two), max(one, two)] for one, two in made.cells}
    cells |= {(one, one): shown(900 + place, N) for place, (one, two) in enumerate(cells) if one == two}
    return Table(made.id, "F07", made.kind, made.axes, cells, made.bases, made.multiple)


def _flow_by(name: str, other: Axis) -> Table:
    return table(name, Kind.FLOW, [axis("stage", _stages(), label={}), other], hide=9)


def _stages() -> list[Category]:
    reasons = [Category(f"excluded.{code}", {}, "excluded", 1) for code in _flow().excluded]
    return [Category("received", {}), Category("excluded", {}), *reasons, Category("counted", {})]


def _flow_table() -> Table:
    flow = _flow()
    counts = {("received",): flow.received, ("excluded",): shown(275), ("counted",): flow.counted}
    counts |= {(f"excluded.{code}",): cell for code, cell in flow.excluded.items()}
    stage = axis("stage", _stages(), label={})
    return Table("F01", "F01", Kind.FLOW, (stage,), counts, {(): _NOT_ASKED}, False)


def _flow() -> Flow:
    excluded = {
        "duplicate": shown(63),
        "junk": shown(118),
        "test": _WITHHELD,
        "out_of_area": shown(44),
        "out_of_scope": _WITHHELD,
        "no_consent": shown(31),
    }
    return Flow(shown(1479), excluded, shown(N))


def _none_shown(one: Table) -> Table:
    draw = random.Random(15)
    cells = {codes: withheld(draw) for codes in one.cells}
    return Table(one.id, one.finding, one.kind, one.axes, cells, one.bases, one.multiple)


def quotes() -> tuple[Quote, ...]:
    """Passages in three scripts, one of them written from the right, one that no font of the PDF has."""
    delay = {"en": "Waiting and delay", "es": "Esperas y demoras"}
    respect = {"en": "Respect", "es": "Respeto"}
    return (
        Quote(
            (delay, respect),
            'I sat there for "five" hours <b>alone</b> & nobody looked up.',
            "en",
            {"en": "Downtown"},
        ),
        Quote((delay,), "Me dijeron que volviera otro día; nunca me dieron hora.", "es", None, "2026-05"),
        Quote((respect,), "قالوا لي إن دوري لن يأتي أبدًا، ثم أغلقوا الباب.", "ar"),
        Quote((respect,), "他们让我等了一整天。", "zh"),
        Quote((respect,), "=HYPERLINK(1) # not a heading *nor* _markup_ $x$ \\ #pagebreak()", "en"),
    )


def release(**changes: object) -> Release:
    """The release; `changes` replace fields."""
    fields: dict[str, object] = {
        "organization": ORGANIZATION,
        "title": {
            "en": "What people reported, January to June 2026",
            "es": "Lo que se denunció, enero a junio de 2026",
        },
        "id": "2026H1",
        "version": "1.0.0",
        "date": datetime.date(2026, 11, 22),
        "closed": datetime.date(2026, 10, 31),
        "licence": Licence("CC-BY-4.0", "CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/"),
        "languages": ("en", "es"),
        "contact": "findings@union.example",
        "doi": "10.5555/example.2026",
        "address": "https://union.example/findings/2026H1/",
        "period_events": Span("2026-01", "2026-06"),
        "period_received": Span("2026-W04", "2026-W25"),
        "k": K,
        "n": shown(N),
        "excluded": shown(275),
        "flow": _flow(),
        "tables": _tables(),
        "quotes": quotes(),
        "forms": (AskedForm("report", "2026.1", {"en": "Report", "es": "Reporte"}, "0" * 64),),
        "method": method(),
        "campaign": "2026-04",
        "ledger": b'{"this":"0"}\n',
        "audit": b'{"cells":{}}\n',
        "codebook": b'{"dims":[]}\n',
    }
    return Release(**(fields | changes))  # type: ignore[arg-type]


def method(**changes: object) -> Method:
    """What the organizers say of their work."""
    fields: Mapping[str, object] = {
        "batches": (
            Batch("2026-1", datetime.date(2026, 6, 30), shown(700)),
            Batch("2026-2", datetime.date(2026, 10, 31), shown(504)),
        ),
        "languages_asked": ("en", "es"),
        "channels": ("web", "onion", "kiosk", "paper", "outreach"),
        "left_out": ("F13-trans",),
        "insider": 3,
        "one_arrival": False,
        "sites": "withheld",
        "verification": {"en": "Two people read each report.", "es": "Dos personas leen cada reporte."},
        "outreach": {
            "en": "Flyers were given out at three needle exchanges and in two parks.\n# no heading",
            "es": "Se repartieron volantes en tres puntos de intercambio y en dos parques.",
        },
        "funding": {"en": "Paid by members' dues.", "es": "Pagado con las cuotas de la membresía."},
        "corrections": {
            "en": "Write to us; we answer within two weeks, and list corrections here.",
            "es": "Escríbanos; respondemos en dos semanas y anotamos aquí las correcciones.",
        },
    }
    return Method(**(dict(fields) | changes))  # type: ignore[arg-type]
