from pathlib import Path
from typing import Any

import pytest

from analysis.findings.errors import BadReleaseFile, BadThreshold
from analysis.findings.releasefile import FLOOR, read_release_file
from tests.findings.releasing import write_release_file


def _refused(path: Path, **changes: Any) -> BadReleaseFile:
    with pytest.raises(BadReleaseFile, match=r"release\.toml: ") as refusal:
        read_release_file(write_release_file(path / "release.toml", **changes))
    assert not refusal.value.message.endswith(".")
    return refusal.value


def test_a_release_file_needs_little_and_the_rest_has_defaults(tmp_path: Path) -> None:
    file = read_release_file(write_release_file(tmp_path / "release.toml", one_arrival=None))
    assert (file.k, file.insider, file.version, file.languages) == (10, 3, "1.0.0", ("en",))
    assert (file.tables, file.undated, file.one_arrival) == ((), True, False)
    assert (file.licence.spdx, file.title) == ("CC-BY-4.0", {"en": "What people told us"})


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        pytest.param({"organization": None}, "organization: a line of text", id="no organization"),
        pytest.param({"organization": " "}, "organization: a line of text", id="an empty organization"),
        pytest.param({"organization": "Uni\u202eon"}, "nobody can see", id="a hidden letter"),
        pytest.param({"release": "../x"}, "release: letters, digits, dots and hyphens", id="a path as name"),
        pytest.param({"release": "a" * 41}, "release: letters", id="a long name"),
        pytest.param({"version": "1"}, "version: three numbers", id="a short version"),
        pytest.param({"date": None}, "date: the day of the release", id="no date"),
        pytest.param({"date": "2026-07-15T00:00:00Z"}, "date: the day", id="a date with an hour"),
        pytest.param({"languages": []}, "languages: one at least", id="no language"),
        pytest.param({"languages": ["en", "es"]}, "title: a text is needed", id="a title in one language"),
        pytest.param({"title": {"en": "A", "fr": "B"}}, 'no language "fr"', id="a title in another"),
        pytest.param({"tables": "F02"}, "tables: a list of names", id="tables that are no list"),
        pytest.param({"tables": ["F02", "F02"]}, "a name stands twice", id="a table twice"),
        pytest.param({"k": "10"}, "k: a whole number", id="k in words"),
        pytest.param({"insider": 0}, "insider: a whole number from 1", id="no insider"),
        pytest.param({"licence": "mine"}, "licence: not one that is known", id="an unknown licence"),
        pytest.param({"doi": "https://doi.org/10.1/x"}, "doi: 10.1234/abc", id="an address as DOI"),
        pytest.param({"address": "http://x.example"}, "address: where the release", id="no slash at the end"),
        pytest.param({"campaign": "March"}, "campaign: a month is written", id="a campaign in words"),
        pytest.param({"one_arrival": "yes"}, "one_arrival: true or false", id="yes for true"),
        pytest.param({"small_places": ["x"]}, "small_places: lists of answers", id="places without question"),
        pytest.param({"thershold": 10}, 'no setting is called "thershold"', id="a setting misspelt"),
        pytest.param({"period": ("2026-07", "2026-01")}, "ends before it begins", id="a period turned round"),
        pytest.param({"period": ("2026-13", "2026-14")}, "a month is written", id="a thirteenth month"),
        pytest.param({"period": ("1026-01", "2026-01")}, "longer than 60 years", id="an endless period"),
    ],
)
def test_a_release_file_that_breaks_a_rule_is_refused(
    tmp_path: Path, changes: dict[str, Any], rule: str
) -> None:
    assert rule in _refused(tmp_path, **changes).message


@pytest.mark.parametrize("k", [FLOOR - 1, 1, 0, -10])
def test_a_threshold_under_the_floor_is_refused(tmp_path: Path, k: int) -> None:
    with pytest.raises(BadThreshold, match="no cell under 5 reports is ever published") as refusal:
        read_release_file(write_release_file(tmp_path / "release.toml", k=k))
    assert refusal.value.hint == "k = 10"


def test_what_is_no_toml_is_refused_by_its_line_alone(tmp_path: Path) -> None:
    (tmp_path / "release.toml").write_text('organization = "x"\ntitle = secret words\n')
    with pytest.raises(BadReleaseFile, match="not TOML: wrong at line 2") as refusal:
        read_release_file(tmp_path / "release.toml")
    assert "secret" not in refusal.value.message


def test_a_file_without_a_period_shows_how_one_is_written(tmp_path: Path) -> None:
    (tmp_path / "release.toml").write_text(
        'organization = "x"\nrelease = "1"\ndate = 2026-01-01\ntitle = "t"\n'
    )
    with pytest.raises(BadReleaseFile, match="period: the first and the last month") as refusal:
        read_release_file(tmp_path / "release.toml")
    assert 'first = "2026-01"' in str(refusal.value.hint)
