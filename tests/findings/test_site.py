import csv
import hashlib
import io
import os
import posixpath
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.findings.errors import RefusedRelease
from analysis.findings.released import Cell, Status
from analysis.findings.site.site import build
from tests.findings import rich
from tests.findings.site_files import Tags, files, pages, tags_of, text_of, write

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = {"": "en", "es/": "es"}
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"


def _built_elsewhere(folder: Path, **environment: str) -> dict[str, bytes]:
    code = (
        "import sys; from pathlib import Path; from tests.findings.site_files import files, write;"
        "write(files(), Path(sys.argv[1]))"
    )
    folder.mkdir()
    subprocess.run(
        [sys.executable, "-c", code, "out"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), **environment},
        check=True,
        timeout=240,
    )
    out = folder / "out"
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_the_same_release_gives_the_same_bytes_on_any_machine(tmp_path: Path) -> None:
    one = _built_elsewhere(tmp_path / "a", TZ="Pacific/Kiritimati", LC_ALL="C", PYTHONHASHSEED="1")
    two = _built_elsewhere(tmp_path / "b b", TZ="America/Lima", LC_ALL="es_ES.UTF-8", PYTHONHASHSEED="2")
    assert sorted(one) == sorted(two) == sorted(files())
    assert [path for path in one if not one[path] == two[path] == files()[path]] == []


def test_a_release_has_every_file_that_its_readers_look_for() -> None:
    once = {
        *(
            "SHA256SUMS",
            "SHA256SUMS.minisig",
            "minisign.pub",
            "style.css",
            "datapackage.json",
            "dataset.jsonld",
        ),
        *("CITATION.cff", "cite.bib", "cite.csl.json", "audit.json", "ledger.jsonl", "codebook.json"),
        *("tables/F02.csv", "tables/F02.csv-metadata.json", "tables/F02.json"),
    }
    spoken = {
        *("index.html", "method.html", "report.pdf", "findings/F02.html", "findings/F16.html"),
        *("embed/F02.html", "tables/F02.html", "charts/F02.svg"),
    }
    assert once | {way + path for way in LANGUAGES for path in spoken} <= set(files())
    findings = {path for path in files() if re.fullmatch(r"findings/F\d\d\.html", path)}
    assert findings == {f"findings/F{number:02}.html" for number in range(1, 18)}


@pytest.mark.parametrize("path", sorted(pages()))
def test_every_link_of_a_page_leads_somewhere_in_the_release(path: str) -> None:
    tags = tags_of(path)
    assert len(tags.ids) == len(set(tags.ids))
    for link in tags.links():
        target, _, fragment = link.partition("#")
        where = posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) if target else path
        assert where in files(), link
        if fragment and where.endswith(".html"):
            assert fragment in tags_of(where).ids, link


