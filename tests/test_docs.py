"""What a person must know to run it stands in the README or in a guide: each command, option and setting."""

import re
import subprocess
import tomllib
from pathlib import Path

import click
import pytest

from analysis.main import cli as desk
from intake.main import commands as server
from intake.settings import TEMPLATE

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    pytest.param(program, name, id=f"{program} {name}")
    for program, group in {"witnessbox-intake": server, "witnessbox-analysis": desk}.items()
    for name in sorted(group.commands)
]


@pytest.mark.parametrize(("program", "name"), COMMANDS)
def test_the_readme_shows_every_command(program: str, name: str) -> None:
    assert re.search(rf"^ +{program} {name}\b", README, re.MULTILINE)


@pytest.mark.parametrize("setting", sorted(tomllib.loads(TEMPLATE.format(forms=""))))
def test_the_readme_names_every_setting(setting: str) -> None:
    assert f"`{setting}`" in README


@pytest.mark.parametrize("group", [server, desk], ids=["intake", "desk"])
def test_every_command_and_option_explains_itself(group: click.Group) -> None:
    for command in group.commands.values():
        assert command.help
        assert [one.name for one in command.params if isinstance(one, click.Option) and not one.help] == []


def test_every_file_that_the_readme_names_is_there() -> None:
    made = {"desk.pub", "server.pub", "MAP.toml", "intake.toml", "flyer.toml", "FILE.csv"}
    made |= {"ledger.jsonl", "codebook.json", "release.json"}
    names = set(re.findall(r"`([a-z_]+(?:/[a-z_.]+)*/?|[a-zA-Z_]+\.[a-z_]+)`", README))
    files = {name for name in names if "/" in name or "." in name} - made
    assert len(files) > 20
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in files:
        assert f"{name}" in tracked, f"{name} is in the README and not in the project"


def test_every_make_target_explains_itself() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    explained = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert set(phony.split()) == explained
    assert all(f"make {target}" in README for target in ("demo", "test", "help", "bench", "replay"))
