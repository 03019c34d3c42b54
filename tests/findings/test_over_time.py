"""Two releases, and something that changed between them: a stranger with both recovers nothing.

The stranger has the public files alone. What is secret is told by the reports at the desk, counted here
once more, and by the thresholds under which numbers were withheld.
"""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from analysis.findings.control.attack import attack
from analysis.findings.control.errors import PastDiscloses
from analysis.findings.errors import Changed, Unauditable
from analysis.findings.ledger.stranger import Public, read_releases
from analysis.findings.publish import Written, publish
from analysis.findings.released import Release
from analysis.review import exclusions
from analysis.review.people import Reviewer
from intake.forms.form import Form, canonical
from tests.findings.releasing import Publisher
from tests.findings.small_desk import choice, form, question

SEEDS = (1, 2, 3)
DISTRICTS = {"north": "inner", "south": "inner", "hill": "outer", "lake": "outer"}
ACTS = ("shout", "push", "grab", "spit")
LATER: dict[str, Any] = {"release": "2026-2", "period": ("2026-01", "2026-12"), "date": "2027-01-15"}


def city(version: str = "1", districts: dict[str, str] = DISTRICTS, acts: tuple[str, ...] = ACTS) -> Form:
    areas = [choice(code, rollup=district) for code, district in districts.items()]
    return form(
        question("setting", "select_one", [choice("police"), choice("health")], required=True),
        question("acts", "select_multiple", [choice(code) for code in acts]),
        question("area", "select_one", areas),
        version=version,
    )


@pytest.fixture(params=SEEDS)
def chance(request: pytest.FixtureRequest) -> random.Random:
    return random.Random(request.param)


@pytest.fixture
def desk(tmp_path: Path, chance: random.Random) -> Iterator[Publisher]:
    made = Publisher(tmp_path, city())
    fill(made, chance, "2026-05")
    yield made
    made.desk.close()


def fill(
    desk: Publisher, chance: random.Random, when: str, acts: tuple[str, ...] = ACTS, **areas: int
) -> None:
    """Many reports of most kinds, and few of some."""
    weights = areas or {"north": 20, "south": 9, "hill": 12, "lake": 3}
    for area, most in weights.items():
        for setting in ("police", "health"):
            desk.reports.add(chance.randint(1, most), [acts[0]], setting=setting, area=area, when=when)
            desk.reports.add(chance.randint(0, 4), list(acts[1:3]), setting=setting, area=area, when=when)
            desk.reports.add(chance.randint(0, 9), [acts[-1]], setting=setting, area=area, when=when)
    desk.reports.add(40, [acts[0]], setting="police", area="north", when=when)


def released(desk: Publisher, out: str, **changes: Any) -> Written:
    """Publishes without pages: the files that a stranger reads."""

    def build(release: Release) -> dict[str, bytes]:
        return {"ledger.jsonl": release.ledger, "codebook.json": release.codebook, "SHA256SUMS": b""}

    desk.desk.database.conn.commit()
    return publish(desk.desk, desk.file(**changes), desk.folder / out, build)


def secrets(public: Public, made: Written) -> dict[tuple[str, ...], int]:
    """Every cell of a table, in every span, that counts fewer reports than it is withheld under, and how few.

    The numbers are those of the desk; which cells there are, and under which threshold, is public.
    """
    entries = [entry for entry in map(json.loads, public.lines) if entry["kind"] == "release"]
    book = json.loads((made.path / "codebook.json").read_bytes())
    own = f"batch={entries[-1]['span']}"
    cells = {name for table in book["tables"] for name in table["cells"].values() if name}
    kinds = {tuple(node for node in name.split("|") if node != own) for name in cells}
    everywhere = {tuple(sorted((*kind, f"batch={span}"))) for kind in kinds for span, _ in book["spans"]}
    found = {}
    for cell in everywhere - public.known.keys():
        thresholds = [entry["k"] for entry in entries[:-1] if "|".join(cell) in entry["withheld"]]
        k = max([*thresholds, entries[-1]["k"]])
        count = made.edition.counts.get(cell)
        if count and 0 < count.reports < k:
            found[cell] = max(k, count.reports + 1)
    return found


def recovered(*releases: Written) -> int:
    """What a stranger with the public files learns of what is secret; it is told that there is something."""
    public = read_releases([made.path for made in releases])
    hidden = secrets(public, releases[-1])
    assert hidden
    found = attack(public.system, public.known, sorted(hidden))
    return sum(
        one.integer.low > 0 or (one.integer.high is not None and one.integer.high < hidden[cell])
        for cell, one in found.items()
    )


