"""What organizers tell reporters about help near them: two lists, each in every language of the pages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

# A name or an occasion, and what to know about it: "Night line", "555 0100".
Line: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Notices:
    """Help numbers, and deadlines for complaints, by language. What is not given is not shown."""

    help: Mapping[str, tuple[Line, ...]] = field(default_factory=dict)
    deadlines: Mapping[str, tuple[Line, ...]] = field(default_factory=dict)
