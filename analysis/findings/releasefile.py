"""The release file: what an organizer decides about a release, in TOML.

    organization = "Our Union"                     # who publishes
    release = "2026-1"                             # its name, for ever
    date = 2026-07-15                              # the day of the release; the data are closed on it
    [title]                                        # in each language of the release
    en = "What people told us in the first half of 2026"
    [period]                                       # of the events, whole months
    first = "2026-01"
    last = "2026-06"

All else has a default: version, languages, tables, without, k, licence, contact, doi, and the texts of the
method page. Whatever protects a person is weakened by words in this file only, never by their absence.
Places that people named in words are printed where it has them, each in a [[named]] of its own.
With [privacy] numbers get noise instead of being withheld: analysis/findings/privacy/asking.py.
"""

import datetime
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.findings.calendar import Months
from analysis.findings.errors import BadReleaseFile, BadThreshold
from analysis.findings.privacy.asking import BadPrivacy, Privacy, read_privacy
from analysis.findings.released import TOTAL, UNKNOWN, Licence, Words
from analysis.storage import read_file

MAX_FILE = 64 * 1024
THRESHOLD, FLOOR = 10, 5
LICENCES = {
    "CC-BY-4.0": Licence("CC-BY-4.0", "CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/"),
    "CC-BY-SA-4.0": Licence(
        "CC-BY-SA-4.0", "CC BY-SA 4.0", "https://creativecommons.org/licenses/by-sa/4.0/"
    ),
    "CC0-1.0": Licence("CC0-1.0", "CC0 1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
    "ODbL-1.0": Licence("ODbL-1.0", "ODbL 1.0", "https://opendatacommons.org/licenses/odbl/1-0/"),
}
TEXTS = ("verification", "outreach", "funding", "corrections")
_KEYS = {
    *("organization", "release", "version", "date", "languages", "title", "period", "tables", "without"),
    *("k", "insider", "licence", "contact", "doi", "address", "campaign", "small_places"),
    *("one_arrival", "one_site", "trackers", "privacy", "named", *TEXTS),
}
_RELEASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,39}")
_VERSION = re.compile(r"(0|[1-9][0-9]{0,4})(\.(0|[1-9][0-9]{0,4})){2}")
_DOI = re.compile(r"10\.[0-9]{4,9}/[!-~]{1,120}")
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]{1,200}(:[0-9]{1,5})?/([A-Za-z0-9._~-]{1,100}/){0,10}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_CODE = re.compile(r"[a-z0-9_]{1,40}")
_LONGEST = 2000
# What stands in a table for all, for no answer, or for whatever is on no list.
_TAKEN = {TOTAL, UNKNOWN, "blank", "year", "rest", "other", "elsewhere", "not_sure", "unsure", "none"}


@dataclass(frozen=True, slots=True)
class Named:
    """A place that people named in words: its code for ever, and its name, as a reviewed group has it.

    `asked` is the day on which it was asked for its answer, `reply` what it said.
    """

    question: str
    code: str
    name: str
    asked: datetime.date | None
    reply: Words


@dataclass(frozen=True, slots=True)
class ReleaseFile:
    """A release file that keeps the rules; its tables are not yet held against the forms.

    `tables` is empty for all that can be made. `small_places` has answers, by question, that too few
    people can be behind for any number of them to be shown. `one_arrival` lets numbers stand of which
    more than half came by one channel in one week, as after an import; `one_site` those of which more than
    half came by one entry site. `trackers` adds the list by which senders see that their reports were
    counted. `privacy` is None for exact numbers. `named` are places that people named in words.
    """

    organization: str
    release: str
    version: str
    date: datetime.date
    languages: tuple[str, ...]
    title: Words
    months: Months
    undated: bool
    tables: tuple[str, ...]
    without: tuple[str, ...]
    k: int
    insider: int
    licence: Licence
    contact: str
    doi: str | None
    address: str | None
    campaign: str | None
    small_places: Mapping[str, tuple[str, ...]]
    one_arrival: bool
    one_site: bool
    trackers: bool
    texts: Mapping[str, Words]
    privacy: Privacy | None
    named: tuple[Named, ...] = ()


def read_release_file(path: Path) -> ReleaseFile:
    """The release file at `path`; BadReleaseFile, BadThreshold or UnreadableFile says what is wrong."""
    try:
        found = tomllib.loads(read_file(path, MAX_FILE).decode("utf-8"))
    except UnicodeDecodeError:
        raise BadReleaseFile(f"{path}: not text in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line \d+", str(error))
        raise BadReleaseFile(f"{path}: not TOML: wrong at {place[0] if place else 'its end'}") from None
    try:
        return _release_file(found)
    except _Broken as broken:
        raise BadReleaseFile(f"{path}: {broken}", broken.hint) from None
    except BadThreshold as error:
        raise BadThreshold(f"{path}: {error.message}", error.hint) from None


