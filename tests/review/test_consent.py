"""What was to be deleted is deleted: from tables, search index, free pages and archive (P10)."""

import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from analysis import summaries
from analysis.attachments import ARRIVED, DELETED
from analysis.backup import backup
from analysis.desk import DATABASE, Desk
from analysis.patterns import making
from analysis.review import marking, names, quotes
from analysis.review.consent import Purged, describe, purge
from analysis.review.log import history
from analysis.review.names import read_groups, reports_of
from analysis.review.stripping import BLANK, without_words
from analysis.unseal import unseal_bytes
from analysis.workbench import saved
from intake.crypto.padding import unpad
from intake.crypto.shard import index_shard
from intake.forms import report as reports
from intake.forms.answers import check
from tests.analysis import test_attachments as attaching
from tests.analysis.conftest import COMMAND, Run, unlock
from tests.analysis.making import CANARY, FORM, Server, member, varied
from tests.analysis.test_bitmaps import assert_true
from tests.attaching import FORM as ATTACHING
from tests.findings.releasing import write_release_file
from tests.findings.small_desk import choice, form, question
from tests.review.conftest import ANA, BEN, Bring, take
from tests.review.pages import decrypted

NOW = date(2026, 11, 22)
STORY = f"They took my {CANARY} and laughed."
KEPT = {"story": ["I kept my umbrella."], "keep": ["keep_12_months"]}


def purged(desk: Desk, day: date = NOW, *, counted: bool = True) -> Purged:
    with desk.changing():
        return purge(desk, day, counted=counted)


def pages(desk: Desk) -> bytes:
    return decrypted(desk.path / DATABASE, desk.database_key)


def found(desk: Desk, word: str) -> int:
    """How many texts the full-text search finds a word in."""
    query = 'SELECT count(*) FROM "texts_fts" WHERE "texts_fts" MATCH ?'
    return int(desk.database.conn.execute(query, [word]).fetchone()[0])


def archived(desk: Desk, forms: Mapping[str, Any] | None = None) -> Iterator[tuple[str, reports.Report]]:
    """Every report of the archive, opened and held against its form."""
    known = {FORM.digest: FORM, ATTACHING.digest: ATTACHING}
    for path in sorted(desk.archive.glob("*.tar")):
        with path.open("rb") as file:
            for entry in index_shard(file):
                file.seek(entry.offset)
                if entry.size < 100_000:
                    plain = unseal_bytes(file.read(entry.size), desk.identities)
                    yield entry.name.id.hex(), reports.parse(unpad(plain), known)


def stories(desk: Desk) -> Counter[str | None]:
    return Counter(one.answers["story"] for _, one in archived(desk))


def ticks(desk: Desk) -> list[Any]:
    return sorted(
        desk.database.conn.execute(
            'SELECT "r"."name", "c"."question", "c"."code" FROM "answers" JOIN "reports" AS "r" '
            'ON "r"."id" = "report" JOIN "choices" AS "c" ON "c"."id" = "choice"'
        ).fetchall()
    )


def test_a_deleted_word_is_found_in_no_table_no_index_no_page_and_no_archived_report(
    desk: Desk, server: Server, stick: Path
) -> None:
    # Two imports, so that the search index has merged parts of itself and freed pages meanwhile.
    take(desk, server.bundle(stick, varied(desk.recipients, 60)))
    take(desk, server.bundle(stick, varied(desk.recipients, 60), [member(desk.recipients, **KEPT)]))
    before = ticks(desk)
    assert found(desk, CANARY) == 120
    assert CANARY.encode() in pages(desk)
    done = purged(desk)
    assert done.reports.total() == 120
    assert (done.archive and (done.archive.shards, done.archive.reports)) == (2, 120)
    assert found(desk, CANARY) == 0
    assert CANARY.encode() not in pages(desk)
    assert stories(desk) == {None: 120, KEPT["story"][0]: 1}
    assert found(desk, "umbrella") == 1, "what was not due is searched as before"
    assert b"umbrella" in pages(desk)
    assert ticks(desk) == before
    assert desk.database.conn.execute('SELECT count(*) FROM "counted"').fetchone() == (121,)


def test_a_deleted_word_is_in_no_summary_and_the_others_are_made_again(desk: Desk, bring: Bring) -> None:
    bring({"story": [STORY], "station": ["quokkawallabies"]}, KEPT)
    assert CANARY.casefold() in summed(desk)
    assert "quokkawallabies" in summed(desk)
    purged(desk)
    assert CANARY.casefold() not in summed(desk)
    assert "quokkawallabies" not in summed(desk)
    assert "umbrella" in summed(desk)
    assert making.is_true(desk.database.conn)


