"""The form that decides about a set of names: together, apart, or together with another set.

The set is looked up anew. When anything of it is not as the page showed it, because names came, or
because somebody decided meanwhile or twice, nothing is done.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeAlias
from urllib.parse import urlencode

from analysis.cipher import Database
from analysis.patterns import places
from analysis.patterns.places import Group, Places
from analysis.review import log
from analysis.review import names as review
from analysis.review.errors import BadName
from analysis.review.people import Reviewer
from analysis.review.spellings import Listed, Name
from analysis.workbench.pages.deciding import Changed, by_somebody, number
from analysis.workbench.pages.names import DONE, LIST, OF, every, places_in
from analysis.workbench.pages.view import Sent

_STALE = "these names are not as they were shown: other names came, or somebody decided about them"


@by_somebody
def decide(sent: Sent, by: Reviewer) -> str:
    """Decides, and goes on to the list of what waits."""
    decides = _DECISIONS.get(sent.field("do"))
    if decides is None:
        raise Changed("there is no such decision")
    if not sent.field("remark").strip():
        raise BadName("a decision about names has a reason", "say in a few words what you know")
    found = _found(sent)
    decides(sent, by, found, _shown(found, sent.field("group")))
    done = log.history(sent.desk.database.conn, newest=1)[0].id
    return f"{LIST}?{urlencode({OF: sent.field('of'), DONE: done})}#done"


def _found(sent: Sent) -> Places:
    """The names as they stand now, read by the connection that will write."""
    database = Database(sent.desk.database.conn)
    pool = next((one for one in places.pools(database) if one.id == sent.field("of")), None)
    if pool is None:
        raise Changed("no question at this desk asks for such names")
    return places.places(database, pool)


def _shown(found: Places, digest: str) -> Group:
    """The set that the page showed."""
    group = next((one for one in every(found) if one.digest == digest), None)
    if group is None:
        raise Changed(_STALE, "look at the list again")
    return group


def _names(found: Places, keys: Collection[tuple[str, str]]) -> list[Name]:
    return [text if asked == found.pool.words else Listed(asked, text) for asked, text in sorted(keys)]


def _parts(sent: Sent, found: Places, group: Group) -> tuple[list[Name], list[Name]]:
    """The names that stay and those that leave, as they were ticked."""
    by_place = {place: key for key, place in places_in(group.spellings).items()}
    leaving = {number(one) for one in sent.fields.get("leave", [])}
    if not leaving <= set(by_place):
        raise Changed(_STALE, "look at the list again")
    stay = [key for place, key in by_place.items() if place not in leaving]
    return _names(found, stay), _names(found, [by_place[place] for place in leaving])


def _together(sent: Sent, by: Reviewer, found: Places, group: Group) -> None:
    stay, leave = _parts(sent, found, group)
    label, remark = sent.field("label"), sent.field("remark")
    if not group.accepted:
        review.accept(sent.desk, found.pool.words, stay, label, by, apart=leave, remark=remark)
        return
    if not leave:
        raise Changed("tick the names that leave the group")
    other = sent.field("other_label")
    if other.strip() and " ".join(other.split()) == " ".join(label.split()):
        raise BadName("the names that leave need another name than those that stay")
    parts: Mapping[str, Sequence[Name]] = {label: stay, **({other: leave} if other.strip() else {})}
    if not stay:
        raise Changed("all names would leave: say instead that they are different")
    review.split(sent.desk, group.accepted, parts, by, joined=_followers(found, group), remark=remark)


def _apart(sent: Sent, by: Reviewer, found: Places, group: Group) -> None:
    remark = sent.field("remark")
    if group.accepted:
        joined = _followers(found, group)
        review.split(sent.desk, group.accepted, {}, by, joined=joined, remark=remark)
    else:
        names = _names(found, [one.key for one in group.spellings])
        review.reject(sent.desk, found.pool.words, names, by, remark=remark)


def _merge(sent: Sent, by: Reviewer, found: Places, group: Group) -> None:
    other = _shown(found, sent.field("other"))
    if other.digest == group.digest:
        raise Changed("a group is put together with another one")
    label, remark = sent.field("label"), sent.field("remark")
    numbers = [one.accepted for one in (group, other) if one.accepted]
    free = [one for one in (group, other) if not one.accepted]
    names = _names(found, [spelling.key for one in free for spelling in one.spellings])
    for one in (group, other):
        names += _followers(found, one) if one.accepted else []
    if numbers:
        review.merge(sent.desk, numbers, label, by, names=names, remark=remark)
    else:
        review.accept(sent.desk, found.pool.words, names, label, by, remark=remark)


def _followers(found: Places, group: Group) -> list[Name]:
    """The names that are counted with a group only because they read the same."""
    return _names(found, [one.key for one in group.spellings if one.why != places.DECIDED])


_Decide: TypeAlias = Callable[[Sent, Reviewer, Places, Group], None]
_DECISIONS: Mapping[str, _Decide] = {"together": _together, "apart": _apart, "merge": _merge}
