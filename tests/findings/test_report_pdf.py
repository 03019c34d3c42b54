"""The PDF: accessible, with its fonts inside, and whole."""

import io
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pypdf
import pytest

from analysis.findings.site import pdf
from analysis.findings.site.voice import Voice
from tests.findings import rich
from tests.findings.site_files import files

LANGUAGES = {"en": "report.pdf", "es": "es/report.pdf"}


@cache
def _reader(language: str) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(files()[LANGUAGES[language]]))


@cache
def _text(language: str) -> str:
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in _reader(language).pages))


def _structure(language: str) -> list[dict[str, Any]]:
    """The elements of the structure tree."""
    root = _reader(language).trailer["/Root"]["/StructTreeRoot"]
    found, waiting = [], [root]
    while waiting:
        one = waiting.pop()
        one = one.get_object() if hasattr(one, "get_object") else one
        if isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, dict):
            if "/S" in one:
                found.append(one)
            if "/K" in one:
                waiting.append(one["/K"])
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_is_tagged_and_says_its_language_and_title(language: str) -> None:
    root = _reader(language).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == language
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    metadata = root["/Metadata"].get_data().decode()
    assert re.search(r"pdfuaid:part>1<|pdfuaid:part=\"1\"", metadata)
    assert _reader(language).metadata.title == rich.release().title[language]  # type: ignore[union-attr]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_picture_of_the_report_has_words(language: str) -> None:
    elements = _structure(language)
    kinds = {str(one["/S"]) for one in elements}
    assert {"/H1", "/Table", "/TH", "/TD", "/L", "/P", "/Figure"} <= kinds
    figures = [one for one in elements if one["/S"] == "/Figure"]
    charts = [path for path in files() if path.startswith("charts/")]
    assert len(figures) == len(charts)
    assert all(len(str(one["/Alt"])) > 20 for one in figures)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_telltale_stands_in_the_words_of_a_picture(language: str) -> None:
    text = " ".join(str(one.get("/Alt", "")) for one in _structure(language)) + _text(language)
    assert not {int(one) for one in re.findall(r"\d{5,}", text)} & rich.TELLTALES


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_fonts_are_inside_and_free(language: str, tmp_path: Path) -> None:
    (tmp_path / "report.pdf").write_bytes(files()[LANGUAGES[language]])
    done = subprocess.run(
        ["pdffonts", "report.pdf"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    rows = done.stdout.splitlines()[2:]
    assert rows
    for row in rows:
        assert re.match(r"[A-Z]{6}\+(LibertinusSerif|DejaVuSansMono)", row), row
        # Embedded, a subset, with a map to Unicode.
        assert re.search(r" yes yes yes ", row), row


def test_the_report_says_what_the_pages_say() -> None:
    text = _text("en")
    for said in ("Before you quote a number", "What cannot be concluded", "CC BY 4.0", "How to cite", "[c]"):
        assert said in text
    assert "How common something is among all people" in text
    assert "Cómo se" in _text("es") or "Qué no se puede concluir" in _text("es")


def test_the_report_is_dated_with_the_release_and_no_clock() -> None:
    data = _reader("en").metadata
    assert data is not None
    assert {str(data[name]) for name in ("/CreationDate", "/ModDate")} == {"D:20261122000000Z"}


def test_what_people_wrote_is_no_markup_of_the_report() -> None:
    assert "=HYPERLINK(1) # not a heading *nor* _markup_ $x$ \\ #pagebreak()" in _text("en")


def test_a_quote_that_no_font_can_show_is_left_to_its_page() -> None:
    assert "stand on the page of quotes" in _text("en")
    assert "□" not in _text("en")
    plain = rich.release(quotes=rich.quotes()[:3], tables=())
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(_made(plain))).pages)
    assert "stand on the page of quotes" not in re.sub(r"\s+", " ", text)


def _made(release: Any) -> bytes:
    return pdf.report(Voice(release, "en"), "RWQ")


def test_a_name_that_no_font_can_show_does_not_stop_the_report() -> None:
    data = _made(rich.release(organization="联盟 Union 😀", tables=(), quotes=()))
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)
    assert "□□ Union □" in text


def test_the_report_prints_wide_tables_in_pieces_that_fit() -> None:
    for page in _reader("en").pages:
        assert (float(page.mediabox.width), float(page.mediabox.height)) == pytest.approx(
            (595.3, 841.9), abs=0.1
        )
    assert "55 or more" in _text("en")
