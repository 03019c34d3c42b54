"""The description of the intake's addresses is that of the application."""

import json
from collections.abc import Iterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route

from analysis.identity import HybridIdentity
from intake.address import Address
from intake.app import create_app
from intake.database import create
from intake.directory import read
from intake.forms.form import shipped
from intake.sqlite import Sqlite
from intake.store import Store
from tests.serving import make_data

DESCRIPTION = json.loads((Path(__file__).parent / "openapi.json").read_text(encoding="utf-8"))
STATUSES = range(200, 504)


def addresses(app: object) -> Iterator[tuple[str, str]]:
    """Every path of the application with each of its methods, but HEAD, which goes with GET."""
    while not isinstance(app, Starlette):
        app = vars(app)["_app"]
    for route in app.routes:
        assert isinstance(route, Route)
        ways = route.endpoint
        methods = vars(ways)["_ways"] if isinstance(ways, Address) else route.methods
        yield from ((route.path, method.lower()) for method in methods or () if method != "HEAD")


def test_the_description_names_the_addresses_and_methods_of_the_application(
    tmp_path: Path, identity: HybridIdentity
) -> None:
    settings = read(make_data(tmp_path / "data", identity)).settings
    create(tmp_path / "reports.db")
    store = Store(Sqlite(tmp_path / "reports.db"), max_reports=9, min_free_bytes=0)
    app = create_app(settings, [shipped("report")], [identity.recipient], store)
    described = {(path, method) for path, ways in DESCRIPTION["paths"].items() for method in ways}
    assert set(addresses(app)) == described


def test_every_address_has_a_bound_and_statuses_with_words() -> None:
    for ways in DESCRIPTION["paths"].values():
        for way in ways.values():
            assert way["x-longest"] >= 0
            assert all(int(status) in STATUSES for status in way["responses"])
            assert all(answer["description"] for answer in way["responses"].values())
