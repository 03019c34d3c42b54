"""Each part of `make bench` at its smallest: it runs to its end and tells figures.

Some take too long even so. Of `intake`, one turn of the two that are compared and half a load are here; of
`legs`, the first ones are in `tests/test_capacity.py`. `release` (a whole release) and `workbench` (which
waits as long as people type and read) are run by `make bench` alone.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from playwright.sync_api import Browser

from analysis.identity import HybridIdentity
from intake.crypto.padding import SIZE_CLASSES
from intake.crypto.seal import seal_bytes
from tests.bench import (
    __main__,
    boxes,
    control,
    desk,
    intake,
    loose,
    noscript,
    pages,
    patterns,
    scale,
    slowly,
    sparse,
    stages,
    table,
)
from tests.bench.__main__ import PARTS
from tests.cards import write_card
from tests.serving import stored


@dataclass(frozen=True)
class Small:
    """How a part is called, and its sizes in place of the usual ones."""

    run: Callable[[], None]
    sizes: Mapping[ModuleType, Mapping[str, Any]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, as the benchmarks run it."""
    with slowly.chromium() as running:
        yield running


ONCE = {"ROUNDS": 1}
SMALL = {
    "scale": Small(
        lambda: scale.run(1), {scale: {**ONCE, "CONNECTIONS": 4, "MACHINES": (("PostgreSQL", 2),)}}
    ),
    "noscript": Small(lambda: noscript.run(1), {noscript: {**ONCE, "BARE": 5}}),
    "desk": Small(
        lambda: desk.run(10),
        {desk: {**ONCE, "EVERYONE": 1, "STAGED": 10, "CUT": 5, "TIMES": 1}, stages: {"TIMES": 1}},
    ),
    "loose": Small(lambda: loose.run(10), {loose: {**ONCE, "EVERYONE": 1}}),
    "memory": Small(__main__.memory, {__main__: {"COUNTS": (5,)}}),
    "patterns": Small(lambda: patterns.run(200)),
    "control": Small(control.run, {control: {"SIZES": (3, 4), "REPORTS": 60}}),
    "sparse": Small(sparse.run, {sparse: {"COMMANDS": 3, "STATIONS": 2, "GROUPS": 2, "REPORTS": 40}}),
    "boxes": Small(boxes.run, {boxes: {"REPORTS": 200, "REPLIES": 20}}),
    "pages": Small(
        pages.run,
        {
            pages: {**ONCE, "PAGES": pages.PAGES[:1]},
            slowly: {"KBIT": 400_000, "ROUND_TRIP_MS": 1, "SLOWDOWN": 1},
        },
    ),
}
TOO_LONG = {"intake", "legs", "workbench", "release"}


def test_each_part_is_run_here_or_named_as_one_that_takes_too_long() -> None:
    assert {*SMALL, *TOO_LONG} == set(PARTS)
    assert not TOO_LONG & SMALL.keys()


@pytest.mark.parametrize("part", SMALL)
def test_a_part_runs_to_its_end_and_tells_figures(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, sizes in SMALL[part].sizes.items():
        for name, size in sizes.items():
            monkeypatch.setattr(module, name, size)
    monkeypatch.setattr(table, "_shown", [])
    SMALL[part].run()
    assert table._shown
    assert all(one.rows and len(row) == len(one.head) for one in table._shown for row in one.rows)


def test_the_intake_is_compared_with_one_that_drops_and_half_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "ROUNDS", 1)
    monkeypatch.setattr(intake, "WARMING", 0)
    recipient = HybridIdentity.generate().recipient
    card = write_card(tmp_path / "desk.pub", recipient)
    dropping, keeping = (intake._new(tmp_path / name, card) for name in ("dropping", "keeping"))
    sealed = seal_bytes(b"{}".ljust(SIZE_CLASSES[0]), [recipient])
    dropped, kept = intake._pair(dropping, keeping, sealed, 1, 1, 1)
    assert dropped.cpu > 0
    assert kept.rate > 0
    assert len(stored(keeping)) >= sum(one.count for one in kept.all)
    assert stored(dropping) == {}
    assert intake._half("one", [keeping], sealed, 50, 0.5)[0] == "one"


def test_words_that_come_after_loading_are_seen_without_script(tmp_path: Path, browser: Browser) -> None:
    late = tmp_path / "late.html"
    late.write_text(
        "<style>@keyframes hide { from, to { visibility: hidden } } p { animation: hide 0.5s }</style>"
        "<p>words</p>"
    )
    found = pages.visit(browser, late.as_uri(), script=False)
    assert found.first > 0.5


def test_a_page_that_never_shows_a_word_is_named_and_not_waited_for(tmp_path: Path, browser: Browser) -> None:
    empty = tmp_path / "empty.html"
    empty.write_text("<title>empty</title>")
    with pytest.raises(SystemExit, match=r"empty\.html: no words were on the screen 0.2 seconds after"):
        pages.visit(browser, empty.as_uri(), patience=0.2)
