"""The script takes batches apart, and reads names, as the server does: by the same rules."""

import base64
import hashlib
import json
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from intake.crypto.errors import Malformed
from intake.filename import batch_digest, file_id, is_batch
from intake.unpack import Unpacker
from tests.batching import GOOD, HOSTILE, SIZE, batch, batch_name
from tests.browser.node import HERE, call
from tests.intake.test_filename import DIGITS, WITH_ID, WITHOUT_ID

CHANGES = 300


def script(names: list[str] | None = None, batches: list[bytes] | None = None) -> Any:
    """What the script reads in these."""
    given = {"names": names or [], "batches": [base64.b64encode(one).decode() for one in batches or []]}
    return json.loads(call(["node", str(HERE / "unpack.mjs")], json.dumps(given)))


def server(data: bytes) -> list[list[str]] | None:
    """The members of a batch as the server reads it, or None for what is none."""
    unpacker, members = Unpacker(), list[list[str]]()
    try:
        for part in unpacker.feed(data):
            members.append([part.name.id.hex(), part.data.hex()])
        unpacker.finish()
    except Malformed:
        return None
    return members


def of_names(names: list[str]) -> list[dict[str, object]]:
    found = [(file_id(name), is_batch(name), batch_digest(name)) for name in names]
    return [{"id": one and one.hex(), "batch": ends, "digest": digest} for one, ends, digest in found]


def test_names_say_the_same_to_the_script_as_to_the_server() -> None:
    names = [*WITH_ID, *WITHOUT_ID, "a.TAR", "a.tar.gz", batch_name(GOOD), f"{batch_name(GOOD)[:-4]} (1).tar"]
    assert script(names)["names"] == of_names(names)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.text(max_size=70).map(lambda text: DIGITS + text + ".age") | st.text(max_size=50), max_size=50
    )
)
def test_no_name_says_something_else_to_the_script(names: list[str]) -> None:
    # What no file system and no form can hold.
    names = [name.encode("utf-8", "replace").decode() for name in names]
    assert script(names)["names"] == of_names(names)


def test_the_script_reads_what_the_server_reads_and_refuses_what_it_refuses() -> None:
    every = [number.to_bytes(16, "big") + bytes([number % 256]) * (SIZE + number) for number in range(500)]
    given = [GOOD, batch(every), *HOSTILE.values()]
    found = script(batches=given)["batches"]
    assert [one["members"] for one in found] == [server(one) for one in given]
    assert [one["digest"] for one in found] == [hashlib.sha256(one).hexdigest() for one in given]
    assert [one["members"] is None for one in found] == [False, False, *[True] * len(HOSTILE)]


def test_any_change_to_a_batch_is_read_alike_on_both_sides() -> None:
    draw = random.Random(7431)
    changed = []
    for _ in range(CHANGES):
        data = bytearray(GOOD)
        for _ in range(draw.randint(1, 3)):
            data[draw.randrange(len(data))] = draw.choice([0, 32, 48, 55, 255, draw.randrange(256)])
        changed.append(bytes(data[: draw.choice([len(data), draw.randrange(len(data))])]))
    found = [one["members"] for one in script(batches=changed)["batches"]]
    assert found == [server(one) for one in changed]
    assert 0 < found.count(None) < CHANGES
