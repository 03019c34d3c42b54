import pytest

from intake.filename import base_name, batch_digest, file_id, is_batch

DIGITS = "00112233445566778899aabbccddeeff"
ID = bytes.fromhex(DIGITS)
# Also read by the script: tests/browser/test_unpack.py.
WITH_ID = [
    f"{DIGITS}.age",
    f"{DIGITS} (1).age",
    f"{DIGITS}(12).age",
    f"{DIGITS}-2.age",
    f"{DIGITS} - Copy.age",
    f"{DIGITS} - copia (2).age",
    f"{DIGITS} copy 3.age",
    f"{DIGITS}_1.age",
    f"{DIGITS}.1.age",
    f"{DIGITS} 副本.age",
    f"{DIGITS} \N{BUSTS IN SILHOUETTE}.age",
    f"{DIGITS.upper()}.AGE",
]
WITHOUT_ID = [
    *("", ".age", "report.age", f"{DIGITS}", f"{DIGITS}.tar", f"{DIGITS}.age.txt", f"{DIGITS}.agé"),
    *(f"{DIGITS[1:]}.age", f"{DIGITS}0.age", f"{DIGITS}x.age", f"x{DIGITS}.age", f" {DIGITS}.age"),
    *(f"{DIGITS[:-1]}g.age", f"{DIGITS[:-1]}\N{FULLWIDTH DIGIT ONE}.age", f"{DIGITS} {'x' * 61}.age"),
    *(f"{DIGITS}.age\n", f"{DIGITS}.\N{LATIN SMALL LETTER A}g\N{COMBINING ACUTE ACCENT}e", "../x.age"),
]


@pytest.mark.parametrize("name", WITH_ID)
def test_a_name_that_a_copy_made_longer_still_says_the_id(name: str) -> None:
    assert file_id(name) == ID


@pytest.mark.parametrize("name", WITHOUT_ID)
def test_a_name_without_a_whole_id_has_none(name: str) -> None:
    assert file_id(name) is None


def test_a_batch_is_known_by_the_end_of_its_name() -> None:
    assert [is_batch(name) for name in ("a.tar", "A.TAR", "a.tar.gz", "tar", f"{DIGITS}.age")] == [
        *(True, True, False, False, False)
    ]


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("witnessbox-batch-0123456789abcdef.tar", "0123456789abcdef"),
        ("witnessbox-batch-0123456789abcdef (1).tar", "0123456789abcdef"),
        ("witnessbox-batch-0123456789ABCDEF.tar", None),
        ("mine.tar", None),
    ],
)
def test_a_batch_that_was_named_anew_says_no_digest(name: str, digest: str | None) -> None:
    assert batch_digest(name) == digest


def test_a_path_that_an_old_browser_sends_is_left_out() -> None:
    assert [base_name(path) for path in (r"C:\Users\a\b.age", "/home/a/b.age", "b.age")] == ["b.age"] * 3
