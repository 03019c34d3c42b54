"""Every page and printed thing, and the one way to read them: Jinja2 with autoescape, and gettext.

Both sides import this. It imports neither of them, and knows no page.
"""

import gettext
from pathlib import Path
from typing import Any

import jinja2

TEMPLATES = Path(__file__).resolve().parent
LOCALE = TEMPLATES / "locale"
DOMAIN = "witnessbox"
SOURCE_LANGUAGE = "en"


def catalog(language: str, locale: Path = LOCALE) -> gettext.NullTranslations:
    """The translations into a language, none into the templates' own; FileNotFoundError when it has none."""
    if language == SOURCE_LANGUAGE:
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, locale, languages=[language])


def environment(
    translations: gettext.NullTranslations, folder: Path = TEMPLATES, **options: Any
) -> jinja2.Environment:
    """The templates of a folder in one language; what a template names and nobody gave is an error."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        **options,
    )
    made.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    return made