def summed(desk: Desk) -> str:
    """Every word that stands in a summary."""
    connection = desk.database.conn
    parts = connection.execute('SELECT "name", "part" FROM "summaries"').fetchall()
    return str([summaries.read(connection, name, part) for name, part in parts])


def test_no_part_of_a_deleted_word_stays_in_the_search_index(desk: Desk, bring: Bring) -> None:
    bring({"story": ["quokkawallabies"]}, KEPT)
    assert b"quokkawa" in pages(desk)
    purged(desk)
    # The index stores a word without what it shares with the one before it.
    for part in (b"quokkawa", b"okkawal", b"wallabi"):
        assert part not in pages(desk)


def test_a_few_deleted_texts_leave_no_part_of_a_word_and_the_others_are_found(
    desk: Desk, server: Server, stick: Path
) -> None:
    kept = [member(desk.recipients, **KEPT) for _ in range(60)]
    take(desk, server.bundle(stick, kept, [member(desk.recipients, story=["quokkawallabies umbrella"])]))
    assert found(desk, "quokkawallabies") == 1
    purged(desk)
    for part in (b"quokkawa", b"okkawal", b"wallabi"):
        assert part not in pages(desk)
    assert found(desk, "umbrella") == 60
    # The index says what the table says, and of no other text.
    desk.database.conn.execute(
        """INSERT INTO "texts_fts" ("texts_fts", "rank") VALUES ('integrity-check', 1)"""
    )


def test_the_bits_are_true_at_once_after_words_were_deleted(desk: Desk, bring: Bring) -> None:
    bring({"story": [STORY]}, KEPT)
    purged(desk)
    assert_true(desk)


def test_saved_questions_go_that_search_for_words_of_nobody_else(desk: Desk, bring: Bring) -> None:
    given = {"story": [STORY], "station": [f"House of {CANARY}"]}
    bring(given, KEPT | {"station": ["Fourth house"]}, {"story": ["I kept quiet."]})
    going = (f"q={CANARY}", f"q=umbrella+-{CANARY[:6]}*", "q=quiet", f"named=station~House of {CANARY}")
    staying = ("q=kept", "q=nobody+wrote+this", "setting=police", "named=station~Fourth house")
    for query in (*going, *staying):
        saved.save(desk, query, query)
    assert "4 saved questions deleted, whose search words stood nowhere else" in describe(purged(desk))
    assert sorted(one.name for one in saved.read(desk.database.conn)) == sorted(staying)
    assert CANARY.encode() not in pages(desk)


def test_a_backup_made_afterwards_holds_no_deleted_word(desk: Desk, bring: Bring, tmp_path: Path) -> None:
    (one, *_) = bring({"story": [STORY], "station": [f"House of {CANARY}"]})
    marking.note(desk, one, f"she said {CANARY}", ANA)
    saved.save(desk, "hers", f"q={CANARY}")

    def backed_up() -> bytes:
        backup(desk, tmp_path / "saved.age")
        return unseal_bytes((tmp_path / "saved.age").read_bytes(), desk.identities)

    assert backed_up().count(CANARY.encode()) >= 2
    purged(desk)
    assert CANARY.encode() not in backed_up()


def test_an_archived_report_without_words_says_the_rest_as_it_did(desk: Desk, bring: Bring) -> None:
    bring({"story": [STORY]})
    ((name, before),) = archived(desk)
    purged(desk)
    ((same, after),) = archived(desk)
    assert (same, after.receipt, after.lang, after.channel) == (
        name,
        before.receipt,
        before.lang,
        before.channel,
    )
    assert after.answers == {**before.answers, "story": None}


def test_bringing_a_bundle_again_brings_no_deleted_word_back(desk: Desk, server: Server, stick: Path) -> None:
    bundle = server.bundle(stick, [member(desk.recipients, story=[STORY])])
    take(desk, bundle)
    purged(desk)
    take(desk, bundle)
    assert found(desk, CANARY) == 0
    assert stories(desk) == {None: 1}
    # Where the shard was lost it is taken from the stick as it came; the next purge sees to it.
    next(desk.archive.glob("*.tar")).unlink()
    take(desk, bundle)
    assert stories(desk) == {STORY: 1}
    purged(desk)
    assert stories(desk) == {None: 1}


def test_a_second_purge_writes_nothing_anew(desk: Desk, bring: Bring) -> None:
    bring({"story": [STORY]}, KEPT)
    purged(desk)
    files = sorted(desk.archive.rglob("*"))
    again = purged(desk)
    assert (again.reports.total(), again.archive and again.archive.shards) == (0, 0)
    assert sorted(desk.archive.rglob("*")) == files
    later = purged(desk, date(2027, 11, 15), counted=False)
    assert list(describe(later)) == [
        "the words of 1 report were deleted",
        "  1 after 12 months",
        "in the archive: 2 reports sealed anew without words, 0 files deleted",
    ]
    assert stories(desk) == {None: 2}


