"""Word shares: any K open, fewer do not, and a mistyped word is told by its place alone."""

import itertools
import random
import subprocess
import sys
from pathlib import Path

import pytest
from shamir_mnemonic import combine_mnemonics
from shamir_mnemonic.wordlist import WORDLIST

from analysis import shares
from analysis.desk_errors import BadShare
from analysis.identity import HybridIdentity
from analysis.shares import WORDS, Gathering, Scheme, nearest, parse_scheme, split, word

IDENTITY = HybridIdentity(bytes(range(32)))
# Of SLIP-0039's own vectors: secrets of 256 bits in one group, made with the passphrase "TREZOR".
ONE = (
    "theory painting academic academic armed sweater year military elder discuss acne wildlife boring"
    " employer fused large satoshi bundle carbon diagnose anatomy hamster leaves tracks paces beyond phantom"
    " capital marvel lips brave detect luck"
)
TWO = (
    "humidity disease academic always aluminum jewelry energy woman receiver strategy amuse duckling lying"
    " evidence network walnut tactics forget hairy rebound impulse brother survive clothes stadium mailman"
    " rival ocean reward venture always armed unwrap",
    "humidity disease academic agency actress jacket gross physics cylinder solution fake mortgage benefit"
    " public busy prepare sharp friar change work slow purchase ruler again tricycle involve viral wireless"
    " mixture anatomy desert cargo upgrade",
)
SECRETS = {
    (ONE,): "989baf9dcaad5b10ca33dfd8cc75e42477025dce88ae83e75a230086a0e00e92",
    TWO: "c938b319067687e990e05e0da0ecce1278f75ff58d9853f19dcaeed5de104aae",
}


def gathered(*given: tuple[str, ...]) -> Gathering:
    found = Gathering()
    for one in given:
        found.add(one)
    return found


@pytest.mark.parametrize("scheme", [Scheme(2, 3), Scheme(3, 5), Scheme(2, 2), Scheme(16, 16)], ids=str)
def test_any_k_of_the_shares_give_the_key_back(scheme: Scheme) -> None:
    made = split(IDENTITY, scheme)
    assert {len(one) for one in made} == {WORDS}
    choices = list(itertools.combinations(made, scheme.needed))
    for chosen in random.Random(1).sample(choices, min(len(choices), 10)):
        found = gathered(*chosen)
        assert found.missing == 0
        assert found.identity() == IDENTITY


def test_it_is_known_how_many_shares_are_missing() -> None:
    made, found = split(IDENTITY, Scheme(3, 5)), Gathering()
    assert found.missing is None
    for number, missing in enumerate((2, 1, 0)):
        with pytest.raises(BadShare, match="not enough shares"):
            found.identity()
        found.add(made[number])
        assert found.missing == missing
    found.add(made[4])
    assert (found.missing, found.identity()) == (0, IDENTITY)


def test_every_split_is_another_one() -> None:
    assert split(IDENTITY, Scheme(2, 3)) != split(IDENTITY, Scheme(2, 3))


def test_the_package_s_own_command_opens_our_shares(tmp_path: Path) -> None:
    made = split(IDENTITY, Scheme(2, 3))
    command = Path(sys.executable).with_name("shamir")
    done = subprocess.run(
        [command, "recover"],
        input="".join(f"{' '.join(one)}\n" for one in (made[2], made[0])),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
        check=True,
    )
    assert f"Your master secret is: {IDENTITY.seed.hex()}" in done.stdout


@pytest.mark.parametrize("given", list(SECRETS), ids=["one of one", "two of three"])
def test_the_standard_s_own_vectors_give_its_secrets(given: tuple[str, ...]) -> None:
    assert combine_mnemonics(given, b"TREZOR").hex() == SECRETS[given]
    assert gathered(*(tuple(one.split()) for one in given)).identity().seed == combine_mnemonics(given)


def test_the_standard_s_vector_with_a_bad_checksum_is_refused() -> None:
    # SLIP-0039: "Mnemonic with invalid checksum (256 bits)". Its checksum is of the older kind, which we
    # read and do not make, so that the place is not told.
    with pytest.raises(BadShare, match="words are not those on the sheet"):
        gathered((*ONE.split()[:-1], "lunar"))


