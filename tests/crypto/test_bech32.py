import os

import pytest

from intake.crypto import bech32
from intake.crypto.errors import Malformed

# From BIP-173's list of valid strings, and the recipient in age's own documentation.
KNOWN = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"


@pytest.mark.parametrize("length", [0, 1, 20, 32, 1216])
def test_bytes_come_back_from_their_spelling(length: int) -> None:
    data = os.urandom(length)
    assert bech32.decode(bech32.encode("age1pq", data)) == ("age1pq", data)


def test_a_key_published_by_age_is_spelled_the_same_here() -> None:
    prefix, public = bech32.decode(KNOWN)
    assert (prefix, len(public)) == ("age", 32)
    assert bech32.encode(prefix, public) == KNOWN


def test_an_upper_case_key_keeps_its_prefix_as_spelled() -> None:
    assert bech32.decode(bech32.encode("age", b"abc").upper())[0] == "AGE"


def swap(text: str, at: int) -> str:
    return text[:at] + ("q" if text[at] != "q" else "p") + text[at + 1 :]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        pytest.param(swap(KNOWN, 20), "mistyped", id="one wrong letter"),
        pytest.param(KNOWN[:10] + KNOWN[10:].upper(), "mixed case", id="mixed case"),
        pytest.param("age1abc", "cut short", id="too short"),
        pytest.param("noseparator", "cut short", id="no separator"),
        pytest.param(KNOWN[:20] + "b" + KNOWN[21:], "does not know", id="a letter outside the alphabet"),
        pytest.param("\x7f1" + KNOWN[4:], "outside ASCII", id="a strange prefix"),
    ],
)
def test_another_spelling_is_refused_with_its_reason(text: str, rule: str) -> None:
    with pytest.raises(Malformed, match=rule):
        bech32.decode(text)


def test_every_single_wrong_letter_is_noticed() -> None:
    for at in range(len("age1"), len(KNOWN)):
        with pytest.raises(Malformed, match="mistyped"):
            bech32.decode(swap(KNOWN, at))


@pytest.mark.parametrize("values", [[1], [0], [0, 1], [0, 0, 0]], ids=str)
def test_stray_bits_at_the_end_are_refused(values: list[int]) -> None:
    # 5 data bits hold no byte, and 10 more than one; a checksum made for them must not rescue the string.
    check = bech32._polymod([*bech32._expand("age"), *values, *[0] * 6]) ^ 1
    values = [*values, *((check >> 5 * (5 - i)) & 31 for i in range(6))]
    text = "age1" + "".join(bech32.CHARSET[v] for v in values)
    with pytest.raises(Malformed, match="stray bits"):
        bech32.decode(text)


@pytest.mark.parametrize(
    "prefix", ["!", "~", "an84characterslonghumanreadablepartthatcontainsthenumber1andtheexcluded"]
)
def test_a_prefix_may_have_any_visible_letter(prefix: str) -> None:
    """BIP-173: from 33 to 126, and the last 1 parts it from the rest."""
    assert bech32.decode(bech32.encode(prefix, b"abc")) == (prefix, b"abc")


@pytest.mark.parametrize("text", ["1" + KNOWN[4:], KNOWN[4:], " 1" + KNOWN[4:]])
def test_a_key_without_a_prefix_is_refused(text: str) -> None:
    with pytest.raises(Malformed, match=r"cut short|outside ASCII"):
        bech32.decode(text)
