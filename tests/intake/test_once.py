"""A code waits in memory for one page, and for a short time."""

import asyncio
import re

from intake import once
from intake.crypto.code import from_words
from intake.crypto.receipt import Receipt
from intake.once import Once
from tests.serving import ENOUGH, Server, stored

CODE = b"twelve bytes"


def test_a_code_is_given_once() -> None:
    async def twice() -> tuple[bytes | None, bytes | None]:
        waiting = Once[bytes]()
        number = waiting.keep(CODE)
        return waiting.take(number), waiting.take(number)

    assert asyncio.run(twice()) == (CODE, None)


def test_a_code_that_nobody_asks_for_is_dropped_in_time() -> None:
    async def late() -> bytes | None:
        waiting = Once[bytes](seconds=0.01)
        number = waiting.keep(CODE)
        await asyncio.sleep(0.1)
        return waiting.take(number)

    assert asyncio.run(late()) is None


def test_no_more_codes_wait_than_there_is_room_for() -> None:
    async def flood() -> list[str]:
        waiting = Once[bytes]()
        return [waiting.keep(CODE) for _ in range(once.MOST + 1)]

    numbers = asyncio.run(flood())
    assert len(set(numbers)) == once.MOST + 1
    assert numbers[-1] == ""


def test_the_page_after_sending_holds_the_words_of_the_report_that_was_sealed(server: Server) -> None:
    for lang in ("en", "es"):
        answer = server.post_form(ENOUGH, lang=lang)
        page = server.client.get(answer.headers["location"]).text
        words = re.findall(r"<li>([^<\s]+)</li>", page)
        assert Receipt.from_code(from_words(" ".join(words), lang)).id in stored(server.data)


def test_the_address_of_that_page_shows_no_code_a_second_time(server: Server) -> None:
    where = server.post_form(ENOUGH).headers["location"]
    pages = [server.client.get(where).text for _ in range(2)]
    assert ['<ol class="code"' in page for page in pages] == [True, False]
    assert "Your report was sent" in pages[1]


def test_a_form_that_cannot_be_taken_comes_back_to_a_browser_by_a_redirect(server: Server) -> None:
    parts = [("story", (None, b"They took it.")), ("_stamp", (None, server.stamp().encode()))]
    answer = server.client.post("/en/report/", files=parts, headers={"sec-fetch-mode": "navigate"})
    assert answer.status_code == 303
    assert "They took it." not in answer.text + answer.headers["location"]
    pages = [server.client.get(answer.headers["location"]).text for _ in range(2)]
    assert ["They took it." in page for page in pages] == [True, False]
    assert "We need an answer to this one." in pages[0]
    assert server.client.post("/en/report/", files=parts).status_code == 422, "a program gets it at once"


def test_a_form_that_no_program_could_read_comes_back_by_a_redirect_too(server: Server) -> None:
    headers = {"sec-fetch-mode": "navigate", "content-type": "multipart/form-data; boundary=x"}
    answer = server.client.post("/es/report/", content=b"They took it.", headers=headers)
    assert answer.status_code == 303
    assert "No se guardó nada." in server.client.get(answer.headers["location"]).text


def test_a_number_that_was_made_up_shows_nothing(shared_server: Server) -> None:
    for number in ("", "0" * 32, "x" * 5000):
        page = shared_server.client.get(f"/en/sent?sealed_by=server&once={number}")
        assert page.status_code == 200
        assert '<ol class="code"' not in page.text
