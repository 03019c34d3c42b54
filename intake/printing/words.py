"""The words of a printed thing: macros of a template, without markup, because typst sets them as text."""

from collections.abc import Iterable
from typing import Any

from intake.printing.errors import PrintingError
from templates import SOURCE_LANGUAGE, catalog, environment


def read_words(template: str, language: str) -> Any:
    """The macros of a template in a language that is spoken."""
    plain = environment(catalog(language))
    plain.autoescape = False
    return plain.get_template(template).module


def spoken(languages: Iterable[str]) -> tuple[str, ...]:
    """Those of the languages that the program speaks; PrintingError when it speaks none."""
    found = tuple(one for one in languages if one == SOURCE_LANGUAGE or _has(one))
    if not found:
        raise PrintingError(
            f"nothing can be printed in {', '.join(languages)}: there are no words in it",
            f"the first language is {SOURCE_LANGUAGE}; templates/locale has the others",
        )
    return found


def _has(language: str) -> bool:
    try:
        catalog(language)
    except FileNotFoundError:
        return False
    return True
