"""Which kinds of acts a report names together, and no other: the whole combination, as one node of a tree.

    .asked > .only0, .only1 > each kind, .only2 > each pair, ...

Each report that was asked is in one combination, so all that can be said of kinds of acts, alone or in pairs,
adds up from them. With it the attack knows two acts of one report, and both by gender, as anybody can.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from analysis.findings.control.lattice import Tree
from analysis.findings.dimensions import ALL, ASKED, NOT_ASKED, Tick, coarse_ticks, code_tick, pair
from analysis.findings.model import Terms, Tie
from analysis.findings.questions import Asked
from analysis.findings.released import ONLY, Category, Words

# Of so many kinds at most, the first of the form: with one more there are twice as many combinations, and to
# protect 128 of them took minutes where 64 take seconds.
MOST_KINDS = 6
TOGETHER = "+"


@dataclass(frozen=True, slots=True)
class Whole:
    """The combinations of the kinds of acts of a question."""

    question: Asked
    ticks: tuple[Tick, ...]

    @property
    def id(self) -> str:
        """The name of the tree."""
        return f"{self.question.id}.whole"

    @property
    def tree(self) -> Tree:
        """As the module says; every node keeps its place where a newer form adds a kind at the end."""
        sizes = {_size(n): self._of_size(n) for n in range(1, len(self.ticks) + 1)}
        top = {ALL: (ASKED, NOT_ASKED), ASKED: (_size(0), *sizes)}
        return Tree(self.id, ALL, top | sizes)

    @property
    def is_complete(self) -> bool:
        """Whether no kind is left out, so that combinations tell all that there is of any."""
        return len(self.ticks) == len(coarse_ticks(self.question))

    def code(self, chosen: tuple[Tick, ...]) -> str:
        """The node of a combination."""
        return TOGETHER.join(tick.id.rpartition(".")[2] for tick in chosen) if chosen else _size(0)

    def _of_size(self, number: int) -> tuple[str, ...]:
        return tuple(map(self.code, combinations(self.ticks, number)))

    def categories(self, words: dict[str, Words]) -> Iterator[Category]:
        """The rows of a table; `words` are those of the kinds, by the names of their trees."""
        yield Category(_size(0), {})
        for number in range(1, len(self.ticks) + 1):
            parent = _size(number)
            yield Category(parent, {})
            for chosen in combinations(self.ticks, number):
                label = _joined([words[tick.id] for tick in chosen])
                yield Category(self.code(chosen), label, parent, 1)

    def having(self, *ticks: Tick) -> Terms:
        """The combinations that hold all of these, with a minus."""
        wanted = {tick.id for tick in ticks}
        every = (c for n in range(1, len(self.ticks) + 1) for c in combinations(self.ticks, n))
        found = (one for one in every if wanted <= {tick.id for tick in one})
        return tuple((-1, (f"{self.id}={self.code(one)}",)) for one in found)

    def ties(self) -> Iterator[Tie]:
        """What the kinds, alone and in pairs, have to do with the combinations."""
        none = (1, (f"{self.id}={_size(0)}",))
        for tick in self.ticks:
            yield Tie(((1, tick.yes), *self.having(tick)), True)
        for one, two in combinations(self.ticks, 2):
            yield Tie(((1, pair(one, two)), *self.having(one, two)), True)
        alone = [o.code for o in self.question.options if o.exclusive]
        if alone:
            # Who gave such an answer gave no other.
            parts = tuple((-1, code_tick(self.question, code).yes) for code in alone)
            yield Tie((none, *parts), False)


def _size(number: int) -> str:
    return f"{ONLY}{number}"


def _joined(words: list[Words]) -> Words:
    languages = [tag for tag in words[0] if all(tag in one for one in words)]
    return {tag: " + ".join(one[tag] for one in words) for tag in languages}
