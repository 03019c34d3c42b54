"""Puts names together that may be one: proposals for a person to decide, each with its reason.

Two names fit when their numbers are the same and every word of the shorter one stands in the longer
one, up to a typing error. Nothing is chained: each member of a group fits its head, the name that most
reports use, and the longest name in it; so "central" is never a bridge from a hospital to a station.
Blocks keep it from comparing everything with everything.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from analysis.patterns.names import KINDS, Name
from analysis.patterns.reading import SMALL

# Bounds for a desk that somebody floods with invented names; the most frequent names come first.
MOST_NAMES = 20_000
MOST_WORDS = 20_000
MOST_HEADS = 50
# Words of these lengths may differ by one error, from LONG on by two; shorter ones are mostly short
# forms (PSA, DET), where one letter makes another unit.
SHORTEST, LONG, LONGEST = 5, 10, 24
# A typing error is rare beside the right form: two common spellings are two names.
RARER = 5
# Consonants in a row, and the share of vowels, by which a unit's code (NARCBBN) is known.
ROW, VOWELS = 5, 0.2

SAME, LETTERS, WORDS = "same", "letters", "words"
Key: TypeAlias = tuple[tuple[str, ...], str]
_ANY = ""


@dataclass(frozen=True, slots=True)
class Joined:
    """The name at `head` in the list, with which this one was put together, how alike, and why.

    `why` is SAME (for a head itself), LETTERS (a word differs by a letter or two) or WORDS (a word is
    missing in one of them, or both). `score` is token_sort_ratio of rapidfuzz, 0 to 100.
    """

    head: int
    score: int
    why: str


@dataclass(slots=True)
class _Groups:
    """The heads so far, where to find them, and the longest name of each group."""

    names: Sequence[Name]
    counts: Sequence[int]
    similar: Mapping[str, tuple[str, ...]]
    longest: dict[int, Name] = field(default_factory=dict)
    by_word: dict[Key, list[int]] = field(default_factory=lambda: defaultdict(list))
    by_anchor: dict[Key, list[int]] = field(default_factory=lambda: defaultdict(list))

    def join(self, number: int) -> Joined | None:
        """The best head that fits, or None."""
        name, best = self.names[number], None
        for head in self._candidates(name):
            if _fit(name, self.names[head], self.similar) and _fit(name, self.longest[head], self.similar):
                why = self._why(number, head)
                score = round(fuzz.token_sort_ratio(" ".join(name.tokens), " ".join(self.names[head].tokens)))
                if why and (best is None or (score, -head) > (best.score, -best.head)):
                    best = Joined(head, score, why)
        if best and len(name.words) > len(self.longest[best.head].words):
            self.longest[best.head] = name
        return best

    def add(self, number: int) -> None:
        """Makes a name the head of a group of its own."""
        name = self.names[number]
        self.longest[number] = name
        for word in name.words:
            self.by_word[name.numbers, word].append(number)
        self.by_word[name.numbers, _ANY].append(number)
        self.by_anchor[name.numbers, next(iter(_telling(name)), _ANY)].append(number)

    def _candidates(self, name: Name) -> list[int]:
        telling = _telling(name)
        if not telling and not name.numbers:
            return []
        # Longer heads hold every word of the name, so its rarest is enough to look under.
        postings = [self._heads(self.by_word, name, word) for word in telling]
        longer = min(postings, key=len) if postings else self.by_word.get((name.numbers, _ANY), [])
        # Shorter heads have their own first word in it.
        shorter = [head for word in telling for head in self._heads(self.by_anchor, name, word)]
        bare = self.by_anchor.get((name.numbers, _ANY), []) if name.numbers else []
        return list(dict.fromkeys([*longer[:MOST_HEADS], *shorter[:MOST_HEADS], *bare[:MOST_HEADS]]))

    def _heads(self, index: Mapping[Key, list[int]], name: Name, word: str) -> list[int]:
        words = (word, *self.similar.get(word, ()))
        return sorted(head for one in words for head in index.get((name.numbers, one), [])[:MOST_HEADS])

    def _why(self, number: int, head: int) -> str | None:
        a, b = self.names[number], self.names[head]
        if set(a.words) <= set(b.words) or set(b.words) <= set(a.words):
            return WORDS
        rarer, commoner = sorted((self.counts[number], self.counts[head]))
        if rarer >= SMALL and rarer * RARER > commoner:
            return None
        return LETTERS if len(a.words) == len(b.words) else WORDS


def group(names: Sequence[Name], counts: Sequence[int]) -> list[Joined]:
    """For each name, what it was put together with; `names` differ, and come with the most frequent first.

    Names after the first MOST_NAMES stand alone.
    """
    compared = names[:MOST_NAMES]
    words = dict.fromkeys(word for name in compared for word in name.words)
    groups = _Groups(names, counts, similar_words(list(words)[:MOST_WORDS]))
    found = []
    for number in range(len(names)):
        joined = groups.join(number) if number < MOST_NAMES else None
        if joined is None and number < MOST_NAMES:
            groups.add(number)
        found.append(joined or Joined(number, 100, SAME))
    return found


def similar_words(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """For each word those that differ from it by a typing error.

    Words within d errors share what is left after at most d letters are deleted from each (Garbe's
    SymSpell, 2012), so only words under the same remains are compared.
    """
    blocks: dict[str, list[str]] = defaultdict(list)
    for word in words:
        if _may_be_mistyped(word):
            for remains in _remains(word):
                blocks[remains].append(word)
    found: dict[str, set[str]] = defaultdict(set)
    for block in blocks.values():
        for place, first in enumerate(block):
            for second in block[place + 1 :]:
                if second not in found[first] and _is_typing_error(first, second):
                    found[first].add(second)
                    found[second].add(first)
    return {word: tuple(sorted(others)) for word, others in found.items() if others}


def _is_typing_error(first: str, second: str) -> bool:
    errors = 2 if min(len(first), len(second)) >= LONG else 1
    return 0 < OSA.distance(first, second, score_cutoff=errors) <= errors


def _may_be_mistyped(word: str) -> bool:
    return SHORTEST <= len(word) <= LONGEST and not _is_code(word)


def _is_code(word: str) -> bool:
    """Whether it looks like a unit's short form rather than a word: NARCBBN, PBQST."""
    if not word.isascii():
        return False
    vowels = [place for place, letter in enumerate(word) if letter in "aeiouy"]
    ends = zip([-1, *vowels], [*vowels, len(word)], strict=True)
    row = max(end - start - 1 for start, end in ends)
    return not vowels or (row >= ROW and len(vowels) < VOWELS * len(word))


def _remains(word: str) -> set[str]:
    once = {word[:place] + word[place + 1 :] for place in range(len(word))}
    if len(word) < LONG:
        return {word, *once}
    return {word, *once} | {one[:place] + one[place + 1 :] for one in once for place in range(len(one))}


def _telling(name: Name) -> list[str]:
    return [word for word in name.words if word not in KINDS]


def _fit(a: Name, b: Name, similar: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether one name is in the other, up to typing errors, with nothing that speaks against it."""
    if a.numbers != b.numbers:
        return False
    shorter, longer = (a, b) if len(a.words) <= len(b.words) else (b, a)
    left = [word for word in longer.words if word not in shorter.words]
    for word in shorter.words:
        if word not in longer.words:
            partner = next((one for one in left if one in similar.get(word, ())), None)
            if partner is None:
                return False
            left.remove(partner)
    agreed = len(_telling(shorter)) + len(shorter.numbers)
    # One telling word may be left out where two others agree; a word for the kind of place always may.
    return agreed > 0 and (all(word in KINDS for word in left) or agreed > 1)
