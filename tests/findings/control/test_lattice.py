import pytest

from analysis.findings.control.errors import NotNested
from analysis.findings.control.lattice import Lattice, Tree
from analysis.findings.control.system import Builder, System
from tests.findings.control.small import lattice

AREA = Tree("area", "city", {"city": ("north", "south"), "north": ("n1", "n2"), "south": ("s1",)})
KIND = Tree.flat("kind", ("search", "stop"), root="any")


def test_every_cell_is_the_sum_of_its_parts_in_each_dimension() -> None:
    table = Lattice((AREA, KIND))
    counts = table.aggregate({("n1", "stop"): 3, ("n2", "search"): 2, ("s1", "stop"): 4})
    assert counts["city", "any"] == 9
    assert counts["north", "any"] == 5
    assert counts["south", "stop"] == counts["s1", "stop"] == 4
    assert all(counts[whole] == sum(counts[part] for part in parts) for whole, parts in table.sums)
    assert len(table) == len(counts) == 18


def test_a_count_reaches_every_level_of_a_deep_dimension() -> None:
    depth = 2_000
    deep = Tree("deep", "n0", {f"n{n}": (f"n{n + 1}", f"m{n}") for n in range(depth)})
    counts = Lattice((deep, KIND)).aggregate({(f"m{n}", "stop"): 1 for n in range(depth)})
    assert [counts[f"n{n}", "any"] for n in range(depth)] == list(range(depth, 0, -1))


@pytest.mark.parametrize(
    "children",
    [
        pytest.param({"city": ("a", "b"), "a": ("c",), "b": ("c",)}, id="two parents"),
        pytest.param({"city": ("a", "a")}, id="twice a child"),
        pytest.param({"city": ("a",), "a": ("city",)}, id="a cycle with the root"),
        pytest.param({"city": ("a",), "b": ("c",), "c": ("b",)}, id="a cycle beside the root"),
        pytest.param({"city": ("a",), "b": ("c",)}, id="a second root"),
        pytest.param({"city": ()}, id="a parent of nobody"),
    ],
)
def test_categories_that_do_not_nest_are_refused(children: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(NotNested, match="dimension"):
        Tree("area", "city", children)


def test_tables_that_share_a_margin_share_its_cells() -> None:
    month = Tree.flat("month", ("may", "june"), root="all")
    system = System.linked([Lattice((AREA, KIND)), Lattice((AREA, month)), Lattice((month, KIND))])
    assert system.cells.count(("area=north",)) == 1
    assert ("area=n1", "kind=stop") in system.index
    assert () in system.index
    assert len(system.cells) == 18 + 6 * 2 + 2 * 2
    assert len(set(system.rows)) == len(system.rows)


def test_a_dimension_that_grows_names_its_root_and_others_do_not() -> None:
    batch = Tree("batch", "2012+2013", {"2012+2013": ("2012", "2013")}, grows=True)
    table = Lattice((KIND, batch))
    assert table.shared_name(("any", "2012+2013")) == ("batch=2012+2013",)
    assert table.shared_name(("stop", "2012")) == ("batch=2012", "kind=stop")


def test_tables_that_know_a_dimension_differently_are_refused() -> None:
    other = Tree.flat("kind", ("search", "stop", "force"), root="any")
    with pytest.raises(NotNested, match='the dimension "kind"'):
        System.linked([Lattice((AREA, KIND)), Lattice((AREA, other))])


def test_two_dimensions_of_one_name_are_refused() -> None:
    with pytest.raises(NotNested, match="same name"):
        Lattice((KIND, KIND))


def test_what_a_row_leaves_over_is_worked_out_from_the_others() -> None:
    builder = Builder()
    builder.add_any(("any",), [("hit",), ("shove",)])
    builder.add_at_most([("none",), ("hit",)], ("n",))
    system = builder.build()
    values = {("any",): 5, ("hit",): 3, ("shove",): 4, ("none",): 6, ("n",): 12}
    complete = system.complete(values)
    assert sorted(complete[slack] for slack in system.slacks) == [1, 2, 2, 3]
    assert all(sum(sign * complete[system.cells[i]] for i, sign in row) == 0 for row in system.rows)


def test_a_flat_table_has_a_row_for_each_line_and_column() -> None:
    system = System.of(lattice(3, 4))
    assert len(system.cells) == 20
    assert len(system.rows) == 5 + 4
