"""What a guide tells somebody to type is real, and what it claims is tested.

The lines of the guides for the first evening, copies and bad days are run as well, by tests of their own.
"""

import itertools
import re
import shlex
from functools import cache
from pathlib import Path

import click
import pytest

from analysis.main import cli as desk
from intake.main import commands as server
from tests.forms.test_domain import grade
from tests.guides import DEPLOY, blocks, commands, is_file, parts

ROOT = DEPLOY.parent
PROGRAMS = {"witnessbox-intake": server, "witnessbox-analysis": desk}
GUIDES = sorted(path.name for path in DEPLOY.glob("*.md"))
# The guides that a volunteer needs in the worst hour, in Spanish.
SPANISH = sorted(f"es/{path.name}" for path in (DEPLOY / "es").glob("*.md"))
# Where the lines of a guide are run: each part that has any is named there, or all of them are gone through.
WALKED = {
    "BACKUP.md": "test_backup.py",
    "COURIER.md": "test_rounds.py",
    "FIRST-EVENING.md": "test_first_evening.py",
    "GROUPS.md": "test_rounds.py",
    "INCIDENTS.md": "test_incidents.py",
    "OFFLINE.md": "test_rounds.py",
    "WORKBENCH.md": "test_guide.py",
}
# Where the same is done by lines of the test's own, on whole machines and in clusters; of what takes hours to
# measure, where the page is held to what was measured.
DONE = {
    "CAPACITY.md": "test_capacity.py",
    "DESK.md": "deploy/test_desk_kit.py",
    "SCALE.md": "postgres/test_machines.py",
    "SERVER.md": "deploy/machine.py",
}
# Guides that may say nothing without a test of it.
PROVED = ("RETENTION.md", "THREATS.md")
# A command in a line of commands, or in a sentence, with what belongs to it.
_SPOKEN = re.compile(r"`(?:witnessbox/)?((?:witnessbox-(?:intake|analysis)) [^`]+)`")
_TYPED = re.compile(r"(?:^|[\s/])(witnessbox-(?:intake|analysis) .*)")
_ENDS = {"|", ";", "&&", ">"}


def lines(guide: str) -> list[str]:
    """Every call of our programs that a guide shows, in lines of their own and within sentences."""
    text = (DEPLOY / guide).read_text(encoding="utf-8")
    typed = [found.strip() for line in commands(text) for found in _TYPED.findall(line)]
    spoken = [" ".join(found.split()) for found in _SPOKEN.findall(text)]
    for name, rest in re.findall(r"`([a-z-]+) (--[^`]+)`", text):
        spoken += [
            f"{program} {name} {rest}" for program, group in PROGRAMS.items() if _has(group, name, rest)
        ]
    return typed + spoken


def _has(group: click.Group, name: str, rest: str) -> bool:
    """Whether a command that a sentence names alone is this program's; of two, whose option it is."""
    if name not in group.commands:
        return False
    both = all(name in one.commands for one in PROGRAMS.values())
    known = {option for one in group.commands[name].params for option in one.opts}
    return not both or rest.split()[0] in known


CALLS = [
    pytest.param(line, id=f"{guide}: {line}") for guide in GUIDES for line in dict.fromkeys(lines(guide))
]


@pytest.mark.parametrize("line", CALLS)
def test_every_command_of_a_guide_is_real_with_all_its_options(line: str) -> None:
    program, *words = itertools.takewhile(lambda word: word not in _ENDS, shlex.split(line))
    group: click.Command = PROGRAMS[program]
    while isinstance(group, click.Group):
        assert words, f"{line}: no command"
        assert words[0] in group.commands, f"{line}: there is no {words[0]}"
        group = group.commands[words.pop(0)]
    known = {option: one for one in group.params for option in (*one.opts, *one.secondary_opts)}
    rest = iter(words)
    arguments = 0
    for word in rest:
        if not word.startswith("-"):
            arguments += 1
            continue
        assert word in known, f"{line}: there is no {word}"
        one = known[word]
        if isinstance(one, click.Option) and not one.is_flag:
            assert next(rest, None), f"{line}: {word} needs a value"
    taken = [one for one in group.params if isinstance(one, click.Argument)]
    assert arguments <= len(taken) or any(one.nargs == -1 for one in taken), f"{line}: too many words"


@pytest.mark.parametrize("guide", [*GUIDES, *SPANISH])
def test_the_readme_leads_to_every_guide(guide: str) -> None:
    assert f"deploy/{guide}" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("guide", [*GUIDES, *SPANISH])
