"""What a report costs at the desk, stage by stage: microseconds of a processor, in one process.

The stages are the product's own functions, each over all reports before the next, so that no profiler
slows down what has many small calls. The least of three times is told, as what disturbs only adds; but
what changes the desk (database, search index, bits) can be done once only.
"""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from analysis import bitmaps, loading, opening, schema
from analysis.asking import bits
from analysis.desk import Desk
from analysis.identity import HybridIdentity
from analysis.opening import Opened
from analysis.unseal import unseal_by
from analysis.writing import Writer
from intake.crypto.padding import unpad
from intake.crypto.shard import Member
from intake.forms import report
from intake.forms.form import Form

TIMES = 3
BATCH = loading.BATCH
_T = TypeVar("_T")


def _least(work: Callable[[], _T], times: int = TIMES) -> tuple[float, _T]:
    """Seconds of the processor, and what came of it."""
    found = []
    for _ in range(times):
        begin = time.process_time()
        result = work()
        found.append(time.process_time() - begin)
    return min(found), result


def stages(
    identity: HybridIdentity, desk: Desk, form: Form, members: Sequence[Member], bare: float
) -> list[tuple[str, float]]:
    """Each stage and its microseconds a report, into an empty desk; `bare` are those of the first."""
    with desk.database.atomic():
        loading.add_forms(desk, [form])
    coding, places = loading.read_codings(desk)[form.digest], bits(form)
    unsealing, plain = _least(lambda: [unseal_by(one.sealed, [identity])[0] for one in members])
    unpadding, bodies = _least(lambda: [unpad(one) for one in plain])
    parsing, parsed = _least(lambda: [report.parse(one, {form.digest: form}) for one in bodies])
    coded, rows = _least(
        lambda: [opening._rows(one, coding, places, one.receipt.id.hex(), "2026-W47", 0) for one in parsed]
    )
    writing, _ = _least(lambda: _write(desk, rows), 1)
    indexing, _ = _least(lambda: _in_transaction(desk, schema.index_texts), 1)
    marking, _ = _least(lambda: _in_transaction(desk, bitmaps.refresh), 1)
    found = {
        "HPKE + ChaCha20 (the bare rate)": bare,
        "the rest of age: header, MAC, keys": unsealing - bare,
        "padding": unpadding,
        "JSON, canonical form, every rule of the form": parsing,
        "rows": coded,
        "into the encrypted database": writing,
        "search index": indexing,
        "bits": marking,
    }
    return [(name, 1e6 * seconds / len(members)) for name, seconds in found.items()]


def _write(desk: Desk, rows: Sequence[Opened]) -> None:
    with loading.unchecked(desk), desk.database.atomic():
        writer = Writer(desk, None, loading.read_codings(desk))
        for first in range(0, len(rows), BATCH):
            writer.write(rows[first : first + BATCH])
        writer.finish()


def _in_transaction(desk: Desk, work: Callable[..., None]) -> None:
    with desk.database.atomic():
        work(desk.database)
