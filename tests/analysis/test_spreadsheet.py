"""Importing spreadsheets by a mapping file."""

import resource
import secrets
from datetime import date, timedelta
from pathlib import Path

import pytest

from analysis import loading, spreadsheet
from analysis.desk import Desk
from analysis.desk_errors import Unwritable
from analysis.identity import HybridIdentity
from analysis.mapfile import read_map
from analysis.review.retention import find_due
from analysis.trouble import told
from tests.analysis.conftest import Run
from tests.analysis.making import CANARY

MAP = """
form = "report"
channel = "paper"
lang = "en"
ignore = ["id"]
[constant]
setting = "police"
count = "yes"
keep = "keep_12_months"
[question.acts]
column = "what"
separator = "|"
other = "other"
default = "insult"
[question.acts.values]
"hit" = "hit_kick"
"frisk" = ["pat_down", "bag_phone"]
"nothing" = ""
[question.officers]
column = "who"
separator = ";"
count = true
other = "6up"
[question.officers.values]
"1" = "1"
"2" = "2"
[question.when]
year = "year"
month = "month"
other = "not_sure"
[question.story]
column = "story"
"""
HEADER = "id,what,who,year,month,story\n"
ROWS = f"1,hit|frisk,a;b,2024,3,They took my {CANARY}\n2,,a,2023,,\n3,{CANARY}|nothing,a;b;c,{CANARY},x,two\n"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A mapping file and a spreadsheet that fit."""
    mapping, rows = tmp_path / "map.toml", tmp_path / "rows.csv"
    mapping.write_text(MAP)
    rows.write_text(HEADER + ROWS)
    return mapping, rows


def found(desk: Desk) -> list[tuple[object, ...]]:
    """Each report's ticks, officers, month, channel and sealer, without the order of the rows."""
    query = """SELECT (SELECT group_concat("code", ' ') FROM "answers" JOIN "choices" ON "id" = "choice"
            WHERE "report" = "reports"."id") AS "ticks", "choices"."code", "when", "channel", "sealed_by"
        FROM "reports" JOIN "choices" ON "choices"."id" = "officers" ORDER BY "when" """
    return [tuple(row) for row in desk.database.conn.execute(query)]


def test_rows_become_reports_by_the_map(run: Run, desk: Desk, files: tuple[Path, Path]) -> None:
    result = run("import-csv", "--desk", desk.path, *files)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "3 rows: 3 reports added",
        'column "what": 1 value not in the map',
        'column "who": 1 value not in the map',
        'column "year": 1 value not in the map',
    ]
    assert found(desk) == [
        ("insult", "1", "2023", "paper", "file"),
        ("pat_down bag_phone hit_kick", "2", "2024-03", "paper", "file"),
        ("other", "6up", "not_sure", "paper", "file"),
    ]


def test_importing_the_same_spreadsheet_twice_adds_no_rows(
    run: Run, desk: Desk, files: tuple[Path, Path]
) -> None:
    run("import-csv", "--desk", desk.path, *files)
    kept = sorted(desk.archive.iterdir())
    again = run("import-csv", "--desk", desk.path, *files)
    assert again.stdout.startswith("3 rows: 0 reports added, 3 known before\n")
    assert sorted(desk.archive.iterdir()) == kept


def test_a_better_map_does_not_count_the_same_rows_twice(
    run: Run, desk: Desk, files: tuple[Path, Path]
) -> None:
    poor = MAP.replace('ignore = ["id"]', 'ignore = ["id", "story"]')
    files[0].write_text(poor.replace('[question.story]\ncolumn = "story"\n', ""))
    assert run("import-csv", "--desk", desk.path, *files).stdout.startswith("3 rows: 3 reports added\n")
    files[0].write_text(MAP)
    again = run("import-csv", "--desk", desk.path, *files)
    assert again.stdout.splitlines()[:2] == [
        "3 rows: 0 reports added, 3 known before",
        "rows known before keep the answers that they were first imported with",
    ]
    assert len(found(desk)) == 3


