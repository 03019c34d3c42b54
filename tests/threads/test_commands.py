"""What is said to reporters, by the real commands as an organizer types them; and what they refuse."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.desk import Desk
from analysis.threads import choosing
from analysis.threads.choosing import Choice
from intake.crypto.message import MAX_TEXT
from tests.analysis.making import member
from tests.running import BIN
from tests.threads.conftest import Round

WORD = "heronfeather"
MANY = 110_000


class Typist:
    """Somebody at a terminal, with a desk that nobody else has open."""

    def __init__(self, trip: Round, folder: Path) -> None:
        self.desk, self.folder = trip.desk.path, folder

    def type(self, name: str, *arguments: str | Path) -> tuple[int, str]:
        """A command: its exit status, and all that it said."""
        line = [BIN / "witnessbox-analysis", name, "--desk", self.desk, *arguments]
        done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=120)
        return done.returncode, done.stdout + done.stderr

    def good(self, name: str, *arguments: str | Path) -> str:
        """What a command said that went well."""
        status, said = self.type(name, *arguments)
        assert status == 0, said
        return said

    def refused(self, name: str, *arguments: str | Path) -> str:
        """What a command said that was refused, in words that quote no file."""
        status, said = self.type(name, *arguments)
        assert status not in (0, -1), said
        assert "Traceback" not in said
        assert WORD not in said
        return said

    def file(self, name: str, text: str | bytes) -> Path:
        """A file with this in it."""
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What the desk's database answers."""
        desk = Desk.unlock(self.desk, lambda: "")
        try:
            return [tuple(row) for row in desk.database.conn.execute(query)]
        finally:
            desk.close()


@pytest.fixture
def typist(round_trip: Round, tmp_path: Path) -> Iterator[Typist]:
    """A desk with three reports of two areas."""
    to = round_trip.desk.recipients
    round_trip.bring(member(to), member(to), member(to, area=["hills"]))
    round_trip.desk.close()
    yield Typist(round_trip, tmp_path)
    round_trip.reopen()


def test_a_notice_is_tried_written_listed_and_taken_back(typist: Typist) -> None:
    words = typist.file("notice.txt", f"Come on Tuesday. {WORD}")
    about = ("--area", "downtown", "--since", "2026-W01", "--text", words, "--by", "Ana")
    assert typist.good("notice", *about, "--dry-run") == "2 boxes match\n"
    hills = typist.good("notice", "--area", "hills", "--text", words, "--by", "Ana", "--dry-run")
    assert hills == "1 box matches\n"
    assert typist.rows('SELECT * FROM "messages"') == []
    assert "wrote message 1; the next acknowledgement carries it" in typist.good("notice", *about)
    listed = typist.good("messages")
    assert "2 readers, not sent yet, by Ana" in listed
    assert "messages are shown for 26 weeks" in listed
    assert WORD not in listed
    assert "say who takes it back" in typist.refused("messages", "--take-back", "1")
    assert "no message 7" in typist.refused("messages", "--take-back", "7", "--by", "Ana")
    assert "readers" not in typist.good("messages", "--take-back", "1", "--by", "Ana")
    assert "messages are shown for 4 weeks" in typist.good("messages", "--weeks", "4")
    assert "shown for 1 to 104 weeks" in typist.refused("messages", "--weeks", "105")


def test_a_notice_to_nobody_or_without_words_is_refused(typist: Typist) -> None:
    words, by = typist.file("notice.txt", WORD), ("--by", "Ana")
    for named, rule in {
        ("--area", "moon"): "no form has this area",
        ("--since", "2026-W60"): "a week is not written as one",
        ("--since", "2030-W01"): "nobody would read it",
    }.items():
        for asked in ((), ("--dry-run",)):
            assert rule in typist.refused("notice", *named, "--text", words, *by, *asked)
    assert "give --text FILE" in typist.refused("notice", *by)
    assert "takes 1,801 bytes" in typist.refused(
        "notice", "--text", typist.file("long.txt", "x" * (MAX_TEXT + 1)), *by
    )
    assert "not text in UTF-8" in typist.refused("notice", "--text", typist.file("bytes.txt", b"\xff"), *by)
    assert typist.rows('SELECT * FROM "messages"') == []


