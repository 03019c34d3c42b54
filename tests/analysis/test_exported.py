"""What KoboToolbox and ODK export of our form comes back as the answers that were given."""

import csv
import io
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from analysis.desk import Desk
from analysis.desk_errors import BadRow
from analysis.exported import Exported
from intake.forms.answers import clean
from intake.forms.form import Form, Question, Section
from intake.forms.form import shipped as shipped_form
from tests.analysis.conftest import Run
from tests.synthetic import reports

FORM = shipped_form("report")
KOBO = ("start", "end", "deviceid")
AFTER = ("_id", "_uuid", "_submission_time", "_validation_status", "_notes", "_submitted_by", "_index")
MAP = 'form = "report"\nchannel = "outreach"\ntool = "kobo"\n'


@dataclass(frozen=True)
class Style:
    """How an export is written: headings and cells in "codes" or a language, with groups, in parts."""

    words: str
    groups: str
    split: bool
    delimiter: str


STYLES = [
    Style(*one)
    for one in itertools.product(("codes", "en", "es"), ("", "/", "-"), (False, True), (",", ";"))
    # A group's label is joined by a stroke alone.
    if one[0] == "codes" or one[1] != "-"
]


def heading(style: Style, section: Section, question: Question) -> str:
    own = question.id if style.words == "codes" else question.label[style.words]
    group = section.id if style.words == "codes" else section.label[style.words]
    return f"{group}{style.groups}{own}" if style.groups else own


def columns(style: Style) -> list[tuple[str, str, str | None]]:
    """Heading, question, and code of the columns of the form."""
    found: list[tuple[str, str, str | None]] = []
    for section in FORM.sections:
        for name in section.questions:
            question = FORM.question(name)
            if question.kind == "note":
                continue
            found.append((heading(style, section, question), name, None))
            if style.split and question.kind == "select_multiple":
                for choice in question.choices:
                    word = choice.code if style.words == "codes" else choice.label[style.words]
                    found.append((f"{heading(style, section, question)}/{word}", name, choice.code))
    return found


def cell(style: Style, question: Question, code: str | None, value: Any) -> str:
    if value is None:
        return ""
    if code is not None:
        return {"codes": "1", "en": "True", "es": "1.0"}[style.words] if code in value else "0"
    if question.kind == "month":
        return str(value) if len(str(value)) == 10 else f"{value}-01"[:10]
    labels = {choice.code: choice.label.get(style.words, choice.code) for choice in question.choices}
    if question.kind == "select_multiple":
        return " ".join(labels[one] for one in value)
    return labels.get(value, str(value)) if question.choices else str(value)


def export(style: Style, given: Sequence[Mapping[str, Any]], first: int = 0) -> str:
    """The file, with the columns that the tool adds of its own."""
    out = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if style.delimiter == ";" else csv.QUOTE_MINIMAL
    writer = csv.writer(out, delimiter=style.delimiter, quoting=quoting, lineterminator="\r\n")
    own = columns(style)
    writer.writerow([*KOBO, *(one for one, _, _ in own), *AFTER])
    for number, answers in enumerate(given, start=first):
        cells = [cell(style, FORM.question(name), code, answers.get(name)) for _, name, code in own]
        before = ["2026-05-01T10:00", "2026-05-01T10:09", "collect:abc"]
        index, sent = str(number), "2026-05-01T10:10"
        after = [index, f"uuid-{number:04}", sent, "", f"note {len(given)}", "amy", index]
        writer.writerow([*before, *cells, *after])
    return out.getvalue()


def samples(count: int) -> list[dict[str, Any]]:
    """Answers as such a tool can hold them: a month in full, nothing that is both said and contradicted."""
    found = []
    for _, raw in itertools.islice(reports(FORM, 7), count):
        # One date is what such a tool asks for.
        found.append(clean(FORM, raw | {"when.year": ["2026"], "when.month": ["5"]}))
    return found


@pytest.mark.parametrize("style", STYLES, ids=str)
def test_an_export_in_any_style_gives_back_what_was_answered(style: Style) -> None:
    given, unmapped = samples(40), Counter[str]()
    rows = list(csv.reader(io.StringIO(export(style, given), newline=""), delimiter=style.delimiter))
    exported = Exported(FORM, "outreach", "en")
    names = exported.heading(Path("x.csv"), rows[0])
    found = [clean(FORM, exported.answers(dict(zip(names, row, strict=True)), unmapped)) for row in rows[1:]]
    assert found == given
    assert not unmapped


