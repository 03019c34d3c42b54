"""Words that claim more than reports can tell have no way into a release."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from templates import TEMPLATES
from tests.catalogs import read
from tests.findings.site_files import pages, text_of

SITE = TEMPLATES / "findings" / "site"
# Of how common something is, of its course in time, of proof, and of people where there are reports.
CLAIMS = {
    "en": (
        *(r"rates?", r"prevalen\w*", r"inciden(?:ce|ts?)\b", r"frequen(?:cy|t)\w*", r"per capita"),
        *(r"proportion\w*", r"(?:more|less|most|least) common", r"epidemic", r"widespread", r"systemic"),
        *(r"increas\w*", r"decreas\w*", r"trend\w*", r"grow(?:s|n|th|ing)", r"surg\w+", r"spik\w+"),
        *(r"declin\w+", r"likel(?:y|ier)", r"risks?", r"odds", r"probab\w+", r"significant(?:ly)?"),
        *(r"proven", r"victims?", r"alleg\w+", r"offenders?", r"perpetrators?"),
        r"\d+ ?% of (?:people|patients|tenants|women|men)",
    ),
    "es": (
        *(r"tasas?", r"prevalencia\w*", r"incidencia\w*", r"incidentes?", r"per cápita", r"proporci\w+"),
        *(r"(?:más|menos) común", r"más frecuente", r"epidemia\w*", r"generalizad\w+", r"sistémic\w+"),
        *(r"aument\w*", r"increment\w*", r"disminu\w*", r"tendencia\w*", r"descen\w+"),
        *(r"crec(?:e|en|ió|iente|imiento)\b", r"probab\w+", r"riesgos?", r"significativ\w+", r"demuestra\w*"),
        *(r"víctimas?", r"supuest\w+", r"presunt\w+", r"agresor\w*"),
        r"\d+ ?% de (?:las personas|los pacientes|las mujeres|los hombres|la gente)",
    ),
}
PATTERNS = {
    language: re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)
    for language, words in CLAIMS.items()
}


def _messages() -> Iterator[tuple[str, str]]:
    """Language and text of everything that the site can say, in the templates' language and the others."""
    for message in read("es"):
        if any(place.startswith("findings/site/") for place, _ in message.locations):
            for language, texts in (("en", message.id), ("es", message.string)):
                for text in texts if isinstance(texts, tuple) else (texts,):
                    yield language, str(text)


def test_no_message_of_a_release_claims_more_than_reports_can_tell() -> None:
    messages = list(_messages())
    assert len(messages) > 400
    for language, text in messages:
        assert not PATTERNS[language].findall(text), text


@pytest.mark.parametrize("path", sorted(SITE.iterdir()), ids=lambda path: path.name)
def test_no_template_of_a_release_has_such_a_word_outside_its_messages(path: Path) -> None:
    if path.suffix != ".css":
        for pattern in PATTERNS.values():
            assert not pattern.findall(path.read_text(encoding="utf-8"))


def test_no_page_of_a_release_has_such_a_word() -> None:
    for path, page in pages().items():
        found = PATTERNS["es" if path.startswith("es/") else "en"].findall(text_of(page))
        assert not found, (path, found)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        pytest.param("en", "The eviction rate", id="rate"),
        pytest.param("en", "Reports increased by 5", id="increase"),
        pytest.param("en", "a rising trend", id="trend"),
        pytest.param("en", "The prevalence of refusals", id="prevalence"),
        pytest.param("en", "12% of patients said", id="patients"),
        pytest.param("es", "La tasa de desalojos", id="tasa"),
        pytest.param("es", "un aumento de 5", id="aumento"),
        pytest.param("es", "la prevalencia", id="prevalencia"),
        pytest.param("es", "la tendencia", id="tendencia"),
    ],
)
def test_the_list_knows_the_words_that_it_is_for(language: str, text: str) -> None:
    assert PATTERNS[language].search(text)


def test_every_page_of_a_finding_says_what_the_reports_are_not() -> None:
    says = {"en": "do not show how common this is", "es": "no muestran qué tan común es esto"}
    for path, page in pages().items():
        assert says["es" if path.startswith("es/") else "en"] in text_of(page), path


def test_the_method_says_all_that_may_not_be_concluded() -> None:
    text = text_of(pages()["method.html"])
    for said in (
        "How common something is among all people",
        "Whether something is rising or falling",
        "treats people worse than another",
        "That one group of people is treated worse",
        "That something did not happen",
        "How many people were treated this way",
    ):
        assert said in text
