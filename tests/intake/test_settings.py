from pathlib import Path

import pytest

from intake.settings import Settings, SettingsError, starting_text


def write(path: Path, text: str) -> Path:
    file = path / "intake.toml"
    file.write_text(text)
    return file


def test_the_settings_of_a_new_intake_can_be_read(tmp_path: Path) -> None:
    settings = Settings.read(write(tmp_path, starting_text(("report", "housing"))))
    assert settings.forms == ("report", "housing")
    assert settings.max_reports == 1_000_000


@pytest.mark.parametrize(
    "key",
    [
        "forms",
        "exit_url",
        "max_reports",
        "min_free_bytes",
        "keep_days",
        "max_form_bytes",
        "max_seconds",
        "free_per_minute",
        "scriptless_per_minute",
        "min_fill_seconds",
        *("forms", "exit_url", "max_reports", "min_free_bytes", "max_form_bytes", "max_seconds"),
        "photos_without_script",
        "reports_without_script",
    ],
)
def test_a_missing_setting_stops_the_start_with_its_name(key: str, tmp_path: Path) -> None:
    lines = [line for line in starting_text(("report",)).splitlines() if not line.startswith(key)]
    with pytest.raises(SettingsError, match=f'"{key}" is missing') as missing:
        Settings.read(write(tmp_path, "\n".join(lines)))
    # Who updates the program may find a setting that is new, and mends it with one line.
    hint = missing.value.hint
    assert hint
    lines.append(hint.removeprefix("add the line: "))
    assert Settings.read(write(tmp_path, "\n".join(lines))).forms == ("report",)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        pytest.param("max_reports = 1_000_000", "max_reports = 0", '"max_reports" must be 1', id="zero"),
        pytest.param("max_reports = 1_000_000", "max_reports = true", "of the wrong kind", id="boolean"),
        pytest.param('["report"]', '"report"', '"forms" is of the wrong kind', id="not a list"),
        pytest.param('["report"]', "[]", '"forms" must name', id="no form"),
        pytest.param("https://", "http://", '"exit_url" must begin', id="plain http"),
        pytest.param("forms =", "form =", 'no setting "form"', id="unknown"),
        pytest.param("forms =", "forms", "is not TOML", id="not TOML"),
    ],
)
def test_a_wrong_setting_is_named(before: str, after: str, message: str, tmp_path: Path) -> None:
    text = starting_text(("report",)).replace(before, after)
    with pytest.raises(SettingsError, match=message):
        Settings.read(write(tmp_path, text))


def test_settings_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot read .*intake\.toml: No such file"):
        Settings.read(tmp_path / "intake.toml")
