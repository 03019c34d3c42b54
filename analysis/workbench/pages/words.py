"""Renders our pages: Jinja2 with autoescape, gettext, and one last look at whatever is shown."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup

import templates
from analysis.workbench.marks import visible

FOLDER = templates.TEMPLATES / "workbench" / "pages"
# A language's name in itself; English is the language of the templates.
LANGUAGES: Mapping[str, str] = {"en": "English", "es": "Español"}
SEPARATORS = {"en": ",", "es": "."}
# Fewer reports than this are not for publication (DOMAIN.md 3.3).
SMALL = 10


def render(template: str, lang: str, context: Mapping[str, Any]) -> str:
    """A page in a language."""
    return environment(lang).get_template(template).render(lang=lang, languages=LANGUAGES, **context)


def fixed(lang: str) -> Mapping[str, Mapping[str, str]]:
    """The words for how a report came, such as its channel, by column and value."""
    return dict(environment(lang).get_template("fixed.html").module.fixed)  # type: ignore[attr-defined]


def choose(wanted: str) -> str:
    """The first of the languages in an Accept-Language header that we have; English otherwise."""
    for part in wanted.split(","):
        code = part.split(";")[0].strip().lower().split("-")[0]
        if code in LANGUAGES:
            return code
    return "en"


@cache
def environment(lang: str) -> jinja2.Environment:
    """Templates in a language. What is no markup of ours is shown, never obeyed."""
    made = templates.environment(templates.catalog(lang), FOLDER, finalize=shown)
    # What stands in a sentence is put into it before the sentence is looked at.
    for name in ("gettext", "ngettext"):
        made.globals[name] = _sentence(made.globals[name])
    made.filters["number"] = lambda n: f"{n:,}".replace(",", SEPARATORS[lang])
    made.filters["decimal"] = lambda n, places: decimal(n, places, lang)
    made.globals["small"] = SMALL
    return made


def decimal(n: float, places: int, lang: str) -> str:
    """A number with decimals. Where a point parts thousands, a comma stands before the decimals."""
    point = "," if SEPARATORS[lang] == "." else "."
    return f"{n:.{places}f}".replace(".", point)


def shown(value: object) -> object:
    """What a template shows of a value: what a browser would obey in it is made visible."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _sentence(translate: Any) -> Callable[..., object]:
    @jinja2.pass_context
    def translated(context: jinja2.runtime.Context, *given: object, **named: object) -> object:
        return translate(context, *given, **{name: shown(value) for name, value in named.items()})

    return translated
