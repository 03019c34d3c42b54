"""The tables of the desk's database that findings need: batches, and the ledger of what was published.

They cannot be made anew from the archive, so a backup holds them. `analysis.findings.batches` and
`analysis.findings.past` read and write them. `ledger_lost` has a row where a rebuild found no ledger, until
somebody says what was published (`analysis.findings.recounting`).
"""

# The places that releases named in words (`analysis.findings.named`).
PLACES = """
CREATE TABLE "places" (
    "release" TEXT NOT NULL, "question" TEXT NOT NULL, "code" TEXT NOT NULL, "name" TEXT NOT NULL,
    "group" INTEGER NOT NULL, "generation" INTEGER NOT NULL, "earlier" TEXT NOT NULL,
    PRIMARY KEY ("release", "question", "code"));
"""
TABLES = f"""
CREATE TABLE "batches" (
    "id" TEXT PRIMARY KEY, "day" TEXT NOT NULL, "first" TEXT NOT NULL, "last" TEXT NOT NULL,
    "undated" INTEGER NOT NULL, "trees" TEXT NOT NULL);
CREATE TABLE "batch_cells" (
    "batch" TEXT NOT NULL REFERENCES "batches" ("id"), "cell" TEXT NOT NULL,
    "reports" INTEGER NOT NULL, "largest" INTEGER NOT NULL, "site" INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY ("batch", "cell")) WITHOUT ROWID;
CREATE TABLE "counted_in" (
    "report" INTEGER NOT NULL REFERENCES "reports" ("id"),
    "batch" TEXT NOT NULL REFERENCES "batches" ("id"), "counted" INTEGER NOT NULL,
    PRIMARY KEY ("report", "batch")) WITHOUT ROWID;
CREATE TABLE "ledger" ("number" INTEGER PRIMARY KEY, "line" TEXT NOT NULL);
CREATE TABLE "ledger_lost" ("lost" INTEGER PRIMARY KEY);
{PLACES}"""
# What comes back from a backup before the reports do; `counted_in` names them, and comes after.
KEPT = ("batches", "batch_cells", "ledger", "ledger_lost", "places")
