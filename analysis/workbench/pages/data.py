"""Reports as a file for a spreadsheet, and the way to all of Datasette: the tables, and questions in SQL."""

from typing import Any

from analysis.bitmaps import count
from analysis.workbench import export
from analysis.workbench.pages.view import Asked

TABLES = ("reports", "texts", "answers", "ticks", "choices", "forms", "attachments", "set_aside")


def read(asked: Asked) -> tuple[str, dict[str, Any]]:
    """What the page shows; what the address selects is what the file will hold."""
    counted, allowed = (
        count(export.select(asked.connection, asked.snapshot, asked.selection, others=others))
        for others in (False, True)
    )
    return "data.html", {
        "tables": TABLES,
        "query": asked.selection.query,
        "counted": counted,
        "others": allowed - counted,
    }
