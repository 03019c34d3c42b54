"""The pages of names that may mean the same: what is proposed, and one proposal with its evidence."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from analysis.patterns import places
from analysis.patterns.places import Group, Places, Spelling
from analysis.review import log
from analysis.review.names import KINDS, made_by
from analysis.workbench.marks import visible
from analysis.workbench.pages import counting, history
from analysis.workbench.pages.patterns import NAMES, chosen, codes, deciding_link, find_places, kept, link_of
from analysis.workbench.pages.view import Asked, Missing

LIST = NAMES
OF, NAME, DONE = "_of", "_name", "_done"
# So many are shown at once, and so many others can be chosen to be put together with one.
SHOWN, OTHERS = 60, 150


def read(asked: Asked) -> tuple[str, dict[str, Any]]:
    """The list of proposals, and of groups that somebody made."""
    pools = {pool.id: pool for pool in kept(asked, places.pools, "pools")}
    of = chosen(asked, OF, list(pools))
    if not of:
        return "names.html", {"pools": [], "found": None, "done": None}
    found = find_places(asked, pools[of])
    groups = [one for one in found.decided if one.accepted]
    return "names.html", {
        "pools": [(one, counting.title(asked, one), f"?{urlencode({OF: one})}", one == of) for one in pools],
        "found": found,
        "proposed": [_row(asked, found, one) for one in found.proposed[:SHOWN]],
        "groups": [_row(asked, found, one) for one in groups],
        "done": _done(asked),
        "log": history.address(kind=history.NAMES),
    }


def read_one(asked: Asked) -> tuple[str, dict[str, Any]]:
    """One set of names with all that speaks for and against it, and what can be decided."""
    pools = {pool.id: pool for pool in kept(asked, places.pools, "pools")}
    of = chosen(asked, OF, list(pools))
    wanted = "".join(asked.options(NAME)[:1])
    found = find_places(asked, pools[of]) if of else None
    group = next((one for one in every(found) if wanted in codes(one)), None) if found else None
    if found is None or group is None:
        raise Missing
    row = _row(asked, found, group)
    near = [one for one in every(found) if one.unit is not None and one.unit in group.near]
    return "name.html", {
        **row,
        "of": of,
        "pool": found.pool,
        "title": counting.title(asked, of),
        "spellings": [_spelling(asked, group, one) for one in group.spellings[:SHOWN]],
        "shown": SHOWN,
        "near": [_row(asked, found, one) for one in near],
        "others": [(one.digest, _name(asked, one), one.n) for one in _others(found, group, near)],
        "made": made_by(asked.connection, group.accepted) if group.accepted else None,
        "label": _suggested(asked, group),
        "log": history.address(kind=history.NAMES),
        "list": f"{LIST}?{urlencode({OF: of})}",
        **_neighbours(found, group),
    }


def every(found: Places) -> list[Group]:
    """All groups of a pool that can be decided about, each once."""
    shown = (*found.proposed, *found.decided, *found.groups)
    return list({one.digest: one for one in shown}.values())


def places_in(spellings: Sequence[Spelling]) -> dict[tuple[str, str], int]:
    """Where each name stands in its set, which is the same as long as the set is."""
    return {key: place for place, key in enumerate(sorted(one.key for one in spellings))}


def _row(asked: Asked, found: Places, group: Group) -> dict[str, Any]:
    return {
        "group": group,
        "name": _name(asked, group),
        "link": link_of(asked, group),
        "address": deciding_link(found.pool, group),
        "written": [_written(asked, one) for one in group.spellings],
        "one_hand": group.n > 1 and group.largest / group.n >= 0.5,
    }


def _name(asked: Asked, group: Group) -> str:
    """The group's own name, or how it is written most often; empty when all of that was deleted."""
    first = group.spellings[0] if group.spellings else None
    same = first is not None and group.name == first.written
    return _written(asked, first) if first and same else group.name


def _written(asked: Asked, one: Spelling) -> str:
    return one.written if one.choice is None else asked.book.answer(one.question, one.choice, asked.lang)


def _spelling(asked: Asked, group: Group, one: Spelling) -> dict[str, Any]:
    return {
        "one": one,
        "written": _written(asked, one),
        "place": places_in(group.spellings)[one.key],
        "link": link_of(asked, group, [one]),
    }


def _others(found: Places, group: Group, near: Sequence[Group]) -> list[Group]:
    """What a set could be put together with: first what is like it, then groups, then other names."""
    wanted = (*near, *(one for one in found.decided if one.accepted), *found.groups)
    return list({one.digest: one for one in wanted if one.digest != group.digest}.values())[:OTHERS]


def _suggested(asked: Asked, group: Group) -> str:
    """A name for the group that a person may keep; none that a browser would not show as it is."""
    name = _name(asked, group)
    return name if visible(name) == name and "\n" not in name else ""


def _neighbours(found: Places, group: Group) -> dict[str, Any]:
    """The proposals before and after this one, in the order of the list."""
    waiting = [one.digest for one in found.proposed]
    place = waiting.index(group.digest) if group.digest in waiting else None
    near = {
        offset: deciding_link(found.pool, found.proposed[place + offset])
        for offset in (-1, 1)
        if place is not None and 0 <= place + offset < len(waiting)
    }
    return {
        "place": None if place is None else place + 1,
        "total": found.waiting,
        "previous": near.get(-1, ""),
        "next": near.get(1, ""),
    }


def _done(asked: Asked) -> dict[str, Any] | None:
    """The decision from which the browser came here, to be read once more and taken back."""
    number = asked.number(DONE, 0)
    newest = log.history(asked.connection, kinds=KINDS, newest=50)
    found = next((one for one in newest if one.id == number and not one.undone), None)
    return history.line(asked, found) if found else None
