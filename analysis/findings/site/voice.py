"""What a release says in one language: plain sentences that pages, charts, files and the PDF share.

The words stand in the templates `words.txt` and `method.txt`; nothing here makes a sentence of its own.
"""

import gettext
from typing import Any

import jinja2

from analysis.findings.errors import RefusedRelease
from analysis.findings.released import Axis, Category, Release, Table, Words
from templates import SOURCE_LANGUAGE, catalog, environment

FOLDER = "findings/site"


class Voice:
    """The words of one language, for one release."""

    def __init__(self, release: Release, language: str) -> None:
        self.release = release
        self.language = language
        translations = _catalog(language)
        # Templates of pages and pictures, whose values are escaped as HTML and SVG want it.
        self.markup = environment(translations, keep_trailing_newline=True)
        self._plain = _plain(translations)
        words = self._plain.get_template(f"{FOLDER}/words.txt")
        self._words: Any = words.make_module({"release": release})

    def say(self, what: str, *values: object) -> str:
        """A sentence or word by the name of its macro in words.txt."""
        return one_line(str(getattr(self._words, what)(*values)))

    def pick(self, words: Words) -> str:
        """Words of a form or of the organizers in this language, else in the first that they have."""
        return one_line(words.get(self.language) or next(iter(words.values()), ""))

    def label(self, axis: Axis, category: Category) -> str:
        """The words of a row or column."""
        return self.pick(category.label) or self.say("category", axis.id, category.code)

    def axis(self, axis: Axis) -> str:
        """The words of a dimension."""
        return self.pick(axis.label) or self.say("axis", axis.id)

    def dimensions(self, table: Table) -> str:
        """The dimensions of a table, as its caption names them."""
        return " \N{MULTIPLICATION SIGN} ".join(self.say("quoted", self.axis(axis)) for axis in table.axes)

    def template(self, name: str, **values: object) -> str:
        """A text template of the site, rendered."""
        return self._plain.get_template(f"{FOLDER}/{name}").render(release=self.release, **values)


def one_line(text: object) -> str:
    """Text without line breaks and control characters, so that no value can pass for structure."""
    plain = str(text)
    if not plain.isprintable():
        plain = "".join(sign if sign.isprintable() else " " for sign in plain)
    return " ".join(plain.split())


def _plain(translations: gettext.NullTranslations) -> jinja2.Environment:
    # Escaping belongs to where a text ends up: HTML, SVG, JSON, CSV and the PDF each have their own.
    made = environment(translations)
    made.autoescape = False
    return made


def _catalog(language: str) -> gettext.NullTranslations:
    try:
        found = catalog(language)
    except FileNotFoundError:
        raise RefusedRelease(
            f'no translation into "{language}" is installed', "leave it out of the release's languages"
        ) from None
    if language != SOURCE_LANGUAGE:
        found.add_fallback(_Untranslated(language))
    return found


class _Untranslated(gettext.NullTranslations):
    """A page in two languages is not published: a missing word stops the release."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self._language = language

    def gettext(self, message: str) -> str:
        raise RefusedRelease(
            f'the translation into "{self._language}" lacks "{message[:60]}"',
            "leave the language out, or complete its catalog",
        )

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1)

    def pgettext(self, context: str, message: str) -> str:
        return self.gettext(message)
