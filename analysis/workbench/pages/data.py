"""The way to all of Datasette: the tables as they are, and questions in SQL."""

from typing import Any

from analysis.workbench.pages.view import Asked

TABLES = ("reports", "texts", "answers", "ticks", "choices", "forms", "attachments", "set_aside")


def read(asked: Asked) -> tuple[str, dict[str, Any]]:
    """What the page shows."""
    return "data.html", {"tables": TABLES}
