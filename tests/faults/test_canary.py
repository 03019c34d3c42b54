"""P8: after any command of the desk, killed or whole, what people wrote is in no byte below its folders."""

import random
import signal
from pathlib import Path

import httpx

from intake.crypto.receipt import Receipt
from tests.faults.chain import DESK, INTAKE, Chain, Intake, sealed_body
from tests.intake.test_crashes import forms_of
from tests.serving import CANARY, snapshot
from tests.working import post_sealed

REPORTS = 60
SEED = 3


def places_of_the_canary(chain: Chain) -> list[str]:
    """The files that hold it in any spelling, in the homes of all commands and their temporary folder."""
    files = snapshot(chain.home)
    return [name for name, data in files.items() for form in forms_of(CANARY) if form in data]


def test_no_word_of_a_report_is_on_any_disk_whatever_command_is_killed(tmp_path: Path) -> None:
    chain, draw = Chain(tmp_path), random.Random(SEED)
    chain.make()
    intake = Intake(chain)
    with httpx.Client(base_url=intake.wait(), timeout=30) as client:
        for number in range(REPORTS):
            body = sealed_body(Receipt.draw(), chain.recipients, story=[f"{CANARY} {number} " * 20])
            assert post_sealed(client, body).status_code == 201
    intake.end(signal.SIGTERM)
    chain.run(INTAKE, *chain.export())
    (bundle,) = chain.bundles()
    saved = str(chain.stick / "saved.age")
    commands = (
        (*chain.imported(bundle), "--processes", "1"),
        (*chain.imported(bundle), "--processes", "2"),
        chain.answer(),
        ("backup", "--desk", str(chain.desk), "--out", saved),
        ("rotate", "--desk", str(chain.desk), "--no-passphrase"),
        ("reseal", "--desk", str(chain.desk)),
        ("rebuild", "--desk", str(chain.desk), "--backup", saved),
        ("purge", "--desk", str(chain.desk)),
    )
    for command in commands:
        for after in (0.25, draw.uniform(0.3, 0.6), draw.uniform(0.6, 1)):
            chain.kill(DESK, *command, after=after)
            assert places_of_the_canary(chain) == [], command
    chain.run(DESK, *chain.imported(bundle))
    assert len(chain.at_desk()) == REPORTS
    assert sum(CANARY in text for (text,) in chain.query('SELECT "text" FROM "texts"')) == REPORTS
    assert places_of_the_canary(chain) == []


def test_of_two_imports_at_once_one_waits_its_turn_and_nothing_comes_twice(tmp_path: Path) -> None:
    chain = Chain(tmp_path)
    chain.make()
    intake = Intake(chain)
    with httpx.Client(base_url=intake.wait(), timeout=30) as client:
        for _ in range(REPORTS):
            assert post_sealed(client, sealed_body(Receipt.draw(), chain.recipients)).status_code == 201
    intake.end(signal.SIGTERM)
    chain.run(INTAKE, *chain.export())
    (bundle,) = chain.bundles()
    both = [chain.start(DESK, *chain.imported(bundle)) for _ in range(2)]
    said = [process.communicate(timeout=60) for process in both]
    for process, (output, errors) in zip(both, said, strict=True):
        if process.returncode:
            assert "another command is changing this desk" in errors
            assert errors.count("\n") <= 2
        else:
            assert output.startswith("bundle 1: ")
    assert any(process.returncode == 0 for process in both)
    assert len(chain.at_desk()) == REPORTS
