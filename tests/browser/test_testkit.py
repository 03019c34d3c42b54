"""The CCTV age testkit (npm package `cctv-age`), all of it, against the browser's library.

age-encryption throws plain errors, so of the kinds that `expect` names we can hold it to two: that a
file opens, and that no identity matches it. A file that is malformed, tampered with or truncated has
to fail, in whatever words.
"""

import json
from typing import Any

import pytest

from tests.browser.node import HERE, call

VECTORS = 143
NO_MATCH = "no identity matched any of the file's recipients"

# The plaintext before the damage is not handed out by the library's stream, which holds back a chunk
# until the next one was read. The testkit lets a reader hand it out; not doing so is the safer half.
WITHHELD = {
    "armor_garbage_encoded",
    "stream_no_final_full",
    "stream_no_final_two_chunks_full",
    "stream_trailing_garbage_long",
    "stream_trailing_garbage_short",
    "stream_two_final_chunks",
    "stream_two_final_chunks_full",
    "stream_two_final_chunks_second",
}


@pytest.fixture(scope="module")
def results() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(call(["node", str(HERE / "testkit.mjs")]))
    return found


def test_each_of_the_143_files_opens_or_fails_as_expected(results: dict[str, dict[str, Any]]) -> None:
    assert len(results) == VECTORS
    wrong = {
        name: result["error"]
        for name, result in results.items()
        if (result["error"] is None) != (result["expect"] == "success")
    }
    assert wrong == {}


def test_a_file_for_another_key_is_told_from_a_damaged_one(results: dict[str, dict[str, Any]]) -> None:
    expected = {name for name, result in results.items() if result["expect"] == "no match"}
    assert {name for name, result in results.items() if result["error"] == NO_MATCH} == expected


def test_the_plaintext_that_comes_out_has_the_hash_of_the_vector(results: dict[str, dict[str, Any]]) -> None:
    hashed = {name: result for name, result in results.items() if result["payload"]}
    wrong = {name for name, result in hashed.items() if result["hash"] != result["payload"]}
    assert wrong <= WITHHELD
    assert {name for name in WITHHELD if results[name]["expect"] != "payload failure"} == set()
