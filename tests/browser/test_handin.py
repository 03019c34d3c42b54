"""Sealed files handed in by a real browser, with script and without: they arrive, and nothing else leaves."""

import io
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, FilePayload, Page, Request, Route, expect

from analysis.identity import HybridIdentity
from intake.crypto.receipt import Receipt
from intake.crypto.recipients import Recipient
from intake.crypto.shard import Member, ReportName, write_shard
from intake.forms.form import shipped
from tests.attaching import AttachingServer, sealed_file, stored_files
from tests.batching import HOSTILE, batch, batch_name, bodies
from tests.browser.driving import send, tick, watched
from tests.browser.gathering import make_file, opened, read_batch, save_batch
from tests.browser.test_access import found
from tests.browser.test_layout import overflow
from tests.browser.test_modes import report as gather
from tests.faults.chain import DESK, INTAKE, Chain
from tests.intake.test_handin import hand_in as post
from tests.running import configure
from tests.serving import CANARY, Server, make_data, sealed_body, stored

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)
OCTETS = "application/octet-stream"
FORM = shipped("report")


@pytest.fixture(scope="session")
def recipients(identity: HybridIdentity) -> Sequence[Recipient]:
    return [identity.recipient]


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def scripted(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def page(browser: Browser, scripted: bool) -> Iterator[Page]:
    """A page that keeps nothing between tests; a script's error fails the test."""
    with watched(browser, 30_000, java_script_enabled=scripted, accept_downloads=True) as shown:
        yield shown


def loose(body: bytes, more: str = "") -> FilePayload:
    return {"name": f"{body[:16].hex()}{more}.age", "mimeType": OCTETS, "buffer": body[16:]}


def packed(sealed: Sequence[bytes]) -> FilePayload:
    data = batch(sealed)
    return {"name": batch_name(data), "mimeType": "application/x-tar", "buffer": data}


def named(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": OCTETS, "buffer": data}


def choose(page: Page, *files: FilePayload | Path) -> None:
    page.locator("input[type=file]:visible").set_input_files(list(files))  # type: ignore[arg-type]
    if page.locator("#choose").is_visible():
        expect(page.locator("#chosen li")).to_have_count(len(files))


def press(page: Page) -> None:
    page.locator("form .send .button:visible").click()
    expect(page.locator("#result")).to_be_visible(timeout=240_000)


def hand_in(page: Page, *files: FilePayload | Path) -> str:
    """Chooses files and hands them in; what the page says of it."""
    choose(page, *files)
    press(page)
    return " ".join(page.locator("#result").inner_text().split())


def in_store(server: Server, sealed: Sequence[bytes]) -> bool:
    return stored(server.data) == {one[:16]: one[16:] for one in sealed}


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", "Locked files that are here now: 12."),
        ("es", "Archivos cerrados con llave que ya están aquí: 12."),
    ],
)
def test_files_and_batches_arrive_byte_for_byte(
    lang: str, words: str, page: Page, server: Server, recipients: Sequence[Recipient]
) -> None:
    sealed = bodies(recipients, 12)
    page.goto(f"{server.address}/{lang}/upload")
    said = hand_in(page, loose(sealed[0], " (1)"), loose(sealed[1]), packed(sealed[2:]))
    assert said.startswith(words)
    assert in_store(server, sealed)
    # Once more, which does no harm; the same words, whatever was here.
    page.goto(f"{server.address}/{lang}/upload")
    assert hand_in(page, loose(sealed[0], " (1)"), loose(sealed[1]), packed(sealed[2:])) == said
    assert in_store(server, sealed)


def test_each_file_that_is_not_taken_is_told_why(
    page: Page, scripted: bool, server: Server, recipients: Sequence[Recipient]
) -> None:
    sealed = bodies(recipients, 3)
    page.goto(f"{server.address}/en/upload")
    said = hand_in(
        page,
        loose(sealed[0]),
        named("report.age", sealed[1][16:]),
        named("reports.zip", b"PK\x03\x04" + bytes(99)),
        named("story.txt", f"They took my bag. {CANARY}".encode()),
        named(f"{'0' * 32}.age", sealed[1][16:-1]),
        packed([*sealed[1:2], b"\x01" * 16 + f"They took my bag. {CANARY}".encode() * 99]),
        named("cut.tar", batch(sealed)[:-512]),
    )
    kept = 2 if scripted else 3
    assert said.startswith(f"Locked files that are here now: {kept}. ")
    for words in (
        "report.age It is locked, but its name was changed",
        "reports.zip This is a packed folder (zip).",
        "story.txt This is not a locked file.",
        f"{'0' * 32}.age It is locked, but not for this site",
        "Here now: 1. Not taken: 1. This is not a locked file."
        if scripted
        else "Here now: 1. Not taken: 1. It is locked, but not for this site",
        "This is no batch from here, or a part of it is broken or missing.",
    ):
        assert words in said, said
    assert CANARY not in page.content()
    assert len(stored(server.data)) == kept


