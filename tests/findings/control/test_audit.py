import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

GOOD: dict[str, Any] = {
    "dims": [{"Total": ["Alpha", "Beta"]}, {"T": ["F", "M"]}],
    "leaf_counts": [["Alpha", "F", 12], ["Alpha", "M", 2], ["Beta", "F", 3], ["Beta", "M", 40]],
    "hidden": [["Alpha", "M"], ["Beta", "F"], ["Alpha", "F"], ["Beta", "M"]],
    "lower_bound": 0,
}


def run(path: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "analysis.main", "audit", str(path), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def write(folder: Path, content: Any) -> Path:
    path = folder / "table.json"
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    path.write_bytes(data)
    return path


def audit(folder: Path, content: Any) -> tuple[int, dict[str, Any]]:
    done = run(write(folder, content), "--json")
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)["cells"]


def test_a_protected_table_passes_with_the_interval_of_each_hidden_cell(tmp_path: Path) -> None:
    status, cells = audit(tmp_path, GOOD)
    assert status == 0
    assert cells["Alpha|M"] == {"integer": [0, 14], "linear": [0.0, 14.0], "exact": False}
    assert list(cells) == ["Alpha|M", "Beta|F", "Alpha|F", "Beta|M"]


@pytest.mark.parametrize(
    ("name", "said"), [("nowhere.json", "no such file or directory"), (".", "is a directory")]
)
def test_a_file_that_cannot_be_read_is_refused_with_a_hint(tmp_path: Path, name: str, said: str) -> None:
    done = run(tmp_path / name)
    assert done.stdout == ""
    assert f"{tmp_path / name}: {said}\nhint: give a table to attack; " in done.stderr


def test_a_byte_order_mark_is_named_for_what_it_is(tmp_path: Path) -> None:
    done = run(write(tmp_path, b"\xef\xbb\xbf" + json.dumps(GOOD).encode()))
    assert done.returncode != 0
    assert "it begins with a byte-order mark: save it as UTF-8 without one\nhint: " in done.stderr


def test_a_cell_that_falls_out_of_its_margin_fails_the_audit(tmp_path: Path) -> None:
    status, cells = audit(tmp_path, {**GOOD, "hidden": [["Alpha", "M"]]})
    assert status == 1
    assert cells == {"Alpha|M": {"integer": [2, 2], "linear": [2.0, 2.0], "exact": True}}


def test_an_earlier_publication_can_give_a_cell_away(tmp_path: Path) -> None:
    before = {**GOOD, "published_before": [["Beta", "F", 3]]}
    status, cells = audit(tmp_path, before)
    assert status == 1
    assert all(cell["exact"] for cell in cells.values())


def test_a_hidden_zero_that_falls_out_is_told_and_does_not_fail(tmp_path: Path) -> None:
    rows = [["Alpha", "F", 12], ["Beta", "F", 3], ["Beta", "M", 40]]
    status, cells = audit(tmp_path, {**GOOD, "leaf_counts": rows, "hidden": [["Alpha", "M"]]})
    assert status == 0
    assert cells["Alpha|M"]["exact"]


def test_the_file_may_say_which_hidden_cells_are_sensitive(tmp_path: Path) -> None:
    content = {**GOOD, "hidden": [["Alpha", "M"], ["Total", "T"]]}
    assert audit(tmp_path, content)[0] == 1
    assert audit(tmp_path, {**content, "sensitive": [["Total", "T"]]})[0] == 1
    assert audit(tmp_path, {**content, "sensitive": []})[0] == 0


def test_zeros_that_are_shown_narrow_what_is_possible(tmp_path: Path) -> None:
    cells = audit(tmp_path, {**GOOD, "lower_bound": 1})[1]
    assert cells["Alpha|M"]["integer"] == [1, 13]


def test_a_cell_that_nothing_bounds_has_null_for_an_end(tmp_path: Path) -> None:
    hidden = [["Alpha", "M"], ["Alpha", "T"], ["Total", "M"], ["Total", "T"]]
    cells = audit(tmp_path, {**GOOD, "hidden": hidden})[1]
    assert cells["Alpha|M"] == {"integer": [0, None], "linear": [0.0, None], "exact": False}


