"""Places that people name in words, as organizers put their names together (DOMAIN.md, F6)."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from analysis.findings.errors import BadReleaseFile, BadThreshold, Changed, NotToBeNamed
from analysis.findings.ledger import remaking, stranger
from analysis.findings.publish import rehearse
from analysis.findings.released import Cell, Status
from analysis.review import names
from analysis.review.people import Reviewer
from analysis.review.spellings import Listed
from tests.findings.ledger.test_stranger import run
from tests.findings.releasing import FIRST, Publisher, write_release_file
from tests.findings.small_desk import choice, form, question
from tests.findings.test_publish import recovered

ANA = Reviewer.named("Ana")
WITHHELD = Cell(Status.WITHHELD)
CENTRAL = {"question": "station", "code": "central", "name": "Central Station"}
LATER: dict[str, Any] = {
    "release": "2026-2",
    "period": (FIRST, "2026-12"),
    "date": "2027-01-15",
    "one_arrival": False,
}


def _town(folder: Path) -> Publisher:
    """A desk whose form asks for the station in words, and for the clinic by a list with "other"."""
    acts = [choice("shout", rollup="speech"), choice("push", rollup="force")]
    clinics = [choice(code) for code in ("north", "south", "other")]
    other = ["=", ["answer", "facility"], "other"]
    return Publisher(
        folder,
        form(
            question("acts", "select_multiple", acts),
            question("station", "text", role="act", max_length=120),
            question("facility", "select_one", clinics, role="act"),
            question("facility_other", "text", role="act", relevant=other, max_length=120),
        ),
    )


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Publisher]:
    made = _town(tmp_path)
    yield made
    made.desk.close()


def _add(
    desk: Publisher, station: str, reports: int, *acts: str, when: str = "2026-05", first: int = 1
) -> None:
    """Reports over three weeks and two channels."""
    for place in range(reports):
        week, channel = f"2026-W{first + place % 3:02d}", ("web", "paper")[place % 2]
        desk.reports.add(1, acts, words={"station": station}, when=when, week=week, channel=channel)


def _fill(desk: Publisher, *, when: str = "2026-05", central: int = 24, first: int = 1) -> None:
    _add(desk, "Central Station", central // 2, "shout", when=when, first=first)
    _add(desk, "central sta.", central - central // 2, "shout", "push", when=when, first=first)
    _add(desk, "Harbor Post", 12, "push", when=when, first=first)
    _add(desk, "Zyx Hidden Barracks", 12, "push", when=when, first=first)
    for week in range(5):
        desk.reports.add(6, ["push"], when=when, week=f"2026-W{first + week:02d}", channel="paper")


def _review(desk: Publisher) -> int:
    names.accept(desk.desk, "station", ["Harbor Post"], "Harbor Post", ANA)
    return names.accept(desk.desk, "station", ["Central Station", "central sta."], "Central Station", ANA)


def _folder_text(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def _attacked(folder: Path) -> remaking.Compared:
    """What a stranger finds who makes all files of a release again from its public ones."""
    public = stranger.read_releases([folder])
    return remaking.compare(folder, public, public.attack())


def test_a_place_that_people_name_in_words_has_its_number_and_its_acts(town: Publisher) -> None:
    _fill(town)
    _review(town)
    made = town.publish(named=[CENTRAL], one_arrival=False)
    assert town.cell("F06-station", "central", "total") == Cell(Status.SHOWN, 24, 78, 31)
    assert town.cell("F06-station", "central", "acts.any.speech") == Cell(Status.SHOWN, 24, 24, 100)
    assert town.cell("F06-station", ".rest1", "total").reports == 24, (
        "the harbor, and one that is not decided"
    )
    assert town.cell("F06-station", ".blank", "total").reports == 30
    assert recovered(made) == 0
    compared = _attacked(made.path)
    assert not compared.wrong


def test_only_the_name_that_the_file_gives_is_in_any_file(town: Publisher) -> None:
    _fill(town)
    _review(town)
    text = _folder_text(town.publish(named=[CENTRAL], one_arrival=False).path)
    assert b"Central Station" in text
    for hidden in (b"central sta.", b"Harbor Post", b"Zyx Hidden"):
        assert hidden not in text


def test_nobody_is_named_unless_the_file_does(town: Publisher) -> None:
    _fill(town)
    _review(town)
    made = town.publish(one_arrival=False)
    assert "F06-station" not in made.edition.selection.tables
    assert b"Central Station" not in _folder_text(made.path)


def test_a_place_of_fewer_reports_than_the_threshold_is_not_named(town: Publisher) -> None:
    _fill(town, central=9)
    _review(town)
    with pytest.raises(NotToBeNamed, match=r'"central" of "station" is named in fewer than 10') as refusal:
        town.publish(named=[CENTRAL], one_arrival=False)
    assert "a later release" in str(refusal.value.hint)
    assert not (town.folder / "out").exists()


@pytest.mark.parametrize(
    ("ways", "rule"),
    [
        pytest.param([("2026-W01", "web")], "more than half came by one channel in one week", id="one"),
        pytest.param([("2026-W01", "web"), ("2026-W02", "web")], "fewer than 3 ways", id="two weeks"),
        pytest.param(
            [("2026-W01", c) for c in ("web", "paper", "kiosk")], "fewer than 2 weeks", id="one week"
        ),
    ],
)
def test_a_place_that_one_hand_may_have_reported_is_not_named(
    town: Publisher, ways: list[tuple[str, str]], rule: str
) -> None:
    for week, channel in ways * (12 // len(ways)):
        town.reports.add(1, ["shout"], words={"station": "Central Station"}, week=week, channel=channel)
    for week in range(10, 20):
        town.reports.add(6, ["push"], week=f"2026-W{week}", channel="paper")
    names.accept(town.desk, "station", ["Central Station"], "Central Station", ANA)
    with pytest.raises(NotToBeNamed, match=rule):
        town.publish(named=[CENTRAL], one_arrival=False)


def test_a_place_that_is_named_later_has_its_reports_of_an_earlier_batch(town: Publisher) -> None:
    _fill(town, central=8)
    _review(town)
    town.publish(one_arrival=False)
    # Words may be deleted once they were counted, and a name may be put to the group.
    town.desk.database.conn.execute('DELETE FROM "texts"')
    _fill(town, when="2026-08", central=16, first=20)
    made = town.publish("2", named=[CENTRAL], **LATER)
    assert town.cell("F06-station", "central", "total").reports == 24
    assert recovered(made) == 0
    assert not _attacked(made.path).wrong


def test_what_a_batch_counted_stays_whatever_is_put_together_later(town: Publisher) -> None:
    _fill(town)
    group = _review(town)
    town.publish(named=[CENTRAL], one_arrival=False)
    (harbor,) = [one.id for one in names.read_groups(town.desk.database.conn, "station") if one.id != group]
    names.merge(town.desk, [group, harbor], "Central Station", ANA)
    _fill(town, when="2026-08", first=20)
    made = town.publish("2", **LATER)
    assert town.cell("F06-station", "central", "total").reports == 24 + 24 + 12
    assert recovered(made) == 0


def test_a_second_place_is_taken_out_of_what_was_left(town: Publisher) -> None:
    _fill(town)
    _review(town)
    town.publish(named=[CENTRAL], one_arrival=False)
    _fill(town, when="2026-08", first=20)
    harbor = {"question": "station", "code": "harbor", "name": "Harbor Post"}
    made = town.publish("2", named=[harbor], **LATER)
    assert town.cell("F06-station", "central", "total").reports == 48
    assert town.cell("F06-station", "harbor", "total").reports == 24
    assert town.cell("F06-station", ".rest2", "total").reports == 24
    assert recovered(made) == 0
    assert not _attacked(made.path).wrong


def test_a_place_keeps_its_row_where_its_number_is_withheld(town: Publisher) -> None:
    _fill(town)
    _review(town)
    town.publish(named=[CENTRAL], one_arrival=False)
    _fill(town, when="2026-08", central=4, first=20)
    made = town.publish("2", **LATER | {"period": ("2026-07", "2026-12")})
    assert town.cell("F06-station", "central", "total") == WITHHELD
    assert recovered(made) == 0


def test_the_same_file_makes_the_same_names_again(town: Publisher) -> None:
    _fill(town)
    group = _review(town)
    first = town.publish(named=[CENTRAL], one_arrival=False)
    names.split(town.desk, group, {"Elsewhere": ["Central Station"]}, ANA)
    again = town.publish("again", named=[CENTRAL], one_arrival=False)
    assert _folder_text(first.path) == _folder_text(again.path)
    with pytest.raises(Changed, match="without a place that this file names"):
        town.publish("more", named=[CENTRAL | {"code": "other_one"}], one_arrival=False)


def test_a_place_whose_group_was_divided_has_to_be_named_again(town: Publisher) -> None:
    _fill(town)
    group = _review(town)
    town.publish(named=[CENTRAL], one_arrival=False)
    names.split(town.desk, group, {"Old Town": ["Central Station"], "New Town": ["central sta."]}, ANA)
    _fill(town, when="2026-08", first=20)
    with pytest.raises(Changed, match='of "central" of "station" does not stand') as refusal:
        town.publish("2", **LATER)
    assert 'code = "central"' in str(refusal.value.hint)
    town.publish("2", named=[CENTRAL | {"name": "New Town"}], **LATER)
    assert town.cell("F06-station", "central", "total").reports == 24 + 12


def _clinics(desk: Publisher) -> None:
    for place in range(30):
        came = {"week": f"2026-W{1 + place % 3:02d}", "channel": ("web", "paper")[place % 2]}
        desk.reports.add(1, ["shout"], facility="north", **came)  # type: ignore[arg-type]
        words = {"facility_other": "Nort Clinic" if place < 15 else "Hill Clinic"}
        desk.reports.add(1, ["push"], facility="other", words=words, **came)  # type: ignore[arg-type]
        desk.reports.add(1, ["push"], facility="south", **came)  # type: ignore[arg-type]


def test_a_name_that_means_a_place_of_the_list_counts_with_it(town: Publisher) -> None:
    _clinics(town)
    names.accept(town.desk, "facility_other", ["Nort Clinic", Listed("facility", "north")], "North", ANA)
    names.accept(town.desk, "facility_other", ["Hill Clinic"], "Hill Clinic", ANA)
    hill = {"question": "facility", "code": "hill", "name": "Hill Clinic"}
    made = town.publish(named=[hill], one_arrival=False)
    assert town.cell("F06-facility", "north", "total").reports == 45
    assert town.cell("F06-facility", "other", "total").reports == 15
    assert town.cell("F06-facility", "hill", "total").reports == 15
    assert town.cell("F06-facility", ".rest1", "total") == WITHHELD, "none is withheld like few"
    assert recovered(made) == 0
    with pytest.raises(BadReleaseFile, match="put together with a place of the list"):
        town.publish("2", named=[hill | {"code": "nort", "name": "North"}], release="other")


def test_a_landlord_of_a_small_building_is_not_named_in_words(tmp_path: Path) -> None:
    desk = Publisher(
        tmp_path,
        form(
            question("landlord", "text", role="act", max_length=120),
            question("size", "select_one", [choice("1_2"), choice("50up")]),
        ),
    )
    for week in range(1, 13):
        came: dict[str, Any] = {"week": f"2026-W{week:02d}", "words": {"landlord": "Acme Homes"}}
        desk.reports.add(2, size="50up", **came)
        desk.reports.add(2, size="1_2", **came)
        desk.reports.add(1, size="50up", week=f"2026-W{week:02d}")
    names.accept(desk.desk, "landlord", ["Acme Homes"], "Acme Homes", ANA)
    acme = {"question": "landlord", "code": "acme", "name": "Acme Homes"}
    desk.publish(named=[acme], one_arrival=False)
    assert desk.cell("F06-landlord", "acme", "total").reports == 24
    assert desk.cell("F06-landlord", ".blank", "total").reports == 36
    desk.desk.close()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        pytest.param({"name": "Nobody's"}, "no reviewed group has this name", id="no group"),
        pytest.param({"question": "marks"}, 'nobody is asked in words for "marks"', id="no question"),
        pytest.param({"code": "total"}, "means something else in tables", id="code of a total"),
        pytest.param({"code": "Big"}, "small letters, digits", id="code in capitals"),
        pytest.param({"question": "facility", "code": "north"}, "a code of the list", id="code of the list"),
    ],
)
def test_a_name_that_cannot_be_printed_is_refused_with_a_way_out(
    town: Publisher, change: dict[str, str], rule: str
) -> None:
    _fill(town)
    _review(town)
    with pytest.raises(BadReleaseFile, match=rule):
        town.publish(named=[CENTRAL | change], one_arrival=False)


def test_a_place_is_not_named_in_a_table_that_is_left_out(town: Publisher) -> None:
    _fill(town)
    _review(town)
    with pytest.raises(BadReleaseFile, match="F06-station is no table of this release"):
        town.publish(named=[CENTRAL], one_arrival=False, without=["F06"])


def test_a_rehearsal_lists_the_places_that_could_be_named(town: Publisher) -> None:
    _fill(town)
    _review(town)
    town.desk.database.conn.commit()
    said = "\n".join(rehearse(town.desk, town.file(one_arrival=False), town.folder / "out"))
    assert 'station, "Central Station": 24 reports, 3 weeks, 6 ways' in said
    assert "Zyx" not in said
    named = town.file(named=[CENTRAL], one_arrival=False)
    assert '"Central Station"' not in "\n".join(rehearse(town.desk, named, town.folder / "out"))


def test_what_a_place_answered_stands_beside_its_number(town: Publisher) -> None:
    _fill(town)
    _review(town)
    harbor = {"question": "station", "code": "harbor", "name": "Harbor Post"}
    asked = CENTRAL | {"asked": date(2026, 6, 1), "reply": "We look into it."}
    silent = harbor | {"asked": date(2026, 6, 2)}
    made = town.publish(named=[asked, silent], one_arrival=False)
    page = (made.path / "findings" / "F06.html").read_text()
    said = "“Central Station” was asked for its answer on 1 June 2026, and said: “We look into it.”"
    assert said in page
    assert "“Harbor Post” was asked for its answer on 2 June 2026, and had given none" in page
    for where in ("embed/F06-station.html", "tables/F06-station.html", "tables/F06-station.json"):
        assert "We look into it." in (made.path / where).read_text()
    assert "Officers are never named." in (made.path / "method.html").read_text()
    assert json.loads((made.path / "release.json").read_text())["named"][0][:2] == ["F06-station", "central"]
    assert not _attacked(made.path).wrong


def test_no_threshold_below_the_floor_lets_a_name_through(town: Publisher) -> None:
    _fill(town)
    _review(town)
    with pytest.raises(BadThreshold):
        town.publish(named=[CENTRAL], k=4)


def test_the_commands_rehearse_publish_and_attack_a_release_with_names(tmp_path: Path) -> None:
    town = _town(tmp_path)
    _fill(town)
    _review(town)
    town.desk.database.conn.commit()
    town.desk.close()
    desk, out = tmp_path / "desk", tmp_path / "site"
    plain = write_release_file(tmp_path / "plain.toml", one_arrival=False)
    asked = write_release_file(tmp_path / "named.toml", one_arrival=False, named=[CENTRAL])
    assert run("release-key", "--desk", desk).returncode == 0
    rehearsed = run("publish", "--desk", desk, plain, "--out", out, "--dry-run")
    assert 'station, "Central Station": 24 reports, 3 weeks, 6 ways' in rehearsed.stdout
    made = run("publish", "--desk", desk, asked, "--out", out)
    assert made.returncode == 0, made.stderr
    assert "central,Central Station,total,All,24,78,31," in (out / "tables" / "F06-station.csv").read_text()
    attacked = run("attack", out)
    assert attacked.returncode == 0, attacked.stdout
    page = out / "tables" / "F06-station.csv"
    page.write_text(page.read_text().replace(",24,78,31,", ",25,78,32,"))
    assert run("attack", out).returncode == 1
