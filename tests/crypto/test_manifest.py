import base64
from dataclasses import replace

import pytest

from intake.crypto.errors import Malformed, WrongSignature
from intake.crypto.manifest import (
    FIRST_PREVIOUS,
    VERSION_LINE,
    Manifest,
    Shard,
    bundle_name,
    digest,
    parse,
    serialise,
)
from intake.crypto.shard import MAX_SHARD_BYTES, MAX_SHARD_REPORTS
from intake.crypto.signing import SigningKey, format_public, parse_public

KEY = SigningKey(bytes(range(32)))
PINNED = [KEY.verify_key]
MANIFEST = Manifest(
    server=KEY.verify_key,
    sequence=7,
    previous=FIRST_PREVIOUS,
    forms=("ab" * 32, "bc" * 32),
    shards=(Shard(bytes=2048, reports=2, sha256="cd" * 32), Shard(bytes=1024, reports=1, sha256="ef" * 32)),
)


def signed(body: bytes) -> bytes:
    """A manifest whose body says anything, signed by the right server."""
    return VERSION_LINE + body + b"\n" + base64.b64encode(KEY.sign(VERSION_LINE + body + b"\n")) + b"\n"


def test_a_manifest_comes_back_as_it_was_written() -> None:
    data = serialise(MANIFEST, KEY)
    assert parse(data, PINNED) == MANIFEST
    assert MANIFEST.reports == 3


def test_the_same_manifest_is_the_same_bytes() -> None:
    assert digest(serialise(MANIFEST, KEY)) == digest(serialise(MANIFEST, KEY))


def test_a_changed_byte_anywhere_is_noticed() -> None:
    data = serialise(MANIFEST, KEY)
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1
        with pytest.raises((Malformed, WrongSignature), match="manifest"):
            parse(bytes(changed), PINNED)


def test_a_server_that_nobody_pinned_is_refused() -> None:
    stranger = SigningKey.generate()
    data = serialise(replace(MANIFEST, server=stranger.verify_key), stranger)
    with pytest.raises(WrongSignature, match="not signed by a server that is known"):
        parse(data, PINNED)
    with pytest.raises(WrongSignature, match="not signed by a server that is known"):
        parse(data, [])


def test_one_known_server_cannot_speak_for_another() -> None:
    other = SigningKey.generate().verify_key
    data = serialise(replace(MANIFEST, server=other), KEY)
    with pytest.raises(WrongSignature, match="names another server"):
        parse(data, [*PINNED, other])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b'"sequence":7', b'"sequence":0', id="no number"),
        pytest.param(b'"sequence":7', b'"sequence":true', id="a truth for a number"),
        pytest.param(b'"sequence":7', b'"sequence":7.0', id="a fraction"),
        pytest.param(b'"sequence":7', b'"sequence": 7', id="a space"),
        pytest.param(b'"sequence":7', b'"more":1,"sequence":7', id="another field"),
        pytest.param(b'"bytes":2048', b'"bytes":99999999999', id="a shard over the limit"),
        pytest.param(b"cdcd", b"CDCD", id="an upper-case digest"),
        pytest.param(b'"' + b"ab" * 32 + b'"', b'"../../etc/passwd"', id="a path for a digest"),
        pytest.param(b"abab", b"cdcd", id="forms out of order"),
        pytest.param(b"abab", b"bcbc", id="a form twice"),
        pytest.param(b"efef", b"cdcd", id="a shard twice"),
        pytest.param(b"{", b"[" * 100_000 + b"{", id="nested without end"),
    ],
)
def test_a_signed_body_in_any_other_form_is_refused(old: bytes, new: bytes) -> None:
    body = serialise(MANIFEST, KEY).split(b"\n")[1]
    with pytest.raises(Malformed, match="manifest"):
        parse(signed(body.replace(old, new)), PINNED)


def test_a_bundle_of_a_newer_version_is_named_as_such() -> None:
    data = serialise(MANIFEST, KEY).replace(b"bundle/1", b"bundle/2")
    with pytest.raises(Malformed, match="newer version"):
        parse(data, PINNED)


def test_bundles_sort_by_name_as_they_were_made() -> None:
    assert [bundle_name(n) for n in (1, 12)] == ["witnessbox-000001", "witnessbox-000012"]


def test_a_server_key_file_comes_back_as_it_was_written() -> None:
    assert parse_public(format_public(KEY.verify_key)) == KEY.verify_key


@pytest.mark.parametrize("text", ["", "witnessbox-server-key/1 abc\n", format_public(KEY.verify_key).upper()])
def test_another_file_is_no_server_key(text: str) -> None:
    with pytest.raises(Malformed, match="not a server key file"):
        parse_public(text)


def test_a_signing_key_shows_nothing_of_itself() -> None:
    assert repr(KEY) == "SigningKey(...)"
    with pytest.raises(Malformed, match="32 bytes"):
        SigningKey(b"short")


@pytest.mark.parametrize("sequence", [1, 10**9])
def test_the_first_and_the_last_bundle_are_read(sequence: int) -> None:
    one = replace(MANIFEST, sequence=sequence)
    assert parse(serialise(one, KEY), PINNED) == one


@pytest.mark.parametrize("sequence", [0, 10**9 + 1])
def test_a_number_that_no_bundle_has_is_refused(sequence: int) -> None:
    body = serialise(MANIFEST, KEY).split(b"\n")[1]
    with pytest.raises(Malformed, match="manifest"):
        parse(signed(body.replace(b'"sequence":7', b'"sequence":%d' % sequence)), PINNED)


@pytest.mark.parametrize(("bytes_", "reports"), [(1, 1), (MAX_SHARD_BYTES, MAX_SHARD_REPORTS)])
def test_a_shard_of_the_least_and_of_the_most_is_read(bytes_: int, reports: int) -> None:
    one = replace(MANIFEST, shards=(Shard(bytes=bytes_, reports=reports, sha256="cd" * 32),))
    assert parse(serialise(one, KEY), PINNED) == one