def test_organizers_notes_quotes_and_names_go_with_the_words(desk: Desk, bring: Bring) -> None:
    given = {"story": [STORY], "station": [f"House of {CANARY}"], "quote": ["yes_after_check"]}
    other = KEPT | {"station": ["Fourth house"]}
    one, two, three = bring(given, other, other)
    marking.note(desk, one, f"she said {CANARY}", ANA)
    kept = marking.note(desk, two, "ask again", ANA)
    quote = quotes.propose(desk, one, "story", f"took my {CANARY}", ANA)
    quotes.check(desk, quote, ANA)
    quotes.check(desk, quote, BEN)
    spelled = [f"House of {CANARY}", "Fourth house"]
    group = names.accept(desk, "station", spelled, "District 4", ANA, remark=f"{CANARY}!")
    marking.label(desk, [one], "medicine", BEN)
    assert len(quotes.read_quotable(desk.database.conn)) == 1
    purged(desk)
    assert CANARY.encode() not in pages(desk)
    assert quotes.read_quotable(desk.database.conn) == []
    assert [(one.id, one.remark) for one in history(desk.database.conn) if one.remark] == [
        (kept, "ask again")
    ]
    assert [(one.label, one.names) for one in read_groups(desk.database.conn)] == [
        ("District 4", ("Fourth house",))
    ]
    assert set(reports_of(desk.database.conn, group)) == {one, two, three}, "it counts as it did"
    assert marking.label_counts(desk.database.conn) == {"medicine": 1}
    assert {entry.kind for entry in history(desk.database.conn, report=one)} == {
        "note",
        "quote",
        "check",
        "label",
    }


def test_files_go_with_the_words_and_the_files_of_others_stay(desk: Desk, stick: Path) -> None:
    server = Server(form=ATTACHING)
    server.key = pinned(desk, stick, server)
    one, files, named = attaching.files(desk, 2)
    other, kept, kept_named = attaching.files(desk)
    bundle = server.bundle(
        stick,
        [
            attaching.report(desk, one, named),
            *files,
            attaching.report(desk, other, kept_named),
            *kept,
        ],
    )
    take(desk, bundle)
    keep = desk.database.conn.execute(
        "SELECT id FROM choices WHERE question = 'keep' AND code = 'keep_for_legal'"
    )
    with desk.database.atomic():
        desk.database.conn.execute(
            "UPDATE reports SET keep = ? WHERE name = ?", [keep.fetchone()[0], other.id.hex()]
        )
    done = purged(desk)
    assert done.archive
    assert (done.archive.reports, done.archive.files) == (1, 2)
    states = desk.database.conn.execute("SELECT state, sha256 IS NULL, shard IS NULL FROM attachments")
    assert sorted(states) == [(ARRIVED, 0, 0), (DELETED, 1, 1), (DELETED, 1, 1)]
    shard, place, size = desk.database.conn.execute(
        "SELECT shard, place, size FROM attachments WHERE state = ?", [ARRIVED]
    ).fetchone()
    (path,) = desk.archive.glob("*.tar")
    assert path.name == shard
    assert path.read_bytes()[place : place + size] == kept[0].sealed
    assert not any(file.sealed in path.read_bytes() for file in files)
    take(desk, bundle)
    query = "SELECT count(*) FROM attachments WHERE state = ?"
    assert desk.database.conn.execute(query, [DELETED]).fetchone() == (2,)


def pinned(desk: Desk, stick: Path, server: Server) -> Any:
    """The key of a server, which the desk has pinned now."""
    from analysis.pinning import pin

    pin(desk, server.public(stick))
    return server.key


def test_a_damaged_shard_is_left_as_it_is_and_named(desk: Desk, bring: Bring) -> None:
    bring({"story": [STORY]})
    (path,) = desk.archive.glob("*.tar")
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    done = purged(desk)
    assert path.read_bytes() == data
    assert list(describe(done))[-1] == "1 file of the archive left as it was, because it is damaged"


