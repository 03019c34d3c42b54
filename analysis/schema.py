"""The tables of the desk's database, and how a new form widens them.

Answers to single choices are numbers that point into `choices`, so a million reports stay a
narrow table and Datasette shows labels. A question means the same in every form that asks it
under the same id: a form that gives an id another kind is refused.
"""

import re
from collections.abc import Iterable

from analysis import bitmaps, summaries
from analysis.cipher import Database
from analysis.desk_errors import BadForm
from analysis.findings import kept
from analysis.review import tables as review
from analysis.threads import tables as threads
from intake.forms.form import Form, Question
from intake.forms.lint import TAKEN

VERSION = 6

TABLES = """
CREATE TABLE "forms" (
    "id" INTEGER PRIMARY KEY, "digest" TEXT NOT NULL UNIQUE, "name" TEXT NOT NULL,
    "version" TEXT NOT NULL, "title" TEXT NOT NULL, "json" TEXT NOT NULL);
CREATE TABLE "choices" (
    "id" INTEGER PRIMARY KEY, "question" TEXT NOT NULL, "code" TEXT NOT NULL,
    "label" TEXT NOT NULL, "label_es" TEXT, "rollup" TEXT, UNIQUE ("question", "code"));
CREATE TABLE "reports" (
    "id" INTEGER PRIMARY KEY, "name" TEXT NOT NULL UNIQUE, "bundle" INTEGER,
    "form" INTEGER NOT NULL REFERENCES "forms" ("id"), "week" TEXT NOT NULL,
    "lang" TEXT NOT NULL, "sealed_by" TEXT NOT NULL, "channel" TEXT NOT NULL,
    "asking" INTEGER NOT NULL REFERENCES "askings" ("id"), "page" TEXT NOT NULL,
    "identity" INTEGER REFERENCES "identities" ("id"));
CREATE TABLE "askings" (
    "id" INTEGER PRIMARY KEY, "form" INTEGER NOT NULL REFERENCES "forms" ("id"),
    "page" TEXT NOT NULL, "questions" TEXT NOT NULL, UNIQUE ("form", "questions"));
CREATE TABLE "asked" (
    "asking" INTEGER NOT NULL REFERENCES "askings" ("id"), "question" TEXT NOT NULL,
    PRIMARY KEY ("asking", "question")) WITHOUT ROWID;
CREATE TABLE "answers" (
    "report" INTEGER NOT NULL REFERENCES "reports" ("id"),
    "choice" INTEGER NOT NULL REFERENCES "choices" ("id"),
    PRIMARY KEY ("report", "choice")) WITHOUT ROWID;
CREATE INDEX "answers_choice" ON "answers" ("choice", "report");
CREATE TABLE "texts" (
    "id" INTEGER PRIMARY KEY, "report" INTEGER NOT NULL REFERENCES "reports" ("id"),
    "question" TEXT NOT NULL, "text" TEXT NOT NULL);
CREATE INDEX "texts_report" ON "texts" ("report");
CREATE VIRTUAL TABLE "texts_fts" USING fts5 (
    "text", content="texts", content_rowid="id", tokenize="porter unicode61");
CREATE TABLE "receipts" (
    "report" INTEGER PRIMARY KEY, "box" TEXT NOT NULL, "reply" TEXT NOT NULL, "withdraw" TEXT NOT NULL);
CREATE TABLE "attachments" (
    "name" TEXT PRIMARY KEY, "report" INTEGER REFERENCES "reports" ("id"), "number" INTEGER,
    "type" TEXT, "bytes" INTEGER, "sha256" TEXT, "bundle" INTEGER, "week" TEXT, "shard" TEXT,
    "place" INTEGER, "size" INTEGER, "state" TEXT NOT NULL);
CREATE INDEX "attachments_report" ON "attachments" ("report", "number");
CREATE TABLE "set_aside" (
    "name" TEXT PRIMARY KEY, "bundle" INTEGER, "reason" TEXT NOT NULL);
CREATE TABLE "bundles" (
    "server" TEXT NOT NULL, "sequence" INTEGER NOT NULL, "digest" TEXT NOT NULL,
    "previous" TEXT NOT NULL, "reports" INTEGER NOT NULL,
    "loaded" INTEGER NOT NULL DEFAULT 0, PRIMARY KEY ("server", "sequence"));
CREATE TABLE "servers" ("key" TEXT PRIMARY KEY);
CREATE VIEW "ticks" AS
    SELECT "reports"."id" AS "report", "reports"."week" AS "week", "reports"."channel" AS "channel",
        "choices"."question" AS "question", "choices"."rollup" AS "group", "choices"."label" AS "answer",
        "choices"."label_es" AS "answer_es"
    FROM "answers" JOIN "reports" ON "reports"."id" = "answers"."report"
        JOIN "choices" ON "choices"."id" = "answers"."choice";
CREATE VIEW "bases" AS
    SELECT "asked"."question" AS "question", sum("reports") AS "reports", sum("short") AS "short"
    FROM (SELECT "asking", count(*) AS "reports", sum("page" = 'short') AS "short"
        FROM "reports" GROUP BY "asking") AS "alike"
        JOIN "asked" ON "asked"."asking" = "alike"."asking"
    GROUP BY "asked"."question";
"""

# Questions that organizers saved (analysis/workbench/saved.py).
SAVED = """
CREATE TABLE "saved_questions" (
    "id" INTEGER PRIMARY KEY, "name" TEXT NOT NULL UNIQUE, "query" TEXT NOT NULL);
"""

