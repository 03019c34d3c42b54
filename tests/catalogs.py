"""Brings the gettext catalogs of the pages up to date: `python -m tests.catalogs`.

Takes the messages out of the templates of the intake and the findings, merges them into each
language's .po, and compiles the .mo beside it. Nothing in the files depends on the day, so a second
run changes nothing.
"""

import io
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from templates import DOMAIN, LOCALE, TEMPLATES

# gettext wants a date; one that never changes keeps the files the same from run to run.
DATE = datetime(2026, 1, 1, tzinfo=UTC)
LANGUAGES = ("es",)
# Datasette's own pages have no catalog.
FOLDERS = (".", "findings", "findings/site", "printed", "sheets", "workbench/pages")
# Texts that stand in pages, pictures and data alike are templates without markup.
KINDS = ("*.html", "*.txt")
OPTIONS = {"newstyle_gettext": "true", "trimmed": "false"}


def extracted() -> Catalog:
    """Every message of the intake's pages, the findings and the workbench, with the file it stands in."""
    catalog = _catalog(None)
    found = (path for folder in FOLDERS for kind in KINDS for path in (TEMPLATES / folder).glob(kind))
    for template in sorted(found):
        for _, message, comments, context in extract_from_file(
            "jinja2.ext:babel_extract", template, options=OPTIONS
        ):
            place = (str(template.relative_to(TEMPLATES)), 0)
            catalog.add(message, None, [place], auto_comments=comments, context=context)
    return catalog


def po_path(language: str) -> Path:
    """The editable catalog of a language."""
    return LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def merged(language: str) -> Catalog:
    """A language's catalog with all messages of today, and without those that are gone."""
    catalog = read(language)
    catalog.update(extracted(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    catalog.creation_date = catalog.revision_date = DATE
    return catalog


def read(language: str) -> Catalog:
    """The catalog as it stands in its .po file."""
    if not po_path(language).exists():
        return _catalog(language)
    with po_path(language).open("rb") as file:
        return read_po(file, locale=language, domain=DOMAIN)


def po_bytes(catalog: Catalog) -> bytes:
    """The text of a .po file."""
    out = io.BytesIO()
    write_po(out, catalog, width=100, include_lineno=False, sort_output=True, ignore_obsolete=True)
    return out.getvalue()


def mo_bytes(catalog: Catalog) -> bytes:
    """The compiled catalog; what is fuzzy is left out."""
    out = io.BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def main() -> None:
    """Writes the .po and .mo of every language."""
    for language in LANGUAGES:
        po = po_path(language)
        po.parent.mkdir(parents=True, exist_ok=True)
        po.write_bytes(po_bytes(merged(language)))
        po.with_suffix(".mo").write_bytes(mo_bytes(read(language)))
        print(po)


def _catalog(language: str | None) -> Catalog:
    return Catalog(
        locale=language,
        domain=DOMAIN,
        project="Witnessbox",
        version="1",
        header_comment="# Wants a native reader's review.",
        msgid_bugs_address="none",
        last_translator="Witnessbox",
        language_team="Witnessbox",
        creation_date=DATE,
        revision_date=DATE,
        fuzzy=False,
    )


if __name__ == "__main__":
    main()