def test_people_read_the_same_in_words(tmp_path: Path) -> None:
    done = run(write(tmp_path, {**GOOD, "hidden": [["Alpha", "M"], ["Total", "T"]]}))
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "Alpha|M: 2, disclosed",
        "Total|T: 57, disclosed",
        "2 hidden cells, 2 of them sensitive; disclosed: 2",
    ]


def changed(**parts: Any) -> dict[str, Any]:
    return {**GOOD, **parts}


NESTED = b'{"dims": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
HOSTILE = [
    pytest.param(b"", "not JSON", id="empty"),
    pytest.param(b"\xff\xfe{}", "not text in UTF-8", id="other bytes"),
    pytest.param(b"[]", "not one JSON object", id="a list"),
    pytest.param(NESTED, "nested too deeply", id="nested"),
    pytest.param(b'{"dims": ' + b"9" * 5000 + b"}", "a number is too long", id="a long number"),
    pytest.param(b'{"dims": NaN}', "a number in it is none", id="NaN"),
    pytest.param(b'{"dims": [], "dims": []}', "same key twice", id="a key twice"),
    pytest.param(b'{"dims": [{"T": ["a"], "T": ["b"]}]}', "same key twice", id="a parent twice"),
    pytest.param(
        b'{"hidden":[' + b'{"":0},' * 200_001 + b"{}]}", "more objects than a table", id="many objects"
    ),
    pytest.param(changed(hint="x"), "it has a key that is none of", id="an unknown key"),
    pytest.param({"dims": [], "hidden": []}, 'the key "leaf_counts" is missing', id="a missing key"),
    pytest.param(changed(dims=[]), '"dims" is empty', id="no dimension"),
    pytest.param(changed(dims=[["Total"]]), "dimension 1 is not an object", id="a dimension as a list"),
    pytest.param(changed(dims=[{"T": "ab"}]), "not a list of texts", id="children as a text"),
    pytest.param(changed(dims=[{"T": ["a", "b"], "a": ["T"]}]), "0 roots", id="a cycle"),
    pytest.param(
        changed(dims=[{"T": ["a"], "b": ["c"], "c": ["b"]}]), "not a tree", id="a cycle beside the root"
    ),
    pytest.param(changed(dims=[{"T": ["a"], "U": ["b"]}]), "2 roots", id="two roots"),
    pytest.param(changed(dims=[{"T": ["a", "b"], "a": ["c"], "b": ["c"]}]), "not a tree", id="two parents"),
    pytest.param(changed(dims=[{f"n{i}": [f"n{i + 1}"] for i in range(64)}]), "64 levels", id="too deep"),
    pytest.param(changed(dims=[{"T": ["a|b"]}]), 'has a "|"', id="a bar in a name"),
    pytest.param(changed(dims=[{"T": ["a", ""]}]), "is empty", id="no name"),
    pytest.param(changed(dims=[{"T": ["a", "b" * 201]}]), "is too long", id="a long name"),
    pytest.param(changed(dims=[{"T": ["a\u001b[2J"]}]), "not printable", id="a control character"),
    pytest.param(
        b'{"dims":[{"T":["\\ud800"]}],"leaf_counts":[],"hidden":[]}', "not printable", id="surrogate"
    ),
    pytest.param(
        changed(dims=[{"T": [f"{i}" for i in range(600)]}, {"T": [f"{i}" for i in range(600)]}]),
        "more than 200,000 cells",
        id="a huge table",
    ),
    pytest.param(changed(leaf_counts=[["Alpha", "F", -1]]), "row 1 .* no count", id="a negative count"),
    pytest.param(changed(leaf_counts=[["Alpha", "F", True]]), "row 1 .* no count", id="true"),
    pytest.param(changed(leaf_counts=[["Alpha", "F", "12"]]), "row 1 .* no count", id="a text"),
    pytest.param(changed(leaf_counts=[["Alpha", "F", 1.5]]), "a number in it is none", id="a fraction"),
    pytest.param(changed(leaf_counts=[["Alpha", "F", 10**10]]), "row 1 .* no count", id="a huge count"),
    pytest.param(
        changed(leaf_counts=[["Alpha", "F", 10**9], ["Alpha", "M", 1]]), "in all", id="a huge number in all"
    ),
    pytest.param(changed(leaf_counts=[["Alpha", 1]]), "one node of each of the 2", id="a short row"),
    pytest.param(changed(leaf_counts=[["Alpha", "X", 1]]), "dimension 2 does not have", id="an unknown node"),
    pytest.param(changed(leaf_counts=[["Total", "F", 1]]), "has children", id="a count for a margin"),
    pytest.param(changed(leaf_counts=[["Alpha", "F", 1]] * 2), "row 2 .* second time", id="a leaf twice"),
    pytest.param(changed(leaf_counts={}), '"leaf_counts" is not a list', id="rows as an object"),
    pytest.param(changed(hidden=[["Alpha", ["F"]]]), "something that is not a text", id="a list as a name"),
    pytest.param(changed(hidden=[["Alpha", "X"]]), 'row 1 of "hidden"', id="an unknown hidden cell"),
    pytest.param(changed(lower_bound=2), "neither 0 nor 1", id="a high lower bound"),
    pytest.param(changed(lower_bound=True), "neither 0 nor 1", id="true as a lower bound"),
    pytest.param(
        changed(lower_bound=1, leaf_counts=[["Beta", "M", 3]]), "zeros are shown", id="a hidden zero"
    ),
    pytest.param(
        changed(published_before=[["Total", "F", 16]]), "does not agree", id="counts that contradict"
    ),
    pytest.param(changed(sensitive=[["Total", "T"]]), 'not in "hidden"', id="a sensitive cell that is shown"),
]


