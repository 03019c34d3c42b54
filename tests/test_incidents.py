"""`deploy/INCIDENTS.md`: the lines of each list are run as they stand, at a desk with reports in it.

Nothing is published here, so `claim` and `attack` stand still; they have tests of their own. Keys are renewed
after a lost laptop and when somebody leaves: both have to end with a server that seals to the new ones.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guides import parts
from tests.outfit import DATA, Outfit

GUIDE = parts("INCIDENTS.md")


@pytest.fixture
def outfit(tmp_path: Path) -> Iterator[Outfit]:
    """A server and a desk with two reports, about which the desk has not answered yet."""
    made = Outfit(tmp_path / "outfit")
    with made.running:
        made.begin()
        made.walk.words |= {"DATA": str(made.data), "https://tell.example.org": made.address.rstrip("/")}
        made.walk.instead |= {r"-analysis (claim|attack) ": lambda _: ""}
        made.walk.words["intake/static/report.js"] = str(Path("intake/static/report.js").resolve())
        made.send(2)
        made.trip(answer=False)
        yield made


def test_each_list_that_needs_no_new_keys_works_as_it_stands(outfit: Outfit) -> None:
    renewing = {head for head, text in GUIDE.items() if "analysis rotate" in text}
    assert len(renewing) == 3
    for head, text in GUIDE.items():
        if head not in renewing:
            outfit.walk.go(text)
    said = outfit.walk.said
    assert any("2 boxes match" in one for one in said.values())
    # The script that the server sends is that of the project.
    ours, sent = (said[line].split()[0] for line in said if "sha256sum" in line)
    assert ours == sent


def test_whoever_left_opens_nothing_new_with_an_old_sheet(outfit: Outfit) -> None:
    old = outfit.walk.shares
    outfit.walk.go(GUIDE["Somebody is arrested, or leaves the group"])
    newest = max((outfit.home / "stick").glob("acknowledgement-*")).name
    outfit.walk.run(f"witnessbox-intake acknowledge --data {DATA} /media/stick/{newest}")
    assert outfit.walk.shares != old
    kept = outfit.at_desk()
    kept += outfit.send(1)
    outfit.empty_stick()
    outfit.trip(answer=True)
    assert outfit.at_desk() == sorted(kept)
    outfit.walk.shares = old
    with pytest.raises(AssertionError, match="not of this desk's newest key"):
        outfit.walk.run("witnessbox-analysis rehearse --desk desk --shares")


def test_a_dead_keeper_s_sheet_is_replaced_by_those_who_are_left(outfit: Outfit) -> None:
    outfit.walk.go(GUIDE["A keeper of a sheet dies, or a sheet is gone"])
    outfit.walk.run("witnessbox-analysis rehearse --desk desk --shares")


def test_new_keys_after_a_lost_laptop_reach_the_server(outfit: Outfit) -> None:
    before = outfit.walk.run(f"witnessbox-intake status --data {DATA}")
    outfit.walk.go(GUIDE["The desk's laptop is lost or seized"])
    newest = max((outfit.home / "stick").glob("acknowledgement-*")).name
    said = outfit.walk.run(f"witnessbox-intake acknowledge --data {DATA} /media/stick/{newest}")
    assert "to export: 0 reports" in before
    assert "new keys" in said
