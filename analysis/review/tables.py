"""The tables of the review: a log of decisions that is only ever added to, and what follows from it.

    decisions   who decided what, on which day, for which reason; an undoing is a decision too
    decided     the reports that a decision is about
    grouped     the names that a decision puts into a group, or takes out of every group (null)

`exclusions`, `labels` and `assignments` say what holds now. They follow from the log and are kept
true in the same transaction, so that no page has to read a log of a hundred thousand rows. The view
`counted` is what findings and patterns read: the sender said yes (K01), and nobody left it out.
"""

from typing import Any

# A name has 120 characters at most, the limit of a question of the kind `text`: a query for names says
# so, and finds them without reading stories. Words of reporters stand in `spellings`, in `quotes` and in
# the remarks of `decisions` alone: a purge empties these. The log points to them by their numbers.
TABLES = """
CREATE TABLE "decisions" (
    "id" INTEGER PRIMARY KEY, "kind" TEXT NOT NULL, "value" TEXT, "who" TEXT NOT NULL,
    "day" TEXT NOT NULL, "reports" INTEGER NOT NULL DEFAULT 0, "remark" TEXT,
    "undoes" INTEGER UNIQUE REFERENCES "decisions" ("id"));
CREATE INDEX "decisions_kind" ON "decisions" ("kind", "value");
CREATE TABLE "decided" (
    "decision" INTEGER NOT NULL REFERENCES "decisions" ("id"),
    "report" INTEGER NOT NULL REFERENCES "reports" ("id"),
    PRIMARY KEY ("decision", "report")) WITHOUT ROWID;
CREATE INDEX "decided_report" ON "decided" ("report", "decision");
CREATE TRIGGER "decisions_stand" BEFORE DELETE ON "decisions"
    BEGIN SELECT raise(ABORT, 'a decision is undone, never deleted'); END;
CREATE TRIGGER "decisions_stay" BEFORE UPDATE OF "id", "kind", "value", "who", "day", "reports", "undoes"
    ON "decisions" BEGIN SELECT raise(ABORT, 'a decision is undone, never changed'); END;
CREATE TRIGGER "decided_stay" BEFORE UPDATE ON "decided"
    BEGIN SELECT raise(ABORT, 'a decision is undone, never changed'); END;
CREATE VIEW "standing" AS
    SELECT * FROM "decisions" WHERE "kind" <> 'undo'
        AND "id" NOT IN (SELECT "undoes" FROM "decisions" WHERE "undoes" IS NOT NULL);
CREATE TABLE "exclusions" (
    "report" INTEGER PRIMARY KEY REFERENCES "reports" ("id"),
    "decision" INTEGER NOT NULL REFERENCES "decisions" ("id"));
CREATE INDEX "exclusions_decision" ON "exclusions" ("decision");
CREATE TABLE "labels" (
    "report" INTEGER NOT NULL REFERENCES "reports" ("id"), "label" TEXT NOT NULL,
    "decision" INTEGER NOT NULL REFERENCES "decisions" ("id"),
    PRIMARY KEY ("report", "label")) WITHOUT ROWID;
CREATE INDEX "labels_label" ON "labels" ("label", "report");
CREATE TABLE "assignments" (
    "report" INTEGER PRIMARY KEY REFERENCES "reports" ("id"), "who" TEXT NOT NULL,
    "decision" INTEGER NOT NULL REFERENCES "decisions" ("id"));
CREATE INDEX "assignments_who" ON "assignments" ("who", "report");
CREATE TABLE "spellings" (
    "id" INTEGER PRIMARY KEY, "question" TEXT NOT NULL, "text" TEXT, UNIQUE ("question", "text"));
CREATE TABLE "groups" (
    "id" INTEGER PRIMARY KEY, "question" TEXT NOT NULL, "label" TEXT NOT NULL,
    "decision" INTEGER NOT NULL REFERENCES "decisions" ("id"));
CREATE TABLE "grouped" (
    "decision" INTEGER NOT NULL REFERENCES "decisions" ("id"),
    "spelling" INTEGER NOT NULL REFERENCES "spellings" ("id"),
    "group" INTEGER REFERENCES "groups" ("id"), PRIMARY KEY ("spelling", "decision")) WITHOUT ROWID;
CREATE VIEW "named" AS
    SELECT "spelling", "group", "decision" FROM (
        SELECT *, row_number() OVER (PARTITION BY "spelling" ORDER BY "decision" DESC) AS "place"
        FROM "grouped" WHERE "decision" IN (SELECT "id" FROM "standing"))
    WHERE "place" = 1;
CREATE TABLE "kept_names" (
    "report" INTEGER NOT NULL REFERENCES "reports" ("id"),
    "spelling" INTEGER NOT NULL REFERENCES "spellings" ("id"),
    PRIMARY KEY ("report", "spelling")) WITHOUT ROWID;
CREATE TABLE "quotes" (
    "id" INTEGER PRIMARY KEY, "report" INTEGER NOT NULL REFERENCES "reports" ("id"),
    "question" TEXT NOT NULL, "text" TEXT,
    "decision" INTEGER NOT NULL REFERENCES "decisions" ("id"));
CREATE INDEX "quotes_report" ON "quotes" ("report");
CREATE TABLE "releases" (
    "id" INTEGER PRIMARY KEY, "name" TEXT NOT NULL, "day" TEXT NOT NULL, "newest" INTEGER NOT NULL);
CREATE TABLE "purges" (
    "report" INTEGER PRIMARY KEY REFERENCES "reports" ("id"), "why" TEXT NOT NULL,
    "day" TEXT NOT NULL);
CREATE TABLE "stripped" ("shard" TEXT PRIMARY KEY, "members" INTEGER NOT NULL);
-- Names by question, for decisions and for patterns, without a page of stories. Whoever asks repeats
-- the condition, or SQLite does not use it.
CREATE INDEX "texts_names" ON "texts" ("question", "text", "report") WHERE length("text") <= 120;
"""

