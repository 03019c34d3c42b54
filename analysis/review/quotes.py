"""Short parts of somebody's words that may be quoted: K02 decides first, then two different people.

A quote is made of pieces of one text, in their order and to the letter, with CUT where something
was left out: nobody's words can be put into a reporter's mouth. It is never changed; another is
proposed, and checked anew. Whatever leaves the desk reads `read_quotable` and nothing else.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from analysis.desk import Desk
from analysis.review.errors import NotQuotable
from analysis.review.log import deciding, record
from analysis.review.people import Reviewer, key
from analysis.review.tables import QUOTING

CUT = "[…]"
CHECKS = 2
LONGEST_QUOTE = 400
THEME, WORDS = "theme_only", "yes_after_check"


@dataclass(frozen=True, slots=True)
class Quote:
    """Words that wait for a check, or were checked; `checked` names who did, `refused` who said no."""

    id: int
    report: int
    question: str
    text: str
    decision: int
    checked: tuple[str, ...]
    refused: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether two different people checked it, and nobody refused."""
        return len({key(name) for name in self.checked}) >= CHECKS and not self.refused


def permission(connection: Any, report: int) -> str:
    """What a sender allows with these words: "no", "theme_only", or "yes_after_check".

    It is "no" too where nothing was answered, where a report is not counted, and where its words are gone.
    """
    columns = {row[1] for row in connection.execute('PRAGMA table_info("reports")')}
    if QUOTING[0] not in columns:
        return "no"
    row = connection.execute(
        f'SELECT "choices"."code" FROM "counted" JOIN "choices" ON "choices"."id" = "counted"."{QUOTING[0]}" '  # noqa: S608 - a constant
        'WHERE "counted"."id" = ? AND "counted"."id" NOT IN (SELECT "report" FROM "purges")',
        [report],
    ).fetchone()
    return str(row[0]) if row and row[0] in (THEME, WORDS) else "no"


def propose(
    desk: Desk, report: int, question: str, words: str, by: Reviewer, *, today: date | None = None
) -> int:
    """Proposes words of a report's answer to `question`; the number of the quote.

    Raises NotQuotable where the sender does not allow it, or the words are not the sender's.
    """
    words = " ".join(words.split())
    with deciding(desk) as connection:
        _check_allowed(connection, report)
        row = connection.execute(
            'SELECT "text" FROM "texts" WHERE "report" = ? AND "question" = ?', [report, question]
        ).fetchone()
        if not row or not _is_of(words, row[0]):
            raise NotQuotable(
                "a quote repeats the report's own words, in their order",
                f"copy them, {LONGEST_QUOTE} characters at most, with {CUT} where you leave some out",
            )
        decision = record(connection, "quote", by, reports=[report], today=today)
        return int(
            connection.execute(
                'INSERT INTO "quotes" ("report", "question", "text", "decision") VALUES (?, ?, ?, ?) '
                'RETURNING "id"',
                [report, question, words, decision],
            ).fetchone()[0]
        )


def check(desk: Desk, quote: int, by: Reviewer, *, today: date | None = None) -> int:
    """Says that a quote points to nobody; the decision. NotQuotable for the same person twice."""
    with deciding(desk) as connection:
        found = _read(connection, quote)
        if by.key in {key(name) for name in found.checked}:
            raise NotQuotable("the same person cannot check a quote twice", "ask somebody else to read it")
        return record(connection, "check", by, value=str(quote), reports=[found.report], today=today)


def refuse(desk: Desk, quote: int, by: Reviewer, *, remark: str = "", today: date | None = None) -> int:
    """Says that a quote is not to be used, whoever checked it; the decision, which can be undone."""
    with deciding(desk) as connection:
        found = _read(connection, quote)
        return record(
            connection, "refuse", by, value=str(quote), remark=remark, reports=[found.report], today=today
        )


def read_quotable(connection: Any) -> list[Quote]:
    """The quotes that may leave the desk today, as sender and two people allow."""
    return [quote for quote in _quotes(connection) if quote.passed]


def read_waiting(connection: Any) -> list[Quote]:
    """The quotes that wait for a check."""
    return [quote for quote in _quotes(connection) if not quote.passed and not quote.refused]


def read_of(connection: Any, report: int) -> list[Quote]:
    """The quotes of one report that were not taken back, whether they wait, passed or were refused."""
    return [quote for quote in _quotes(connection) if quote.report == report]


def _read(connection: Any, quote: int) -> Quote:
    found = list(_quotes(connection, quote))
    if not found:
        raise NotQuotable(
            f"quote {quote} does not stand", "its sender does not allow it, or it was taken back"
        )
    return found[0]


def _quotes(connection: Any, quote: int | None = None) -> list[Quote]:
    """Every quote whose sender allows it now, whose report counts, and that was not taken back."""
    rows = connection.execute(
        'SELECT "id", "report", "question", "text", "decision" FROM "quotes" WHERE "text" IS NOT NULL '
        'AND "report" IN (SELECT "id" FROM "quotable") AND "decision" IN (SELECT "id" FROM "standing") '
        'AND (:quote IS NULL OR "id" = :quote) ORDER BY "id"',
        {"quote": quote},
    ).fetchall()
    return [_quote(connection, *row) for row in rows]


def _quote(connection: Any, number: int, report: int, question: str, text: str, decision: int) -> Quote:
    checked, refused = (_who(connection, kind, number, decision) for kind in ("check", "refuse"))
    return Quote(number, report, question, text, decision, checked, refused)


def _who(connection: Any, kind: str, quote: int, proposed: int) -> tuple[str, ...]:
    # A quote whose report did not come back from a backup leaves its number to another.
    rows = connection.execute(
        'SELECT "who" FROM "standing" WHERE "kind" = ? AND "value" = ? AND "id" > ? ORDER BY "id"',
        [kind, str(quote), proposed],
    )
    return tuple(row[0] for row in rows)


def _check_allowed(connection: Any, report: int) -> None:
    allowed = permission(connection, report)
    if allowed == WORDS:
        return
    if allowed == THEME:
        raise NotQuotable("the sender allows the theme of these words, and not the words")
    raise NotQuotable("the sender does not allow these words to be quoted")


def _is_of(words: str, text: str) -> bool:
    """Whether the pieces between cuts stand in the text, whole words and one after the other."""
    rest = f" {' '.join(text.split())} "
    pieces = [piece.strip() for piece in words.split(CUT)]
    if not any(pieces) or len(words) > LONGEST_QUOTE:
        return False
    for piece in filter(None, pieces):
        place = _find(piece, rest)
        if place < 0:
            return False
        rest = rest[place + len(piece) :]
    return True


def _find(piece: str, rest: str) -> int:
    """Where a piece begins and ends with a word: cut in the middle, "unlawful" would become "lawful"."""
    place = rest.find(piece)
    while place >= 0:
        ends = (rest[max(place - 1, 0) : place] + piece[0], piece[-1] + rest[place + len(piece) :][:1])
        if not any(len(pair) == 2 and pair[0].isalnum() and pair[1].isalnum() for pair in ends):
            return place
        place = rest.find(piece, place + 1)
    return -1
