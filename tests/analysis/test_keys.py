"""The ceremonies of the keys, by the real commands: at pipes, and at a terminal."""

import shutil
import stat
import subprocess
from datetime import date, timedelta
from pathlib import Path

import pytest

from analysis.desk import Desk
from analysis.identity import HybridIdentity, format_identity
from intake.crypto.card import introduce
from intake.crypto.fingerprint import fingerprint
from tests.analysis.conftest import COMMAND, Run, unlock
from tests.analysis.holding import Held, hold, lines
from tests.analysis.making import Server, member
from tests.analysis.sitting import Seat, words_on

PASSPHRASE = "six random words to be typed\n"
ENTER_ALT, LEAVE_ALT = "\033[?1049h", "\033[?1049l"


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Held]:
    """A desk that opens by two of three shares alone, and the shares."""
    path = tmp_path_factory.mktemp("held") / "desk"
    environment = {"PATH": "/usr/bin:/bin", "PYTHONWARNINGS": "error", "LC_ALL": "C.UTF-8"}
    found = hold("keygen", "--desk", path, "--shares", "2/3", environment=environment)
    assert (found.status, found.errors) == (0, "")
    return path, found


@pytest.fixture
def shared(held: tuple[Path, Held], tmp_path: Path) -> tuple[Path, list[str]]:
    """A copy of it."""
    path = tmp_path / "shared"
    shutil.copytree(held[0], path)
    return path, held[1].shares


def words_of(desk: Path) -> str:
    return " ".join(fingerprint(introduce((desk / "desk.pub").read_bytes()).recipients))


def test_a_desk_of_shares_alone_has_no_file_of_its_key(shared: tuple[Path, list[str]]) -> None:
    path, shares = shared
    assert len(shares) == 3
    assert {file.name for file in path.iterdir()} == {
        *("archive", "database.key.age", "desk.db", "desk.pub", "recipients.txt", "signing.key.age"),
        *("next.html", "next.pdf", "share-blank.html", "share-blank.pdf"),
    }


@pytest.mark.parametrize("chosen", [(0, 1), (2, 0), (1, 2)], ids=str)
def test_any_two_of_three_shares_open_the_desk(
    run: Run, shared: tuple[Path, list[str]], chosen: tuple[int, int]
) -> None:
    path, shares = shared
    done = run("keys", "--desk", path, "--shares", typed=lines(*(shares[one] for one in chosen)))
    assert (done.returncode, done.stderr) == (0, "")
    assert words_of(path) in done.stdout


def test_a_desk_without_a_passphrase_asks_for_shares_by_itself(
    run: Run, shared: tuple[Path, list[str]]
) -> None:
    path, shares = shared
    assert run("rehearse", "--desk", path, typed=lines(*shares[:2])).returncode == 0


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        pytest.param([], "share 1: the input ended before all was typed", id="none"),
        pytest.param([0], "share 2: the input ended before all was typed (1 more needed)", id="one of two"),
        pytest.param([0, 0], "share 2: this share was given before (1 more needed)", id="the same twice"),
    ],
)
def test_too_few_shares_say_how_many_are_missing(
    run: Run, shared: tuple[Path, list[str]], typed: list[int], message: str
) -> None:
    path, shares = shared
    done = run("keys", "--desk", path, "--shares", typed=lines(*(shares[one] for one in typed)))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[0] == f"witnessbox-analysis: error: {message}"
    assert len(done.stderr.splitlines()) == 2


def test_a_mistyped_word_is_named_by_its_place_and_not_quoted(
    run: Run, shared: tuple[Path, list[str]]
) -> None:
    path, shares = shared
    words = shares[1].split()
    words[6] = "zebrafinch"
    done = run("keys", "--desk", path, "--shares", typed=lines(shares[0], " ".join(words)))
    assert done.returncode == 1
    assert "error: share 2: word 7 is not in the list (1 more needed)\n" in done.stderr
    assert "zebrafinch" not in done.stderr
    assert not set(done.stderr.split()) & set(shares[1].split())


def test_shares_of_another_desk_do_not_open_this_one(run: Run, shared: tuple[Path, list[str]]) -> None:
    path, shares = shared
    other = HybridIdentity.generate()
    (path / "desk.pub").unlink()
    (path / "recipients.txt").unlink()
    Desk.create(path.with_name("other"), format_identity(other), None, by_shares=True)
    for name in ("desk.pub", "recipients.txt"):
        shutil.copy(path.with_name("other") / name, path / name)
    done = run("keys", "--desk", path, "--shares", typed=lines(*shares[:2]))
    assert done.returncode == 1
    assert "not of this desk's newest key" in done.stderr


def test_a_desk_opens_by_its_passphrase_and_by_its_shares(
    run: Run, tmp_path: Path, environment: dict[str, str]
) -> None:
    path = tmp_path / "both"
    made = hold(
        *("keygen", "--desk", path, "--passphrase", "--shares", "2/2"),
        environment=environment,
        typed=PASSPHRASE,
    )
    assert (made.status, made.errors) == (0, "")
    assert run("rehearse", "--desk", path, typed=PASSPHRASE).returncode == 0
    assert run("rehearse", "--desk", path, "--shares", typed=lines(*made.shares)).returncode == 0
    assert (path / "identity.age").exists()