def test_a_disk_that_becomes_full_leaves_no_row_of_a_spreadsheet(
    desk: Desk, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreadsheet, "SHARD_ROWS", 8)
    lines = [f"{number},hit,a,2024,3,{secrets.token_hex(900)}\n" for number in range(60)]
    files[1].write_text(HEADER + "".join(lines))
    database = desk.path / "desk.db"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    mapping = read_map(files[0])
    # The desk knows the form already, so that what grows is what the rows need.
    with desk.database.atomic():
        loading.add_forms(desk, [mapping.form])
    resource.setrlimit(resource.RLIMIT_FSIZE, (database.stat().st_size + 6 * 16384, limits[1]))
    try:
        with pytest.raises(Unwritable, match=r"desk\.db: the disk is full"), told(database):
            spreadsheet.import_csv(desk, mapping, files[1])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert desk.database.conn.execute('SELECT count(*) FROM "reports"').fetchone() == (0,)
    assert list(desk.archive.glob("*.tar*")) == []
    assert spreadsheet.import_csv(desk, mapping, files[1]).result.added == 60


def test_a_longer_spreadsheet_adds_its_new_rows_alone(run: Run, desk: Desk, files: tuple[Path, Path]) -> None:
    run("import-csv", "--desk", desk.path, *files)
    # The second row once more, which is another event that reads the same, and a new one.
    with files[1].open("a") as file:
        file.write("4,,a,2023,,\n5,hit,a,2025,,new\n")
    again = run("import-csv", "--desk", desk.path, *files)
    assert again.stdout.startswith("5 rows: 2 reports added, 3 known before\n")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param('column = "what"', 'column = "deed"', 'has no column "deed"', id="missing column"),
        pytest.param('ignore = ["id"]', "", "column 1 is neither mapped nor ignored", id="column left over"),
        pytest.param("question.officers", "question.cops", 'has no question "cops"', id="unknown question"),
        pytest.param('"hit_kick"', '"hitting"', 'has no code "hitting"', id="unknown code"),
        pytest.param('other = "6up"', 'other = "many"', 'has no code "many"', id="unknown other"),
        pytest.param('count = "yes"', "", "count: required", id="required question left out"),
        pytest.param('channel = "paper"', 'channel = "pigeon"', "channel: not one", id="unknown channel"),
        pytest.param('form = "report"', 'form = "weather"', "no form of that name", id="unknown form"),
        pytest.param('form = "report"', 'form = "../../etc"', "no form of that name", id="form as a path"),
        pytest.param('separator = "|"', 'seperator = "|"', '"seperator" is not known', id="misspelt key"),
        pytest.param("[constant]", "[constant", "not TOML: wrong at line", id="not TOML"),
        pytest.param('year = "year"', "", "must be a text", id="month without a year"),
        pytest.param('keep = "keep_12_months"', "", "how long they are kept", id="words without an end"),
        pytest.param('"keep_12_months"', '""', "how long they are kept", id="words with a blank end"),
        pytest.param('"keep_12_months"', '"for_ever"', 'has no code "for_ever"', id="words without end"),
    ],
)
def test_a_map_that_does_not_fit_is_refused_with_its_rule(
    run: Run, desk: Desk, files: tuple[Path, Path], old: str, new: str, message: str
) -> None:
    files[0].write_text(MAP.replace(old, new, 1))
    result = run("import-csv", "--desk", desk.path, *files)
    assert (result.returncode, result.stdout) == (1, "")
    assert message in result.stderr
    assert result.stderr.count("\n") <= 2
    assert list(desk.archive.iterdir()) == []
    assert found(desk) == []


def test_words_without_an_end_are_refused_with_what_to_write(
    run: Run, desk: Desk, files: tuple[Path, Path]
) -> None:
    files[0].write_text(MAP.replace('keep = "keep_12_months"', ""))
    result = run("import-csv", "--desk", desk.path, *files)
    assert result.stderr.splitlines() == [
        f'witnessbox-analysis: error: {files[0]}: "story" has words, and the map does not say how long they '
        'are kept ("keep")',
        'hint: write keep = one of "delete_words_keep_ticks", "keep_12_months", "keep_for_legal" under '
        "[constant], or map a column to it",
    ]


