"""Whether reports are taken from browsers without script is for the organizers to say."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.identity import HybridIdentity
from intake.forms.form import shipped
from intake.pages import Pages
from intake.settings import Settings, starting_text
from tests.serving import ENOUGH, Server, make_data, sealed_body, stored

SEND = 'formmethod="post"'
CLOSED = "Nothing can be sent from this browser."
TURN_OFF = "turn scripts off"


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory, identity: HybridIdentity) -> Iterator[Server]:
    """An intake whose organizers take sealed reports only."""
    data = make_data(tmp_path_factory.mktemp("closed") / "data", identity)
    file = data / "intake.toml"
    file.write_text(
        file.read_text().replace("reports_without_script = true", "reports_without_script = false")
    )
    with Server(data) as running:
        yield running


def test_a_form_that_was_typed_without_script_is_refused_unread(closed: Server) -> None:
    answer = closed.post_form(ENOUGH)
    assert answer.status_code == 403
    assert "Nothing was saved." in answer.text
    assert "in a browser that runs scripts" in answer.text
    assert stored(closed.data) == {}


def test_a_report_that_was_sealed_in_the_browser_is_still_taken(
    closed: Server, identity: HybridIdentity
) -> None:
    assert closed.post_sealed(sealed_body([identity.recipient])).status_code == 201


@pytest.mark.parametrize("path", ["/en/start", "/en/report/"])
def test_a_browser_without_script_is_told_before_anything_is_typed(path: str, closed: Server) -> None:
    page = closed.client.get(path).text
    assert CLOSED in page
    assert SEND not in page
    assert TURN_OFF not in page


@pytest.mark.parametrize("path", ["/en/how", "/en/who"])
def test_no_page_speaks_of_a_way_that_is_closed(path: str, closed: Server) -> None:
    assert "runs no script" not in closed.client.get(path).text


def test_where_it_is_taken_the_page_says_how_and_names_the_price(shared_server: Server) -> None:
    page = shared_server.client.get("/en/report/").text
    assert CLOSED not in page
    assert SEND in page
    assert TURN_OFF in page
    assert "Then our server locks your report, and sees it for a moment." in page


def test_both_ways_have_their_words_in_spanish(tmp_path: Path, identity: HybridIdentity) -> None:
    (tmp_path / "intake.toml").write_text(starting_text(("report",)))
    settings = Settings.read(tmp_path / "intake.toml")
    for taken in (True, False):
        pages = Pages(
            replace(settings, reports_without_script=taken), [shipped("report")], [identity.recipient]
        )
        assert ("No se puede enviar nada desde este navegador." in pages.start("es")) is not taken
