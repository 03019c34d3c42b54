"""release.json: all that a release says besides its numbers.

    {"v": 1, "made_with": {"witnessbox": "0.1.0", "typst": "0.15.0"}, "release": "2026-1", ... ,
     "tables": [{"id": "F02", "kind": "heat", "bases": {"acts.shout": "acts=.asked|batch=2026-1"}, ... }]}

With ledger.jsonl (what was printed) and codebook.json (which cell stands where) it is enough to make every
other file of the release again. So whoever makes them again, and finds the same bytes, knows that no file
tells anything that these three do not. A number of reports never stands in here.
"""

import datetime
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from typing import Any

from analysis.findings.control.lattice import Cell as Name
from analysis.findings.ledger.entries import cell_name, parse_cell
from analysis.findings.lines import Planned
from analysis.findings.model import BATCH, within
from analysis.findings.printing import Printer, batch_reports
from analysis.findings.privacy.printing import NoisePrinter
from analysis.findings.released import (
    AskedForm,
    Axis,
    Batch,
    Category,
    Cell,
    Kind,
    Licence,
    Method,
    Named,
    Privacy,
    Quote,
    Release,
    Span,
    Table,
    Words,
)
from intake.forms.form import canonical

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_TEXTS = ("verification", "outreach", "funding", "corrections")
_LISTS = ("languages_asked", "channels", "left_out")


def made_with() -> dict[str, str]:
    """What makes pages and the PDF here: others may word or set them otherwise."""
    return {name: version(name) for name in ("witnessbox", "typst")}


def write(release: Release, tables: Sequence[Planned], span: str) -> bytes:
    """The bytes of release.json."""
    method = release.method
    value = {
        "v": 1,
        "made_with": made_with(),
        "organization": release.organization,
        "title": release.title,
        "release": release.id,
        "version": release.version,
        "date": release.date.isoformat(),
        "closed": release.closed.isoformat(),
        "licence": asdict(release.licence),
        "languages": release.languages,
        "contact": release.contact,
        "doi": release.doi,
        "address": release.address,
        "period": _ends(release.period_events),
        "received": _ends(release.period_received),
        "k": release.k,
        "campaign": release.campaign,
        "forms": [asdict(form) for form in release.forms],
        "quotes": [asdict(quote) for quote in release.quotes],
        "method": {
            **{name: getattr(method, name) for name in (*_LISTS, *_TEXTS, "insider", "one_arrival", "sites")},
            "batches": [[batch.id, batch.closed.isoformat()] for batch in method.batches],
        },
        "tables": [_table(table, span) for table in tables],
        "trackers": release.trackers,
        "named": [
            [one.table, one.code, one.asked.isoformat() if one.asked else None, one.reply]
            for one in release.named
        ],
    }
    return canonical(value) + b"\n"


def _table(table: Planned, span: str) -> dict[str, Any]:
    return {
        "id": table.id,
        "finding": table.finding,
        "kind": str(table.kind),
        "multiple": table.multiple,
        "levels": [[one.level for one in axis.categories] for axis in table.axes],
        "bases": {"|".join(codes): cell_name(within(cell, span)) for codes, cell in table.bases.items()},
    }


def read(
    data: bytes,
    ledger: bytes,
    codebook: bytes,
    audit: bytes,
    known: Mapping[Name, int],
    entry: Mapping[str, Any],
    noise: NoisePrinter | None = None,
    privacy: Privacy | None = None,
) -> Release:
    """The release that the words belong to, with the numbers of its ledger entry and no others.

    `known` is all that the ledger tells; `noise` and `privacy`, all that it tells of one with noise. Raises
    ValueError, KeyError, TypeError or AttributeError for what is no release.json.
    """
    value, cells = json.loads(data), json.loads(codebook)["tables"]
    if canonical(value) + b"\n" != data or value["v"] != 1:
        raise ValueError
    languages = tuple(map(_language, value["languages"]))
    printer = noise or _exact(entry)
    batch = noise.batch if noise else partial(batch_reports, known)
    return Release(
        organization=_text(value["organization"]),
        title=_words(value["title"], languages),
        id=_text(value["release"]),
        version=_text(value["version"]),
        date=datetime.date.fromisoformat(value["date"]),
        closed=datetime.date.fromisoformat(value["closed"]),
        licence=Licence(**{name: _text(one) for name, one in value["licence"].items()}),
        languages=languages,
        contact=_text(value["contact"]),
        doi=_optional(value["doi"]),
        address=_optional(value["address"]),
        period_events=_span(value["period"]),
        period_received=_span(value["received"]),
        k=int(value["k"]),
        n=printer.reports,
        excluded=printer.excluded,
        flow=printer.flow,
        tables=tuple(_read_tables(value["tables"], cells, languages, printer)),
        quotes=tuple(_quote(one, languages) for one in value["quotes"]),
        forms=tuple(AskedForm(**{**one, "title": _words(one["title"], languages)}) for one in value["forms"]),
        method=_method(value["method"], languages, batch),
        campaign=_optional(value["campaign"]),
        ledger=ledger,
        audit=audit,
        codebook=codebook,
        words=data,
        trackers=tuple(map(_text, value["trackers"])),
        privacy=privacy,
        named=tuple(_named(one, languages) for one in value.get("named", [])),
    )


