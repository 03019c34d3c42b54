"""The method of a release as blocks of plain text, for the page and the PDF."""

from dataclasses import dataclass

from analysis.findings.released import MOST_JOINT, PERCENT_BASE, Status
from analysis.findings.site.sheet import has
from analysis.findings.site.voice import Voice, one_line

_HEADING, _ITEM = "# ", "- "
# The heading below which the flow of reports and the batches stand.
_COUNTED = 1


@dataclass(slots=True)
class Block:
    """A heading, a paragraph, or a list; `counted` where the flow of reports follows."""

    kind: str
    text: str = ""
    items: tuple[str, ...] = ()
    counted: bool = False


def blocks(voice: Voice, key: str) -> list[Block]:
    """All that the method page says in one language; `key` is the public key of releases."""
    found: list[Block] = []
    for line in _lines(voice, key):
        if line.startswith(_HEADING):
            found.append(Block("heading", line.removeprefix(_HEADING)))
        elif not line.startswith(_ITEM):
            found.append(Block("paragraph", line))
        elif found and found[-1].kind == "list":
            found[-1].items += (line.removeprefix(_ITEM),)
        else:
            found.append(Block("list", items=(line.removeprefix(_ITEM),)))
    headings = [i for i, block in enumerate(found) if block.kind == "heading"]
    found[headings[_COUNTED + 1] - 1].counted = True
    return found


def _lines(voice: Voice, key: str) -> list[str]:
    release, method = voice.release, voice.release.method
    text = voice.template(
        "method.txt",
        channels=", ".join(voice.say("category", "channel", code) for code in method.channels),
        languages=", ".join(voice.say("category", "lang", code) for code in method.languages_asked),
        left_out=", ".join(f"{one} ({voice.say('finding', one[:3])})" for one in method.left_out),
        apart=", ".join(method.apart),
        most_joint=MOST_JOINT,
        n=release.n.reports,
        not_asked=any(has(table, Status.NOT_ASKED) for table in release.tables),
        percent_base=PERCENT_BASE,
        key=key,
        **{
            name: voice.pick(getattr(method, name))
            for name in ("verification", "outreach", "funding", "corrections")
        },
    )
    return [one_line(line) for line in text.splitlines() if line.strip()]
