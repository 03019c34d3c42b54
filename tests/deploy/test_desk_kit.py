"""The desk's install kit: made here, installed where there is no network, and refused when it was touched."""

import hashlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.guides import commands, parts
from tests.running import serving

ROOT = Path(__file__).parents[2]
PASSPHRASE = "correct horse battery staple again"
# The interpreter that our own environment was made from, and nothing of that environment.
PLAIN = {"PATH": f"{Path(sys.base_prefix, 'bin')}:/usr/bin:/bin"}
NO_NETWORK = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A secret key of minisign without a passphrase, and the public one as -P takes it."""
    folder = tmp_path_factory.mktemp("signer")
    made = run("minisign", "-G", "-W", "-p", folder / "key.pub", "-s", folder / "key")
    assert made.returncode == 0, made.stderr
    return folder / "key", (folder / "key.pub").read_text().splitlines()[1]


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory, signer: tuple[Path, str]) -> Path:
    """A kit for the Python that runs here."""
    folder = tmp_path_factory.mktemp("made") / "kit"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    line = [str(ROOT / "deploy" / "desk.sh"), str(folder), "--sign", str(signer[0]), "--python", version]
    done = subprocess.run(
        line,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
        env={**os.environ, "PYTHON": sys.executable},
    )
    assert done.returncode == 0, done.stderr
    shown = "".join(done.stdout.split()[-16:])
    assert shown == number_of(folder)
    return folder


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, kit: Path) -> Path:
    """Where the kit was installed, once, for tests that only use it."""
    home = tmp_path_factory.mktemp("home")
    done = install(kit, home, "--number", number_of(kit))
    assert done.returncode == 0, done.stderr
    return home / "witnessbox"


def number_of(kit: Path) -> str:
    return hashlib.sha256((kit / "SHA256SUMS").read_bytes()).hexdigest()


def install(kit: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the kit's own script, as a volunteer does, in a machine without any network."""
    line = [*NO_NETWORK, "bash", str(kit / "install.sh"), *arguments]
    environment = {**PLAIN, "HOME": str(home)}
    return subprocess.run(
        line, capture_output=True, text=True, check=False, timeout=600, env=environment, cwd=home
    )


def copied(kit: Path, to: Path) -> Path:
    """The same kit on another stick; what a test writes anew does not change the first."""
    shutil.copytree(kit, to, copy_function=os.link)
    return to


def write(file: Path, content: bytes) -> None:
    file.unlink(missing_ok=True)
    file.write_bytes(content)


def flip(pattern: str) -> Callable[[Path], None]:
    """Changes one bit in the middle of the first file of this name."""

    def act(kit: Path) -> None:
        file = sorted(kit.glob(pattern))[0]
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        write(file, bytes(content))

    return act


def listed_anew(kit: Path) -> None:
    """A list that fits the files, as somebody who changes a kit would write it."""
    files = sorted(str(one.relative_to(kit)) for one in kit.rglob("*") if one.is_file())
    lines = [
        f"{hashlib.sha256((kit / one).read_bytes()).hexdigest()}  {one}\n"
        for one in files
        if not one.startswith("SHA256SUMS")
    ]
    write(kit / "SHA256SUMS", "".join(lines).encode())


