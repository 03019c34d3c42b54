"""The table that somebody wants attacked, which may be hostile: a JSON file.

The file system is left out but for one file of memory, where the reader opens what it is given.
"""

import json
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from analysis.findings.control import auditfile
from analysis.findings.control.errors import BadAuditFile
from tests.fuzz.target import Sayings, Target, only

_SAYINGS = Sayings()


@cache
def _file() -> tuple[int, Path]:
    """A file that has a name, and is on no disk."""
    descriptor = os.memfd_create("witnessbox-fuzz")
    return descriptor, Path(f"/proc/self/fd/{descriptor}")


def run(data: bytes) -> None:
    descriptor, path = _file()
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, data, 0)
    with only(BadAuditFile, data, _SAYINGS):
        found = auditfile.read(path)
        cells = set(found.lattice.cells)
        assert len(cells) == len(found.lattice) <= auditfile.CELLS
        assert found.known.keys() | set(found.hidden) == cells
        assert found.sensitive <= set(found.hidden)
        assert all(0 <= count <= auditfile.REPORTS for count in found.known.values())


_TABLE = {
    "dims": [{"Total": ["North", "South"], "North": ["a", "b"]}, {"All": ["x", "y"]}],
    "leaf_counts": [["a", "x", 3], ["b", "x", 12], ["South", "x", 40], ["South", "y", 0]],
    "hidden": [["a", "x"], ["b", "x"]],
}


def seeds() -> Iterator[bytes]:
    yield json.dumps(_TABLE).encode()
    more = {"lower_bound": 1, "published_before": [["b", "x", 12]], "sensitive": [["a", "x"]]}
    yield json.dumps(_TABLE | more, separators=(",", ":")).encode()


def _table(changes: Callable[[int], dict[str, object]]) -> Callable[[int], bytes]:
    return lambda size: json.dumps(_TABLE | changes(size)).encode()


def _flat(count: int) -> list[dict[str, list[str]]]:
    return [{"T": [f"n{number}" for number in range(count)]}]


def _chain(count: int) -> list[dict[str, list[str]]]:
    return [{f"n{number}": [f"n{number + 1}"] for number in range(count)}]


TARGET = Target(
    "audit",
    run,
    seeds,
    shapes={
        "nested lists": lambda size: b"[" * (size // 2) + b"]" * (size // 2),
        "nested objects": lambda size: b'{"a":' * (size // 6) + b"1" + b"}" * (size // 6),
        "a huge number": lambda size: b'{"dims":' + b"9" * size + b"}",
        "many keys": lambda size: b"{" + b",".join(b'"%d":1' % n for n in range(size // 10)) + b"}",
        "one wide dimension": _table(
            lambda size: {"dims": _flat(size // 10), "leaf_counts": [], "hidden": []}
        ),
        "one deep dimension": _table(
            lambda size: {"dims": _chain(size // 20), "leaf_counts": [], "hidden": []}
        ),
        "one deep dimension, counted": _table(
            lambda size: {
                "dims": [{f"n{n}": [f"n{n + 1}", f"m{n}"] for n in range(size // 50)}],
                "leaf_counts": [[f"m{n}", 1] for n in range(size // 50)],
                "hidden": [],
            }
        ),
        "many dimensions": _table(lambda size: {"dims": [{"T": ["a"]}] * (size // 20)}),
        "many dimensions of two": _table(
            lambda size: {"dims": [{"T": ["a"]}] * min(size // 20, 17), "leaf_counts": [], "hidden": []}
        ),
        "many hidden rows": _table(lambda size: {"hidden": [["a", "x"]] * (size // 12)}),
        "many unknown rows": _table(lambda size: {"leaf_counts": [["zz", "x", 1]] * (size // 16)}),
        "a long name": _table(lambda size: {"dims": [{"T": ["a" * size]}]}),
    },
    # The file may have 32 MB and 200,000 cells: it is read whole.
    seconds=0.5,
    bytes=100 * 1024 * 1024,
    tokens=(
        *(
            b'"dims":[',
            b'"leaf_counts":[',
            b'"hidden":[',
            b'"lower_bound":',
            b'"published_before":[',
            b'"sensitive":[',
        ),
        *(
            b'{"Total":[',
            b'["a","x",3]',
            b"NaN",
            b"1e9",
            b"1.5",
            b"-1",
            b"true",
            b"null",
            b"\\ud800",
            b"\xef\xbb\xbf",
            b"|",
        ),
    ),
)
