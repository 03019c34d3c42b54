"""The built wheel on every Python that this machine has, from 3.11 on: `make pythons`.

The whole chain by the installed commands, in an environment of the locked requirements and nothing of ours:
a desk, a server, a report, a bundle, an import, the workbench, a flyer.
"""

import os
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.running import be_patient, read_page, send_form, serving

ROOT = Path(__file__).parents[2]
PASSPHRASE = "correct horse battery staple again"
NAMES = [f"python3.{minor}" for minor in range(11, 30)]
PYTHONS = os.environ.get("PYTHONS", "").split() or [path for path in map(shutil.which, NAMES) if path]
FLYER = """address = "https://reports.example.org/"
date = 2026-11-23
headline = { en = "Community survey. No names.", es = "Encuesta. Sin nombres." }
discreet = { en = "Community survey", es = "Encuesta" }
"""


def run(*line: str | Path, said: str = "") -> str:
    """A command to its end, with nothing of our own environment; what it printed."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
    done = subprocess.run(
        [str(one) for one in line],
        input=said,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
        cwd="/",
        env=environment if "pip" not in line else os.environ,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=PYTHONS)
def bin_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands are, installed for one of the Pythons."""
    folder = tmp_path_factory.mktemp("python")
    run(request.param, "-m", "venv", folder / "venv")
    python = folder / "venv" / "bin" / "python"
    run(
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "--requirement",
        ROOT / "deploy/requirements/demo.txt",
    )
    subprocess.run(
        [ROOT / "deploy" / "desk.sh", folder / "wheel", "--wheel-only"],
        check=True,
        timeout=300,
        capture_output=True,
    )
    [wheel] = (folder / "wheel").glob("*.whl")
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", wheel)
    return python.parent


def test_the_whole_chain_runs_from_the_wheel(bin_folder: Path, tmp_path: Path) -> None:
    intake, analysis = bin_folder / "witnessbox-intake", bin_folder / "witnessbox-analysis"
    desk, data, stick = tmp_path / "desk", tmp_path / "data", tmp_path / "stick"
    stick.mkdir()
    run(analysis, "keygen", "--desk", desk, said=f"{PASSPHRASE}\n")
    run(intake, "init", "--data", data, "--desk", desk / "desk.pub")
    be_patient(data)
    with serving(str(intake), "serve", "--data", data, "--port", "0") as address, httpx.Client() as client:
        page = read_page(client, address)
        send_form(client, page, {"setting": ["police"], "count": ["yes"]})
        assert "Salir de esta página" in client.get(f"{address}es/report/").text
    run(analysis, "pin", "--desk", desk, data / "server.pub", said=f"{PASSPHRASE}\n")
    run(intake, "export", "--data", data, "--out", stick)
    assert "1" in run(analysis, "import", "--desk", desk, stick / "witnessbox-000001", said=f"{PASSPHRASE}\n")
    with serving(str(analysis), "open", "--desk", desk, "--port", "0", passphrase=PASSPHRASE) as address:
        answer = httpx.get(address, follow_redirects=True, timeout=60)
    assert answer.status_code == 200
    assert "<h1>" in answer.text
    (tmp_path / "flyer.toml").write_text(FLYER)
    run(intake, "flyer", "--data", data, tmp_path / "flyer.toml", "--out", tmp_path / "flyers")
    assert list((tmp_path / "flyers").glob("*.pdf"))
