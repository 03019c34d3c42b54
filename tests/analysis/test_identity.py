import os

import pytest

from analysis.identity import (
    BadIdentity,
    HybridIdentity,
    X25519Identity,
    format_identity,
    parse_identities,
    parse_identity,
)
from analysis.passphrase import Passphrase

HYBRID = HybridIdentity.generate()
CLASSIC = X25519Identity(os.urandom(32))


@pytest.mark.parametrize("identity", [HYBRID, CLASSIC], ids=["post-quantum", "X25519"])
def test_a_key_comes_back_from_its_spelling(identity: HybridIdentity | X25519Identity) -> None:
    assert parse_identity(identity.reveal()) == identity


def test_an_identity_file_comes_back_as_it_was_written() -> None:
    text = format_identity(HYBRID)
    assert parse_identities(text) == (HYBRID,)
    assert text.startswith(f"# public key: {HYBRID.recipient}\n")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        pytest.param("", "no private key", id="empty"),
        pytest.param("# only a comment\n", "no private key", id="a comment"),
        pytest.param(str(HYBRID.recipient), "line 1: not an age identity", id="a public key"),
        pytest.param(HYBRID.reveal().lower(), "line 1: not an age identity", id="lower case"),
        pytest.param(f"{CLASSIC.reveal()}\n{HYBRID.reveal()[:-1]}", "line 2: .*mistyped", id="cut"),
    ],
)
def test_a_bad_identity_file_is_refused_by_line(text: str, rule: str) -> None:
    with pytest.raises(BadIdentity, match=rule):
        parse_identities(text)


def test_the_refusal_of_a_key_never_quotes_it() -> None:
    damaged = HYBRID.reveal()[:-1]
    with pytest.raises(BadIdentity, match="mistyped") as caught:
        parse_identities(damaged)
    assert damaged[20:40] not in repr(caught.value)


@pytest.mark.parametrize("secret", [HYBRID, CLASSIC, Passphrase("open sesame")], ids=repr)
def test_a_secret_shows_nothing_of_itself(secret: object) -> None:
    assert repr(secret) == f"{type(secret).__name__}(...)"
    assert str(secret) == repr(secret)