def files_of(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


MOMENTS: dict[str, Callable[[Path], bool]] = {
    "the tables are written": lambda desk: (desk / f"{DATABASE}-journal").exists(),
    "the copy is being made": lambda desk: any(one.startswith(f".{DATABASE}") for one in files_of(desk)),
    "the copy's pages are taken over": lambda desk: (
        (desk / f"{DATABASE}-journal").exists()
        and any(one.startswith(f".{DATABASE}") for one in files_of(desk))
    ),
    "the first shard is written": lambda desk: any(
        one.endswith(".part") for one in files_of(desk / "archive")
    ),
    "a new shard has its name": lambda desk: (
        sum(one.endswith(".tar") for one in files_of(desk / "archive")) > 4
    ),
    "two shards are done": lambda desk: sum(len(one) > 60 for one in files_of(desk / "archive")) > 2,
}


def test_a_purge_that_is_killed_at_any_moment_is_finished_by_the_next(
    run: Run, desk: Desk, server: Server, stick: Path, environment: dict[str, str]
) -> None:
    take(desk, server.bundle(stick, *(varied(desk.recipients, 200) for _ in range(4))))
    before = ticks(desk)
    killed = []
    for name, has_come in MOMENTS.items():
        words = [*COMMAND, "purge", "--desk", str(desk.path), "--counted"]
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment
        )
        while process.poll() is None:
            if has_come(desk.path):
                process.send_signal(signal.SIGKILL)
                killed.append(name)
                break
        process.wait(20)
        assert {name for name, _ in archived(desk)} == {name for name, *_ in before}
    # The shortest of the moments may pass unseen; the others last long enough.
    assert len(killed) >= 4, killed
    assert run("purge", "--desk", desk.path, "--counted").returncode == 0
    assert stories(desk) == {None: 800}
    assert ticks(desk) == before
    assert len(list(desk.archive.glob("*.tar*"))) == 4
    assert CANARY.encode() not in pages(desk)
    assert not [one for one in files_of(desk.path) if one.startswith((".", f"{DATABASE}-"))]


def test_a_release_says_what_is_due_and_the_command_deletes_it(
    run: Run, desk: Desk, bring: Bring, tmp_path: Path
) -> None:
    bring(*({"story": [STORY]} for _ in range(30)))
    nothing = run("purge", "--desk", desk.path)
    assert nothing.stdout == "the words of 0 reports were deleted\n"
    asked = write_release_file(tmp_path / "release.toml", tables=["F02"])
    assert run("release-key", "--desk", desk.path).returncode == 0
    made = run("publish", "--desk", desk.path, asked, "--out", tmp_path / "site")
    assert made.returncode == 0, made.stderr
    due = "the words of 30 reports are due to be deleted"
    assert made.stdout.splitlines()[-1] == f"{due}: witnessbox-analysis purge"
    rehearsed = run("purge", "--desk", desk.path, "--dry-run")
    assert rehearsed.stdout.splitlines() == [due, "  30 once counted"]
    assert found(desk, CANARY) == 30
    done = run("purge", "--desk", desk.path)
    assert done.stdout.splitlines() == [
        "the words of 30 reports were deleted",
        "  30 once counted",
        "in the archive: 30 reports sealed anew without words, 0 files deleted",
    ]
    assert (done.stderr, found(desk, CANARY)) == ("", 0)
    again = run("publish", "--desk", desk.path, asked, "--out", tmp_path / "again")
    assert again.returncode == 0
    assert (tmp_path / "site/tables/F02.csv").read_bytes() == (tmp_path / "again/tables/F02.csv").read_bytes()


def test_answers_without_words_are_answers_that_the_form_takes() -> None:
    depends = ["!=", ["answer", "place"], "none"]
    made = form(
        question("place", "text", required=True, max_length=120),
        question("more", "select_one", [choice("a"), choice("b")], relevant=["=", ["answer", "place"], "x"]),
        question("other", "select_one", [choice("a")], relevant=depends),
        question("story", "long_text", max_length=2000),
    )
    before = {"place": "x", "more": "a", "other": "a", "story": "words", "when": None, "count": "yes"}
    check(made, before)
    after = without_words(made, before)
    check(made, after)
    assert after == {"place": BLANK, "other": "a", "story": None, "when": None, "count": "yes"}


def test_a_bundle_whose_words_were_deleted_is_acknowledged_and_made_anew_as_before(
    run: Run, desk: Desk, stick: Path, tmp_path: Path
) -> None:
    server = Server(form=ATTACHING)
    server.key = pinned(desk, stick, server)
    receipt, files, named = attaching.files(desk, 2)
    take(desk, server.bundle(stick, [attaching.report(desk, receipt, named), *files]))
    purged(desk)
    (tmp_path / "out").mkdir()
    said = run(
        "acknowledge",
        "--desk",
        desk.path,
        "--out",
        tmp_path / "out",
        "--server",
        server.key.verify_key.public.hex(),
    )
    assert said.returncode == 0, said.stderr
    assert "bundle 1" in said.stdout
    desk.close()
    done = run("rebuild", "--desk", desk.path)
    assert done.returncode == 0, done.stderr
    again = unlock(desk.path)
    assert_true(again)
    for table, rows in {"reports": 1, "texts": 0, "purges": 1, "bundles WHERE loaded": 1}.items():
        query = f"SELECT count(*) FROM {table}"  # noqa: S608
        assert again.database.conn.execute(query).fetchone() == (rows,), table
    again.close()
