"""The targets of the fuzzer with a few hundred inputs each: seeds that were changed in the ways that break
parsers.
"""

from collections.abc import Callable
from importlib import import_module
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.__main__ import NAMES
from tests.fuzz.target import Target

# So many changed inputs of each target; the slow ones compile forms or unzip workbooks.
INPUTS = 250
SLOW = {"xlsx": 25, "files": 60, "xlsform": 40, "words": 60, "spreadsheet": 60, "stream": 80}
LONGEST = 8_192

Change = Callable[[bytes, Random, Target], bytes]


def _cut(data: bytes, draw: Random, target: Target) -> bytes:
    start, end = _range(data, draw)
    return data[:start] + data[end:]


def _repeat(data: bytes, draw: Random, target: Target) -> bytes:
    start, end = _range(data, draw)
    return data[:start] + data[start:end] * draw.randrange(2, 9) + data[end:]


def _replace(data: bytes, draw: Random, target: Target) -> bytes:
    place = draw.randrange(len(data) + 1)
    return data[:place] + bytes([draw.choice((0, 10, 34, 127, 255, draw.randrange(256)))]) + data[place + 1 :]


def _insert(data: bytes, draw: Random, target: Target) -> bytes:
    place = draw.randrange(len(data) + 1)
    return data[:place] + draw.choice(target.tokens) + data[place:]


def _swap(data: bytes, draw: Random, target: Target) -> bytes:
    start, end = _range(data, draw)
    return data[start:end] + data[:start] + data[end:]


def _dress(data: bytes, draw: Random, target: Target) -> bytes:
    return bytes([draw.randrange(16)]) + data[1:]


CHANGES: tuple[Change, ...] = (_cut, _repeat, _replace, _insert, _swap, _dress)


def _range(data: bytes, draw: Random) -> tuple[int, int]:
    start = draw.randrange(len(data) + 1)
    return start, min(len(data), start + draw.choice((1, 2, 8, 64, 512)))


def _changed(seed: bytes, draw: Random, target: Target) -> bytes:
    for _ in range(draw.choice((1, 1, 2, 4))):
        seed = draw.choice(CHANGES)(seed, draw, target)
    return seed[:LONGEST]


@pytest.mark.parametrize("name", NAMES)
def test_a_parser_takes_or_refuses_whatever_comes(name: str) -> None:
    target: Target = import_module(f"tests.fuzz.targets.{name}").TARGET
    seeds = list(target.seeds())
    for data in (b"", b"\0", *seeds):
        target.run(data)

    @settings(max_examples=SLOW.get(name, INPUTS), derandomize=True, deadline=None, database=None)
    @given(st.integers(0, 2**32))
    def takes_or_refuses(number: int) -> None:
        draw = Random(number)
        target.run(_changed(draw.choice(seeds), draw, target))

    takes_or_refuses()


@pytest.mark.parametrize("name", NAMES)
def test_a_parser_takes_or_refuses_the_worst_shapes(name: str) -> None:
    target: Target = import_module(f"tests.fuzz.targets.{name}").TARGET
    assert target.shapes
    for shape in target.shapes.values():
        target.run(shape(4_096))
