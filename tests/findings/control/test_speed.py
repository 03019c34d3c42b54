"""A small brother of `tests.bench.control`, whose table takes 60 s on two idle processors at most."""

from tests.bench.control import measure

# Of the processor, not of the clock: other work on the machine must not make it fail. It takes 6 s.
SECONDS = 30


def test_a_table_of_five_hundred_cells_is_protected_and_attacked_in_time() -> None:
    found = measure((6, 7, 8), 1200, 5)
    assert found.cells == 504
    assert found.targets > 100
    assert found.withheld
    assert not found.recovered
    assert found.processor < SECONDS