def test_words_of_a_spreadsheet_are_due_when_its_map_says(
    run: Run, desk: Desk, files: tuple[Path, Path]
) -> None:
    assert run("import-csv", "--desk", desk.path, *files).returncode == 0
    today = date.today()
    with desk.database.atomic():
        assert not find_due(desk.database.conn, today, counted=True)
        later = today + timedelta(days=380)
        assert find_due(desk.database.conn, later, counted=True) == {"keep_12_months": 2}


def test_a_map_without_words_need_not_say_how_long(run: Run, desk: Desk, files: tuple[Path, Path]) -> None:
    wordless = MAP.replace('keep = "keep_12_months"', "").replace('[question.story]\ncolumn = "story"\n', "")
    files[0].write_text(wordless.replace('ignore = ["id"]', 'ignore = ["id", "story"]'))
    assert run("import-csv", "--desk", desk.path, *files).returncode == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(HEADER + f"1,hit,{CANARY}\n", "line 2: not as many cells as columns", id="short row"),
        pytest.param(
            HEADER + ROWS + f"9,hit,a,2024,3,{CANARY * 400}\n", "line 5: story: too_long", id="long"
        ),
        pytest.param(HEADER + f'1,"{CANARY}', "not CSV", id="open quotes"),
        pytest.param(HEADER + f"1,{CANARY}\udcff,a,2024,3,x\n", "not text in UTF-8", id="not UTF-8"),
        pytest.param("", 'has no column "', id="empty"),
    ],
)
def test_a_bad_row_is_named_by_its_line_and_its_words_are_not_shown(
    run: Run, desk: Desk, files: tuple[Path, Path], text: str, message: str
) -> None:
    files[1].write_bytes(text.encode("utf-8", "surrogateescape"))
    result = run("import-csv", "--desk", desk.path, *files)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(f"witnessbox-analysis: error: {files[1]}: ")
    assert message in result.stderr
    assert CANARY not in result.stderr
    assert list(desk.archive.iterdir()) == []


def test_a_blank_line_at_the_end_is_no_row(run: Run, desk: Desk, files: tuple[Path, Path]) -> None:
    files[1].write_text(HEADER + ROWS + "\n")
    result = run("import-csv", "--desk", desk.path, *files)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("3 rows: 3 reports added\n")


def test_a_long_cell_of_a_column_that_is_ignored_is_no_matter(
    run: Run, desk: Desk, files: tuple[Path, Path]
) -> None:
    files[1].write_text(HEADER + f"{'x' * 200_000},hit,a,2024,3,{CANARY}\n")
    result = run("import-csv", "--desk", desk.path, *files)
    assert (result.returncode, result.stdout, result.stderr) == (0, "1 row: 1 report added\n", "")


@pytest.mark.parametrize("kept", [True, False], ids=["added", "instead"])
def test_rows_are_never_sealed_to_a_key_that_is_not_the_desk_s_own(
    run: Run, desk: Desk, files: tuple[Path, Path], kept: bool
) -> None:
    recipients = desk.path / "recipients.txt"
    own = recipients.read_text() if kept else ""
    recipients.write_text(f"{HybridIdentity.generate().recipient}\n{own}")
    result = run("import-csv", "--desk", desk.path, *files)
    assert (result.returncode, result.stdout) == (1, "")
    assert f"{recipients}: not the public halves of this desk's keys\nhint: " in result.stderr
    assert list(desk.archive.iterdir()) == []


def test_a_spreadsheet_that_is_not_there_is_named(run: Run, desk: Desk, files: tuple[Path, Path]) -> None:
    result = run("import-csv", "--desk", desk.path, files[0], files[1].with_name("gone.csv"))
    assert result.returncode == 1
    assert "gone.csv: no such file or directory" in result.stderr
