"""Reads a mapping file and refuses what does not fit its form; `analysis.mapping` describes it."""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from analysis.desk_errors import BadMap
from analysis.exported import TOOLS, Exported
from analysis.mapping import CHOICES, KEEP, WORDS, Map, Reading, Source
from analysis.storage import read_file
from intake.forms.form import Form, Question, shipped
from intake.forms.report import CHANNELS

MAX_MAP = 1024 * 1024
_TOP = {"form", "channel", "lang", "ignore", "constant", "question"}
_EXPORTED = {"form", "channel", "lang", "tool"}
_SOURCE = {"column", "separator", "values", "other", "default", "count", "year", "month"}


def read_map(path: Path, find: Callable[[str], Form] = shipped) -> Reading:
    """The map at `path`; BadMap, or UnreadableFile, names the first rule that it breaks.

    `find` gives the form of a name, or raises FileNotFoundError.
    """
    try:
        found = tomllib.loads(read_file(path, MAX_MAP).decode("utf-8"))
    except UnicodeDecodeError:
        raise BadMap(f"{path}: not text in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise BadMap(f"{path}: not TOML: {_position(error)}") from None
    try:
        return _map(found, find)
    except _Broken as broken:
        raise BadMap(f"{path}: {broken}", broken.hint) from None


class _Broken(Exception):
    """The rule of maps that this one breaks."""

    def __init__(self, rule: str, hint: str | None = None) -> None:
        super().__init__(rule)
        self.hint = hint


def _position(error: tomllib.TOMLDecodeError) -> str:
    found = re.search(r"line \d+", str(error))
    return f"wrong at {found[0]}" if found else "wrong at its end"


def _map(found: Mapping[str, Any], find: Callable[[str], Form]) -> Reading:
    _known_keys("the map", found, _TOP if "tool" not in found else _EXPORTED)
    form = _form(found.get("form"), find)
    lang, channel = _lang(found, form), _channel(found)
    if "tool" in found:
        if found["tool"] not in TOOLS:
            raise _Broken("tool: not one whose exports are known", f"choose {_list(TOOLS)}")
        return Exported(form, channel, lang)
    constant = {
        name: _codes(_question(form, name), value, f"constant.{name}")
        for name, value in _table(found.get("constant", {}), "constant").items()
    }
    sources = tuple(
        _source(_question(form, name), _table(value, f"question.{name}"))
        for name, value in _table(found.get("question", {}), "question").items()
    )
    twice = constant.keys() & {source.question.id for source in sources}
    if twice:
        raise _Broken(f'question "{min(twice)}" is answered by a constant and by a column')
    ignore = frozenset(_texts(found.get("ignore", []), "ignore"))
    result = Map(form, channel, lang, ignore, constant, sources)
    if result.columns & ignore:
        raise _Broken(f'column "{min(result.columns & ignore)}" is used and ignored')
    _check_keeping(result)
    return result


def _lang(found: Mapping[str, Any], form: Form) -> str:
    lang: object = found.get("lang", form.default_language)
    if not isinstance(lang, str) or lang not in form.languages:
        raise _Broken(f'lang: the form "{form.id}" does not speak it', f"choose {_list(form.languages)}")
    return lang


def _channel(found: Mapping[str, Any]) -> str:
    channel: object = found.get("channel")
    if not isinstance(channel, str) or channel not in CHANNELS:
        raise _Broken("channel: not one that reports state", f"choose {_list(sorted(CHANNELS))}")
    return channel


def _check_keeping(found: Map) -> None:
    """Nobody who filled in the spreadsheet was asked what is to be kept, so whoever writes the map says it.

    A blank would let the words of all rows be deleted after the next release, as the form promises.
    """
    keep = next((question for question in found.form.asked if question.id == KEEP), None)
    worded = [one.question.id for one in found.sources if one.question.kind in WORDS]
    answered = {*found.constant, *(source.question.id for source in found.sources)}
    if keep is None or not worded or (KEEP in answered and found.constant.get(KEEP, True)):
        return
    codes = _list(f'"{choice.code}"' for choice in keep.choices)
    raise _Broken(
        f'"{worded[0]}" has words, and the map does not say how long they are kept ("{KEEP}")',
        f"write {KEEP} = one of {codes} under [constant], or map a column to it",
    )


def _form(name: object, find: Callable[[str], Form]) -> Form:
    try:
        return find(_text(name, "form"))
    except (FileNotFoundError, ValueError):
        raise _Broken("form: no form of that name is known here", 'for example form = "report"') from None


def _question(form: Form, name: str) -> Question:
    try:
        question = form.question(name)
    except KeyError:
        raise _Broken(
            f'the form "{form.id}" has no question "{name}"',
            f"it asks {_list(question.id for question in form.asked)}",
        ) from None
    if question.kind == "note":
        raise _Broken(f'"{name}" is shown, not asked')
    return question


def _source(question: Question, table: Mapping[str, Any]) -> Source:
    where = f"question.{question.id}"
    _known_keys(where, table, _SOURCE)
    columns = _columns(question, table, where)
    values = None
    if "values" in table:
        pairs = _table(table["values"], f"{where}.values")
        values = {value: _codes(question, codes, f"{where}.values") for value, codes in pairs.items()}
    count = table.get("count", False)
    if count is not False and (count is not True or "separator" not in table or values is None):
        raise _Broken(f"{where}: count = true needs a separator and a table of values")
    return Source(
        question,
        columns,
        _text(table["separator"], f"{where}.separator") if "separator" in table else None,
        values,
        _one_code(question, table, "other"),
        _one_code(question, table, "default"),
        count,
    )


def _columns(question: Question, table: Mapping[str, Any], where: str) -> tuple[str, ...]:
    if "column" in table and not table.keys() & {"year", "month"}:
        return (_text(table["column"], f"{where}.column"),)
    if question.kind != "month" or table.keys() & {"column", "separator", "values", "count"}:
        raise _Broken(f"{where}: needs one column, or a year and a month for a question that asks a month")
    return (_text(table.get("year"), f"{where}.year"), _text(table.get("month"), f"{where}.month"))


def _one_code(question: Question, table: Mapping[str, Any], key: str) -> str | None:
    if key not in table:
        return None
    codes = _codes(
        question, _text(table[key], f"question.{question.id}.{key}"), f"question.{question.id}.{key}"
    )
    return codes[0] if codes else None


def _codes(question: Question, value: object, where: str) -> tuple[str, ...]:
    codes = tuple(_texts(value, where) if isinstance(value, list) else [_text(value, where)])
    codes = tuple(code for code in codes if code)
    if question.kind in CHOICES:
        for code in codes:
            if code not in question.positions:
                raise _Broken(f'{where}: question "{question.id}" has no code "{code}"')
    return codes


def _known_keys(where: str, table: Mapping[str, Any], known: set[str]) -> None:
    for key in table:
        if key not in known:
            raise _Broken(f'{where}: "{key}" is not known', f"choose {_list(sorted(known))}")


def _table(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _Broken(f"{where}: must be a table")
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise _Broken(f"{where}: must be a text")
    return value


def _texts(value: object, where: str) -> list[str]:
    if not isinstance(value, list):
        raise _Broken(f"{where}: must be a list of texts")
    return [_text(one, where) for one in value]


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)
