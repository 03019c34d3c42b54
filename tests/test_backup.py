"""`deploy/BACKUP.md` brings back what was lost: its lines are run as they stand, and every report is counted.

`install.sh` is stood in for by the intake's own `init` and `serve` on loopback, and copying to the server by
copying to a folder. A release is not published here: `restore-ledger` has tests of its own.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.guides import parts
from tests.outfit import DATA, Outfit

GUIDE = parts("BACKUP.md")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Outfit]:
    """A server that runs, and a desk that knows it."""
    made = Outfit(tmp_path / "site")
    with made.running:
        made.begin()
        yield made


def test_a_lost_server_loses_nothing_that_was_exported_and_doubles_nothing(site: Outfit) -> None:
    kept = site.send(2)
    site.trip(answer=True)
    kept |= site.send(2)
    settings = site.data / "intake.toml"
    settings.write_text(
        settings.read_text(encoding="utf-8").replace("/weather", "/our-own"), encoding="utf-8"
    )
    site.walk.go(GUIDE["Copy the server"])
    lost = site.send(1)
    site.running.close()
    shutil.rmtree(site.data.parent)
    site.data.parent.mkdir()
    site.walk.go(GUIDE["The server is gone"])
    assert site.at_desk() == sorted(kept)
    assert not lost & kept
    # The new server goes on with the same settings, and its first bundle does not meet that of the old one.
    assert httpx.get(f"{site.address}exit", timeout=30).headers["location"].endswith("/our-own")
    kept |= site.send(1)
    site.empty_stick()
    site.trip(answer=False)
    assert site.at_desk() == sorted(kept)


def test_a_lost_desk_comes_back_with_paper_shares_and_every_report_once(site: Outfit) -> None:
    every = site.send(2)
    site.trip(answer=False)
    site.walk.go(GUIDE["Copy the desk"])
    # Only now the answer goes back, as the guide says.
    site.trip(answer=True)
    site.walk.go(GUIDE["Try the copy: ten minutes, twice a year"])
    said = next(said for line, said in site.walk.said.items() if "rebuild" in line)
    assert "made the database anew: 2 reports loaded" in said
    assert not list((site.home / "memory").iterdir())
    # What came after the copy, at a desk that is lost before it answered.
    site.empty_stick()
    every |= site.send(2)
    site.trip(answer=False)
    site.empty_stick()
    every |= site.send(1)
    shutil.rmtree(site.desk)
    site.walk.go(GUIDE["The desk is gone"])
    assert site.at_desk() == sorted(every)
    imports = [said for line, said in site.walk.first.items() if " import " in line]
    assert any("bundle 2 never arrived" in said for said in imports)
    newest = max((site.home / "stick").glob("acknowledgement-*")).name
    site.walk.run(f"witnessbox-intake acknowledge --data {DATA} /media/stick/{newest}")
    assert "to export: 0 reports" in site.walk.run(f"witnessbox-intake status --data {DATA}")


def test_a_server_that_was_set_back_to_an_old_copy_is_refused_at_the_desk(site: Outfit) -> None:
    site.running.close()
    shutil.copytree(site.data, site.home / "old copy")
    site.restart("")
    site.send(1)
    site.trip(answer=False)
    site.running.close()
    shutil.rmtree(site.data)
    shutil.copytree(site.home / "old copy", site.data)
    site.restart("")
    site.send(1)
    site.empty_stick()
    with pytest.raises(AssertionError, match="another bundle 1 of this server came before"):
        site.trip(answer=False)
