"""How a release is cited: as text, BibTeX, CSL JSON and CITATION.cff."""

import json
import re

from analysis.findings.released import Release
from analysis.findings.site.voice import Voice, one_line

# What BibTeX would take for its own signs.
_BIBTEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_"},
}


def address(release: Release, path: str = "") -> str | None:
    """Where a file of the release stands for good; None where that is not known."""
    return f"{release.address}{path}" if release.address else None


def text(voice: Voice, what: str, path: str = "") -> str:
    """One line; `what` names a part of the release, `path` its page."""
    release = voice.release
    where = address(release, path) if path else _identifier(release)
    title = voice.pick(release.title)
    return voice.say("citation", release, title, what, release.n.reports, release.period_events, where)


def bibtex(voice: Voice) -> bytes:
    """One entry for the release, and one for each finding in it."""
    release, title = voice.release, voice.pick(voice.release.title)
    entries = [_entry(release, "", title, _identifier(release))]
    for finding in findings(release):
        name = f"{voice.say('finding', finding)}. {title}"
        entries.append(_entry(release, finding, name, address(release, f"findings/{finding}.html")))
    return "\n".join(entries).encode()


def findings(release: Release) -> list[str]:
    """The findings of a release in their order."""
    quotes = ["F16"] if release.quotes else []
    return sorted({table.finding for table in release.tables} | set(quotes))


def _entry(release: Release, finding: str, title: str, url: str | None) -> str:
    key = "-".join(re.sub(r"[^A-Za-z0-9.]", "", part) for part in (release.id, finding) if part)
    fields = {
        "author": f"{{{_escaped(release.organization)}}}",
        "title": _escaped(title),
        "year": str(release.date.year),
        "month": str(release.date.month),
        "version": _escaped(release.version),
        "number": _escaped(f"{release.id} {finding}".strip()),
        "publisher": f"{{{_escaped(release.organization)}}}",
        "note": _escaped(release.licence.name),
        **({"doi": _escaped(release.doi)} if release.doi else {}),
        # BibTeX's styles print url as it stands.
        **({"url": re.sub(r"[{}\\\s]", "", url)} if url else {}),
    }
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@dataset{{{key},\n{lines}}}\n"


def _escaped(value: str) -> str:
    return "".join(_BIBTEX.get(sign, sign) for sign in one_line(value))


def csl(voice: Voice) -> bytes:
    """CSL JSON: the release, and each finding in it."""
    release, title = voice.release, voice.pick(voice.release.title)
    entries = [_item(voice, "", title, _identifier(release))]
    for finding in findings(release):
        url = address(release, f"findings/{finding}.html")
        entries.append(_item(voice, finding, voice.say("finding", finding), url))
    return dumped(entries)


def _item(voice: Voice, finding: str, title: str, url: str | None) -> dict[str, object]:
    release = voice.release
    container = {"container-title": voice.pick(release.title)} if finding else {}
    return {
        "id": f"{release.id}-{finding}" if finding else release.id,
        "type": "dataset",
        "title": title,
        **container,
        "author": [{"literal": one_line(release.organization)}],
        "publisher": one_line(release.organization),
        "issued": {"date-parts": [[release.date.year, release.date.month, release.date.day]]},
        "version": release.version,
        "language": voice.language,
        **({"DOI": release.doi} if release.doi else {}),
        **({"URL": url} if url else {}),
    }


def cff(voice: Voice) -> bytes:
    """CITATION.cff 1.2.0. JSON strings are YAML strings, so that no value can pass for structure."""
    release = voice.release
    entity = [("name", release.organization)]
    lines = [
        ("cff-version", "1.2.0"),
        ("message", voice.say("cite_message")),
        ("type", "dataset"),
        ("title", voice.pick(release.title)),
        ("version", release.version),
        ("abstract", voice.say("abstract", release, release.period_events, release.n.reports)),
        *([("doi", release.doi)] if release.doi else []),
        *([("url", release.address)] if release.address else []),
        *([("license", release.licence.spdx)] if release.licence.spdx else []),
    ]
    text = "".join(f"{name}: {_yaml(value)}\n" for name, value in lines)
    text += f"date-released: '{release.date.isoformat()}'\n"
    text += "authors:\n" + "".join(f"  - {name}: {_yaml(value)}\n" for name, value in entity)
    words = dict.fromkeys(voice.say("keywords").split("|"))
    text += "keywords:\n" + "".join(f"  - {_yaml(word)}\n" for word in words)
    return text.encode()


def _yaml(value: object) -> str:
    return json.dumps(one_line(value), ensure_ascii=False)


def _identifier(release: Release) -> str | None:
    return f"https://doi.org/{release.doi}" if release.doi else release.address


def dumped(value: object) -> bytes:
    """JSON as it is written into a release: sorted by nothing but its maker, with a line feed at the end."""
    return (json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()