# The public halves of the desk's keys, with the days on which they were made and expire.
IDENTITIES = """
CREATE TABLE "identities" (
    "id" INTEGER PRIMARY KEY, "recipient" TEXT NOT NULL UNIQUE, "made" TEXT, "expires" TEXT);
"""

# Which sealed files stand in the archive, under which digest each came, and what it is now; and what was
# last said to each server.
COURIER = """
CREATE TABLE "shards" (
    "name" TEXT PRIMARY KEY, "server" TEXT, "bundle" INTEGER, "original" TEXT NOT NULL UNIQUE,
    "sha256" TEXT NOT NULL, "bytes" INTEGER NOT NULL, "reports" INTEGER NOT NULL);
CREATE TABLE "acknowledgements" ("server" TEXT PRIMARY KEY, "text" TEXT NOT NULL);
"""

FIXED_COLUMNS = (
    *("id", "name", "bundle", "form", "week", "lang", "sealed_by", "channel"),
    *("asking", "page", "identity"),
)
COLUMN_TYPES = {
    "select_one": 'INTEGER REFERENCES "choices" ("id")',
    "month": "TEXT",
    "integer": "INTEGER",
}
CHOICE_KINDS = ("select_one", "select_multiple")
TEXT_KINDS = ("text", "long_text")

_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")


def create(database: Database) -> None:
    """Makes the tables in an empty database."""
    counted = bitmaps.TABLES + summaries.TABLES + kept.TABLES
    own = TABLES + IDENTITIES + COURIER + SAVED
    database.conn.executescript(own + counted + threads.TABLES + review.TABLES + review.DECIDED_STAND)
    review.refresh(database.conn)
    database.conn.execute(f"PRAGMA user_version = {VERSION}")


def version(database: Database) -> int:
    """The version of the tables, 0 in an empty file."""
    return int(database.conn.execute("PRAGMA user_version").fetchone()[0])


def add_form(database: Database, form: Form) -> int:
    """The id of `form`, which is added, with its columns and choices, when it is new.

    Belongs in a transaction of the caller. Raises BadForm when it does not fit the forms before.
    """
    known = database.conn.execute('SELECT "id" FROM "forms" WHERE "digest" = ?', [form.digest]).fetchone()
    if known:
        return int(known[0])
    check(database, [form])
    _add_columns(database, form)
    for question in form.questions:
        _add_choices(database, form, question)
    review.refresh(database.conn)
    title = form.title.get("en") or form.title[form.default_language]
    values = [form.digest, form.id, form.version, title, form.json.decode("utf-8")]
    cursor = database.conn.execute(
        'INSERT INTO "forms" ("digest", "name", "version", "title", "json") VALUES (?, ?, ?, ?, ?) '
        'RETURNING "id"',
        values,
    )
    return int(cursor.fetchone()[0])


def choice_ids(database: Database, question: str) -> dict[str, int]:
    """The number of each code of a question."""
    rows = database.conn.execute('SELECT "code", "id" FROM "choices" WHERE "question" = ?', [question])
    return dict(rows)


def index_texts(database: Database) -> None:
    """Brings the full-text index up to the newest text; what it holds already is not touched.

    The index knows its own rows, so an import that was killed before this is caught up by the next.
    """
    database.conn.execute(
        'INSERT INTO "texts_fts" ("rowid", "text") SELECT "id", "text" FROM "texts" WHERE "id" > '
        '(SELECT coalesce(max("id"), 0) FROM "texts_fts_docsize")'
    )


def check(database: Database, forms: Iterable[Form]) -> None:
    """BadForm unless these forms fit each other and those before."""
    kinds = dict(_earlier_kinds(database))
    for one in forms:
        for question in one.questions:
            if not _IDENTIFIER.fullmatch(question.id) or question.id in TAKEN:
                raise BadForm(f'form "{one.id}": a question has an id that the desk uses itself')
            if kinds.setdefault(question.id, question.kind) != question.kind:
                raise BadForm(
                    f'form "{one.id}": question "{question.id}" was of another kind in an earlier form'
                )


def _earlier_kinds(database: Database) -> Iterable[tuple[str, str]]:
    for (text,) in database.conn.execute('SELECT "json" FROM "forms"').fetchall():
        for question in Form.from_json(text.encode("utf-8")).questions:
            yield question.id, question.kind


def _add_columns(database: Database, form: Form) -> None:
    there = {row[1] for row in database.conn.execute('PRAGMA table_info("reports")')}
    for question in form.questions:
        if question.kind in COLUMN_TYPES and question.id not in there:
            column = f'"{question.id}" {COLUMN_TYPES[question.kind]}'
            database.conn.execute(f'ALTER TABLE "reports" ADD COLUMN {column}')


def _add_choices(database: Database, form: Form, question: Question) -> None:
    if question.kind not in CHOICE_KINDS:
        return
    rows = [
        (
            question.id,
            choice.code,
            choice.label.get("en") or choice.label[form.default_language],
            choice.label.get("es"),
            choice.rollup or None,
        )
        for choice in question.choices
    ]
    # A newer form may word a choice better; its code stands for the same thing for ever.
    database.conn.executemany(
        'INSERT INTO "choices" ("question", "code", "label", "label_es", "rollup") VALUES (?, ?, ?, ?, ?) '
        'ON CONFLICT ("question", "code") DO UPDATE SET "label" = "excluded"."label", '
        '"label_es" = "excluded"."label_es", "rollup" = "excluded"."rollup"',
        rows,
    )