@pytest.mark.parametrize(("content", "rule"), HOSTILE)
def test_a_file_that_is_not_as_the_format_says_is_refused(tmp_path: Path, content: Any, rule: str) -> None:
    from analysis.findings.control.auditfile import read
    from analysis.findings.control.errors import BadAuditFile

    with pytest.raises(BadAuditFile, match=rule) as refused:
        read(write(tmp_path, content))
    assert refused.value.hint


def test_the_longest_name_and_the_largest_number_are_read(tmp_path: Path) -> None:
    long = "b" * 200
    counts = [["a", 1], [long, 999_999_999]]
    content = {"dims": [{"T": ["a", long]}], "leaf_counts": counts, "hidden": [["a"], [long]]}
    assert audit(tmp_path, content)[1]["a"]["integer"] == [0, 10**9]
    assert audit(tmp_path, {**content, "lower_bound": 1})[1]["a"]["integer"] == [1, 999_999_999]


def test_a_table_of_sixty_four_levels_is_attacked(tmp_path: Path) -> None:
    chain = {f"n{i}": [f"n{i + 1}", f"m{i}"] for i in range(63)}
    counts = [["n63", 3], ["m0", 4]]
    content = {"dims": [chain], "leaf_counts": counts, "hidden": [["n63"], ["m62"], ["n62"]]}
    assert audit(tmp_path, content) == (
        1,
        {
            "n63": {"integer": [0, 3], "linear": [0.0, 3.0], "exact": False},
            "m62": {"integer": [0, 3], "linear": [0.0, 3.0], "exact": False},
            "n62": {"integer": [3, 3], "linear": [3.0, 3.0], "exact": True},
        },
    )


def test_a_refused_file_leaves_two_lines_and_prints_nothing_else(tmp_path: Path) -> None:
    done = run(write(tmp_path, changed(hint="x")), "--json")
    assert (done.returncode, done.stdout) == (1, "")
    error, hint = done.stderr.splitlines()
    assert error.startswith("witnessbox-analysis: error: ")
    assert hint.startswith("hint: ")


def test_a_key_that_is_not_known_is_not_shown(tmp_path: Path) -> None:
    # Half a character is none: a terminal would not take it either.
    done = run(write(tmp_path, changed(**{"zebrafinch\ud800": 1})))
    assert (done.returncode, done.stdout) == (1, "")
    assert "it has a key that is none of" in done.stderr
    assert "zebrafinch" not in done.stderr


def test_a_file_without_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    done = run(Path("/dev/zero"), "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert "more than 32 MB" in done.stderr


def test_a_file_that_is_not_there_is_named() -> None:
    done = run(Path("/nowhere/table.json"))
    assert done.returncode == 1
    assert "/nowhere/table.json: no such file" in done.stderr
