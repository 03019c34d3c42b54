"""Places that people name in words: a station, or a clinic, company or landlord that is on no list.

    a question in words       .asked > .words, .blank;  .words > places, .rest1
    a list with "other"       other > places, .rest1

Organizers put spellings together at the review, and name a place in the release file. Each release that names
new ones takes them out of what was left: ".rest1" becomes the new places and ".rest2". So nothing that was
printed changes its meaning, and a batch that was counted before keeps its coding.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analysis.findings.released import REST, Category

# A question of this kind is answered in words.
WORDED = "text"
WORDS, OTHER = ".words", "other"
# How a batch remembers the places that no release has named yet, and all that name none of them.
UNNAMED = "#"


@dataclass(frozen=True, slots=True)
class Place:
    """A place with a permanent code; `group` is the number of its spellings' group at the review.

    `earlier` has the groups that were this place already when a batch was counted that did not name it.
    """

    code: str
    name: str
    group: int
    earlier: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Naming:
    """The places of one question: those that one release named first, after those of the one before it."""

    generations: tuple[tuple[Place, ...], ...] = ()
    last: str = ""

    @property
    def places(self) -> tuple[Place, ...]:
        """All of them."""
        return tuple(place for generation in self.generations for place in generation)

    @property
    def rest(self) -> str:
        """The node of all other names; empty where no place is named."""
        return self.last or (f"{REST}{len(self.generations)}" if self.generations else "")

    def children(self, parent: str) -> dict[str, tuple[str, ...]]:
        """The nodes below the node of all that name something."""
        found: dict[str, tuple[str, ...]] = {}
        for number, generation in enumerate(self.generations, 1):
            is_last = number == len(self.generations)
            rest = self.rest if is_last else f"{REST}{number}"
            found[parent] = (*(place.code for place in generation), rest)
            parent = rest
        return found

    def detailed(self, groups: Sequence[int]) -> "Naming":
        """The same with every group of the review that is no place yet, for a batch to remember."""
        named = {place.group for place in self.places}
        more = tuple(Place(f"{UNNAMED}{one}", "", one) for one in groups if one not in named)
        return Naming((*self.generations, more), UNNAMED)

    def leaf(self, group: int | None) -> str:
        """The node of a report that names a group, or none."""
        return next((place.code for place in self.places if place.group == group), self.rest)

    def leaf_then(self, remembered: str, batch: str) -> str:
        """The node of what a batch remembers of a place that was not named yet."""
        group = remembered.removeprefix(UNNAMED)
        for place in self.places:
            if group and int(group) in place.earlier.get(batch, ()):
                return place.code
        return self.rest

    def categories(self, parent: str | None, level: int, languages: Sequence[str]) -> list[Category]:
        """The rows of a table, by name; what names none of them comes last."""
        rows = sorted(self.places, key=lambda place: (place.name.casefold(), place.code))
        found = [Category(one.code, dict.fromkeys(languages, one.name), parent, level) for one in rows]
        return [*found, Category(self.rest, {}, parent, level)]
