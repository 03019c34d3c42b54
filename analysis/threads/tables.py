"""The tables of what is said about reports after they came: by their senders, and to them.

    followups     what senders added, under the id of their report (`thread`), which may not be here
    withdrawals   who took a report back, and where to tell them that it was done
    gone          ids of what may not stand here any more, or ever; not yet `stripped` from the archive
    messages      what the desk says to reporters; `n` rises for ever, and `sent` is a day once it went out
    addressed     to whom a message goes, by the report's id; a report's own `tracker`, in a release's list
    trackers      random names of counted reports in published lists (`analysis.findings.trackers`)

`leaving` has the numbers of reports while they are deleted, so that the log lets go of these alone, and is
empty otherwise. `highest` remembers numbers that were used up, as none may come to mean another thing.
"""

from typing import Any

TABLES = """
CREATE TABLE "followups" (
    "id" INTEGER PRIMARY KEY, "name" TEXT NOT NULL UNIQUE, "thread" TEXT NOT NULL, "bundle" INTEGER,
    "week" TEXT NOT NULL, "lang" TEXT NOT NULL, "sealed_by" TEXT NOT NULL, "channel" TEXT NOT NULL,
    "text" TEXT NOT NULL);
CREATE INDEX "followups_thread" ON "followups" ("thread");
CREATE TABLE "withdrawals" (
    "name" TEXT PRIMARY KEY, "thread" TEXT NOT NULL, "bundle" INTEGER, "week" TEXT NOT NULL,
    "box" TEXT NOT NULL, "reply" TEXT NOT NULL);
CREATE INDEX "withdrawals_thread" ON "withdrawals" ("thread");
CREATE TABLE "gone" ("name" TEXT PRIMARY KEY, "stripped" INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE INDEX "gone_stripped" ON "gone" ("stripped") WHERE NOT "stripped";
CREATE TABLE "leaving" ("report" INTEGER PRIMARY KEY);
CREATE TABLE "highest" ("what" TEXT PRIMARY KEY, "number" INTEGER NOT NULL);
CREATE TABLE "messages" (
    "n" INTEGER PRIMARY KEY, "kind" TEXT NOT NULL, "at" TEXT NOT NULL, "until" TEXT NOT NULL,
    "text" TEXT, "release" TEXT, "decision" INTEGER, "sent" TEXT);
CREATE TABLE "addressed" (
    "message" INTEGER NOT NULL REFERENCES "messages" ("n"), "thread" TEXT NOT NULL, "tracker" TEXT,
    PRIMARY KEY ("message", "thread")) WITHOUT ROWID;
CREATE INDEX "addressed_thread" ON "addressed" ("thread");
CREATE TABLE "trackers" ("tracker" TEXT PRIMARY KEY, "batch" TEXT NOT NULL, "thread" TEXT);
CREATE INDEX "trackers_batch" ON "trackers" ("batch");
CREATE INDEX "trackers_thread" ON "trackers" ("thread");
CREATE TABLE "canned" (
    "name" TEXT NOT NULL, "lang" TEXT NOT NULL, "text" TEXT NOT NULL, PRIMARY KEY ("name", "lang"));
CREATE TABLE "settings" ("name" TEXT PRIMARY KEY, "value" TEXT NOT NULL);
CREATE TABLE "boxes" (
    "server" TEXT PRIMARY KEY, "state" TEXT NOT NULL, "week" TEXT NOT NULL, "number" INTEGER NOT NULL);
"""

# What cannot be made anew from the archive, and names no report by its number. `highest` is not in it: a
# database that is made anew numbers its reports anew.
KEPT = ("messages", "addressed", "trackers", "canned", "settings", "boxes")

# A message stands as long as the decision to write it does; what nobody decided always does.
STANDING = '("decision" IS NULL OR "decision" IN (SELECT "id" FROM "standing"))'
REPLY, NOTICE, COUNTED, WITHDRAWN = "reply", "notice", "counted", "withdrawn"

REPORTS, MESSAGES = "reports", "messages"
_NUMBERS = {REPORTS: "id", MESSAGES: "n"}


def last_number(connection: Any, what: str) -> int:
    """The highest number that a report or a message ever had here."""
    query = f"""SELECT max(coalesce((SELECT max("{_NUMBERS[what]}") FROM "{what}"), 0),
        coalesce((SELECT "number" FROM "highest" WHERE "what" = ?), 0))"""  # noqa: S608 - constants
    return int(connection.execute(query, [what]).fetchone()[0])


def keep_numbers(connection: Any) -> None:
    """Remembers the highest numbers before rows are deleted. Belongs in a transaction of the caller."""
    connection.executemany(
        'INSERT OR REPLACE INTO "highest" ("what", "number") VALUES (?, ?)',
        [(what, last_number(connection, what)) for what in _NUMBERS],
    )