def test_shares_of_another_set_are_refused() -> None:
    found = gathered(split(IDENTITY, Scheme(2, 3))[0])
    with pytest.raises(BadShare, match="of another set"):
        found.add(split(IDENTITY, Scheme(2, 3))[1])
    assert found.missing == 1


def test_a_share_that_was_given_before_is_refused() -> None:
    made = split(IDENTITY, Scheme(2, 3))
    found = gathered(made[0])
    with pytest.raises(BadShare, match="given before"):
        found.add(made[0])
    found.add(made[2])
    assert found.identity() == IDENTITY


def test_a_share_of_another_kind_is_refused() -> None:
    short = "duckling enlarge academic academic agency result length solution fridge kidney coal piece deal"
    with pytest.raises(BadShare, match="a share has 33 words, and these are 13"):
        gathered(tuple(short.split()))
    # Two groups, of which one is needed: SLIP-0039 knows more than we make.
    groups = shares.generate_mnemonics(1, [(2, 3), (2, 3)], bytes(32), iteration_exponent=0)
    with pytest.raises(BadShare, match="not made by this program"):
        gathered(tuple(groups[0][0].split()))
    slow = shares.generate_mnemonics(1, [(2, 3)], bytes(32), iteration_exponent=9)
    with pytest.raises(BadShare, match="not made by this program"):
        gathered(tuple(slow[0][0].split()))


@pytest.mark.parametrize("place", range(1, WORDS + 1))
def test_one_wrong_word_is_named_by_its_place_and_never_quoted(place: int) -> None:
    draw = random.Random(place)
    words = list(split(IDENTITY, Scheme(2, 3))[0])
    wrong = draw.choice([one for one in WORDLIST if one != words[place - 1]])
    words[place - 1] = wrong
    with pytest.raises(BadShare, match=rf"^word {place} is another word of the list") as caught:
        gathered(tuple(words))
    said = f"{caught.value.message} {caught.value.hint}".split()
    assert wrong not in set(said) - {"word", "list", "with", "sheet", "letter"}
    assert caught.value.__cause__ is None


def test_more_than_one_wrong_word_is_told_without_a_place() -> None:
    words = list(split(IDENTITY, Scheme(2, 3))[0])
    words[9], words[10] = words[10], words[9]
    if words[9] == words[10]:
        words[12] = "academic" if words[12] != "academic" else "acid"
    with pytest.raises(BadShare, match=r"two or more words|word \d+ is another"):
        gathered(tuple(words))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        pytest.param("academic", "academic", id="whole"),
        pytest.param("ACADEMIC", "academic", id="capitals"),
        pytest.param("acad", "academic", id="four letters"),
        pytest.param("academ", "academic", id="six letters"),
        pytest.param("aca", None, id="three letters"),
        pytest.param("academix", None, id="another ending"),
        pytest.param("acid", "acid", id="a short word"),
        pytest.param("", None, id="nothing"),
        pytest.param(".*", None, id="signs"),
        pytest.param("acad\u0435mic", None, id="a letter of another script"),
    ],
)
def test_four_letters_of_a_word_are_enough(typed: str, meant: str | None) -> None:
    assert word(typed) == meant


def test_four_letters_tell_every_word_of_the_list_apart() -> None:
    assert all(word(one[:4]) == one for one in WORDLIST)


def test_a_mistyped_word_has_a_nearest_one() -> None:
    assert nearest("acadmeic") == "academic"
    assert nearest("zzzzzz") is None


@pytest.mark.parametrize("text", ["3", "3/", "1/1", "1/3", "4/3", "2/17", "a/b", "2/3/4", "-2/3", "²/3", ""])
def test_a_scheme_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="any 3 of 5 shares open"):
        parse_scheme(text)


def test_a_gathering_shows_nothing_of_its_shares() -> None:
    made = split(IDENTITY, Scheme(2, 3))
    assert repr(gathered(*made[:2])) == "Gathering(2 shares)"
