"""The pages of a release in one language: Jinja2 with autoescape, gettext, and no script."""

from collections.abc import Mapping
from dataclasses import dataclass

import jinja2

from analysis.findings.released import Quote
from analysis.findings.site import citing, saying
from analysis.findings.site.charts import flow
from analysis.findings.site.method import blocks
from analysis.findings.site.part import Part, part, view
from analysis.findings.site.voice import FOLDER, Voice
from templates import TEMPLATES

QUOTES = "F16"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page stands: in the folder of its language, and in the release."""

    folder: str
    path: str

    @property
    def top(self) -> str:
        """The way to the folder of the language."""
        return "../" * self.path.count("/")

    @property
    def root(self) -> str:
        """The way to the folder of the release."""
        return "../" * (self.folder + self.path).count("/")


@dataclass(frozen=True, slots=True)
class Finding:
    """An entry of the overview."""

    id: str
    title: str
    sentence: str


def folder(voice: Voice) -> str:
    """The folder of a language: the first of a release stands at its root, under permanent names."""
    return "" if voice.language == voice.release.languages[0] else f"{voice.language}/"


def style() -> bytes:
    """The one style sheet."""
    return (TEMPLATES / FOLDER / "style.css").read_bytes()


class Pages:
    """Renders the pages of one language; `sums` are the checksums of the data files by their paths."""

    def __init__(self, voice: Voice, key: str, sums: Mapping[str, str]) -> None:
        self._voice = voice
        self._release = voice.release
        self._key = key
        self._sums = sums
        self._parts = [part(table, voice) for table in voice.release.tables]

    def render(self) -> dict[str, bytes]:
        """Path in the release to bytes."""
        made = {
            "index.html": self._index(),
            "method.html": self._method(),
        }
        for name in (finding.id for finding in self._findings()):
            made[f"findings/{name}.html"] = self._quotes() if name == QUOTES else self._finding(name)
        for one in self._parts:
            made[f"tables/{one.id}.html"] = self._render("table.html", f"tables/{one.id}.html", part=one)
            made[f"embed/{one.id}.html"] = self._embed(one)
        return {folder(self._voice) + path: page.encode() for path, page in made.items()}

    def _render(self, name: str, path: str, **values: object) -> str:
        voice, place = self._voice, Place(folder(self._voice), path)
        template: jinja2.Template = self._voice.markup.get_template(f"{FOLDER}/{name}")
        return template.render(
            release=self._release,
            language=voice.language,
            say=voice.say,
            pick=voice.pick,
            view=lambda cell: view(cell, voice),
            top=place.top,
            root=place.root,
            here=place.top + path,
            menu=self._menu(place),
            versions=self._versions(place),
            key=self._key,
            **values,
        )

    def _menu(self, place: Place) -> list[tuple[str, str]]:
        paths = {"overview": "index.html", "findings": "index.html#findings"}
        if self._release.quotes:
            paths["quotes"] = f"findings/{QUOTES}.html"
        paths |= {"method": "method.html", "report": "report.pdf"}
        return [(place.top + path, self._voice.say("page", name)) for name, path in paths.items()]

    def _versions(self, place: Place) -> list[dict[str, str]]:
        found = []
        for language in self._release.languages:
            way = "" if language == self._release.languages[0] else f"{language}/"
            name = self._voice.say("language", language)
            found.append({"language": language, "href": f"{place.root}{way}{place.path}", "name": name})
        return found

    def _findings(self) -> list[Finding]:
        found: dict[str, Finding] = {}
        for one in self._parts:
            title = self._voice.say("finding", one.finding)
            found.setdefault(one.finding, Finding(one.finding, title, one.sentence))
        if self._release.quotes:
            sentence = self._quotes_sentence()
            found[QUOTES] = Finding(QUOTES, self._voice.say("finding", QUOTES), sentence)
        return [found[finding] for finding in sorted(found)]

    def _index(self) -> str:
        found = self._findings()
        title = self._voice.pick(self._release.title)
        return self._render(
            "index.html",
            "index.html",
            title=title,
            about=self._voice.say(
                "about", self._release, self._release.period_events, self._release.n.reports
            ),
            findings=found,
            caveats=self._general(),
            citation=citing.text(self._voice, ""),
            tables=[one.id for one in self._parts],
        )

    def _general(self) -> list[str]:
        say = self._voice.say
        return [
            say("caveat_chosen"),
            say("caveat_people"),
            saying.protected(self._voice),
            *saying.made(self._voice),
        ]

    def _finding(self, finding: str) -> str:
        path = f"findings/{finding}.html"
        found = [one for one in self._parts if one.finding == finding]
        name = self._voice.say("table_name", finding, self._voice.say("finding", finding))
        return self._render(
            "finding.html",
            path,
            id=finding,
            found=found,
            # Each once, though several tables of the page need it.
            caveats=list(dict.fromkeys(line for one in found for line in (*one.caveats, *one.made))),
            snippets={one.id: self._snippet(one) for one in found},
            sums=self._sums,
            citation=citing.text(self._voice, name, path),
            permalink=citing.address(self._release, folder(self._voice) + path),
        )

    def _snippet(self, one: Part) -> str:
        path = f"{folder(self._voice)}embed/{one.id}.html"
        address = citing.address(self._release, path) or f"https://example.org/{path}"
        return self._voice.markup.get_template(f"{FOLDER}/snippet.html").render(
            address=address, title=f"{one.id} {one.title}", language=self._voice.language
        )

    def _embed(self, one: Part) -> str:
        path = f"embed/{one.id}.html"
        target = f"{folder(self._voice)}findings/{one.finding}.html#{one.id}"
        permalink = citing.address(self._release, target)
        return self._render("embed.html", path, part=one, source=one.source, permalink=permalink)

    def _method(self) -> str:
        return self._render(
            "method.html", "method.html", blocks=blocks(self._voice, self._key), flow=flow(self._voice)
        )

    def _quotes_sentence(self) -> str:
        release = self._release
        return self._voice.say(
            "sentence_quotes", len(release.quotes), release.organization, release.period_events
        )

    def _quotes(self) -> str:
        path = f"findings/{QUOTES}.html"
        name = self._voice.say("table_name", QUOTES, self._voice.say("finding", QUOTES))
        say = self._voice.say
        return self._render(
            "quotes.html",
            path,
            id=QUOTES,
            sentence=self._quotes_sentence(),
            themes=themes(self._voice),
            caveats=[say("caveat_quotes"), say("caveat_chosen"), *saying.made(self._voice)],
            citation=citing.text(self._voice, name, path),
        )


@dataclass(frozen=True, slots=True)
class Said:
    """A quote with what may be told of it."""

    text: str
    lang: str
    about: str


def themes(voice: Voice) -> list[tuple[str, list[Said]]]:
    """The quotes under the first theme of each, in the order of the release."""
    found: dict[str, list[Said]] = {}
    for quote in voice.release.quotes:
        theme = voice.pick(quote.themes[0]) if quote.themes else voice.say("finding", QUOTES)
        found.setdefault(theme, []).append(Said(quote.text, quote.lang, _about(quote, voice)))
    return list(found.items())


def _about(quote: Quote, voice: Voice) -> str:
    more = [voice.pick(one) for one in quote.themes[1:]]
    place = [voice.pick(quote.place)] if quote.place else []
    month = [voice.say("month", quote.month)] if quote.month else []
    return " · ".join([*more, *place, *month])
