"""Renders every page of the intake: Jinja2 with autoescape, and gettext for the words.

Pages are made from text alone. Nothing here reads a request, stores, or seals.
"""

import gettext
import json
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import groupby
from pathlib import Path

import jinja2
from markupsafe import Markup

from intake.crypto.recipients import Recipient
from intake.forms.form import Choice, Form, Question
from intake.language import NAMES, direction
from intake.settings import Settings

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
LOCALE = TEMPLATES / "locale"
DOMAIN = "witnessbox"
SOURCE_LANGUAGE = "en"
YEARS_BACK = 15


class Pages:
    """The pages of one intake, in the languages that its forms and our catalogs share."""

    def __init__(self, settings: Settings, forms: Sequence[Form], recipients: Sequence[Recipient]) -> None:
        self.forms = {form.id: form for form in forms}
        self.languages = tuple(
            language
            for language in forms[0].languages
            if language in NAMES and all(language in form.languages for form in forms)
        )
        self._recipients = [str(recipient) for recipient in recipients]
        self._exit_url = settings.exit_url
        self._settings = settings
        self._environments = {language: _environment(language) for language in self.languages}
        # The blank form is the same for everybody until the list of years grows.
        self._blank = lru_cache(maxsize=4 * len(self.forms) * len(self.languages))(self._render_form)

    def start(self, language: str) -> str:
        """The first page: the notices, then the way to each form."""
        return self._render("start.html", language, path="", forms=list(self.forms.values()))

    def blank(self, language: str, form: Form, today: date) -> str:
        """The form with nothing in it."""
        return self._blank(language, form.id, today.year)

    def filled(
        self,
        language: str,
        form: Form,
        today: date,
        typed: Mapping[str, Sequence[str]],
        *,
        problems: Mapping[str, str] | None = None,
        failed: bool = False,
        file_problem: str = "",
    ) -> str:
        """The form with what was typed, and what is to be mended, or that it could not be kept."""
        return self._render_form(
            language, form.id, today.year, typed, problems, failed=failed, file_problem=file_problem
        )

    def sent(self, language: str, sealed_by: str) -> str:
        """Says that the report is kept, and who sealed it: "browser", "server" or unknown."""
        forms = list(self.forms.values())
        return self._render("sent.html", language, path="sent", sealed_by=sealed_by, forms=forms)

    def error(self, language: str, status: int) -> str:
        """A calm page for an HTTP status: what was saved, what was not, what can be done."""
        return self._render("error.html", language, path="", status=status)

    def _render_form(
        self,
        language: str,
        form_id: str,
        year: int,
        typed: Mapping[str, Sequence[str]] | None = None,
        problems: Mapping[str, str] | None = None,
        *,
        failed: bool = False,
        file_problem: str = "",
    ) -> str:
        form = self.forms[form_id]
        return self._render(
            "form.html",
            language,
            path=f"{form_id}/",
            form=form,
            config=self._config(language, form),
            years=range(year, year - YEARS_BACK, -1),
            typed=typed or {},
            problems=problems or {},
            failed=failed,
            file_problem=file_problem,
            plain_types=self._settings.types_without_script(form.attachments),
            pick=lambda texts: texts.get(language) or texts.get(form.default_language, ""),
            groups=lambda question: choice_groups(form, question),
        )

    def _config(self, language: str, form: Form) -> Markup:
        return embedded_json(
            {
                "channel": "web",
                "form": json.loads(form.json),
                "form_digest": form.digest,
                "lang": language,
                "recipients": self._recipients,
                "sent": f"/{language}/sent",
            }
        )

    def _render(self, template: str, language: str, **context: object) -> str:
        return (
            self._environments[language]
            .get_template(template)
            .render(
                lang=language,
                dir=direction(language),
                languages=[(code, NAMES[code]) for code in self.languages],
                exit_url=self._exit_url,
                **context,
            )
        )


def embedded_json(value: object) -> Markup:
    """JSON for a `<script type="application/json">`: nothing in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - every sign that HTML could read is escaped above


def choice_groups(form: Form, question: Question) -> list[tuple[Mapping[str, str], list[Choice]]]:
    """The choices in their order, in runs of one roll-up, each with the label of that group, if any."""
    labels = {rollup.code: rollup.label for rollup in form.rollups}
    return [
        (labels.get(code, {}), list(choices))
        for code, choices in groupby(question.choices, key=lambda choice: choice.rollup)
    ]


def _environment(language: str) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.install_gettext_translations(catalog(language), newstyle=True)  # type: ignore[attr-defined]
    return environment


def catalog(language: str) -> gettext.NullTranslations:
    """The translations into a language; the source language needs none."""
    if language == SOURCE_LANGUAGE:
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, LOCALE, languages=[language])
