"""Imports all that lies at some paths: bundles first, since they bring forms, then what came in none.

One thing that cannot be taken keeps nothing else from being taken.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from analysis import console, courier, formfile, gathering, loading, loose, outcome
from analysis.desk import Desk
from analysis.desk_errors import (
    BadForm,
    DamagedBundle,
    DeskError,
    ForeignBundle,
    ForkedBundle,
    NotTaken,
    RewordedForm,
)
from analysis.gathering import Fault

# Gives what shows one bar after another: of what, and how much there is of it.
Bars: TypeAlias = Callable[[], AbstractContextManager[Callable[[str, int], Callable[[int], None]]]]

COPYING, OPENING, PATTERNS = "Copying", "Opening", console.PATTERNS
# What is wrong with a bundle, and not with the desk.
_REFUSALS = (BadForm, DamagedBundle, ForeignBundle, ForkedBundle, RewordedForm)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a command asks for: paths, how many processes, a form, its lists, forms that are accepted."""

    paths: Sequence[Path]
    processes: int | None = None
    form: Path | None = None
    lists: Path | None = None
    accepted: Sequence[str] = ()


def take(desk: Desk, wanted: Wanted, bars: Bars) -> Iterator[str | DeskError]:
    """Imports what is `wanted`; gives lines about what was taken, and each refusal, as they come.

    The caller keeps other commands away. Raises what is wrong with the form, or with the desk itself.
    """
    found = gathering.gather(wanted.paths)
    if wanted.form:
        form = formfile.read_form(wanted.form, wanted.lists)
        yield from formfile.add(desk, [form], wanted.accepted)
    for bundle in found.bundles:
        try:
            yield from _take_bundle(desk, bundle, wanted, bars)
        except _REFUSALS as error:
            yield error
    faults = [*found.faults]
    if found.files:
        faults += yield from _take_files(desk, found.files, wanted, bars)
    yield from outcome.describe_faults(faults)
    if found.others:
        yield outcome.describe_others(found.others)
    yield from found.refused
    if faults:
        hint = "the lines above say what and why; it stays where it lies, so keep it"
        yield NotTaken("not everything was taken", hint)
    elif not (found.bundles or found.files or found.refused):
        yield NotTaken("nothing to import: no bundle, no sealed file and no batch lies there")


def _take_bundle(desk: Desk, bundle: Path, wanted: Wanted, bars: Bars) -> Iterator[str]:
    with bars() as begin:
        copied = begin(COPYING, courier.length(bundle))
        delivery = courier.receive(desk, bundle, copied, accepted_forms=wanted.accepted)
        opened, patterns = begin(OPENING, delivery.manifest.reports), partial(begin, PATTERNS)
        result = loading.load_delivery(
            desk, delivery, processes=wanted.processes, progress=opened, patterns=patterns
        )
    yield from outcome.describe_delivery(delivery, result)


def _take_files(
    desk: Desk, files: Sequence[Path], wanted: Wanted, bars: Bars
) -> Generator[str, None, Sequence[Fault]]:
    with bars() as begin:
        opened, patterns = begin(OPENING, loose.length(files)), partial(begin, PATTERNS)
        taken = loose.take(desk, files, processes=wanted.processes, progress=opened, patterns=patterns)
    yield from outcome.describe_loose(taken)
    return taken.faults
