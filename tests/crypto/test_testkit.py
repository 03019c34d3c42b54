"""The CCTV age testkit (npm package `cctv-age`), all of it, against our reader.

`expect` is the error class; whatever plaintext came out before the error must have the hash
that the vector names.
"""

import base64
import hashlib
import io
import json
import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from analysis.armor import dearmor, is_armored
from analysis.identity import parse_identity
from analysis.passphrase import Passphrase
from analysis.unseal import MalformedFile, NotForThisKey, Tampered, unseal

BROWSER = Path(__file__).parents[2] / "intake" / "browser"
DUMP = """
import * as testkit from "cctv-age";
const out = {};
for (const [name, bytes] of Object.entries(testkit.default ?? testkit))
  out[name] = Buffer.from(bytes).toString("base64");
process.stdout.write(JSON.stringify(out));
"""
VECTORS = 143


@dataclass(frozen=True, slots=True)
class Vector:
    """One file of the testkit."""

    expect: str
    payload: str | None
    secrets: tuple[str, ...]
    passphrases: tuple[str, ...]
    armored: bool
    file: bytes


def read_testkit() -> dict[str, Vector]:
    assert (BROWSER / "node_modules" / "cctv-age").is_dir(), (
        "run `make setup`: npm ci in intake/browser is due"
    )
    done = subprocess.run(
        ["node", "--input-type=module", "-e", DUMP], cwd=BROWSER, capture_output=True, check=True
    )
    return {name: parse(base64.b64decode(text)) for name, text in json.loads(done.stdout).items()}


def parse(data: bytes) -> Vector:
    head, _, file = data.partition(b"\n\n")
    fields = [line.split(": ", 1) for line in head.decode().split("\n")]
    single = dict(fields)
    if single.get("compressed") == "zlib":
        file = zlib.decompress(file)
    return Vector(
        expect=single["expect"],
        payload=single.get("payload"),
        secrets=tuple(value for name, value in fields if name == "identity"),
        passphrases=tuple(value for name, value in fields if name == "passphrase"),
        armored=single.get("armored") == "yes",
        file=file,
    )


TESTKIT = read_testkit()
ERRORS = {
    "no match": NotForThisKey,
    "HMAC failure": Tampered,
    "header failure": MalformedFile,
    "armor failure": MalformedFile,
    "payload failure": Tampered,
}


def open_vector(vector: Vector) -> Iterator[bytes]:
    # A file that should be armored and does not look it is refused as a binary one.
    data = dearmor(vector.file) if vector.armored or is_armored(vector.file) else vector.file
    identities = [*map(parse_identity, vector.secrets), *map(Passphrase, vector.passphrases)]
    yield from unseal(io.BytesIO(data), identities)


def test_the_testkit_is_whole() -> None:
    assert len(TESTKIT) == VECTORS


@pytest.mark.parametrize("name", sorted(TESTKIT))
def test_a_vector_of_the_testkit_opens_or_fails_as_it_says(name: str) -> None:
    vector = TESTKIT[name]
    released = hashlib.sha256()
    try:
        for chunk in open_vector(vector):
            released.update(chunk)
        outcome: type[Exception] | None = None
    except (NotForThisKey, MalformedFile, Tampered) as error:
        outcome = type(error) if not isinstance(error, Tampered) else Tampered
    assert outcome == ERRORS.get(vector.expect)
    assert vector.expect == "success" or vector.expect in ERRORS
    if vector.payload:
        assert released.hexdigest() == vector.payload
