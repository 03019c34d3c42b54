"""The printed sheets of a ceremony of keys, as HTML and as PDF.

Two are public and lie in the desk's folder: what to do next, and a blank sheet to write a share on.
Neither says how many shares there are or are needed: whoever takes the desk should not learn it from
them. A filled sheet is a secret, and is made for memory alone (`analysis.paper`).
"""

import ctypes.util
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import jinja2

from analysis.identities import Life
from analysis.shares import Scheme
from intake.crypto.card import Recipient
from intake.crypto.fingerprint import fingerprint
from templates import catalog, environment

LANGUAGES = ("en", "es")
NEXT, BLANK = "next", "share-blank"
NO_PDF = "PDF files were left out: a library that draws them is not installed; the HTML files print too"


@dataclass(frozen=True, slots=True)
class Keys:
    """What the sheets say of new keys; all of it is public."""

    recipients: Sequence[Recipient]
    life: Life
    by_passphrase: bool
    by_shares: bool
    rotated: bool = False


def leaflets(keys: Keys, lang: str) -> dict[str, bytes]:
    """The public sheets by their file names."""
    made = _both(NEXT, "next.html", keys, lang)
    if keys.by_shares:
        made |= _both(BLANK, "share.html", keys, lang, share=None, number=None, scheme=None)
    return made


def filled(keys: Keys, share: Sequence[str], number: int, scheme: Scheme, lang: str) -> dict[str, bytes]:
    """The sheet of one share by its file names. A secret."""
    return _both(f"share-{number}", "share.html", keys, lang, share=share, number=number, scheme=scheme)


def has_pdf(made: Mapping[str, bytes]) -> bool:
    """Whether PDF files could be made."""
    return any(name.endswith(".pdf") for name in made)


def _both(name: str, template: str, keys: Keys, lang: str, **more: Any) -> dict[str, bytes]:
    html = (
        _environment(lang)
        .get_template(f"sheets/{template}")
        .render(
            lang=lang,
            words=fingerprint(keys.recipients),
            recipients=[str(one) for one in keys.recipients],
            made=keys.life.made.isoformat(),
            expires=keys.life.expires.isoformat(),
            by_passphrase=keys.by_passphrase,
            by_shares=keys.by_shares,
            rotated=keys.rotated,
            **more,
        )
    )
    drawn = _draw(html)
    return {f"{name}.html": html.encode()} | ({f"{name}.pdf": drawn} if drawn else {})


def _draw(html: str) -> bytes | None:
    """The PDF of a page, in memory; None when the system lacks the libraries that draw text."""
    try:
        with _no_search():
            # Slow to import, and it looks for libraries of the system (Pango) that may be missing.
            from weasyprint import HTML
    except (ImportError, OSError):
        return None
    drawn: bytes = HTML(string=html, url_fetcher=_refuse).write_pdf()
    return drawn


@contextmanager
def _no_search() -> Iterator[None]:
    """Libraries are found by their names alone meanwhile.

    Python would otherwise run the compiler and the linker to look for some, with temporary files: no
    program is started by one that holds private keys.
    """
    search = ctypes.util.find_library
    ctypes.util.find_library = lambda name: None
    try:
        yield
    finally:
        ctypes.util.find_library = search


def _refuse(url: str, *_: object, **__: object) -> Mapping[str, Any]:
    raise ValueError("a sheet loads nothing")


@cache
def _environment(lang: str) -> jinja2.Environment:
    return environment(catalog(lang), keep_trailing_newline=True)