def _exact(entry: Mapping[str, Any]) -> Printer:
    printed = {parse_cell(name): reports for name, reports in entry["printed"].items()}
    return Printer(printed, entry["span"])


def _method(
    value: Mapping[str, Any], languages: tuple[str, ...], batch_reports: Callable[[str], Cell]
) -> Method:
    asked, channels, left_out = (tuple(map(_text, value[name])) for name in _LISTS)
    verification, outreach, funding, corrections = (_words(value[name], languages) for name in _TEXTS)
    return Method(
        batches=tuple(
            Batch(name, datetime.date.fromisoformat(day), batch_reports(name))
            for name, day in value["batches"]
        ),
        languages_asked=asked,
        channels=channels,
        left_out=left_out,
        insider=int(value["insider"]),
        one_arrival=bool(value["one_arrival"]),
        sites=_text(value["sites"]),
        verification=verification,
        outreach=outreach,
        funding=funding,
        corrections=corrections,
    )


def _read_tables(
    found: Sequence[Mapping[str, Any]],
    cells: Sequence[Mapping[str, Any]],
    languages: tuple[str, ...],
    printer: Printer | NoisePrinter,
) -> Iterable[Table]:
    for words, codes in zip(found, cells, strict=True):
        axes = tuple(
            _axis(axis, levels, languages)
            for axis, levels in zip(codes["axes"], words["levels"], strict=True)
        )
        places = {name: None if cell is None else _of_no_batch(cell) for name, cell in codes["cells"].items()}
        yield printer.table(
            Planned(
                codes["id"],
                _text(words["finding"]),
                Kind(words["kind"]),
                axes,
                {_codes(name): cell for name, cell in places.items()},
                {_codes(name): _of_no_batch(cell) for name, cell in words["bases"].items()},
                bool(words["multiple"]),
                (),
            ),
            axes,
        )


def _axis(axis: Mapping[str, Any], levels: Sequence[int], languages: tuple[str, ...]) -> Axis:
    categories = tuple(
        Category(one["code"], _words(one["label"], languages), one["in"], int(level))
        for one, level in zip(axis["categories"], levels, strict=True)
    )
    return Axis(axis["id"], _words(axis["label"], languages), categories)


def _codes(name: str) -> tuple[str, ...]:
    return tuple(name.split("|"))


def _of_no_batch(name: str) -> Name:
    return tuple(node for node in parse_cell(name) if not node.startswith(f"{BATCH}="))


def _quote(one: Mapping[str, Any], languages: tuple[str, ...]) -> Quote:
    place = None if one["place"] is None else _words(one["place"], languages)
    themes = tuple(_words(theme, languages) for theme in one["themes"])
    return Quote(themes, _text(one["text"]), _text(one["lang"]), place, _optional(one["month"]))


def _named(one: Sequence[Any], languages: tuple[str, ...]) -> Named:
    table, code, asked, reply = one
    day = None if asked is None else datetime.date.fromisoformat(asked)
    return Named(_text(table), _text(code), day, _words(reply, languages))


def _words(value: Mapping[str, str], languages: tuple[str, ...]) -> Words:
    """In the order of the release's languages: where one has no words, those of the first stand in."""
    return {language: _text(value[language]) for language in languages if language in value}


def _ends(span: Span | None) -> list[str] | None:
    return None if span is None else [span.first, span.last]


def _span(value: Sequence[str] | None) -> Span | None:
    return None if value is None else Span(*map(_text, value))


def _optional(value: object) -> str | None:
    return None if value is None else _text(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _language(value: object) -> str:
    # A catalog is looked for under this name.
    if not isinstance(value, str) or not _LANGUAGE.fullmatch(value):
        raise ValueError
    return value
