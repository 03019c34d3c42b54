"""Renders every page of the intake: Jinja2 with autoescape, and gettext for the words.

Pages are made from text alone. Nothing here reads a request, stores, or seals.
"""

import copy
import json
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from markupsafe import Markup

from intake import language as languages
from intake.crypto.code import LIST_OF, CodeError, MixedLists, UnknownWord, WrongNumber, to_words
from intake.crypto.fingerprint import fingerprint
from intake.crypto.receipt import CODE_LENGTH
from intake.crypto.recipients import Recipient
from intake.forms.form import Form
from intake.groups import choice_groups
from intake.notices import Notices
from intake.rules import rules
from intake.settings import Settings
from intake.style import form_style
from templates import LOCALE, catalog, environment

YEARS_BACK = 15
# Its name is the longest in each of our languages.
LONGEST_MONTH = date(2026, 9, 28)
# How many words the codes of other programs have (BIP-39).
OF_WALLETS = (12, 15, 18, 21, 24)
# Stand in a page that is kept for everybody, where each reader gets a code and a stamp. No text has them.
CODE_MARK = "\ufdd0"
STAMP_MARK = "\ufdd1"
# Pages that explain, in the order in which the foot of every page links to them.
INFORMATION = ("how", "who", "keep", "limits")


class Pages:
    """The pages of one intake, in the languages that its forms and our catalogs share."""

    def __init__(
        self,
        settings: Settings,
        forms: Sequence[Form],
        recipients: Sequence[Recipient],
        notices: Notices | None = None,
        *,
        base: str = "",
        names: Mapping[str, str] = languages.NAMES,
        locale: Path = LOCALE,
    ) -> None:
        self.forms = {form.id: form for form in forms}
        self.languages = tuple(
            language
            for language in forms[0].languages
            if language in names and all(language in form.languages for form in forms)
        )
        self.style_sheets = {form.digest: form_style(form) for form in forms}
        self.exit_url = settings.exit_url
        # What every address of this intake begins with, where several groups share a server (hosting.py).
        self.base = base
        self._names = names
        self._notices = notices or Notices()
        self._recipients = [str(recipient) for recipient in recipients]
        self._settings = settings
        self._environments = {language: environment(catalog(language, locale)) for language in self.languages}
        self._keep_what_names_keys()

    def read_ahead(self) -> None:
        """Reads every template and list of words now: read for a visitor, a file tells when they came."""
        fingerprint(self._recipients)
        for language, templates in self._environments.items():
            to_words(bytes(CODE_LENGTH), language)
            for name in templates.list_templates(filter_func=lambda one: "/" not in one):
                if name.endswith(".html"):
                    templates.get_template(name)

    def sealed_to(self, recipients: Sequence[Recipient]) -> Self:
        """The same pages, but for the keys that they seal to."""
        pages = copy.copy(self)
        pages._recipients = [str(recipient) for recipient in recipients]
        pages._keep_what_names_keys()
        return pages

    def _keep_what_names_keys(self) -> None:
        self.scripts = {
            (form.digest, language): f"self.witnessbox={self._config(language, form)}\n"
            for form in self.forms.values()
            for language in self.languages
        }
        self.code_scripts = {
            language: f"self.witnessbox={self._code_config(language)}\n" for language in self.languages
        }
        self._empty_threads = lru_cache(maxsize=len(self.languages))(self._render_empty_threads)
        # The blank form is the same for everybody until the list of years grows.
        self._blank = lru_cache(maxsize=4 * len(self.forms) * len(self.languages))(self._render_form)

    def first(self, language: str) -> str:
        """The page before all others: danger, and how to leave fast."""
        return self._render("first.html", language, path="")

    def start(self, language: str) -> str:
        """The notices, then the way to each form."""
        return self._render("start.html", language, path="start", forms=list(self.forms.values()))

    def information(self, language: str, name: str) -> str:
        """One of the pages that explain, by its name in INFORMATION."""
        words, keys = fingerprint(self._recipients), len(self._recipients)
        return self._render(f"{name}.html", language, path=name, words=words, keys=keys)

    def blank(self, language: str, form: Form, today: date, code: bytes, stamp: str) -> str:
        """The form with nothing in it but the stamp, and the code of this one page, which must be new."""
        page = self._blank(language, form.id, today.year, CODE_MARK, STAMP_MARK)
        return page.replace(CODE_MARK, code.hex()).replace(STAMP_MARK, stamp)

    def filled(
        self,
        language: str,
        form: Form,
        today: date,
        typed: Mapping[str, Sequence[str]],
        code: bytes,
        stamp: str,
        *,
        problems: Mapping[str, str] | None = None,
        refusal: str = "",
        wait: int = 0,
        file_problem: str = "",
    ) -> str:
        """The form with what was typed, its page's code and its stamp, and what is to be mended, or why it
        is not taken now: "full", "busy", "quick" or "old"; `wait` is the seconds until it may be sent again.
        """
        return self._render_form(
            language,
            form.id,
            today.year,
            code.hex(),
            stamp,
            typed,
            problems,
            refusal=refusal,
            wait=wait,
            file_problem=file_problem,
        )

    def sent(self, language: str, sealed_by: str, code: bytes = b"") -> str:
        """Says that the report is kept, and who sealed it: "browser" or "server".

        The server knows the code of what it sealed, and shows it to whoever opens the place where it stands.
        """
        return self._render(
            "sent.html",
            language,
            path=f"sent?sealed_by={sealed_by}",
            sealed_by=sealed_by,
            forms=list(self.forms.values()),
            words=to_words(code, language) if code else (),
            words_lang=language if language in LIST_OF else "en",
        )

    def code(
        self, language: str, stamp: str, problem: CodeError | None = None, said: str = "", typed: str = ""
    ) -> str:
        """Where a code is typed; with what is wrong with the words that came without script.

        `said` is the name of another sentence of done_texts; `typed` is what is there to be mended.
        """
        words = self._said(language, "code-words.html")
        sentence = problem_in_words(words["code_problems"], problem) if problem else ""
        sentence = sentence or (words["done_texts"][said] if said else "")
        return self._render("code.html", language, path="code", stamp=stamp, problem=sentence, typed=typed)

    def thread(self, language: str, **found: object) -> str:
        """What a code finds, for a browser without script; thread.html says what it is given."""
        return self._render("thread.html", language, path="code", **found)

    def threads_without_messages(self, language: str) -> list[str]:
        """The pages of codes for which there is no message, with words and fields of the greatest length."""
        return self._empty_threads(language)

    def _render_empty_threads(self, language: str) -> list[str]:
        states: list[dict[str, object]] = [
            {"week": None, "waiting": False},
            {"week": None, "waiting": True},
            {"week": LONGEST_MONTH, "waiting": True},
        ]
        blank = {"stamp": "0" * 64, "nonce": "0" * 32, "said": "", "typed": "", "wait": 0, "confirm": False}
        words = ("w" * 12,) * 9
        return [self.thread(language, words=words, messages=(), **blank, **state) for state in states]

    def upload(self, language: str, stamp: str, result: object = None) -> str:
        """Where sealed files are handed in; with what became of those that came without script."""
        return self._render("upload.html", language, path="upload", stamp=stamp, result=result)

    def upload_script(self, language: str, lengths: Sequence[int], large: Sequence[int]) -> str:
        """What the script of that page reads: the lengths of reports and attachments, sealed, and words."""
        words = self._said(language, "upload-words.html")
        said = {name: words[name] for name in ("upload_texts", "why_texts")}
        config = {"large": large, "lengths": lengths, "words": said["upload_texts"], "why": said["why_texts"]}
        return f"self.witnessbox={embedded_json(config)}\n"

    def error(self, language: str, status: int) -> str:
        """A calm page for an HTTP status: what was saved, what was not, what can be done."""
        return self._render("error.html", language, path="", status=status)

    def _render_form(
        self,
        language: str,
        form_id: str,
        year: int,
        code: str,
        stamp: str,
        typed: Mapping[str, Sequence[str]] | None = None,
        problems: Mapping[str, str] | None = None,
        *,
        refusal: str = "",
        wait: int = 0,
        file_problem: str = "",
    ) -> str:
        form = self.forms[form_id]
        return self._render(
            "form.html",
            language,
            path=f"{form_id}/",
            years=range(year, year - YEARS_BACK, -1),
            code=code,
            typed=typed or {},
            problems=problems or {},
            stamp=stamp,
            refusal=refusal,
            wait=wait,
            file_problem=file_problem,
            plain_types=self._settings.types_without_script(form.attachments),
            **self._asking(language, form),
        )

    def _asking(self, language: str, form: Form) -> dict[str, object]:
        """What the templates of a form's questions read."""
        return {
            "form": form,
            "constraint": lambda question: question.constraint_message.get(language, ""),
            "pick": lambda texts: texts.get(language) or texts.get(form.default_language, ""),
            "groups": lambda question: choice_groups(form, question),
        }

    def _config(self, language: str, form: Form) -> Markup:
        """What the form's script reads: the rules, the keys, and the words that it may have to say."""
        said = self._said(language, "words.html")
        return embedded_json(
            {
                "channel": "web",
                "form": rules(form),
                "form_digest": form.digest,
                "lang": language,
                "recipients": self._recipients,
                "sent": f"{self.base}/{language}/sent",
                "words": {
                    "error": said["error_prefix"],
                    "files": said["file_texts"] if form.attachments else {},
                    "problems": said["problem_texts"],
                    "status": said["status_texts"],
                },
            }
        )

    def _code_config(self, language: str) -> Markup:
        """What the script of the code's page reads: the keys, and the words that it may have to say."""
        said = self._said(language, "code-words.html")
        names = ("code_problems", "thread_texts", "done_texts", "dates")
        problems, thread, done, dates = (said[name] for name in names)
        return embedded_json(
            {
                "channel": "web",
                "lang": language,
                "recipients": self._recipients,
                "words": {"problems": problems, "thread": thread, "done": done, "dates": dates},
            }
        )

    def _said(self, language: str, template: str) -> Mapping[str, Any]:
        """The words that a template holds for whoever imports it."""
        return vars(self._environments[language].get_template(template).make_module())

    def _render(self, template: str, language: str, **context: object) -> str:
        return (
            self._environments[language]
            .get_template(template)
            .render(
                lang=language,
                dir=languages.direction(language),
                base=self.base,
                languages=[(code, self._names[code]) for code in self.languages],
                help=self._notices.help.get(language, ()),
                deadlines=self._notices.deadlines.get(language, ()),
                scriptless=self._settings.reports_without_script,
                **context,
            )
        )


def is_of_wallet(problem: CodeError) -> bool:
    """Whether as many words were typed as the codes of other programs have."""
    return isinstance(problem, WrongNumber) and problem.typed in OF_WALLETS


def problem_in_words(said: Mapping[str, str], problem: CodeError) -> str:
    """The sentence for typed words that are no code; the page's script chooses in the same way."""
    match problem:
        case WrongNumber():
            rule = "wallet" if is_of_wallet(problem) else "number"
            return said[rule].replace("{typed}", str(problem.typed))
        case UnknownWord():
            rule = "near" if problem.nearest else "unknown"
            return said[rule].replace("{number}", str(problem.number)).replace("{nearest}", problem.nearest)
        case MixedLists():
            return said["mixed"].replace("{number}", str(problem.number))
        case _:
            return said["checksum"]


def embedded_json(value: object) -> Markup:
    """JSON for a script, or for a `<script type="application/json">`: nothing in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - every sign that HTML could read is escaped above