@pytest.mark.parametrize("path", sorted(pages()))
def test_a_page_runs_no_script_and_asks_no_other_host(path: str) -> None:
    tags = tags_of(path)
    (policy,) = [
        attrs["content"] for _, attrs in tags.tags if attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy == POLICY
    assert not {tag for tag, _ in tags.tags} & {
        "script",
        "style",
        "iframe",
        "object",
        "embed",
        "base",
        "form",
    }
    for tag, attrs in tags.tags:
        assert not [name for name in attrs if name == "style" or name.startswith("on")]
        if tag in ("link", "img", "source", "use", "image"):
            assert not re.match(r"[a-z]+:|//", attrs.get("href", attrs.get("src", "")))


def test_styles_and_pictures_ask_for_nothing_outside_themselves() -> None:
    found = {path: data.decode() for path, data in files().items() if path.endswith((".css", ".svg"))}
    for path, text in found.items():
        assert re.findall(r"@import|<script|<image|<use|(?:href|src)=", text) == [], path
        assert {one for one in re.findall(r"url\(([^)]*)\)", text) if not one.startswith("#")} == set(), path
        assert set(re.findall(r"https?://[^\"' <]+", text)) <= {"http://www.w3.org/2000/svg"}, path


def test_a_picture_keeps_its_colours_where_no_style_sheet_came_along() -> None:
    for path in ("findings/F02.html", "embed/F04.html", "findings/F14.html"):
        for tag, attrs in tags_of(path).tags:
            assert tag != "rect" or "fill" in attrs or "stroke" in attrs


@pytest.mark.parametrize("way", LANGUAGES)
def test_every_page_leads_to_itself_in_the_other_language(way: str) -> None:
    own = {path for path in pages() if path.startswith("es/") == bool(way)}
    for path in own:
        tags = tags_of(path)
        assert tags.tags[0] == ("html", {"lang": LANGUAGES[way]})
        if "embed/" in path:
            continue
        switched = [attrs for tag, attrs in tags.tags if tag == "a" and "hreflang" in attrs]
        targets = {
            attrs["hreflang"]: posixpath.normpath(posixpath.join(posixpath.dirname(path), attrs["href"]))
            for attrs in switched
        }
        bare = path.removeprefix(way)
        assert targets == {"en": bare, "es": f"es/{bare}"}
        assert [attrs["hreflang"] for attrs in switched if "aria-current" in attrs] == [LANGUAGES[way]]


def test_names_that_look_like_markup_stand_as_words() -> None:
    for path, page in pages().items():
        assert "<Reporters>" not in page, path
        assert "<b>alone" not in page, path
    assert text_of(pages()["index.html"]).count(rich.ORGANIZATION) > 2
    assert "&lt;Reporters&gt;" in files()["charts/F02.svg"].decode()


def test_a_quote_keeps_its_language_and_its_direction() -> None:
    page = pages()["findings/F16.html"]
    quotes = [attrs for tag, attrs in Tags(page).tags if tag == "blockquote"]
    assert [attrs["lang"] for attrs in quotes] == ["en", "es", "ar", "zh", "en"]
    assert {attrs["dir"] for attrs in quotes} == {"auto"}
    for quote in rich.quotes():
        assert quote.text in text_of(page)


def test_a_quote_tells_its_place_and_month_only_where_given() -> None:
    text = text_of(pages()["findings/F16.html"])
    assert "Downtown" in text
    assert "May 2026" in text
    lonely = build(rich.release(quotes=rich.quotes()[2:3]), rich.KEY)["findings/F16.html"].decode()
    assert "Downtown" not in lonely
    assert "May 2026" not in text_of(lonely)


def test_caveats_stand_inside_every_part_that_is_embedded() -> None:
    embeds = {path: text_of(page) for path, page in pages().items() if "embed/" in path}
    assert len(embeds) == 2 * len(rich.release().tables)
    for path, text in embeds.items():
        says = "no muestran qué tan común" if path.startswith("es/") else "do not show how common this is"
        source = "Fuente:" if path.startswith("es/") else "Source:"
        assert says in text, path
        assert source in text, path
        assert "2026H1" in text, path


def test_caveats_and_source_stand_inside_every_picture() -> None:
    for path, data in files().items():
        if path.endswith(".svg") and not path.startswith("es/"):
            text = text_of(data.decode())
            assert "they do not show how common" in text, path
            assert "Source: " in text, path
            assert "[c] stands for a number that is withheld" in text or "[c]" not in text, path


def test_the_words_withheld_and_not_asked_stand_beside_their_marks() -> None:
    for language, words in {
        "": ("withheld", "not asked"),
        "es/": ("no se muestra", "no se preguntó"),
    }.items():
        page = pages()[f"{language}findings/F02.html"]
        for mark, word in zip("cz", words, strict=True):
            cells = re.findall(
                rf"<td><span class=\"mark\"><abbr title=\"[^\"]+\">\[{mark}\]</abbr>(.*?)</td>", page
            )
            assert cells
            assert {text_of(cell).strip() for cell in cells} == {word}


def test_all_withheld_cells_of_a_table_are_the_same_bytes() -> None:
    for path, page in pages().items():
        assert len(set(re.findall(r"<td>[^<]*<span[^>]*><abbr[^>]*>\[c\].*?</td>", page))) <= 1, path


def test_a_telltale_of_a_withheld_cell_stands_in_no_file(tmp_path: Path) -> None:
    telltales = {str(number).encode() for number in rich.TELLTALES}
    assert len(telltales) > 100
    # The bytes of a PDF hold places of its own objects; what it says is read out of it.
    plain_files = {path: data for path, data in files().items() if not path.endswith(".pdf")}
    for path, data in {**plain_files, **_texts_of_reports(tmp_path)}.items():
        # A digest may hold any digits.
        plain = re.sub(rb"[0-9a-f]{64}", b"", data)
        assert not set(re.findall(rb"\d{5,}", plain)) & telltales, path


def _texts_of_reports(folder: Path) -> dict[str, bytes]:
    found = {}
    for way in LANGUAGES:
        (folder / "report.pdf").write_bytes(files()[f"{way}report.pdf"])
        found[f"{way}report.txt"] = subprocess.run(
            ["pdftotext", "-layout", "report.pdf", "-"],
            cwd=folder,
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
    return found


def _printed() -> set[int]:
    """Every number that the release prints, and those of its own dates, names and rules."""
    release = rich.release()
    cells: list[Cell] = [release.n, release.excluded, release.flow.received, release.flow.counted]
    cells += [*release.flow.excluded.values(), *(batch.n for batch in release.method.batches)]
    cells += [cell for table in release.tables for cell in (*table.cells.values(), *table.bases.values())]
    numbers = {
        number for cell in cells for number in (cell.reports, cell.base, cell.percent) if number is not None
    }
    # Dates, weeks, k, the base of percentages, the DOI, the licence, versions, the digits of SHA-256.
    rules = {0, 1, 2, 3, 4, 10, 20, 22, 30, 31, 40, 100, 256, 2026, 10555, 5555, *range(1, 54)}
    counted = {len(release.quotes), 5}
    return numbers | rules | counted


def test_no_number_stands_on_a_page_or_picture_that_was_not_released(tmp_path: Path) -> None:
    texts = {path: text_of(page) for path, page in pages().items()}
    texts |= {path: text_of(data.decode()) for path, data in files().items() if path.endswith(".svg")}
    texts |= {path: data.decode() for path, data in _texts_of_reports(tmp_path).items()}
    key = files()["minisign.pub"].decode().splitlines()[1]
    allowed = _printed()
    for path, text in texts.items():
        for gone in (
            r"\b[0-9a-f]{60,}\b",
            re.escape(key),
            r"https?://\S+",
            r"F\d\d",
            r"SHA256\w+",
            "UTF-8",
            'height="900"',
        ):
            text = re.sub(gone, " ", text)
        assert {int(one) for one in re.findall(r"\d+", text)} <= allowed, path


def test_data_files_print_the_cells_and_nothing_in_the_place_of_withheld_ones() -> None:
    for table in rich.release().tables:
        rows = list(csv.DictReader(io.StringIO(files()[f"tables/{table.id}.csv"].decode(), newline="")))
        assert len(rows) == len(table.cells)
        for row, codes in zip(rows, _codes(table.axes), strict=True):
            cell = table.cells[codes]
            numbers = [row["reports"], row["base"], row["percent"]]
            assert numbers == [
                "" if one is None else str(one) for one in (cell.reports, cell.base, cell.percent)
            ]
            assert row["status"] == cell.status
            assert (cell.status is Status.SHOWN) == bool(row["reports"])


def _codes(axes: tuple[object, ...]) -> list[tuple[str, ...]]:
    from itertools import product

    return [tuple(one.code for one in codes) for codes in product(*(axis.categories for axis in axes))]  # type: ignore[attr-defined]


def test_everybody_can_check_the_files_with_stock_tools(tmp_path: Path) -> None:
    folder = write(files(), tmp_path / "release")
    assert shutil.which("minisign"), "minisign is missing: run `make setup` as root, or install the package"
    for command in (
        ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"],
        ["minisign", "-Vm", "SHA256SUMS", "-p", "minisign.pub"],
    ):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
    digest = hashlib.sha256(files()["SHA256SUMS"]).hexdigest()
    assert f"release 2026H1 version 1.0.0 sha256:{digest}" in done.stdout
    listed = {line.split("  ", 1)[1] for line in files()["SHA256SUMS"].decode().splitlines()}
    assert listed == set(files()) - {"SHA256SUMS", "SHA256SUMS.minisig"}


def test_the_key_on_the_page_is_the_one_that_signed() -> None:
    key = files()["minisign.pub"].decode().splitlines()[1]
    for path in ("index.html", "method.html", "es/method.html"):
        assert key in pages()[path]


def test_without_an_address_the_pages_lead_nowhere_else() -> None:
    found = build(rich.release(address=None, doi=None, languages=("en",)), rich.KEY)
    page = found["findings/F02.html"].decode()
    assert "union.example/" not in page
    assert "Permalink" not in page
    assert "https://example.org/embed/F02.html" in page
    assert 'href="../findings/F02.html#F02"' in found["embed/F02.html"].decode()
    assert not [path for path in found if path.startswith("es/")]
    assert "hreflang" not in re.sub(r"<link[^>]*>", "", page)


def test_a_language_without_a_translation_is_refused() -> None:
    with pytest.raises(RefusedRelease, match='no translation into "fr" is installed'):
        build(rich.release(languages=("en", "fr")), rich.KEY)


def test_withheld_n_is_never_made_up_for() -> None:
    hidden = Cell(Status.WITHHELD)
    flow = replace(rich.release().flow, received=hidden, counted=hidden)
    found = build(rich.release(n=hidden, excluded=hidden, flow=flow, languages=("en",), tables=()), rich.KEY)
    for path in ("index.html", "method.html", "cite.bib", "CITATION.cff", "dataset.jsonld"):
        assert "1204" not in found[path].decode()
        assert "None" not in found[path].decode()
    assert "How many reports are counted is withheld." in text_of(found["method.html"].decode())
