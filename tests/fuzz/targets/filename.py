"""The name of a file that is handed in: the id that it says, or none."""

import unicodedata
from collections.abc import Iterator

from intake.filename import base_name, batch_digest, file_id, is_batch
from tests.fuzz.target import Target, fill

ID = bytes(range(16))


def run(data: bytes) -> None:
    name = base_name(data.decode("utf-8", "replace"))
    assert "/" not in name
    assert "\\" not in name
    found = file_id(name)
    if found is not None:
        assert len(found) == 16
        assert name.lower().startswith(found.hex())
        assert file_id(f"{found.hex()}.age") == found
        assert not is_batch(name)
    said = batch_digest(name)
    assert said is None or name.startswith(f"witnessbox-batch-{said}")
    assert is_batch(name) == unicodedata.normalize("NFC", name).lower().endswith(".tar") or not name.isascii()


def seeds() -> Iterator[bytes]:
    for name in (
        "{}.age",
        "{} (1).age",
        "{}(1).AGE",
        "{}-2.age",
        "{} - Copy.age",
        "C:\\Users\\a\\{}.age",
        "a/b/{}.age",
    ):
        yield name.format(ID.hex()).encode()
    yield b"witnessbox-batch-0123456789abcdef.tar"
    yield b"witnessbox-batch-0123456789abcdef (1).TAR"


TARGET = Target(
    "filename",
    run,
    seeds,
    shapes={
        "many folders": lambda size: fill(b"a/", size),
        "a long name": lambda size: ID.hex().encode() + b" " + fill(b".age", size),
    },
    tokens=(b".age", b".tar", b" (1)", b"witnessbox-batch-", ID.hex().encode(), b"\\", b"/"),
    open=True,
)