def test_a_notice_to_so_many_that_no_stick_carries_it_is_refused(typist: Typist) -> None:
    desk = Desk.unlock(typist.desk, lambda: "")
    here = choosing.find(desk.database.conn, Choice(area="downtown"))[0]
    with desk.database.atomic():
        # As an import leaves them.
        columns = [row[1] for row in desk.database.conn.execute('PRAGMA table_info("reports")')]
        others = ", ".join(f'"{name}"' for name in columns if name not in ("id", "name"))
        like = f'SELECT ?, ?, {others} FROM "reports" WHERE "id" = {here}'  # noqa: S608 - names of columns
        desk.database.conn.executemany(
            f'INSERT INTO "reports" ("id", "name", {others}) {like}',
            ((number, os.urandom(16).hex()) for number in range(10, MANY + 10)),
        )
        desk.database.conn.executemany(
            'INSERT INTO "receipts" ("report", "box", "reply", "withdraw") VALUES (?, ?, ?, ?)',
            ((n, os.urandom(16).hex(), os.urandom(32).hex(), "") for n in range(10, MANY + 10)),
        )
    desk.close()
    words = typist.file("notice.txt", WORD)
    for asked in (("--dry-run",), ()):
        said = typist.refused("notice", "--text", words, "--by", "Ana", *asked)
        assert re.search(r"would make a box of [12],[0-9]{3} MiB, and 1,024 is the most", said), said
        assert "hint: choose fewer by --area" in said
    assert typist.rows('SELECT * FROM "messages"') == []
    assert typist.rows('SELECT * FROM "decisions"') == []
    assert typist.good("notice", "--area", "hills", "--text", words, "--by", "Ana")


CANNED = """[tuesday]
en = "We meet on Tuesday."
es = "Nos reunimos el martes."

[call-back]
en = "Please call us."

[thanks]
es = "Gracias de nosotras."
"""


def test_ready_replies_of_a_file_stand_in_both_languages_and_go_out(typist: Typist) -> None:
    said = typist.good("canned", "--file", typist.file("own.toml", CANNED))
    assert said.startswith("took 3 canned replies\n")
    assert "tuesday\n  en  We meet on Tuesday.\n  es  Nos reunimos el martes.\n" in said
    # In the one language that it has, rather than not at all.
    assert "call-back\n  en  Please call us.\n  es  Please call us.\n" in said
    assert "es  Gracias de nosotras." in said
    by = ("--by", "Ana")
    typist.good("reply", "1", "--canned", "tuesday", *by)
    typist.good("reply", "2", "--canned", "tuesday", "--lang", "es", *by)
    texts = [text for (text,) in typist.rows('SELECT "text" FROM "messages" ORDER BY "n"')]
    assert texts == ["We meet on Tuesday.", "Nos reunimos el martes."]
    # Another file takes the place of all of it, and the replies that ship are there again.
    again = typist.good("canned", "--file", typist.file("other.toml", '[bye]\nen = "Bye."\n'))
    assert again.startswith("took 1 canned reply\n")
    assert "tuesday" not in again
    assert "no canned reply of this name" in typist.refused("reply", "1", "--canned", "tuesday", *by)
    assert "give --text FILE or --canned NAME" in typist.refused("reply", "1", *by)
    assert "not at this desk" in typist.refused("reply", "99", "--canned", "bye", *by)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (f"[tuesday\nen = '{WORD}'", "not a TOML file"),
        (b"\xff\xfe", "not a TOML file"),
        (f"[tuesday]\nfr = '{WORD}'", 'has another member than a text in "en" or "es"'),
        ("[tuesday]\nen = 7", 'has another member than a text in "en" or "es"'),
        (f"[tuesday]\nen = '{WORD * 200}'", '"tuesday" in "en": the message takes 2,400 bytes'),
        ("[tuesday]\nes = ' '", '"tuesday" in "es": the message has no words'),
        (f"['{WORD} Ana']\nen = 'x'", "each reply is a table of a name in small letters"),
        ("tuesday = 'x'", "each reply is a table of a name in small letters"),
        ("", "holds no replies"),
        ("".join(f"[r{n}]\nen = 'x'\n" for n in range(101)), "holds more than 100 replies"),
        ("x" * (256 * 1024 + 1), "longer than such a file can be"),
        ("a = " + "[" * 5_000, "not a TOML file"),
    ],
    ids=[
        *(
            "broken",
            "bytes",
            "language",
            "number",
            "too long",
            "empty",
            "name",
            "no table",
            "nothing",
            "many",
        ),
        *("large", "deep"),
    ],
)
def test_a_file_of_ready_replies_that_breaks_a_rule_is_refused_by_name(
    typist: Typist, text: str | bytes, rule: str
) -> None:
    typist.good("canned", "--file", typist.file("own.toml", CANNED))
    said = typist.refused("canned", "--file", typist.file("replies.toml", text))
    assert rule in said
    assert "replies.toml" in said
    # What was there before is there still.
    assert "We meet on Tuesday." in typist.good("canned")
