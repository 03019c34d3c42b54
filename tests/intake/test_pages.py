"""The pages themselves: their words, their languages, and what they may load."""

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest

from analysis.identity import HybridIdentity
from intake.crypto.fingerprint import fingerprint
from intake.forms.form import shipped
from intake.notices import Notices
from intake.pages import Pages, embedded_json
from intake.settings import Settings
from templates import TEMPLATES
from tests import catalogs
from tests.attaching import FORM
from tests.serving import ENOUGH, Server

PAGES = [
    *("", "start", "how", "who", "keep", "limits", "report/", "code", "upload"),
    *("sent?sealed_by=browser", "sent?sealed_by=server", "nowhere/"),
]
LANGUAGES = ["en", "es"]
VOID = {"meta", "link", "input", "br", "hr", "img"}


class Outline(HTMLParser):
    """The elements of a page, each with its attributes and the ids it stands in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        inside = {"inside": "label"} if "label" in self.open else {}
        self.elements.append((tag, {name: value or "" for name, value in attrs} | inside))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.elements if tag in tags]


def outline(server: Server, path: str) -> Outline:
    return Outline(server.client.get(path).text)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_one_heading_a_language_and_a_neutral_title(
    page: str, lang: str, shared_server: Server
) -> None:
    text = shared_server.client.get(f"/{lang}/{page}").text
    found = Outline(text)
    assert len(found.all("h1")) == 1
    assert found.all("html") == [{"lang": lang, "dir": "ltr"}]
    title = {"en": "Community survey", "es": "Encuesta comunitaria"}[lang]
    assert re.findall("<title>(.*?)</title>", text) == [title]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_loads_nothing_from_another_host_and_has_no_inline_script_or_style(
    page: str, shared_server: Server
) -> None:
    found = outline(shared_server, f"/en/{page}")
    loads = [
        attributes.get("src") or attributes.get("href") for attributes in found.all("script", "link", "img")
    ]
    assert {load for load in loads if load} <= {
        "/code/en.js",
        "/static/code.js",
        "/upload/en.js",
        "/static/upload.js",
        "/static/upload.css",
        "/static/style.css",
        "/static/exit.js",
        "/static/report.js",
        f"/forms/{shipped('report').digest}.css",
        f"/forms/{shipped('report').digest}/en.js",
    }
    assert not found.all("style", "iframe", "img", "video", "audio")
    assert not [one for _, one in found.elements if "style" in one or any(n.startswith("on") for n in one)]
    assert [one for one in found.all("script") if "src" not in one] == []


@pytest.mark.parametrize("page", PAGES)
def test_no_link_names_another_site_and_the_way_out_comes_first(page: str, shared_server: Server) -> None:
    links = outline(shared_server, f"/en/{page}").all("a")
    assert [link for link in links if not link["href"].startswith(("/", "#"))] == []
    exits = [link for link in links if link["href"] == "/exit"]
    assert [link["class"] for link in exits] == ["skip", "exit"]
    assert all(link["rel"] == "noreferrer" and "data-exit" in link for link in exits)
    assert links[0] == exits[0]


def test_the_way_out_leads_off_the_site_and_says_nothing_of_it(shared_server: Server) -> None:
    answer = shared_server.client.get("/exit", headers={"referer": "https://here.example/"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "https://www.bbc.com/weather"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.content == b""


def test_links_on_the_form_open_beside_it_so_that_nothing_typed_is_lost(shared_server: Server) -> None:
    links = outline(shared_server, "/en/report/").all("a")
    beside = [link["href"] for link in links if link.get("target") == "_blank"]
    assert beside == ["/en/upload", "/en/how", "/en/who", "/en/keep", "/en/limits"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_answer_has_a_label_and_every_question_a_legend(lang: str, shared_server: Server) -> None:
    found = outline(shared_server, f"/{lang}/report/")
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    answers = [one for one in found.all("input", "textarea", "select") if one.get("type") != "hidden"]
    named = {label["for"] for label in found.all("label") if "for" in label}
    assert {answer["id"] for answer in answers if "inside" not in answer} == named
    questions = found.all("fieldset")
    asked = {f"q-{one.id}" for one in shipped("report").questions if one.kind != "note"}
    assert {one["id"] for one in questions} == asked | {"shown"}
    assert len(questions) == len(found.all("legend"))
    assert {word for _, one in found.elements for word in one.get("aria-describedby", "").split()} <= set(ids)


def test_the_first_button_of_the_form_is_disabled_so_that_enter_sends_nothing(shared_server: Server) -> None:
    buttons = outline(shared_server, "/en/report/").all("button")
    assert buttons[0] == {"type": "submit", "disabled": "", "hidden": ""}
    assert buttons[1]["type"] == "button"
    text = shared_server.client.get("/en/report/").text
    outside = re.sub(r"<noscript>.*?</noscript>", "", text, flags=re.DOTALL)
    assert outside.count('type="submit"') == 1


def test_the_page_asks_the_browser_to_remember_nothing(shared_server: Server) -> None:
    found = outline(shared_server, "/en/report/")
    assert found.all("form")[0]["autocomplete"] == "off"
    assert {answer.get("autocomplete") for answer in found.all("textarea")} == {"off"}


@pytest.mark.parametrize(
    ("page", "words"),
    [
        pytest.param("", "This form is not an emergency line.", id="danger"),
        pytest.param("", "The Exit button does not clear your history.", id="device"),
        pytest.param("start", "You do not need an account.", id="identity"),
        pytest.param("start", "If you stop before you press Send, nothing is kept.", id="control"),
        pytest.param("start", "Are you under 18?", id="youth"),
        pytest.param("report/", "We cannot promise that a court will never ask", id="court"),
        pytest.param("report/", "You do not need to tell us about any drug use.", id="drugs"),
        pytest.param("report/", "We do not check each report.", id="limits"),
        pytest.param("report/", "Choices that name force or sexual harm stay closed", id="content"),
    ],
)
def test_the_notices_stand_in_their_places(page: str, words: str, shared_server: Server) -> None:
    assert words in shared_server.client.get(f"/en/{page}").text


def test_the_word_on_court_cases_comes_before_the_story(shared_server: Server) -> None:
    page = shared_server.client.get("/en/report/").text
    assert page.index("Talk to a lawyer before you write about it.") < page.index('<textarea id="f-story"')


def test_choices_that_are_hard_to_read_stay_closed_until_one_is_ticked(shared_server: Server) -> None:
    blank = outline(shared_server, "/en/report/").all("details")
    assert blank
    assert not [one for one in blank if "open" in one]
    again = shared_server.post_form({"setting": ["health"], "health_acts": ["sexual"]})
    assert again.status_code == 422
    assert len([one for one in Outline(again.text).all("details") if "open" in one]) == 1


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_page_to_be_mended_says_so_in_its_title_and_at_the_field(lang: str, shared_server: Server) -> None:
    answer = shared_server.post_form({"setting": ["police"], "marks": ["9" * 121], "when.month": ["3"]}, lang)
    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    found = Outline(answer.text)
    [marks] = [one for one in found.all("input") if one.get("name") == "marks"]
    assert marks["aria-invalid"] == "true"
    assert marks["aria-describedby"] == "hint-marks why-marks problem-marks"
    assert marks["value"] == "9" * 121
    assert {one["name"] for one in found.all("select") if "aria-invalid" in one} == {
        "when.year",
        "when.month",
    }
    assert [one["href"] for one in found.all("a") if one["href"].startswith("#f-")] == [
        "#f-marks",
        "#f-when",
        "#f-count",
    ]


def test_files_are_asked_for_again_since_no_page_can_keep_them(identity: HybridIdentity, data: Path) -> None:
    settings, today, words = Settings.read(data / "intake.toml"), date(2026, 1, 1), "choose them again."
    code = bytes(12)
    for form, asked in ((FORM, True), (shipped("report"), False)):
        pages = Pages(settings, [form], [identity.recipient])
        assert words not in pages.blank("en", form, today, code, "")
        assert (words in pages.filled("en", form, today, {}, code, "", refusal="busy")) is asked
        missing = pages.filled("en", form, today, {}, code, "", problems={"count": "required"})
        assert (words in missing) is asked


def test_the_sent_page_says_only_what_it_knows(shared_server: Server) -> None:
    def sent(query: str) -> str:
        return shared_server.client.get(f"/en/sent{query}").text

    assert "It was locked on your device before it was sent." in sent("?sealed_by=browser")
    assert "our server locked your report in its memory" in sent("?sealed_by=server")


@pytest.mark.parametrize("query", ["", "?sealed_by=", "?sealed_by=<script>", "?sealed_by=Server"])
def test_whoever_sent_nothing_is_not_told_that_something_was_sent(query: str, shared_server: Server) -> None:
    answer = shared_server.client.get(f"/es/sent{query}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/es/")


@pytest.mark.parametrize("page", PAGES[:-1])
def test_the_link_to_another_language_leads_to_the_same_page(page: str, shared_server: Server) -> None:
    links = outline(shared_server, f"/en/{page}").all("a")
    assert [link["href"] for link in links if link.get("hreflang")] == [f"/es/{page}"]


def page_code(page: str) -> str:
    [code] = [one["value"] for one in Outline(page).all("input") if one.get("name") == "_code"]
    assert re.fullmatch("[0-9a-f]{24}", code)
    return code


def test_every_page_with_the_form_has_a_code_of_its_own(shared_server: Server) -> None:
    pages = [shared_server.client.get(f"/{lang}/report/").text for lang in LANGUAGES * 3]
    assert len({page_code(page) for page in pages}) == len(pages)


def test_a_page_that_is_shown_again_keeps_its_code(shared_server: Server) -> None:
    code = page_code(shared_server.client.get("/en/report/").text)
    again = shared_server.post_form({"_code": [code]})
    assert again.status_code == 422
    assert page_code(again.text) == code
    assert page_code(shared_server.post_form({"_code": ['"><b>']}).text) != code


def test_the_local_lists_stand_where_somebody_looks_for_help(identity: HybridIdentity, data: Path) -> None:
    settings = replace(Settings.read(data / "intake.toml"), exit_url="https://weather.example/")
    notices = Notices(
        help={"en": (("Night line", "555 0100, free <b>"),)},
        deadlines={"en": (("Police", "within 90 days"),)},
    )
    pages = Pages(settings, [shipped("report")], [identity.recipient], notices)
    assert "call the help line below" in pages.start("en")
    for page in (pages.start("en"), pages.sent("en", "browser")):
        assert "<dt>Night line</dt><dd>555 0100, free &lt;b&gt;</dd>" in page
    assert "<dt>Police</dt><dd>within 90 days</dd>" in pages.sent("en", "browser")
    assert "línea de ayuda" not in pages.start("es")


def test_the_page_on_who_can_read_shows_the_words_of_the_keys_it_seals_to(
    shared_server: Server, identity: HybridIdentity
) -> None:
    words = " ".join(fingerprint([identity.recipient]))
    for lang in LANGUAGES:
        assert f">{words}</p>" in shared_server.client.get(f"/{lang}/who").text


def test_choices_that_name_force_or_sexual_harm_wait_until_they_are_opened(shared_server: Server) -> None:
    text = shared_server.client.get("/en/report/").text
    closed = "".join(re.findall(r"<details class=\"noted\">.*?</details>", text, flags=re.DOTALL))
    form = shipped("report")
    noted = [(one.id, choice.code) for one in form.questions for choice in one.choices if choice.content_note]
    assert len(noted) > 5
    for question, code in noted:
        assert f'name="{question}" value="{code}"' in closed
    assert closed.count("<input") == len(noted)
    back = shared_server.post_form({**ENOUGH, "count": [], "acts": [noted[0][1]]}).text
    assert back.count('<details class="noted" open>') == 1


def test_json_in_a_page_cannot_end_its_element() -> None:
    text = embedded_json({"a": "</script><!-- & \u2028"})
    assert not set("<>&\u2028") & set(text)


def test_every_text_is_translated_in_every_language() -> None:
    for language in catalogs.LANGUAGES:
        catalog = catalogs.read(language)
        for message in catalogs.extracted():
            if message.id:
                translated = catalog.get(message.id)
                assert translated is not None, f"{language}: {message.id!r} is not in the catalog"
                strings = translated.string if message.pluralizable else [translated.string]
                assert all(strings), f"{language}: {message.id!r} is not translated"
                assert not translated.fuzzy, f"{language}: {message.id!r} is fuzzy"


def test_the_catalogs_hold_no_text_that_is_gone() -> None:
    now = {message.id for message in catalogs.extracted()}
    for language in catalogs.LANGUAGES:
        assert {message.id for message in catalogs.read(language)} <= now | {""}


def test_the_compiled_catalogs_are_made_of_the_editable_ones() -> None:
    for language in catalogs.LANGUAGES:
        compiled = catalogs.po_path(language).with_suffix(".mo").read_bytes()
        assert compiled == catalogs.mo_bytes(catalogs.read(language)), "run python -m tests.catalogs"


def test_no_page_has_words_that_the_catalogs_do_not_know(
    shared_server: Server, identity: HybridIdentity
) -> None:
    keys = " ".join(fingerprint([identity.recipient]))
    for page in (
        "",
        "start",
        "how",
        "who",
        "keep",
        "limits",
        "report/",
        "code",
        "sent?sealed_by=server",
        "sent?sealed_by=browser",
        "nowhere/",
    ):
        english, spanish = (shared_server.client.get(f"/{lang}/{page}").text for lang in LANGUAGES)

        def words(text: str) -> set[str]:
            found = re.findall(r">\s*([^<>]{4,}?)\s*<", text.split("<body>")[1])
            return {
                line
                for line in found
                if line.strip() and not line.isdigit() and line not in {"English", "Español", keys}
            }

        assert keys in english or page != "who"

        assert not words(english) & words(spanish)


def test_no_template_switches_escaping_off_for_what_was_typed() -> None:
    for template in TEMPLATES.glob("*.html"):
        text = template.read_text()
        assert "autoescape" not in text
        assert not re.search(r"(typed|problem)[^}]*\|\s*safe", text)


def test_typed_markup_is_shown_as_text(shared_server: Server) -> None:
    hostile = '"><script>alert(1)</script></textarea><b>'
    page = shared_server.post_form({**ENOUGH, "count": [], "story": [hostile], "station": [hostile]})
    assert page.status_code == 422
    assert len(Outline(page.text).all("script")) == 3
    assert "<b>" not in page.text