class _Broken(Exception):
    """The rule of release files that this one breaks."""

    def __init__(self, rule: str, hint: str | None = None) -> None:
        super().__init__(rule)
        self.hint = hint


def _release_file(found: Mapping[str, Any]) -> ReleaseFile:
    unknown = sorted(found.keys() - _KEYS)
    if unknown:
        raise _Broken(f'no setting is called "{unknown[0]}"', f"there are {', '.join(sorted(_KEYS))}")
    languages = _list(found.get("languages", ["en"]), "languages", _LANGUAGE, 'languages = ["en", "es"]')
    months, undated = _period(found.get("period"))
    return ReleaseFile(
        organization=_line(found.get("organization"), "organization", 'organization = "Our Union"'),
        release=_matching(
            found.get("release"), "release", _RELEASE, "letters, digits, dots and hyphens, 40 at most"
        ),
        version=_matching(
            found.get("version", "1.0.0"), "version", _VERSION, 'three numbers, such as "1.0.0"'
        ),
        date=_date(found.get("date")),
        languages=languages,
        title=_words(found.get("title"), "title", languages),
        months=months,
        undated=undated,
        tables=_list(found.get("tables", []), "tables", re.compile(r"[\w.-]{1,60}"), 'tables = ["F02"]'),
        without=_list(found.get("without", []), "without", re.compile(r"[\w.-]{1,60}"), 'without = ["F17"]'),
        k=_threshold(found.get("k", THRESHOLD)),
        insider=_number(found.get("insider", 3), "insider", 1, 100),
        licence=_licence(found.get("licence", "CC-BY-4.0")),
        contact=_line(found.get("contact", ""), "contact", "", empty=True),
        doi=_matching(found["doi"], "doi", _DOI, "10.1234/abc, no address") if "doi" in found else None,
        address=_address(found.get("address")),
        campaign=_campaign(found.get("campaign")),
        small_places=_small_places(found.get("small_places", {})),
        one_arrival=_flag(found.get("one_arrival", False), "one_arrival"),
        one_site=_flag(found.get("one_site", False), "one_site"),
        trackers=_flag(found.get("trackers", False), "trackers"),
        texts={name: _words(found[name], name, languages) if name in found else {} for name in TEXTS},
        privacy=_privacy(found),
        named=_named(found.get("named", []), languages, _date(found.get("date"))),
    )  # fmt: skip


def _privacy(found: Mapping[str, Any]) -> Privacy | None:
    try:
        return read_privacy(found)
    except BadPrivacy as error:
        raise _Broken(str(error), error.hint) from None


def _named(value: object, languages: Sequence[str], day: datetime.date) -> tuple[Named, ...]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise _Broken("named: a list of places is needed", _NAMED)
    found = tuple(_place(one, languages, day) for one in value)
    places = [(one.question, one.code) for one in found]
    if twice := next((one for one in places if places.count(one) > 1), None):
        raise _Broken(f'named: "{twice[1]}" stands twice', "give each place a code of its own")
    return found


def _place(value: Mapping[str, Any], languages: Sequence[str], day: datetime.date) -> Named:
    if not {"question", "code", "name"} <= value.keys() <= {"question", "code", "name", "asked", "reply"}:
        raise _Broken("named: question, code and name are needed, and asked and reply allowed", _NAMED)
    code = _matching(value["code"], "named.code", _CODE, "small letters, digits and _, 40 at most")
    if code in _TAKEN:
        raise _Broken(f'named.code: "{code}" means something else in tables', _NAMED)
    asked = value.get("asked")
    if asked is not None and (type(asked) is not datetime.date or asked > day):
        raise _Broken(
            "named.asked: the day on which the place was asked for its answer, not after the release",
            f"asked = {day.isoformat()}",
        )
    return Named(
        _matching(value["question"], "named.question", _CODE, "the id of a question, such as station"),
        code,
        _line(value["name"], "named.name", 'name = "Central Station"'),
        asked,
        _words(value["reply"], "named.reply", languages) if "reply" in value else {},
    )


_NAMED = '[[named]] with question = "station", code = "central", name = "Central Station"'