def watch(page: Page) -> list[Request]:
    """What is sent from now on."""
    posts: list[Request] = []
    page.on("request", lambda request: posts.append(request) if request.method == "POST" else None)
    return posts


@pytest.mark.parametrize("scripted", [True], indirect=True, ids=["script"])
def test_nothing_that_is_not_sealed_leaves_a_browser_with_script(
    page: Page, server: Server, recipients: Sequence[Recipient]
) -> None:
    [sealed] = bodies(recipients, 1)
    words = f"They took my bag. {CANARY}".encode()
    page.goto(f"{server.address}/en/upload")
    posts = watch(page)
    choose(
        page,
        named("story.txt", words),
        named(f"{'0' * 32}.age", words.ljust(len(sealed) - 16)),
        named(f"{'1' * 32}.age", sealed[16:] + words),
        named("story.tar", words * 100),
        *[named(f"hostile {number}.tar", data) for number, data in enumerate(HOSTILE.values())],
    )
    expect(page.locator("#send-files")).to_be_disabled()
    shown = page.locator("#chosen li").all_inner_texts()
    assert [text for text in shown if "It stays on this device." not in text] == []
    # A file beside them that can be sent takes none of them along.
    choose(page, named("story.txt", words), loose(sealed), named("story.tar", words * 100))
    press(page)
    assert [(one.url, one.post_data_buffer) for one in posts] == [(f"{server.address}/sealed", sealed)]


@pytest.mark.parametrize("scripted", [True], indirect=True, ids=["script"])
def test_what_is_posted_is_what_a_form_would_post(
    page: Page, server: Server, recipients: Sequence[Recipient]
) -> None:
    sealed = bodies(recipients, 5)
    page.goto(f"{server.address}/en/upload")
    posts = watch(page)
    hand_in(page, packed(sealed))
    assert {one.url for one in posts} == {f"{server.address}/sealed"}
    assert {one.headers["content-type"] for one in posts} == {OCTETS}
    assert sorted(one.post_data_buffer or b"" for one in posts) == sorted(sealed)
    assert not any({"cookie", "referer"} & one.all_headers().keys() for one in posts)


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    made = Chain(tmp_path)
    made.make()
    return made


def save_what_is_refused(page: Page, server: Server, folder: Path) -> Path:
    """Fills in the form of a server that takes nothing, and saves the sealed report in a file."""
    page.goto(f"{server.address}/en/report/")
    tick(page, "setting", "other_service")
    tick(page, "count", "yes")
    send(page)
    expect(page.locator("#save-sealed")).to_be_visible()
    assert page.locator("#keep-sealed a").get_attribute("href") == "/en/upload"
    with page.expect_download() as saved:
        page.locator("#save-sealed").click()
    file = folder / saved.value.suggested_filename
    saved.value.save_as(file)
    return file


