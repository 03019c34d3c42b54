"""What organizers decide about their flyer: a TOML file.

    address = "https://reports.example.org/"      # in the QR code, and printed without https://
    onion = "abc...xyz.onion"                     # may be left out
    file_sha256 = "0123...cdef"                   # what `file-form` says of its file; may be left out
    date = 2026-11-22                             # when it was printed: old flyers name old keys
    [headline]                                    # one line for each language
    en = "Were you treated badly at the clinic?"
    [discreet]                                    # a headline that does not tell what it is about
    en = "Do you want to tell something?"

The address has no part after the path and no other place's name: a code for each flyer would tell where
somebody took it, and a shortener's owner would learn who came.
"""

import datetime
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from intake.printing.errors import PrintingError

MOST_BYTES = 65_536
# What fits on a strip and stays a coarse QR code.
LONGEST_ADDRESS = 60
LONGEST_HEADLINE = 90
_KEYS = {"address", "onion", "file_sha256", "date", "headline", "discreet"}
_REQUIRED = {"address", "date", "headline", "discreet"}
# They see who comes, and when, before we do.
SHORTENERS = {
    *("bit.ly", "tinyurl.com", "t.co", "goo.gl", "ow.ly", "is.gd", "v.gd", "buff.ly", "rebrand.ly"),
    *("cutt.ly", "shorturl.at", "rb.gy", "t.ly", "qr.co", "qrco.de", "lnkd.in", "tiny.cc", "s.id"),
}
_SHA256 = re.compile("[0-9a-f]{64}")
_HINT = "intake/printing/flyerfile.py shows a whole file"


@dataclass(frozen=True, slots=True)
class Flyer:
    """A flyer's file that was checked. `headline` and `discreet` are by language."""

    address: str
    onion: str
    file_sha256: str
    date: datetime.date
    headline: Mapping[str, str]
    discreet: Mapping[str, str]

    @property
    def short(self) -> str:
        """The address as a person types it."""
        return short(self.address)

    @classmethod
    def read(cls, path: Path) -> Self:
        """The flyer in a file; PrintingError names the file and what is wrong."""
        values = _values(path)
        try:
            return cls(
                check_address(values["address"]),
                _onion(values.get("onion", "")),
                _sha256(values.get("file_sha256", "")),
                _date(values["date"]),
                _lines(values["headline"], "headline"),
                _lines(values["discreet"], "discreet"),
            )
        except ValueError as error:
            raise PrintingError(f"{path}: {error}", _HINT) from None


def _values(path: Path) -> dict[str, Any]:
    try:
        data = path.read_bytes()
        if len(data) > MOST_BYTES:
            raise PrintingError(f"{path}: has more than {MOST_BYTES} bytes")
        values = tomllib.loads(data.decode())
    except OSError as error:
        raise PrintingError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise PrintingError(f"{path} is not TOML", _HINT) from None
    if unknown := sorted(values.keys() - _KEYS):
        raise PrintingError(f'{path}: there is no setting "{unknown[0]}"', _HINT)
    if missing := sorted(_REQUIRED - values.keys()):
        raise PrintingError(f'{path}: "{missing[0]}" is missing', _HINT)
    return values


def short(address: str) -> str:
    """An address as a person types it."""
    return address.removeprefix("https://").removeprefix("http://").rstrip("/")


def check_address(value: object) -> str:
    """An address that may be given to everybody; ValueError says what is wrong with it."""
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError('"address" is not an address')
    parts = urlsplit(value)
    host = parts.hostname or ""
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and host.endswith(".onion"))):
        raise ValueError('"address" must begin with https://, or be an onion address with http://')
    if parts.query or parts.fragment or "?" in value or "#" in value or parts.username is not None:
        raise ValueError('"address" must end with its path: anything more would tell one flyer from another')
    if host.removeprefix("www.") in SHORTENERS:
        raise ValueError('"address" is a shortener, whose owner would learn who comes')
    if len(value) > LONGEST_ADDRESS and not host.endswith(".onion"):
        raise ValueError(f'"address" has more than {LONGEST_ADDRESS} signs: nobody types it from a strip')
    return value


def _onion(value: object) -> str:
    if value == "":
        return ""
    name = value.removeprefix("http://").rstrip("/") if isinstance(value, str) else ""
    label = name.removesuffix(".onion")
    if label == name or len(label) != 56 or set(label) - set("abcdefghijklmnopqrstuvwxyz234567"):
        raise ValueError('"onion" is not an onion address: 56 letters and digits, then .onion')
    return name


def _sha256(value: object) -> str:
    if value != "" and not (isinstance(value, str) and _SHA256.fullmatch(value)):
        raise ValueError(
            '"file_sha256" must be 64 hexadecimal digits in lower case, as `file-form` says them'
        )
    return value


def _date(value: object) -> datetime.date:
    if type(value) is not datetime.date:
        raise ValueError('"date" must be a day, such as 2026-11-22')
    return value


def _lines(value: object, name: str) -> dict[str, str]:
    if not isinstance(value, dict) or not value:
        raise ValueError(f'"{name}" must have a line for each language')
    for text in value.values():
        if not isinstance(text, str) or not text.strip() or not text.isprintable():
            raise ValueError(f'"{name}": each language has one line of text')
        if len(text) > LONGEST_HEADLINE:
            raise ValueError(f'"{name}" has a line of more than {LONGEST_HEADLINE} signs')
    return {language: text.strip() for language, text in value.items()}