def _line(value: object, key: str, example: str, *, empty: bool = False) -> str:
    if not isinstance(value, str) or len(value) > 200 or not (value.strip() or empty):
        raise _Broken(f"{key}: a line of text is needed", example or None)
    if not value.isprintable():
        raise _Broken(f"{key}: it holds what nobody can see", example or None)
    return " ".join(value.split())


def _matching(value: object, key: str, pattern: re.Pattern[str], rule: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _Broken(f"{key}: {rule}")
    return value


def _date(value: object) -> datetime.date:
    # A datetime is a date too, and would bring a time zone with it.
    if type(value) is not datetime.date:
        raise _Broken("date: the day of the release is needed", "date = 2026-07-15")
    return value


def _list(value: object, key: str, pattern: re.Pattern[str], example: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) and pattern.fullmatch(v) for v in value):
        raise _Broken(f"{key}: a list of names is needed", example)
    if len(set(value)) != len(value):
        raise _Broken(f"{key}: a name stands twice", example)
    if not value and key == "languages":
        raise _Broken("languages: one at least is needed", example)
    return tuple(value)


def _words(value: object, key: str, languages: Sequence[str]) -> Words:
    if isinstance(value, str) and len(languages) == 1:
        value = {languages[0]: value}
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise _Broken(f"{key}: a text is needed in each language of the release", f'[{key}] and en = "..."')
    for language in languages:
        text = value.get(language, "")
        if not text.strip() or len(text) > _LONGEST:
            raise _Broken(f'{key}: the text in "{language}" is missing, or longer than {_LONGEST} characters')
        if not all(one.isprintable() or one == "\n" for one in text):
            raise _Broken(f'{key}: the text in "{language}" holds what nobody can see')
    unknown = sorted(value.keys() - set(languages))
    if unknown:
        raise _Broken(
            f'{key}: the release has no language "{unknown[0]}"', "add it to languages, or leave it"
        )
    return {language: value[language].strip() for language in languages}


def _period(value: object) -> tuple[Months, bool]:
    if not isinstance(value, dict) or not {"first", "last"} <= value.keys() <= {"first", "last", "undated"}:
        raise _Broken(
            "period: the first and the last month of the events are needed",
            '[period] with first = "2026-01" and last = "2026-06"; undated = false leaves out who gives none',
        )
    try:
        months = Months(_text(value["first"], "first"), _text(value["last"], "last"))
    except ValueError as error:
        raise _Broken(f"period: {error}", 'first = "2026-01", last = "2026-06"') from None
    return months, _flag(value.get("undated", True), "period.undated")


def _text(value: object, key: str) -> str:
    if not isinstance(value, str):
        raise _Broken(f'period: {key} is not a month such as "2026-01"')
    return value


def _flag(value: object, key: str) -> bool:
    if not isinstance(value, bool):
        raise _Broken(f"{key}: true or false")
    return value


def _number(value: object, key: str, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise _Broken(f"{key}: a whole number from {least} to {most}")
    return value


def _threshold(value: object) -> int:
    if type(value) is not int:
        raise _Broken("k: a whole number", f"k = {THRESHOLD}")
    if value < FLOOR:
        raise BadThreshold(
            f"refusing a threshold of {value}: no cell under {FLOOR} reports is ever published",
            f"k = {THRESHOLD}",
        )
    return value


def _licence(value: object) -> Licence:
    if isinstance(value, str) and value in LICENCES:
        return LICENCES[value]
    if isinstance(value, dict) and value.keys() == {"spdx", "name", "url"}:
        spdx, name, url = (_line(value[key], f"licence.{key}", "") for key in ("spdx", "name", "url"))
        if url.startswith("https://"):
            return Licence(spdx, name, url)
    raise _Broken(
        "licence: not one that is known here",
        f"choose {', '.join(sorted(LICENCES))}, or give spdx, name and an https url of another",
    )


def _address(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise _Broken(
            "address: where the release will stand, ending with a slash",
            'address = "https://union.example/2026-1/"',
        )
    return value


def _campaign(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise _Broken("campaign: the month in which it began is needed", 'campaign = "2026-03"')
    try:
        return Months(value, value).first
    except ValueError as error:
        raise _Broken(f"campaign: {error}", 'campaign = "2026-03"') from None


def _small_places(value: object) -> Mapping[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise _Broken(
            "small_places: lists of answers by question", '[small_places], facility = ["tiny_clinic"]'
        )
    return {
        name: _list(codes, f"small_places.{name}", _CODE, f'{name} = ["tiny_clinic"]')
        for name, codes in value.items()
    }