@pytest.mark.skipif(shutil.which("age") is None, reason="age is not installed")
def test_stock_age_opens_the_identity_with_the_passphrase(
    run: Run, tmp_path: Path, environment: dict[str, str]
) -> None:
    path = tmp_path / "new"
    assert run("keygen", "--desk", path, typed=PASSPHRASE).returncode == 0
    with Seat("-d", path / "identity.age", environment=environment, command=("age",)) as seat:
        seat.answer("passphrase: ", PASSPHRASE.strip())
        assert seat.end() == 0
    assert "AGE-SECRET-KEY-PQ-1" in seat.screen


def test_a_share_that_is_typed_back_wrongly_makes_no_desk(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    process = subprocess.Popen(
        [*COMMAND, "keygen", "--desk", str(tmp_path / "new"), "--shares", "2/3"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout
    share = process.stdout.readline().split(": ")[1].split()
    share[20], share[21] = share[21], share[20]
    place = 21 if share[20] != share[21] else 22
    share[21] = share[21] if share[20] != share[21] else "zebra"
    _, errors = process.communicate(" ".join(share) + "\n", timeout=60)
    assert process.returncode == 1
    assert f"error: word {place} is not" in errors
    assert not set(errors.split()) & (set(share) - {"is", "the", "one"})
    assert not (tmp_path / "new").exists()


def test_shares_are_not_written_to_a_file(tmp_path: Path, environment: dict[str, str]) -> None:
    out = tmp_path / "out.txt"
    with out.open("w") as file:
        done = subprocess.run(
            [*COMMAND, "keygen", "--desk", str(tmp_path / "new"), "--shares", "2/3"],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            check=False,
        )
    assert done.returncode == 1
    assert "word shares would be written to a file on the disk\nhint: run this on a terminal" in done.stderr
    assert out.read_text() == ""
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        pytest.param(["--shares", "1/3"], "any 3 of 5 shares open", id="one share opens"),
        pytest.param(["--shares", "5/3"], "any 3 of 5 shares open", id="more than there are"),
        pytest.param(["--shares", "2/3", "--no-passphrase"], "shares would protect", id="in the clear"),
        pytest.param(["--sheets", "x"], "--sheets needs shares", id="sheets of nothing"),
        pytest.param(["--expires-in", "0"], "0 is not in the range", id="expired already"),
    ],
)
def test_choices_that_protect_nothing_are_refused(
    run: Run, tmp_path: Path, options: list[str], rule: str
) -> None:
    done = run("keygen", "--desk", tmp_path / "new", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert rule in done.stderr
    assert not (tmp_path / "new").exists()


def test_keygen_shows_the_words_that_the_intake_must_show(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "new"
    done = run("keygen", "--desk", path, "--expires-in", "90", typed=PASSPHRASE)
    expires = date.today() + timedelta(90)
    assert done.stdout.splitlines() == [
        f"made the desk {path}",
        f"the eight words of its keys: {words_of(path)}",
        f"make new ones by {expires}: witnessbox-analysis rotate",
        f"what to do next stands in {path / 'next.pdf'}: print it",
        f"give {path / 'desk.pub'} to whoever runs the intake; keep everything else here",
    ]
    assert introduce((path / "desk.pub").read_bytes()).expires == expires


def test_reports_stand_beside_the_key_that_opened_them(
    run: Run, desk_path: Path, server: Server, stick: Path
) -> None:
    desk = unlock(desk_path)
    first = server.bundle(stick, [member(desk.recipients) for _ in range(3)])
    old = server.bundle(stick, [member(desk.recipients)])
    desk.close()
    before = words_of(desk_path)
    assert run("import", "--desk", desk_path, first).returncode == 0
    assert run("rotate", "--desk", desk_path, "--no-passphrase").returncode == 0
    desk = unlock(desk_path)
    new = server.bundle(stick, [member(desk.recipients) for _ in range(2)])
    desk.close()
    # A report for the old key that was under way meanwhile, and two for the new one.
    assert run("import", "--desk", desk_path, old).returncode == 0
    assert run("import", "--desk", desk_path, new, "--processes", "2").returncode == 0
    done = run("keys", "--desk", desk_path)
    today, expires = date.today(), date.today() + timedelta(365)
    assert done.stdout.splitlines()[1:] == [
        f"{today}      0 days  {expires}         2  {words_of(desk_path)}, in use",
        f"{today}      0 days  {expires}         4  {before}",
    ]


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (31, None),
        (30, "expire in 30 days, on"),
        (1, "expire in 1 day, on"),
        (0, "expired on"),
        (-9, "expired"),
    ],
)
def test_every_command_warns_in_the_month_before_the_keys_expire(
    run: Run, tmp_path: Path, days: int, said: str
) -> None:
    path = tmp_path / "old"
    made = date.today() - timedelta(100)
    Desk.create(path, format_identity(HybridIdentity.generate()), None, today=made, days=100 + days)
    done = run("keys", "--desk", path)
    assert done.returncode == 0
    lines_said = done.stderr.splitlines()
    assert len(lines_said) == (2 if said else 0)
    if said:
        assert lines_said[0].startswith(f"witnessbox-analysis: warning: the keys of this desk {said}")
        assert lines_said[1].startswith("hint: make new ones: witnessbox-analysis rotate")


def test_a_rehearsal_touches_neither_the_database_nor_a_report(run: Run, desk_path: Path) -> None:
    (desk_path / "desk.db").write_bytes(b"nothing that could be opened")
    (desk_path / "desk.db").chmod(stat.S_IRUSR)
    done = run("rehearse", "--desk", desk_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"opens a test message: {words_of(desk_path)} (in use)",
        "opens: the key of the database, the key that signs",
        "all is well: these keys open this desk; no report was touched",
    ]
    assert (desk_path / "desk.db").read_bytes() == b"nothing that could be opened"


@pytest.mark.parametrize("name", ["database.key.age", "signing.key.age"])
def test_a_rehearsal_finds_a_sealed_key_that_does_not_open(run: Run, desk_path: Path, name: str) -> None:
    data = bytearray((desk_path / name).read_bytes())
    data[-1] ^= 1
    (desk_path / name).write_bytes(data)
    done = run("rehearse", "--desk", desk_path)
    assert done.returncode == 1
    assert f"{desk_path / name}: the file was changed" in done.stderr


def test_a_volunteer_is_led_through_the_ceremony_step_by_step(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    path = tmp_path / "new"
    with Seat("keygen", "--desk", path, "--passphrase", "--shares", "2/3", environment=environment) as seat:
        assert "in 3 steps. Ctrl-C stops it" in seat.answer("New passphrase: ", PASSPHRASE.strip())
        seat.answer("Repeat for confirmation: ", PASSPHRASE.strip())
        assert "Any 2 of them together open the reports" in seat.answer("Press Enter when you are ready. ")
        sheets = [typed_back(seat, number) for number in (1, 2, 3)]
        seat.until("Step 3 of 3")
        assert seat.end() == 0
    assert "what to do next stands in" in seat.screen
    with Seat("keys", "--desk", path, "--shares", environment=environment) as seat:
        assert words_of(path) in seat.until(ENTER_ALT)
        seat.answer("word 1 of 33: ", " ".join(sheets[2]))
        seat.answer("Share 1 is taken. 1 more is needed.\nPress Enter when the next person")
        seat.answer("word 1 of 33: ", " ".join(sheets[2]))
        assert "this share was given before" in seat.answer("Press Enter to type a share again. ")
        seat.answer("word 1 of 33: ", " ".join(word[:4] for word in sheets[0]))
        seat.until("Share 2 is taken. That is enough.")
        assert seat.end() == 0
    assert "in use" in seat.screen


def typed_back(seat: Seat, number: int) -> list[str]:
    """The keeper of a sheet copies it, types it back with a slip, and has it shown once more."""
    seat.answer(f"Sheet {number} of 3. Press Enter when only its keeper sees the screen. ")
    page = seat.answer("Press Enter when all of it is on the paper. ")
    words = words_on(page)
    assert len(words) == 33
    assert ENTER_ALT in page
    assert LEAVE_ALT in seat.until("Now type the words back")
    if number == 1:
        other = next(one for one in ("acid", "zero") if one != words[10])
        seat.answer("word 1 of 33: ", " ".join([*words[:4], "qqqqqq", *words[5:]]))
        seat.until("Word 5 is not in the list. Look at the sheet again.\n  Go on from word 5.")
        seat.answer("word 5 of 33: ", "show")
        seat.answer("Press Enter when all of it is on the paper. ")
        seat.answer("word 1 of 33: ", " ".join([*words[:10], other]))
        seat.until("Word 11 is not the one that was shown. Look at the sheet again.")
        seat.answer("word 11 of 33: ", "back")
        seat.answer("word 10 of 33: ", "acadmeic")
        seat.until('Word 10 is not in the list. Is it "academic"?')
        seat.answer("word 10 of 33: ", words[9])
        seat.answer("word 11 of 33: ", " ".join(words[10:]))
    else:
        seat.answer("word 1 of 33: ", " ".join(words))
    assert LEAVE_ALT in seat.until(f"Sheet {number} of 3 is right.")
    return words


def test_ctrl_c_in_the_middle_leaves_no_desk_and_a_cleared_screen(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    with Seat("keygen", "--desk", tmp_path / "new", "--shares", "2/3", environment=environment) as seat:
        seat.answer("Press Enter when you are ready. ")
        seat.answer("Press Enter when only its keeper sees the screen. ")
        seat.until("Press Enter when all of it is on the paper. ")
        seat.press("\x03")
        assert seat.end() == 130
    assert seat.screen.rstrip().endswith(LEAVE_ALT)
    assert not (tmp_path / "new").exists()
