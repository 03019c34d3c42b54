"""What programs read of a release: Data Package v2, CSV on the Web, and schema.org's Dataset.

datapackage.json               https://datapackage.org/standard/data-package/
tables/F02.csv-metadata.json   https://www.w3.org/TR/tabular-metadata/
dataset.jsonld                 https://schema.org/Dataset
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from analysis.findings.released import Release, Span, Table
from analysis.findings.site import citing, saying
from analysis.findings.site.citing import dumped
from analysis.findings.site.tidy import LIFT, Field, fields
from analysis.findings.site.voice import Voice

_PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
_CSVW = "http://www.w3.org/ns/csvw"
_TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".pdf": "application/pdf",
}


def datapackage(voices: Sequence[Voice], files: Mapping[str, bytes]) -> bytes:
    """datapackage.json; `files` has the CSV files that it describes."""
    voice, release = voices[0], voices[0].release
    package: dict[str, Any] = {
        "$schema": _PROFILE,
        "name": _name(release.id),
        "id": citing.address(release) or f"{release.organization} {release.id} {release.version}",
        "title": voice.pick(release.title),
        "description": _abstract(voice),
        "version": release.version,
        # Of the release: nothing in it may depend on the hour at which it was made.
        "created": f"{release.date.isoformat()}T00:00:00Z",
        **({"homepage": release.address} if release.address else {}),
        "licenses": [_licence(release)],
        "contributors": [{"title": release.organization, "roles": ["publisher"]}],
        "sources": [{"title": f"{form.id} {form.version}"} for form in release.forms],
        "keywords": voice.say("keywords").split("|"),
        "resources": [_resource(table, voices, files) for table in release.tables],
    }
    return dumped(package)


def _licence(release: Release) -> dict[str, str]:
    licence = release.licence
    return {"name": licence.spdx, "title": licence.name, "path": licence.url}


def _name(text: str) -> str:
    """Lower case, digits and hyphens, as names of packages and resources are."""
    return "-".join("".join(sign if sign.isalnum() else " " for sign in text.lower()).split())


def _resource(table: Table, voices: Sequence[Voice], files: Mapping[str, bytes]) -> dict[str, Any]:
    voice, path = voices[0], f"tables/{table.id}.csv"
    named = fields(table, [one.language for one in voices])
    return {
        "name": _name(table.id),
        "type": "table",
        "path": path,
        "title": saying.title(table, voice),
        "description": " ".join([saying.caption(table, voice), *saying.caveats(table, voice)]),
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(files[path]),
        "hash": f"sha256:{hashlib.sha256(files[path]).hexdigest()}",
        "dialect": {"delimiter": ",", "lineTerminator": "\n", "header": True},
        "schema": {
            "fields": [_field(one, voice) for one in named],
            "primaryKey": _key(named),
            "missingValues": [""],
        },
    }


def _key(named: Sequence[Field]) -> list[str]:
    return [field.name for field in named if field.kind == "code"]


def _field(field: Field, voice: Voice) -> dict[str, Any]:
    described = {"name": field.name, "title": _title(field, voice), "description": _description(field, voice)}
    if field.kind == "number":
        kind = "number" if field.name == LIFT else "integer"
        return {**described, "type": kind, "constraints": {"minimum": 0}}
    if field.kind == "status":
        marks = ["z"] if voice.release.privacy else ["c", "z"]
        return {**described, "type": "string", "constraints": {"enum": marks}}
    if field.kind == "code" and field.axis:
        codes = [one.code for one in field.axis.categories]
        return {**described, "type": "string", "constraints": {"required": True, "enum": codes}}
    return {**described, "type": "string"}


def _title(field: Field, voice: Voice) -> str:
    return voice.axis(field.axis) if field.axis else field.name


def _description(field: Field, voice: Voice) -> str:
    if not field.axis:
        return voice.say("column", field.name)
    name = voice.axis(field.axis)
    if field.kind == "code":
        return voice.say("column_code", name)
    return voice.say("column_label", name, voice.say("language", field.language))


def csvw(table: Table, voices: Sequence[Voice]) -> bytes:
    """The metadata that stand beside a CSV file."""
    release, voice = voices[0].release, voices[0]
    named = fields(table, [one.language for one in voices])
    document = {
        "@context": [_CSVW, {"@language": voice.language}],
        "url": f"{table.id}.csv",
        "dc:title": saying.title(table, voice),
        "dc:description": " ".join([saying.caption(table, voice), *saying.caveats(table, voice)]),
        "dc:publisher": release.organization,
        "dc:license": {"@id": release.licence.url},
        "dc:issued": {"@value": release.date.isoformat(), "@type": "xsd:date"},
        "dialect": {"encoding": "utf-8", "lineTerminators": ["\n"], "delimiter": ",", "header": True},
        "tableSchema": {
            "columns": [_column(field, voices) for field in named],
            "primaryKey": _key(named),
        },
    }
    return dumped(document)


def _column(field: Field, voices: Sequence[Voice]) -> dict[str, Any]:
    column: dict[str, Any] = {
        "name": field.name,
        "titles": field.name,
        "dc:description": _description(field, voices[0]),
        "datatype": "string",
        "null": "",
    }
    if field.kind == "number":
        column["datatype"] = {"base": "decimal" if field.name == LIFT else "integer", "minimum": 0}
    if field.kind == "words":
        column["lang"] = field.language
    if field.kind in ("code", "table"):
        column["required"] = True
    return column


def jsonld(voices: Sequence[Voice], files: Mapping[str, bytes]) -> bytes:
    """schema.org's Dataset; a file of its own, since the pages allow no inline script."""
    voice, release = voices[0], voices[0].release
    data = {path: content for path, content in files.items() if _media(path)}
    document: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        **({"@id": release.address, "url": release.address} if release.address else {}),
        "name": voice.pick(release.title),
        "description": _abstract(voice),
        "identifier": [
            f"{release.id} {release.version}",
            *([f"https://doi.org/{release.doi}"] if release.doi else []),
        ],
        "version": release.version,
        "datePublished": release.date.isoformat(),
        **_coverage(release.period_events),
        "inLanguage": list(release.languages),
        "license": release.licence.url,
        "isAccessibleForFree": True,
        "creator": {"@type": "Organization", "name": release.organization},
        "publisher": {"@type": "Organization", "name": release.organization},
        "keywords": voice.say("keywords").split("|"),
        "measurementTechnique": voice.say("technique"),
        "variableMeasured": [
            {"@type": "PropertyValue", "name": saying.title(table, voice), "propertyID": table.id}
            for table in release.tables
        ],
        "citation": citing.text(voice, ""),
        "distribution": [_download(path, content, release) for path, content in sorted(data.items())],
    }
    return dumped(document)


def _media(path: str) -> str:
    return next((kind for ending, kind in _TYPES.items() if path.endswith(ending)), "")


def _download(path: str, content: bytes, release: Release) -> dict[str, Any]:
    return {
        "@type": "DataDownload",
        "name": path,
        "contentUrl": citing.address(release, path) or path,
        "encodingFormat": _media(path),
        "contentSize": f"{len(content)} B",
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _coverage(span: Span | None) -> dict[str, str]:
    # ISO 8601: a month or year stands for all of it.
    return {"temporalCoverage": f"{span.first}/{span.last}"} if span else {}


def _abstract(voice: Voice) -> str:
    release = voice.release
    return voice.say("abstract", release, release.period_events, release.n.reports)
