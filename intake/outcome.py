"""What becomes of each report of a batch, by what the database holds; the same for both databases."""

from collections.abc import Mapping, Sequence

from intake.keeping import Conflict, Missing, Outcome, Unavailable, Waiting


def first_of_each(batch: Sequence[Waiting], held: Mapping[bytes, bytes]) -> list[Waiting]:
    """Those that want to be kept, and are not: the first under each id."""
    new: dict[bytes, Waiting] = {}
    for waiting in batch:
        if waiting.sealed is not None and waiting.id not in held:
            new.setdefault(waiting.id, waiting)
    return list(new.values())


def outcome(waiting: Waiting, held: Mapping[bytes, bytes]) -> Outcome:
    """None when the report is held, Conflict when another is under its id, or that none is."""
    found = held.get(waiting.id)
    if found is None:
        return (Unavailable if waiting.sealed else Missing)("the report was not stored")
    return None if found == waiting.sealed else Conflict("another report has this id")