def test_the_command_takes_an_export_and_only_the_new_rows_of_a_later_one(
    run: Run, desk: Desk, tmp_path: Path
) -> None:
    mapping, file = tmp_path / "kobo.toml", tmp_path / "export.csv"
    mapping.write_text(MAP)
    given, style = samples(30), Style("en", "", True, ";")
    file.write_text(export(style, given[:20]))
    first = run("import-csv", "--desk", desk.path, mapping, file)
    assert (first.returncode, first.stderr) == (0, "")
    assert "20 rows: 20 reports added" in first.stdout
    # The tool's own columns differ in the later export, and it is written in another style.
    file.write_text(export(Style("codes", "-", False, ","), given))
    second = run("import-csv", "--desk", desk.path, mapping, file)
    assert (second.returncode, second.stderr) == (0, "")
    assert "30 rows: 10 reports added" in second.stdout
    count = desk.database.conn.execute('SELECT count(*) FROM "reports" WHERE "channel" = \'outreach\'')
    assert count.fetchone() == (30,)


def test_nothing_of_the_tools_own_columns_reaches_the_desk(run: Run, desk: Desk, tmp_path: Path) -> None:
    mapping, file = tmp_path / "odk.toml", tmp_path / "export.csv"
    mapping.write_text(MAP.replace("kobo", "odk"))
    file.write_text(export(Style("codes", "", False, ","), samples(3)).replace("collect:abc", "zebradevice"))
    assert run("import-csv", "--desk", desk.path, mapping, file).returncode == 0
    query = "SELECT 'SELECT * FROM ' || quote(name) FROM sqlite_master WHERE type = 'table'"
    selects = [row[0] for row in desk.database.conn.execute(query)]
    dump = str([desk.database.conn.execute(one).fetchall() for one in selects])
    assert "pat_down" in dump
    assert "zebradevice" not in dump
    assert "2026-05-01T10" not in dump


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("start,", "shoe size,", 1), "column 1 belongs to no question"),
        (lambda text: text.replace(",grounds,", ",_grounds,", 1), 'no column for the question "grounds"'),
        (lambda text: text.replace(",grounds,", ",acts,", 1), "belongs to no question"),
    ],
)
def test_a_file_of_another_form_is_refused_before_a_row_is_read(
    run: Run, desk: Desk, tmp_path: Path, change: Any, words: str
) -> None:
    mapping, file = tmp_path / "kobo.toml", tmp_path / "export.csv"
    mapping.write_text(MAP)
    file.write_text(change(export(Style("codes", "", False, ","), samples(2))))
    done = run("import-csv", "--desk", desk.path, mapping, file)
    assert done.returncode == 1
    assert words in done.stderr
    assert "shoe" not in done.stderr
    assert desk.database.conn.execute('SELECT count(*) FROM "reports"').fetchone() == (0,)


@pytest.mark.parametrize(
    ("question", "text", "codes"),
    [
        ("acts", "insult  pat_down", ["insult", "pat_down"]),
        ("acts", "insult nonsense", ["insult"]),
        ("acts", "Insulted me Patted me down", ["insult", "pat_down"]),
        ("harm", "none fear_upset", ["fear_upset"]),
        ("harm", "none", ["none"]),
    ],
)
def test_a_cell_with_several_answers_is_read_as_far_as_it_can_be(
    question: str, text: str, codes: list[str]
) -> None:
    exported, unmapped = Exported(FORM, "outreach", "en"), Counter[str]()
    names = exported.heading(Path("x.csv"), [one for one, _, _ in columns(Style("codes", "", False, ","))])
    raw = exported.answers(dict.fromkeys(names, "") | {question: text}, unmapped)
    assert raw[question] == codes
    assert sum(unmapped.values()) == (1 if "nonsense" in text or text.startswith("none ") else 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (MAP.replace("kobo", "survey"), "tool: not one whose exports are known"),
        (MAP + '[constant]\nsetting = "police"\n', '"constant" is not known'),
        (MAP.replace("outreach", "mail"), "channel: not one that reports state"),
    ],
)
def test_a_map_that_names_a_tool_says_nothing_else(
    run: Run, desk: Desk, tmp_path: Path, text: str, words: str
) -> None:
    mapping, file = tmp_path / "kobo.toml", tmp_path / "export.csv"
    mapping.write_text(text)
    file.write_text(export(Style("codes", "", False, ","), samples(1)))
    done = run("import-csv", "--desk", desk.path, mapping, file)
    assert done.returncode == 1
    assert words in done.stderr


def test_two_columns_about_one_question_are_refused() -> None:
    names = [one for one, _, _ in columns(Style("codes", "", False, ","))]
    with pytest.raises(BadRow, match="two columns are about the same question"):
        Exported(FORM, "outreach", "en").heading(Path("x.csv"), [*names, "about/setting"])


def test_a_form_that_is_asked_in_one_group_is_read_alike() -> None:
    every = Form.from_json(Path("tests/vectors/every.json").read_bytes())
    names = [question.id for question in every.asked]
    assert Exported(every, "paper", "en").heading(Path("x.csv"), names) == names
