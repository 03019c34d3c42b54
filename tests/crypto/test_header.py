import pytest

from intake.crypto.errors import Malformed
from intake.crypto.header import MAX_HEADER, Stanza, decode_base64, mac_line, parse, serialise_without_mac

MAC = bytes(range(32))
STANZAS = (
    Stanza(("X25519", "abc"), b"x" * 32),
    Stanza(("empty",), b""),
    Stanza(("whole-lines", "1", "2"), b"y" * 96),
)


def written(stanzas: tuple[Stanza, ...] = STANZAS) -> bytes:
    return serialise_without_mac(stanzas) + mac_line(MAC)


def test_a_header_comes_back_as_it_was_written() -> None:
    data = written()
    header = parse(data + b"payload")
    assert (header.stanzas, header.mac, header.length) == (STANZAS, MAC, len(data))
    assert header.authenticated + mac_line(MAC) == data


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b"age-encryption.org/v1", b"age-encryption.org/v2", id="another version"),
        pytest.param(b"\n", b"\r\n", id="CRLF"),
        pytest.param(b"-> X25519 abc", b"-> X25519  abc", id="two spaces"),
        pytest.param(b"-> X25519 abc", b"-> ", id="no argument"),
        pytest.param(b"-> X25519 abc", b"-> X25519 a\xffc", id="an argument outside ASCII"),
        pytest.param(b"--- ", b"---  ", id="a space too many before the MAC"),
        pytest.param(b"--- ", b"-- ", id="a dash too few"),
    ],
)
def test_any_other_spelling_of_a_header_is_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(Malformed, match=r"header|age v1"):
        parse(written().replace(old, new))


def test_a_header_cut_anywhere_is_refused() -> None:
    data = written()
    for end in range(len(data)):
        with pytest.raises(Malformed, match=r"header|age v1|base64"):
            parse(data[:end])


def test_a_header_without_a_stanza_is_refused() -> None:
    with pytest.raises(Malformed, match="header"):
        parse(written(()))


def test_a_header_that_never_ends_is_given_up_in_time() -> None:
    endless = serialise_without_mac([Stanza(("a",), b"")] * MAX_HEADER)
    with pytest.raises(Malformed, match="header"):
        parse(endless + mac_line(MAC))


def test_a_header_of_the_longest_length_is_read_and_one_byte_more_is_refused() -> None:
    def of_length(length: int) -> bytes:
        empty = written((Stanza(("a",), b""),))
        return written((Stanza(("a" * (1 + length - len(empty)),), b""),))

    assert parse(of_length(MAX_HEADER)).length == MAX_HEADER
    with pytest.raises(Malformed, match="header"):
        parse(of_length(MAX_HEADER + 1))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        pytest.param(b"AB", "canonical", id="stray bits after one byte"),
        pytest.param(b"AAB", "canonical", id="stray bits after two bytes"),
        pytest.param(b"A", "broken", id="a lone character"),
        pytest.param(b"AA==", "canonical", id="padding"),
        pytest.param(b"A-", "broken", id="the alphabet of URLs"),
    ],
)
def test_base64_has_one_spelling_a_value(text: bytes, rule: str) -> None:
    with pytest.raises(Malformed, match=rule):
        decode_base64(text)