@pytest.mark.parametrize("later", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("scripted", [True], indirect=True, ids=[""])
def test_a_report_that_a_full_server_refused_is_handed_in_later_and_reaches_the_desk(
    later: bool, page: Page, browser: Browser, chain: Chain, tmp_path: Path
) -> None:
    configure(chain.data, max_reports=1)
    with Server(chain.data) as server:
        server.post_sealed(sealed_body(chain.recipients))
        file = save_what_is_refused(page, server, tmp_path)
        page.goto(f"{server.address}/en/upload")
        said = hand_in(page, file)
        assert said.startswith("None of your files was saved. Not taken: 1.")
        assert "There is no room right now." in said
    configure(chain.data, max_reports=100)
    with Server(chain.data) as server:
        context = browser.new_context(java_script_enabled=later)
        other = context.new_page()
        other.goto(f"{server.address}/es/upload")
        assert hand_in(other, file).startswith("Archivos cerrados con llave que ya están aquí: 1.")
        context.close()
    chain.run(INTAKE, *chain.export())
    [bundle] = chain.bundles()
    chain.run(DESK, *chain.imported(bundle))
    assert bytes.fromhex(file.stem) in chain.at_desk()


def test_a_batch_that_a_worker_saved_without_a_network_arrives(
    page: Page, browser: Browser, server: Server, identity: HybridIdentity
) -> None:
    with opened(browser, make_file(server.data, "outreach")) as worker:
        for words in ("one", "two", "three"):
            gather(worker, words)
            worker.locator("#another").click()
        saved = save_batch(worker, identity)
    page.goto(f"{server.address}/en/upload")
    said = hand_in(page, named(saved.file, saved.bytes))
    assert said.startswith("Locked files that are here now: 3.")
    assert sorted(stored(server.data)) == [name.id for name in saved.names]
    opened_at_desk = read_batch(saved.file, batch([*map(b"".join, stored(server.data).items())]), identity)
    assert {one["answers"]["agency_other"] for one in opened_at_desk.reports} == {"one", "two", "three"}


def test_a_batch_of_500_arrives_whole(
    page: Page, scripted: bool, server: Server, recipients: Sequence[Recipient]
) -> None:
    sealed = bodies(recipients, 500)
    page.goto(f"{server.address}/en/upload")
    choose(page, packed(sealed))
    start = time.monotonic()
    press(page)
    print(f"500 reports, {'with' if scripted else 'without'} script: {time.monotonic() - start:.1f} s")
    assert "Locked files that are here now: 500." in page.locator("#result").inner_text()
    assert in_store(server, sealed)


@pytest.mark.parametrize("scripted", [True], indirect=True, ids=["script"])
def test_a_device_works_for_each_file_when_many_come(
    page: Page, data: Path, recipients: Sequence[Recipient]
) -> None:
    configure(data, free_per_minute=2)
    sealed = bodies(recipients, 12)
    with Server(data) as server:
        page.goto(f"{server.address}/en/upload")
        choose(page, packed(sealed))
        page.locator("#send-files").click()
        expect(page.locator("#status")).to_contain_text("Your device has to work a little for each file.")
        expect(page.locator("#result")).to_contain_text("that are here now: 12.", timeout=240_000)
        assert in_store(server, sealed)


@pytest.mark.parametrize("scripted", [True], indirect=True, ids=["script"])
def test_a_server_that_goes_away_is_told_and_nothing_said_is_untrue(
    page: Page, data: Path, recipients: Sequence[Recipient]
) -> None:
    sealed = bodies(recipients, 60)
    with Server(data) as server:
        page.goto(f"{server.address}/en/upload")
        choose(page, packed(sealed))
        asked = 0

        def count(route: Route) -> None:
            """Each request waits until it was counted: a fast server is not done before it is killed."""
            nonlocal asked
            asked += 1
            if asked == 20:
                server.process.kill()
                server.process.wait(10)
            route.continue_()

        page.route("**/*", count)
        press(page)
        said = " ".join(page.locator("#result").inner_text().split())
        page.unroute("**/*")
    [here] = map(int, re.findall(r"Here now: (\d+)\.", said))
    numbers = [int(text) for text in re.findall(r"Not taken: (\d+)\. (?:No|Not) ", said)]
    assert here + sum(numbers) == 60
    assert "we do not know if it arrived" in said
    assert "Not sent, because no answer came for another one." in said
    assert 0 < here <= len(stored(data)) <= here + 4
    with Server(data) as server:
        page.goto(f"{server.address}/en/upload")
        assert hand_in(page, packed(sealed)).startswith("Locked files that are here now: 60.")
        assert in_store(server, sealed)


def test_attachments_arrive_before_the_report_that_names_them(
    page: Page, scripted: bool, data: Path, recipients: Sequence[Recipient]
) -> None:
    receipt = Receipt.draw()
    files = [sealed_file(recipients, receipt, bytes([n]) * 300_000, number=n)[0] for n in (1, 2)]
    sealed = bodies(recipients, 3)
    with AttachingServer(data) as server:
        page.goto(f"{server.address}/en/upload")
        posts = watch(page)
        said = hand_in(page, loose(sealed[0]), loose(files[0]), packed([files[1], *sealed[1:]]))
        assert said.startswith("Locked files that are here now: 5.")
        assert stored_files(data) == {one[:16]: one[16:] for one in files}
        assert in_store(server, sealed)
    if scripted:
        large = [len(one.post_data_buffer or b"") > 100_000 for one in posts]
        assert large == sorted(large, reverse=True)


@pytest.mark.parametrize("scripted", [True], indirect=True, ids=["script"])
def test_a_file_that_is_gone_meanwhile_is_told_and_the_others_arrive(
    page: Page, server: Server, recipients: Sequence[Recipient], tmp_path: Path
) -> None:
    sealed = bodies(recipients, 3)
    files = [tmp_path / f"{one[:16].hex()}.age" for one in sealed]
    for file, one in zip(files, sealed, strict=True):
        file.write_bytes(one[16:])
    page.goto(f"{server.address}/en/upload")
    choose(page, *files)
    expect(page.locator("#send-files")).to_be_enabled()
    files[1].unlink()
    press(page)
    said = " ".join(page.locator("#result").inner_text().split())
    assert said.startswith("Locked files that are here now: 2. Not taken: 1.")
    assert "does not let this page read the file any more" in said
    assert in_store(server, [sealed[0], sealed[2]])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_what_became_of_files_fits_and_axe_finds_nothing(
    width: int,
    scheme: Literal["light", "dark"],
    browser: Browser,
    server: Server,
    recipients: Sequence[Recipient],
) -> None:
    sealed = bodies(recipients, 3)
    files = [packed(sealed), named("x" * 200 + ".txt", b"words"), named("a.zip", b"PK\x03\x04")]
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{server.address}/en/upload")
    choose(page, *files)
    assert (overflow(page), found(page)) == (0, [])
    press(page)
    assert (overflow(page), found(page)) == (0, [])
    assert page.locator("#result").evaluate("one => one === document.activeElement")
    context.close()


@pytest.mark.parametrize("width", [320, 1280])
def test_the_same_without_script_fits_and_axe_finds_nothing(
    width: int, browser: Browser, server: Server, recipients: Sequence[Recipient]
) -> None:
    files = [packed(bodies(recipients, 3)), named("x" * 200, b"")]
    answer = post(server, *[(str(one["name"]), one["buffer"]) for one in files])
    text = re.sub("</?noscript>", "", answer.text)
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.route("**/en/upload", lambda route: route.fulfill(body=text, content_type="text/html"))
    page.goto(f"{server.address}/en/upload")
    assert (overflow(page), found(page)) == (0, [])
    page.close()


@pytest.mark.parametrize("scripted", [True], indirect=True, ids=["script"])
def test_a_page_that_was_left_shows_no_name_of_a_file(
    page: Page, server: Server, recipients: Sequence[Recipient]
) -> None:
    [sealed] = bodies(recipients, 1)
    page.goto(f"{server.address}/en/upload")
    hand_in(page, loose(sealed), named("story.txt", b"words"))
    assert "story.txt" in page.content()
    page.goto(f"{server.address}/en/who")
    page.go_back()
    expect(page.locator("#choose")).to_be_visible()
    assert "story.txt" not in page.content()
    expect(page.locator("#result")).to_be_hidden()


@pytest.mark.parametrize("scripted", [True], indirect=True, ids=["script"])
def test_a_lost_script_takes_no_file_at_all(page: Page, server: Server) -> None:
    page.route("**/static/upload.js", lambda route: route.abort())
    page.goto(f"{server.address}/en/upload")
    expect(page.locator("#script-missing")).to_be_visible()
    assert page.locator("input[type=file]:visible").count() == 0
    assert page.locator("form .button:visible").count() == 0


def test_a_batch_that_another_tool_wrote_in_our_form_is_taken(
    page: Page, server: Server, recipients: Sequence[Recipient]
) -> None:
    sealed = bodies(recipients, 3)
    out, weeks = io.BytesIO(), ("2026-W45", "2026-W46", "2026-W47")
    names = [ReportName(week, one[:16]) for week, one in zip(weeks, sealed, strict=True)]
    write_shard((Member(name, one[16:]) for name, one in zip(names, sealed, strict=True)), out)
    page.goto(f"{server.address}/en/upload")
    assert hand_in(page, named("renamed.tar", out.getvalue())).startswith(
        "Locked files that are here now: 3."
    )
    assert in_store(server, sealed)


def test_a_group_that_shares_a_server_takes_files_at_its_own_address(
    page: Page, tmp_path: Path, identity: HybridIdentity, recipients: Sequence[Recipient]
) -> None:
    path = tmp_path / "server" / "groups" / "tenants"
    path.parent.mkdir(parents=True)
    data, sealed = make_data(path, identity), bodies(recipients, 3)
    with Server(path.parent.parent) as server:
        page.goto(f"{server.address}/upload")
        assert page.url.endswith("/g/tenants/en/upload")
        assert hand_in(page, packed(sealed)).startswith("Locked files that are here now: 3.")
        assert page.url.startswith(f"{server.address}/en/upload")
        assert stored(data) == {one[:16]: one[16:] for one in sealed}


def test_where_only_browsers_seal_a_browser_without_script_is_told_so(
    page: Page, scripted: bool, tmp_path: Path, identity: HybridIdentity
) -> None:
    data = make_data(tmp_path / "closed", identity)
    file = data / "intake.toml"
    file.write_text(
        file.read_text().replace("reports_without_script = true", "reports_without_script = false")
    )
    with Server(data) as server:
        page.goto(f"{server.address}/en/upload")
        expect(page.locator("#hand-in")).to_be_visible(visible=scripted)
        expect(page.locator(".no-way")).to_have_count(0 if scripted else 1)
