"""The form as one HTML file: it opens without a server, seals in the browser, and saves what it sealed.

Script, style, the questionnaire in all languages of the pages, and the keys stand in it. Nothing in it
depends on the day, so the same data directory gives the same bytes, whose SHA-256 can be printed.

    policy = "default-src 'none'; script-src " HASH " " HASH "; style-src " HASH "; base-uri 'none'; ..."

It stands in the file's first <meta>, allows the file's own scripts and style by their hashes, and no
connection of any kind: what was typed cannot leave by the network, even if a text of the form tried.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from markupsafe import Markup

from intake import filemodes
from intake import language as languages
from intake.crypto.code import LIST_OF
from intake.crypto.fingerprint import fingerprint
from intake.directory import Directory
from intake.errors import IntakeError
from intake.files import replace_synced
from intake.forms.form import Form
from intake.notices import Notices
from intake.pages import Pages, embedded_json
from intake.printing.flyerfile import check_address, short
from intake.rules import rules

STATIC = Path(__file__).parent / "static"


class FileFormError(IntakeError):
    """The file cannot be made."""


@dataclass(frozen=True, slots=True)
class FileForm:
    """The file, its SHA-256 in hexadecimal, the words of its keys, and the form's languages that it lacks."""

    form: Form
    html: bytes
    sha256: str
    words: Sequence[str]
    missing: Sequence[str]


def hand_out(directory: Directory, name: str, path: Path, mode: str = "web", address: str = "") -> FileForm:
    """Makes the form of this name as a file, and writes it; `address` is that of the intake, if it says it.

    A file that is there already must be the same to the last byte. Raises FileFormError.
    """
    made = make(directory, name, mode, address)
    # A desk learns from a bundle what the reports say that come out of the file.
    directory.database.keep_forms([(made.form.digest, made.form.json)])
    try:
        if not path.exists():
            replace_synced(path, made.html)
        elif path.read_bytes() != made.html:
            raise FileFormError(f"{path} exists already, and is another file", "choose a new name")
    except OSError as error:
        raise FileFormError(f"cannot write {path}: {error.strerror}") from None
    return made


def make(directory: Directory, name: str, mode: str = "web", address: str = "") -> FileForm:
    """The file of a form; FileFormError when the intake does not offer it, or the pages cannot show it."""
    found = [form for form in directory.forms if form.id == name]
    if not found:
        offered = ", ".join(form.id for form in directory.forms)
        raise FileFormError(f'{directory.path} offers no form "{name}"', f"it offers {offered}")
    [form] = found
    notices = Notices(directory.help, directory.deadlines)
    pages = FilePages(directory.settings, directory.forms, directory.recipients, notices)
    if not pages.languages:
        raise FileFormError(
            f'form "{name}" is in {", ".join(form.languages)}: there are no words of the pages in it',
            f"the pages speak {', '.join(languages.NAMES)}, as far as all forms of the intake do",
        )
    html = pages.whole(form, mode, _site(address)).encode()
    missing = [one for one in form.languages if one not in pages.languages]
    digest = hashlib.sha256(html).hexdigest()
    return FileForm(form, html, digest, fingerprint(directory.recipients), missing)


def _site(address: str) -> str:
    try:
        return f"{short(check_address(address))}/upload" if address else ""
    except ValueError as error:
        raise FileFormError(str(error)) from None


class FilePages(Pages):
    """The pages of one intake, as far as they can stand in a file without a server."""

    def whole(self, form: Form, mode: str, site: str) -> str:
        """The text of the file."""
        first, *rest = self.languages
        bodies = {language: self._body(language, form, mode, site) for language in self.languages}
        for language in rest:
            if _shape(bodies[language]) != _shape(bodies[first]):
                raise FileFormError(f'form "{form.id}" has not the same parts in {language} as in {first}')
        style = filemodes.style(form, mode)
        config = f"self.witnessbox={self._file_config(form, mode)}"
        script = (STATIC / "file.js").read_text(encoding="utf-8")
        return self._render(
            "file.html",
            first,
            policy=_policy(style, config, script),
            title=self._said(first, "words.html")["neutral_title"],
            unable=[(one, self._said(one, "words.html")["unable"]) for one in self.languages],
            page=Markup(bodies[first]),  # noqa: S704 - made by a template
            others=[(one, Markup(bodies[one])) for one in rest],  # noqa: S704 - made by a template
            style=_inside(style, "style"),
            config=_inside(config, "script"),
            script=_inside(script, "script"),
        )

    def _body(self, language: str, form: Form, mode: str, site: str) -> str:
        return self._render(
            "file-page.html",
            language,
            in_file=True,
            keys=len(self._recipients),
            key_words=fingerprint(self._recipients),
            # The code of a report is drawn in the browser.
            words=(),
            words_lang=language if language in LIST_OF else "en",
            site=site,
            # The browser knows which year it is; the file must not.
            years=(),
            typed={},
            problems={},
            file_problem="",
            plain_types=(),
            **self._asking(language, form),
            **filemodes.shown(form, mode, self.exit_url),
        )

    def _file_config(self, form: Form, mode: str) -> Markup:
        return embedded_json(
            {
                "form": rules(form),
                "form_digest": form.digest,
                "lang": self.languages[0],
                "recipients": self._recipients,
                "sealed_by": "file",
                "spoken": {language: self._spoken(language) for language in self.languages},
                **filemodes.config(form, mode),
            }
        )

    def _spoken(self, language: str) -> dict[str, object]:
        said = self._said(language, "words.html")
        return {
            "direction": languages.direction(language),
            "title": said["neutral_title"],
            "words": {
                "error": said["error_prefix"],
                "problems": said["problem_texts"],
                "status": said["file_status_texts"],
                "ticks": said["tick_texts"],
            },
        }


def _policy(style: str, *scripts: str) -> str:
    allowed = " ".join(_hash(one) for one in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_hash(style)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _inside(text: str, element: str) -> Markup:
    """Text of our own that nothing ends but the element's own end."""
    if f"</{element}" in text.lower() or "<!--" in text:
        raise FileFormError(f"the file's {element} would end in its middle")
    return Markup(text)  # noqa: S704 - our own script and style, looked through above


def _shape(body: str) -> list[str]:
    """The elements of a page in their order, and where text stands between them."""
    parser = _Shape()
    parser.feed(body)
    parser.close()
    return parser.found


class _Shape(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.found.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        if self.found[-1:] != [" "]:
            self.found.append(" ")
