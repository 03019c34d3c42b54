import os

import pytest

from analysis.identity import HybridIdentity, X25519Identity
from intake.crypto import bech32
from intake.crypto.errors import Malformed, MixedRecipients
from intake.crypto.header import parse
from intake.crypto.recipients import (
    HybridRecipient,
    X25519Recipient,
    check_recipients,
    parse_recipient,
    read_recipients,
)
from intake.crypto.seal import seal_bytes

HYBRID = HybridIdentity.generate().recipient
CLASSIC = X25519Identity(os.urandom(32)).recipient


def test_recipients_come_back_from_their_spelling() -> None:
    assert parse_recipient(str(HYBRID)) == HYBRID
    assert parse_recipient(str(CLASSIC)) == CLASSIC


def test_a_file_may_hold_comments_and_empty_lines() -> None:
    assert read_recipients(f"# the union\n\n{HYBRID}\n{HYBRID}\n") == (HYBRID, HYBRID)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        pytest.param("", "no recipient", id="empty file"),
        pytest.param("# a comment\nage1nonsense", "line 2: .*", id="nonsense"),
        pytest.param(
            bech32.encode("age1pq", bytes(32)), r"line 1: not an age recipient \(age", id="wrong length"
        ),
        pytest.param(
            bech32.encode("ghost", HYBRID.public), r"\(age1pq1\.\.\. or age1", id="another kind's key"
        ),
        pytest.param(bech32.encode("ghost", CLASSIC.public), r"\(age1pq1\.\.\. or age1", id="another kind"),
        pytest.param(bech32.encode("age", bytes(31)), r"\(age1pq1\.\.\. or age1", id="a short key"),
        pytest.param(bech32.encode("age1pq", b"\xff" * 1216), "out of range", id="an impossible ML-KEM key"),
        pytest.param(bech32.encode("age", bytes(32)), "line 1: .*out of range", id="a key of zeros"),
        pytest.param(
            bech32.encode("age1pq", HYBRID.public[:1184] + bytes(32)),
            "out of range",
            id="half of zeros",
        ),
        pytest.param(
            bech32.encode("AGE-SECRET-KEY-PQ-", bytes(32)).upper(),
            "line 1: not an age recipient",
            id="a private key",
        ),
    ],
)
def test_a_bad_recipients_file_is_refused_by_line(text: str, rule: str) -> None:
    with pytest.raises(Malformed, match=rule):
        read_recipients(text)


@pytest.mark.parametrize(("recipient", "most"), [(HYBRID, 42), (CLASSIC, 668)], ids=["hybrid", "classic"])
def test_more_recipients_than_a_header_holds_are_refused(
    recipient: HybridRecipient | X25519Recipient, most: int
) -> None:
    sealed = seal_bytes(b"{}", [recipient] * most)
    assert len(parse(sealed).stanzas) == most
    with pytest.raises(Malformed, match="too many recipients"):
        seal_bytes(b"{}", [recipient] * (most + 1))
    with pytest.raises(Malformed, match="too many recipients"):
        check_recipients([recipient] * (most + 1))


def test_a_file_that_mixes_kinds_of_keys_is_refused() -> None:
    with pytest.raises(MixedRecipients, match="cannot be mixed"):
        read_recipients(f"{HYBRID}\n{CLASSIC}\n")
