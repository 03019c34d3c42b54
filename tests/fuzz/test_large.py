"""Some of the inputs of megabytes; `make fuzz` reads the others too, which take longer."""

import mmap

import pytest

from tests.fuzz.large import CASES, MB, grown, taken

QUICK = [
    "a file that is too long",
    "a story of megabytes",
    "a batch of one member",
    "audit: objects in a list",
]


@pytest.mark.parametrize("name", QUICK)
def test_a_process_grows_no_more_than_its_bound_says(name: str) -> None:
    assert taken(name) <= CASES[name].most


def test_the_measure_sees_memory_that_python_does_not_hold() -> None:
    def hold() -> None:
        with mmap.mmap(-1, 40 * MB) as held:
            for _ in range(40):
                held.write(bytes(MB))

    assert 38 <= grown(hold) <= 60