def test_every_file_and_part_that_a_guide_names_is_there(guide: str) -> None:
    text = " ".join((DEPLOY / guide).read_text(encoding="utf-8").split())
    for name, head in re.findall(r'`(?:deploy/)?([A-Z][A-Z-]+\.md)`(?:, "([^"]+)")?', text):
        path = ROOT / name if name == "README.md" else DEPLOY / name
        assert path.exists(), f"{guide}: there is no {name}"
        heads = re.findall(r"^##+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert not head or any(one.startswith(head) for one in heads), f"{guide}: {name} has no part {head}"


@cache
def _tested() -> frozenset[str]:
    """The names of all tests of the project, as sentences."""
    found = (re.findall(r"^def test_(\w+)", path.read_text(), re.MULTILINE) for path in _files())
    return frozenset(name.replace("_", " ") for names in found for name in names)


def _files() -> list[Path]:
    return [path for path in (ROOT / "tests").rglob("*.py") if path.is_file()]


@pytest.mark.parametrize("guide", PROVED)
def test_every_claim_of_a_guide_names_tests_that_are_there(guide: str) -> None:
    text = (DEPLOY / guide).read_text(encoding="utf-8")
    named = {" ".join(one.split()) for one in re.findall(r"(?<!\*)\*([a-z][^*]+)\*(?!\*)", text)}
    assert len(named) > 25
    assert sorted(named - {"slanted letters"} - _tested()) == []


def _prose(guide: str) -> str:
    """The sentences of a guide, without commands and names of tests; a cell or a line of a list is one."""
    text = re.sub(r"^ {4,}.*$", "", (DEPLOY / guide).read_text(encoding="utf-8"), flags=re.MULTILINE)
    text = re.sub(r"(?<!\*)\*[a-z][^*]+\*(?!\*)", "", re.sub(r"`[^`]*`", "it", text))
    text = re.sub(r"^(#+.*|\s*[-0-9.]+ .*)$", r"\1.", text, flags=re.MULTILINE)
    return re.sub(r"[|]", ".", re.sub(r"[*_▢\\]", "", text))


@pytest.mark.parametrize("guide", GUIDES)
def test_every_guide_is_worded_for_grade_six_or_less(guide: str) -> None:
    assert grade(_prose(guide)) <= 6


def test_every_adversary_has_what_stops_them_and_what_does_not() -> None:
    found = {
        head: text
        for head, text in parts("THREATS.md").items()
        if not head.startswith(("For all", "The promises"))
    }
    assert len(found) == 9
    for head, text in found.items():
        said = [part for part in ("They can get", "What stops them", "Not protected") if f"**{part}" in text]
        assert len(said) == 3, head
        assert re.search(r"(?<!\*)\*[a-z][^*]+\*(?!\*)", text.split("**Not protected")[0]), head


@pytest.mark.parametrize("guide", [guide for guide in GUIDES if commands((DEPLOY / guide).read_text())])
def test_the_lines_of_every_guide_are_run_by_a_test(guide: str) -> None:
    assert (guide in WALKED) != (guide in DONE)
    if guide in DONE:
        assert (ROOT / "tests" / DONE[guide]).exists()
        return
    test = (ROOT / "tests" / WALKED[guide]).read_text(encoding="utf-8")
    assert guide in test
    if re.search(r"for .* in (?:GUIDE|OFFLINE|GROUPS)\.(?:items|values)\(\)", test) or "COMMANDS = " in test:
        return
    assert [head for head, text in parts(guide).items() if commands(text) and f'["{head}"]' not in test] == []


@pytest.mark.parametrize("guide", SPANISH)
def test_a_guide_in_spanish_has_every_line_that_the_english_one_has(guide: str) -> None:
    english, spanish = (parts(one) for one in (guide.removeprefix("es/"), guide))
    assert len(spanish) == len(english)
    for here, there in zip(spanish.values(), english.values(), strict=True):
        assert commands(here) == commands(there)
        assert _built(here) == _built(there)


def _built(text: str) -> tuple[list[str], int, int, list[str]]:
    """What a part is made of, whatever its language: files to write, rows, points, tests that it names."""
    files = [block[0] for block in blocks(text) if is_file(block)]
    named = {" ".join(one.split()) for one in re.findall(r"(?<!\*)\*([a-z][^*]+)\*(?!\*)", text)}
    rows, points = (len(re.findall(rf"^{mark}", text, re.MULTILINE)) for mark in (r"\|", r"(?:\d+\.|-) "))
    return files, rows, points, sorted(named & _tested())


@pytest.mark.parametrize("guide", SPANISH)
def test_a_guide_and_its_translation_lead_to_each_other(guide: str) -> None:
    name = guide.removeprefix("es/")
    assert f"](../{name})" in (DEPLOY / guide).read_text(encoding="utf-8")
    assert f"]({guide})" in (DEPLOY / name).read_text(encoding="utf-8")
