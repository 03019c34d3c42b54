"""Short sketches of stories, by which those that share most of their text are found among a million.

One permutation hashing: Li, Owen and Zhang, NIPS 2012. Every run of SHINGLE words has one hash, whose
upper part says its bin and whose rest competes to be the least in it; empty bins borrow from the next
full one (Shrivastava and Li, UAI 2014). Of each least hash a byte is kept (Li and Koenig, WWW 2010): 48
bytes a story, of which two stories have as large a share in common as they share of their text, and
one in 256 by chance. Bins are read in bands of ROWS: two stories are compared when a whole band is
equal (Broder 1997; Indyk and Motwani 1998). With Jaccard similarity s of the shingles that happens
with probability 1 - (1 - s**ROWS)**BANDS: 99.99 % at 0.8, 88 % at 0.5.

It all runs on arrays over many stories at once.
"""

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

SHINGLE = 3
BANDS, ROWS = 16, 3
BINS = BANDS * ROWS
# Stories shorter than this are alike by chance: "They took my bag."
FEWEST_WORDS = 12

Hashes: TypeAlias = NDArray[np.uint64]
Lengths: TypeAlias = NDArray[np.int64]
Sketches: TypeAlias = NDArray[np.uint8]
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
# A story's place in its lot (at most 2**9: reading.STORIES), a bin and a hash share 64 bits.
_LOT_BITS, _BIN_BITS = 9, 6
_HASH_BITS = 64 - _LOT_BITS - _BIN_BITS
# Different words that are remembered with their hashes; forgetting them changes nothing but the time.
_REMEMBERED = 500_000


def _table() -> bytes:
    """Bytes that stand in words: digits, small letters, and all of UTF-8 beyond ASCII."""
    kept = {*b"0123456789abcdefghijklmnopqrstuvwxyz", *range(0x80, 0x100)}
    return bytes(byte if byte in kept else 0x20 for byte in range(256))


_TABLE = _table()


class _Vocabulary(dict[bytes, bytes]):
    """The hash of each word, made when it is first met."""

    def __missing__(self, word: bytes) -> bytes:
        if len(self) >= _REMEMBERED:
            self.clear()
        self[word] = found = hashlib.blake2b(word, digest_size=8).digest()
        return found


class Sketcher:
    """Makes sketches, a lot of at most STORIES at a time."""

    def __init__(self) -> None:
        self._vocabulary = _Vocabulary()

    def sketches(self, stories: Sequence[str]) -> tuple[Sketches, NDArray[np.bool_], Hashes]:
        """For each story: BINS bytes, whether it is long enough, and a hash of all its words."""
        hashes, lengths = self._words(stories)
        least = _least(*_shingles(hashes, lengths), len(stories))
        kept = (mixed(least) & np.uint64(0xFF)).astype(np.uint8)
        return kept, lengths >= FEWEST_WORDS, _whole(hashes, lengths)

    def shingles(self, story: str) -> frozenset[int]:
        """The shingles of one story, for an exact comparison."""
        return frozenset(_shingles(*self._words([story]))[0].tolist())

    def _words(self, stories: Sequence[str]) -> tuple[Hashes, Lengths]:
        """A hash for each word of all stories, in order, and the number of words of each."""
        split = [one.casefold().encode("utf-8", "replace").translate(_TABLE).split() for one in stories]
        lengths = np.array([len(words) for words in split], dtype=np.int64)
        words = map(self._vocabulary.__getitem__, itertools.chain.from_iterable(split))
        return np.frombuffer(b"".join(words), dtype="<u8").astype(np.uint64), lengths


def similarity(first: frozenset[int], second: frozenset[int]) -> float:
    """Jaccard's: what they share, of all that they have."""
    either = len(first | second)
    return len(first & second) / either if either else 0.0


def bands(sketches: Sketches) -> Iterator[NDArray[np.uint32]]:
    """The bands of all stories, one after the other: three bytes in a number."""
    for band in range(BANDS):
        rows = sketches[:, band::BANDS].astype(np.uint32)
        yield rows[:, 0] | (rows[:, 1] << np.uint32(8)) | (rows[:, 2] << np.uint32(16))


def shares(first: Sketches, second: Sketches) -> NDArray[np.float64]:
    """About how much of their text each two stories share."""
    found: NDArray[np.float64] = np.count_nonzero(first == second, axis=1) / BINS
    return found


def mixed(values: Hashes) -> Hashes:
    """The finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): every bit moves every other."""
    values = (values ^ (values >> np.uint64(30))) * _MIX[0]
    values = (values ^ (values >> np.uint64(27))) * _MIX[1]
    return values ^ (values >> np.uint64(31))


def _shingles(hashes: Hashes, lengths: Lengths) -> tuple[Hashes, Lengths]:
    """A hash of every run of SHINGLE words, and the place of its story."""
    owner = np.repeat(np.arange(len(lengths)), lengths)
    run = len(hashes) - SHINGLE + 1
    if run < 1:
        return hashes[:0], owner[:0]
    joined = hashes[:run].copy()
    for step in range(1, SHINGLE):
        joined = mixed(joined * MULTIPLIER + hashes[step : step + run])
    within = owner[:run] == owner[SHINGLE - 1 :]
    return joined[within], owner[:run][within]


def _least(shingles: Hashes, owner: Lengths, stories: int) -> Hashes:
    """The least hash in each story's bins; empty ones borrow from the next."""
    least = np.zeros((stories, BINS), dtype=np.uint64)
    full = np.zeros((stories, BINS), dtype=np.bool_)
    # The upper byte times BINS, over 256, is the bin: nearly even, without a division.
    bins = ((shingles >> np.uint64(56)) * np.uint64(BINS)) >> np.uint64(8)
    cells = (owner.astype(np.uint64) << np.uint64(_BIN_BITS)) | bins
    keys = (cells << np.uint64(_HASH_BITS)) | (shingles & np.uint64((1 << _HASH_BITS) - 1))
    keys.sort()
    cells = keys >> np.uint64(_HASH_BITS)
    first = np.ones(len(cells), dtype=np.bool_)
    first[1:] = cells[1:] != cells[:-1]
    where = cells[first] >> np.uint64(_BIN_BITS), cells[first] & np.uint64((1 << _BIN_BITS) - 1)
    least[where] = keys[first] & np.uint64((1 << _HASH_BITS) - 1)
    full[where] = True
    return _borrowed(least, full)


def _borrowed(least: Hashes, full: NDArray[np.bool_]) -> Hashes:
    """Each empty bin takes the next full one's value, turned by how far away it is."""
    twice = np.concatenate([full, full], axis=1)
    place = np.where(twice, np.arange(2 * BINS), 2 * BINS)
    nearest = np.minimum.accumulate(place[:, ::-1], axis=1)[:, ::-1][:, :BINS]
    distance = nearest - np.arange(BINS)
    values = np.take_along_axis(least, nearest % BINS, axis=1)
    return values + distance.astype(np.uint64) * MULTIPLIER


def _whole(hashes: Hashes, lengths: Lengths) -> Hashes:
    """A hash of all words of each story in their order."""
    ends = np.cumsum(lengths)
    position = np.arange(len(hashes)) - np.repeat(ends - lengths, lengths)
    placed = mixed(hashes + position.astype(np.uint64) * MULTIPLIER)
    sums = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(placed)])
    found: Hashes = sums[ends] - sums[ends - lengths]
    return found