def test_a_lower_threshold_later_gives_nothing_of_the_first_away(
    desk: Publisher, chance: random.Random
) -> None:
    first = released(desk, "first", k=10)
    fill(desk, chance, "2026-08")
    second = released(desk, "second", **LATER, k=5)
    assert recovered(first, second) == 0


def test_a_lower_threshold_shows_nothing_that_was_withheld_before(desk: Publisher) -> None:
    first = released(desk, "first", k=10)
    second = released(desk, "second", release="again", k=5)
    assert recovered(first, second) == 0
    counts = first.edition.counts
    few = {cell for cell in first.edition.withheld & counts.keys() if counts[cell].reports < 10}
    assert few
    assert few <= second.edition.withheld


def test_a_higher_threshold_later_is_kept_or_the_release_is_refused(
    desk: Publisher, chance: random.Random
) -> None:
    first = released(desk, "first", k=5)
    fill(desk, chance, "2026-08")
    with suppress(PastDiscloses):
        assert recovered(first, released(desk, "second", **LATER, k=10)) == 0
        return
    with pytest.raises(PastDiscloses, match="what got out before gives away") as refusal:
        released(desk, "second", **LATER, k=10)
    assert set(refusal.value.blocking) <= first.edition.printed.keys()
    assert refusal.value.blocking


def _leave_out(desk: Publisher) -> None:
    exclusions.exclude(desk.desk, range(1, 30, 3), "junk", Reviewer.named("Ana"))


def _withdraw(desk: Publisher) -> None:
    """As if reports had never come: what they told is gone from the desk."""
    connection = desk.desk.database.conn
    connection.execute('DELETE FROM "answers" WHERE "report" % 5 = 1')
    connection.execute('DELETE FROM "counted_in" WHERE "report" % 5 = 1')
    connection.execute('DELETE FROM "reports" WHERE "id" % 5 = 1')


@pytest.mark.parametrize("change", [_leave_out, _withdraw])
def test_reports_that_go_between_releases_can_not_be_told(
    desk: Publisher, chance: random.Random, change: Callable[[Publisher], None]
) -> None:
    first = released(desk, "first")
    change(desk)
    fill(desk, chance, "2026-08")
    second = released(desk, "second", **LATER)
    told = first.edition.printed.keys() & second.edition.known.keys()
    assert all(second.edition.known[cell] == first.edition.printed[cell] for cell in told)
    assert recovered(first, second) == 0


def test_an_area_that_moves_to_another_district_is_refused(desk: Publisher, chance: random.Random) -> None:
    released(desk, "first")
    desk.reports.add_form(city("2", {**DISTRICTS, "south": "outer"}))
    fill(desk, chance, "2026-08")
    with pytest.raises((Unauditable, Changed), match=r"another group|lies elsewhere"):
        released(desk, "second", **LATER)


def test_an_area_that_is_parted_in_two_gives_nothing_away(desk: Publisher, chance: random.Random) -> None:
    first = released(desk, "first")
    parted = {name: district for name, district in DISTRICTS.items() if name != "south"}
    desk.reports.add_form(city("2", {**parted, "south_east": "inner", "south_west": "inner"}))
    fill(desk, chance, "2026-08", north=20, south_east=12, south_west=4, hill=3, lake=3)
    assert recovered(first, released(desk, "second", **LATER)) == 0


def test_an_act_that_a_newer_form_adds_gives_nothing_away(desk: Publisher, chance: random.Random) -> None:
    first = released(desk, "first")
    acts = ("shout", "push", "grab", "spit", "burn")
    desk.reports.add_form(city("2", acts=acts))
    fill(desk, chance, "2026-08", acts)
    assert recovered(first, released(desk, "second", **LATER)) == 0


def _spoken(one: Any) -> Any:
    """The same in Spanish too, wherever there are words."""
    if isinstance(one, dict):
        if one.keys() == {"en"}:
            return {"en": one["en"], "es": one["en"]}
        return {name: _spoken(value) for name, value in one.items()}
    return [_spoken(value) for value in one] if isinstance(one, list) else one


def test_a_form_that_speaks_another_language_gives_nothing_away(
    desk: Publisher, chance: random.Random
) -> None:
    first = released(desk, "first")
    spoken = _spoken(json.loads(city("2").json)) | {"languages": ["en", "es"]}
    desk.reports.add_form(Form.from_json(canonical(spoken) + b"\n"))
    fill(desk, chance, "2026-08")
    few = chance.randint(1, 9)
    desk.reports.add(few, ["push"], setting="health", area="lake", lang="es", when="2026-08")
    second = released(desk, "second", **LATER)
    assert recovered(first, second) == 0
    fill(desk, chance, "2027-02")
    changes = {"release": "2027-1", "period": ("2026-01", "2027-06"), "date": "2027-07-15"}
    assert recovered(first, second, released(desk, "third", **changes)) == 0