# A report that its sender took back leaves the log too (`analysis.threads.leaving`): how many reports a
# decision was about stays, which they were does not.
DECIDED_STAND = """
CREATE TRIGGER "decided_stand" BEFORE DELETE ON "decided"
    WHEN old."report" NOT IN (SELECT "report" FROM "leaving")
    BEGIN SELECT raise(ABORT, 'a decision is undone, never deleted'); END;
"""

# What cannot be made anew from the archive; the rest follows from it (`analysis.review.log.derive`).
KEPT = (
    "decisions",
    "decided",
    "spellings",
    "groups",
    "grouped",
    "kept_names",
    "quotes",
    "releases",
    "purges",
    "counted_in",
)

CONSENT = ("count", "yes")
QUOTING = ("quote", "yes_after_check")


def refresh(connection: Any) -> None:
    """Makes the views anew whose columns came with a form. Belongs in a transaction of the caller."""
    columns = {row[1] for row in connection.execute('PRAGMA table_info("reports")')}
    counted = _ticked(columns, *CONSENT)
    quotable = _ticked(columns, *QUOTING)
    for name in ("quotable", "counted"):
        connection.execute(f'DROP VIEW IF EXISTS "{name}"')
    # Only fixed names of columns and codes stand in these texts.
    connection.execute(
        f"""CREATE VIEW "counted" AS SELECT * FROM "reports"
        WHERE {counted} AND "id" NOT IN (SELECT "report" FROM "exclusions")"""  # noqa: S608
    )
    connection.execute(
        f"""CREATE VIEW "quotable" AS SELECT * FROM "counted"
        WHERE {quotable} AND "id" NOT IN (SELECT "report" FROM "purges")"""  # noqa: S608
    )


def _ticked(columns: set[str], question: str, code: str) -> str:
    """A condition that holds for nobody where no form has asked."""
    if question not in columns:
        return "0"
    choice = f"""(SELECT "id" FROM "choices" WHERE "question" = '{question}' AND "code" = '{code}')"""  # noqa: S608
    return f'"{question}" = {choice}'
