"""The words by which a person compares the organizers' keys with a flyer."""

import hashlib

from analysis.identity import HybridIdentity, X25519Identity
from intake.crypto.fingerprint import LABEL, fingerprint
from tests.browser.node import BROWSER, call

ONE = X25519Identity(bytes(range(32))).recipient
OTHER = X25519Identity(bytes(range(1, 33))).recipient


def test_the_word_list_is_that_of_bip_39() -> None:
    theirs = call(
        [
            "node",
            "--input-type=module",
            "-e",
            'import { wordlist } from "@scure/bip39/wordlists/english.js";'
            'process.stdout.write(wordlist.join("\\n"))',
        ]
    ).split("\n")
    ours = (BROWSER.parent / "crypto" / "words" / "english.txt").read_text().split("\n")
    assert ours == [*theirs, ""]
    assert len(theirs) == len(set(theirs)) == 2048


def test_the_words_follow_from_the_digest_as_the_format_says() -> None:
    digest = hashlib.sha256(f"{LABEL}\n{ONE}\n".encode()).digest()
    bits = "".join(f"{byte:08b}" for byte in digest)[:88]
    words = (BROWSER.parent / "crypto" / "words" / "english.txt").read_text().split()
    assert fingerprint([ONE]) == tuple(words[int(bits[at : at + 11], 2)] for at in range(0, 88, 11))


def test_the_order_of_the_keys_does_not_change_the_words() -> None:
    assert fingerprint([ONE, OTHER]) == fingerprint([OTHER, ONE])


def test_another_key_or_one_more_key_changes_the_words() -> None:
    new = HybridIdentity.generate().recipient
    assert len({fingerprint(keys) for keys in ([ONE], [OTHER], [new], [ONE, OTHER], [ONE, OTHER, new])}) == 5


def test_the_words_of_a_known_key_never_change() -> None:
    assert " ".join(fingerprint([ONE])) == "page couch okay comfort carry syrup cram foster"