def run(*line: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """A command with nothing of our own environment around it, nor our own folder."""
    options.setdefault("cwd", "/")
    return subprocess.run(
        list(map(str, line)), capture_output=True, text=True, check=False, timeout=120, env=PLAIN, **options
    )


def new_desk(installed: Path, folder: Path) -> Path:
    """A desk, made by the program that was installed."""
    said = f"{PASSPHRASE}\n"
    made = run(installed / "witnessbox-analysis", "keygen", "--desk", folder / "desk", input=said, cwd=folder)
    assert made.returncode == 0, made.stderr
    return folder / "desk"


def test_the_desk_works_from_a_kit_that_was_installed_without_network(
    installed: Path, tmp_path: Path
) -> None:
    desk, program = new_desk(installed, tmp_path), str(installed / "witnessbox-analysis")
    with serving(program, "open", "--desk", desk, "--port", "0", passphrase=PASSPHRASE) as address:
        answer = httpx.get(address, follow_redirects=True, timeout=60)
    assert answer.status_code == 200
    assert "<h1>" in answer.text


def test_a_wheel_has_pages_forms_styles_and_languages_inside(installed: Path, tmp_path: Path) -> None:
    [card] = new_desk(installed, tmp_path).glob("*.pub")
    data, program = tmp_path / "intake", installed / "current" / "bin" / "witnessbox-intake"
    made = run(program, "init", "--data", data, "--desk", card)
    assert made.returncode == 0, made.stderr
    with serving(str(program), "serve", "--data", data, "--port", "0") as address:
        pages = [httpx.get(address + path, timeout=30) for path in ("es/report/", "static/report.js")]
    assert [one.status_code for one in pages] == [200, 200]
    assert "Salir de esta página" in pages[0].text


def test_nothing_of_our_own_environment_is_in_what_was_installed(installed: Path) -> None:
    told = run(installed / "current" / "bin" / "python", "-c", "import analysis; print(analysis.__file__)")
    assert told.stdout.startswith(str(installed / "current"))
    assert (installed.stat().st_mode & 0o077) == 0


def test_the_wheel_has_the_same_bytes_wherever_and_whenever_it_is_built(kit: Path, tmp_path: Path) -> None:
    [wheel] = kit.glob("witnessbox-*.whl")
    copy = tmp_path / "elsewhere"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "node_modules", "tests"))
    again = tmp_path / "again"
    line = ["sh", "-c", 'umask 077; exec bash "$0" "$1" --wheel-only']
    environment = {**os.environ, "PYTHON": sys.executable, "TZ": "Pacific/Apia", "LANG": "C"}
    done = subprocess.run(
        [*line, str(copy / "deploy" / "desk.sh"), str(again)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert [one.read_bytes() for one in again.glob("*.whl")] == [wheel.read_bytes()]


@pytest.mark.parametrize(
    ("touch", "said"),
    [
        pytest.param(lambda kit: write(next(kit.glob("witnessbox*.whl")), b"PK"), "changed", id="changed"),
        pytest.param(lambda kit: next(kit.glob("wheels/click*")).unlink(), "changed", id="taken away"),
        pytest.param(lambda kit: write(kit / "wheels" / "x.whl", b"PK"), "does not name", id="added"),
        pytest.param(
            lambda kit: (kit / "venv.py").symlink_to(kit.parent / "x"), "does not name", id="a link"
        ),
        pytest.param(
            lambda kit: (kit / "venv").symlink_to(kit.parent), "does not name", id="a linked folder"
        ),
        pytest.param(flip("witnessbox*.whl"), "changed", id="a bit of the program"),
        pytest.param(flip("wheels/*.whl"), "changed", id="a bit of a library"),
        pytest.param(flip("requirements.txt"), "changed", id="a bit of the hashes"),
        pytest.param(flip("guides/KEYS.md"), "changed", id="a bit of a guide"),
        pytest.param(flip("SHA256SUMS"), "the number is not that of this kit", id="a bit of the list"),
        pytest.param(listed_anew, "", id="as it was"),
    ],
)
def test_a_kit_that_was_touched_on_the_way_is_not_installed(
    touch: Callable[[Path], None], said: str, kit: Path, tmp_path: Path
) -> None:
    stick = copied(kit, tmp_path / "stick")
    number = number_of(stick)
    touch(stick)
    if not said:
        # Whoever changes the list too has another number, and cannot sign it.
        write(stick / "requirements.txt", (kit / "requirements.txt").read_bytes() + b"# one more\n")
        listed_anew(stick)
        said = "the number is not that of this kit"
    done = install(stick, tmp_path, "--number", number)
    assert done.returncode == 1
    assert said in done.stderr
    assert "hint: " in done.stderr
    assert not (tmp_path / "witnessbox").exists()


LOOK = commands(parts("DESK.md")["3. Look at the kit before anything of it runs"])


@pytest.mark.parametrize(
    "pattern",
    ["install.sh", "witnessbox*.whl", "wheels/*.whl", "requirements.txt", "guides/KEYS.md", "SHA256SUMS"],
)
def test_a_look_with_stock_tools_finds_one_bit_of_any_file(kit: Path, tmp_path: Path, pattern: str) -> None:
    stick = copied(kit, tmp_path / "stick")
    shown, found = looked(stick)
    assert shown == number_of(kit)
    assert found == (0, "")
    flip(pattern)(stick)
    shown, found = looked(stick)
    assert shown != number_of(kit) or found[0] == 1


def looked(stick: Path) -> tuple[str, tuple[int, str]]:
    """The number that the guide's lines show, and what they say of the files."""
    first, second = (run(*shlex.split(line), cwd=stick) for line in LOOK)
    return first.stdout.split()[0], (second.returncode, second.stdout + second.stderr)


def test_a_kit_is_taken_by_the_signature_of_whoever_made_it(
    kit: Path, signer: tuple[Path, str], installed: Path, tmp_path: Path
) -> None:
    again = install(kit, installed.parent, "--signer", signer[1])
    assert again.returncode == 0, again.stderr
    assert "in use already" in again.stdout
    stick = copied(kit, tmp_path / "stick")
    write(stick / "requirements.txt", b"")
    listed_anew(stick)
    refused = install(stick, tmp_path, "--signer", signer[1])
    assert refused.returncode == 1
    assert "not signed by that key" in refused.stderr
    unchecked = install(kit, tmp_path)
    assert unchecked.returncode == 1
    assert "give --number or --signer" in unchecked.stderr
    assert not (tmp_path / "witnessbox").exists()


def test_an_update_that_is_cut_off_leaves_the_old_version_and_one_step_goes_back(
    kit: Path, installed: Path, tmp_path: Path
) -> None:
    newer = copied(kit, tmp_path / "newer")
    write(newer / "guides" / "NEWS.md", b"# news\n")
    listed_anew(newer)
    before = (installed / "current").resolve()
    cut = subprocess.Popen(
        ["bash", newer / "install.sh", "--number", number_of(newer)],
        env={**PLAIN, "HOME": str(installed.parent)},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    versions = installed / "versions"
    end = time.monotonic() + 120
    while len(list(versions.iterdir())) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    os.killpg(cut.pid, signal.SIGKILL)
    cut.wait(30)
    assert (installed / "current").resolve() == before
    assert works(installed)
    done = install(newer, installed.parent, "--number", number_of(newer))
    assert done.returncode == 0, done.stderr
    after = (installed / "current").resolve()
    assert after != before
    back = install(newer, installed.parent, "--back")
    assert back.returncode == 0, back.stderr
    assert (installed / "current").resolve() == before
    assert works(installed)


def works(installed: Path) -> bool:
    return run(installed / "witnessbox-analysis", "--version").returncode == 0


def test_a_folder_that_is_there_is_not_written_over(kit: Path) -> None:
    done = run(ROOT / "deploy" / "desk.sh", kit)
    assert done.returncode == 1
    assert done.stderr.startswith(f"desk.sh: error: {kit} is there already\nhint: ")


@pytest.mark.parametrize("script", ["desk.sh", "desk/install.sh"])
def test_the_scripts_of_the_kit_have_no_common_mistakes(script: str) -> None:
    done = run("shellcheck", ROOT / "deploy" / script)
    assert done.returncode == 0, done.stdout
