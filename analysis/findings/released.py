"""A release as it may leave the desk: what the site is made of, and nothing else.

Everything in here is safe to print. No true count of a withheld cell is in it, no report, and no way
to one. Words of the forms stand in it in each language; an empty `label` means that the word is the
site's own (months, channels, languages, totals, stages of the flow), told by the axis and the code.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

# By language tag, such as "en" and "es".
Words: TypeAlias = Mapping[str, str]

# The row or column that adds up an axis, and the one of reports that do not answer.
TOTAL, UNKNOWN = "total", "unknown"
# How the code begins of what is left of the places that people named in words.
REST = ".rest"
# And of all reports that give one whole combination of answers, and no other.
ONLY = ".only"
# A percentage of fewer reports moves by 5 points and more with each of them.
PERCENT_BASE = 20
# So many cells of whole combinations of acts by something else can be attacked together, for each batch.
MOST_JOINT = 500


class Status(StrEnum):
    """What is printed in the place of a number: nothing, "[c]" withheld, "[z]" asked by no form."""

    SHOWN = ""
    WITHHELD = "c"
    NOT_ASKED = "z"


class Kind(StrEnum):
    """How a table is best drawn."""

    BARS = "bars"
    HEAT = "heat"
    MULTIPLES = "multiples"
    FLOW = "flow"
    PAIRS = "pairs"
    COMBINED = "combined"


@dataclass(frozen=True, slots=True)
class Cell:
    """A number of reports, or none. Withheld cells are all equal.

    `base` is how many reports were asked, where that is shown; `percent` is of it, whole, halves up.
    `margin` is how far noise may have taken the number in 19 of 20 cases, None of exact numbers;
    `base_margin` is that of the base. `lift` is,
    in hundredths, how many times as often two stand together as they would by chance.
    """

    status: Status
    reports: int | None = None
    base: int | None = None
    percent: int | None = None
    margin: int | None = None
    lift: int | None = None
    base_margin: int | None = None


@dataclass(frozen=True, slots=True)
class Category:
    """A row or column. `parent` is the code of the coarser one that it lies in, `level` 0 at the top."""

    code: str
    label: Words
    parent: str | None = None
    level: int = 0


@dataclass(frozen=True, slots=True)
class Axis:
    """A dimension of a table: its categories stand in the order in which they are printed."""

    id: str
    label: Words
    categories: tuple[Category, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Cells by one code of each axis, in the order of the axes; every combination has a cell.

    `id` is permanent, and the name of its files: "F08", or "F08-shown" where the finding has several.
    `bases` has n, the reports that were asked, by the codes of all axes but the first: what a column's
    percentages are of, where all of its rows have that base. `multiple`: a report can be in several
    rows, so they add to more than n. `noise` is None of exact numbers.
    """

    id: str
    finding: str
    kind: Kind
    axes: tuple[Axis, ...]
    cells: Mapping[tuple[str, ...], Cell]
    bases: Mapping[tuple[str, ...], Cell]
    multiple: bool
    noise: "Noise | None" = None


@dataclass(frozen=True, slots=True)
class Noise:
    """How a table got its noise: its part of epsilon, and in how many of its numbers a report can be.

    `epsilon` is a decimal, told of the batch that got most noise. Of 20 numbers that are no sums, 19 lie
    within `least` of what was counted; of those that add up most, within `most`.
    """

    epsilon: str
    sensitivity: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Privacy:
    """What a release with noise spends: for each report, this release, and all about a batch together.

    A report counts in so many `answers` of one question at most. `software` draws the noise.
    """

    epsilon: str
    budget: str
    answers: int
    software: str


@dataclass(frozen=True, slots=True)
class Flow:
    """Reports received, left out by reason, and counted; the reasons in the order of the review."""

    received: Cell
    excluded: Mapping[str, Cell]
    counted: Cell


@dataclass(frozen=True, slots=True)
class Quote:
    """Words that their sender and two reviewers allow; place and month only where both reach k."""

    themes: tuple[Words, ...]
    text: str
    lang: str
    place: Words | None = None
    month: str | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """A place of a table that people named in words: when it was asked for its answer, and what it said."""

    table: str
    code: str
    asked: datetime.date | None
    reply: Words


@dataclass(frozen=True, slots=True)
class Span:
    """First and last month ("2026-05"; "2026" where only years are told), or week ("2026-W21")."""

    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Licence:
    """By its SPDX identifier, its name in words, and the address of its text."""

    spdx: str
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class AskedForm:
    """A questionnaire whose reports are counted; `digest` is the SHA-256 of its compiled text."""

    id: str
    version: str
    title: Words
    digest: str


@dataclass(frozen=True, slots=True)
class Batch:
    """The reports first counted in one release; n is a cell like any other."""

    id: str
    closed: datetime.date
    n: Cell


@dataclass(frozen=True, slots=True)
class Method:
    """What the method page tells besides the tables; texts are the organizers' own, {} where not given.

    `left_out` names tables that the release file asks for and no form has the questions of, or that are not
    here for another reason; of these, `apart` would tell too much beside others. `insider`
    is how many reports at most somebody is thought to know of in each other withheld cell. `one_arrival`
    says that numbers stand of which more than half came by one channel in one week, as after an import;
    `sites` whether those are withheld of which more than half came by one entry site: "withheld", "shown"
    as the organizers decided, or "unknown" where no form asks.
    """

    batches: tuple[Batch, ...]
    languages_asked: tuple[str, ...]
    channels: tuple[str, ...]
    left_out: tuple[str, ...]
    insider: int
    one_arrival: bool
    sites: str
    verification: Words
    outreach: Words
    funding: Words
    corrections: Words
    apart: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Release:
    """All that a site says. `excluded` is how many reports were received and not counted.

    `ledger`, `audit` and `codebook` are the bytes of the public files of these names, `words` those of
    release.json, which has all of this but the numbers.
    `campaign` is the month of F17, None without that table. `address` is where the folder will stand, with
    a slash at its end, None when nobody knows yet. `privacy` is None where numbers are exact. `trackers` is
    the list of what was counted, or empty. `named` are the places of tables that people named in words.
    """

    organization: str
    title: Words
    id: str
    version: str
    date: datetime.date
    closed: datetime.date
    licence: Licence
    languages: tuple[str, ...]
    contact: str
    doi: str | None
    period_events: Span | None
    period_received: Span | None
    k: int
    n: Cell
    excluded: Cell
    flow: Flow
    tables: tuple[Table, ...]
    quotes: tuple[Quote, ...]
    forms: tuple[AskedForm, ...]
    method: Method
    campaign: str | None
    ledger: bytes
    audit: bytes
    codebook: bytes
    words: bytes = b"{}\n"
    address: str | None = None
    privacy: Privacy | None = None
    trackers: tuple[str, ...] = ()
    named: tuple[Named, ...] = ()
