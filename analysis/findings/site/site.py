"""A release as the files of a static site: the same bytes for the same release and key.

There is no clock, no chance and no locale in here, and nothing but the release to read from.
"""

import hashlib

from analysis.findings.released import Release
from analysis.findings.site import citing, minisign, package, pages, pdf, svg, tidy
from analysis.findings.site.part import part
from analysis.findings.site.voice import Voice
from intake.crypto.signing import SigningKey, VerifyKey

SUMS, SIGNATURE, PUBLIC_KEY = "SHA256SUMS", "SHA256SUMS.minisig", "minisign.pub"


def build(release: Release, key: SigningKey) -> dict[str, bytes]:
    """Path in the release to bytes: all of its files, signed. Raises RefusedRelease where words lack."""
    files = unsigned(release, key.verify_key)
    comment = f"release {release.id} version {release.version} sha256:{_digest(files[SUMS])}"
    return files | {SIGNATURE: minisign.sign(key, files[SUMS], comment)}


def unsigned(release: Release, key: VerifyKey) -> dict[str, bytes]:
    """The same but for the signature: anybody can make these who has the public key and the words."""
    voices = [Voice(release, language) for language in release.languages]
    line = minisign.key_line(key)
    files = _data(release, voices)
    sums = {path: _digest(data) for path, data in files.items()}
    for voice in voices:
        files |= pages.Pages(voice, line, sums).render()
        files |= _pictures(voice)
        files[f"{pages.folder(voice)}report.pdf"] = pdf.report(voice, line)
    files["style.css"] = pages.style()
    files |= {
        "cite.bib": citing.bibtex(voices[0]),
        "cite.csl.json": citing.csl(voices[0]),
        "CITATION.cff": citing.cff(voices[0]),
        "dataset.jsonld": package.jsonld(voices, files),
        PUBLIC_KEY: minisign.public_file(key),
    }
    listed = "".join(f"{_digest(data)}  {path}\n" for path, data in sorted(files.items()))
    return files | {SUMS: listed.encode()}


def _data(release: Release, voices: list[Voice]) -> dict[str, bytes]:
    files = {"ledger.jsonl": release.ledger, "audit.json": release.audit, "codebook.json": release.codebook}
    files["release.json"] = release.words
    if release.trackers:
        files[tidy.TRACKERS] = tidy.trackers_file(release.trackers)
    for table in release.tables:
        files[f"tables/{table.id}.csv"] = tidy.csv_file(table, voices)
        files[f"tables/{table.id}.csv-metadata.json"] = package.csvw(table, voices)
        files[f"tables/{table.id}.json"] = tidy.json_file(table, voices)
    files["datapackage.json"] = package.datapackage(voices, files)
    return files


def _pictures(voice: Voice) -> dict[str, bytes]:
    parts = [part(table, voice) for table in voice.release.tables]
    return {
        f"{pages.folder(voice)}charts/{one.id}.svg": svg.chart_file(one, voice) for one in parts if one.chart
    }


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
