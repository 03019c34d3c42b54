"""Files that are sent along, in a real browser: photos lose what the camera wrote, and all is sealed here."""

import base64
import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, Route, expect

from analysis.identity import HybridIdentity
from analysis.unseal import unseal, unseal_bytes
from intake.crypto.attachment import MAX_ATTACHMENT, content
from intake.crypto.padding import unpad
from intake.forms import report
from tests.attaching import FORM, PDF, AttachingServer, stored_files
from tests.browser.driving import reach, send, tick, watched
from tests.serving import Server, stored

pytestmark = pytest.mark.browser
# Three tries and two pauses pass before the script gives up, and the machine may be busy.
expect.set_options(timeout=30_000)
CANARY = b"zebrafinch-5521"
DRAW = """() => {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: 64, height: 32 });
  const context = canvas.getContext("2d");
  context.fillStyle = "#c02020";
  context.fillRect(0, 0, 32, 32);
  context.fillStyle = "#2020c0";
  context.fillRect(32, 0, 32, 32);
  return canvas.toDataURL("image/jpeg", 0.95).split(",")[1];
}"""
# What Tor Browser does to a page that reads a canvas.
BLOCK_CANVAS = """() => {
  const read = CanvasRenderingContext2D.prototype.getImageData;
  CanvasRenderingContext2D.prototype.getImageData = function (...where) {
    const found = read.apply(this, where);
    found.data.fill(255);
    return found;
  };
}"""
SIZE_AND_COLOURS = """async (base64) => {
  const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes]));
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const at = (x) => [...context.getImageData(x, 16, 1, 1).data.slice(0, 3)];
  return [bitmap.width, bitmap.height, at(8), at(56)];
}"""


@pytest.fixture
def server(data: Path) -> Iterator[AttachingServer]:
    with AttachingServer(data) as running:
        yield running


@pytest.fixture
def page(browser: Browser, server: AttachingServer) -> Iterator[Page]:
    with watched(browser, 20_000) as shown:
        shown.goto(f"{server.address}/en/report/")
        tick(shown, "setting", "police")
        yield shown


def exif(camera: bytes, latitude: tuple[int, int, int]) -> bytes:
    """An APP1 segment as cameras write it: TIFF with a maker's name and a GPS latitude (EXIF 2.32)."""
    # Big-endian TIFF: a header, the first directory, the GPS directory, and then the values.
    values = 8 + (2 + 2 * 12 + 4) + (2 + 2 * 12 + 4)
    gps = 8 + (2 + 2 * 12 + 4)
    tiff = struct.pack(">2sHI", b"MM", 42, 8)
    tiff += struct.pack(">H", 2)
    tiff += struct.pack(">HHII", 0x010F, 2, len(camera) + 1, values)
    tiff += struct.pack(">HHII", 0x8825, 4, 1, gps) + bytes(4)
    tiff += struct.pack(">H", 2)
    tiff += struct.pack(">HHI4s", 0x0001, 2, 2, b"N")
    tiff += struct.pack(">HHII", 0x0002, 5, 3, values + len(camera) + 1) + bytes(4)
    tiff += camera + b"\0" + b"".join(struct.pack(">II", part, 1) for part in latitude)
    segment = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment


def photo(page: Page) -> bytes:
    """A JPEG with EXIF, a comment, and a second picture behind the first, as phones write them."""
    plain = base64.b64decode(page.evaluate(DRAW))
    comment = b"\xff\xfe" + struct.pack(">H", len(CANARY) + 2) + CANARY
    return plain[:2] + exif(CANARY, (52, 31, 12)) + comment + plain[2:] + plain[:2] + exif(CANARY, (1, 2, 3))


def choose(page: Page, *files: FilePayload) -> None:
    reach(page, "#f-attachments")
    page.locator("#f-attachments").set_input_files(list(files))


def payload(name: str, media_type: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": media_type, "buffer": data}


def finish(page: Page) -> None:
    tick(page, "count", "yes")
    send(page)
    page.wait_for_url("**/en/sent?sealed_by=browser")


def opened(server: AttachingServer, identity: HybridIdentity) -> list[tuple[str, bytes]]:
    """The type and the bytes of each file that the one stored report names."""
    [sealed] = stored(server.data).values()
    found = report.parse(unpad(unseal_bytes(sealed, [identity])), {FORM.digest: FORM})
    files = stored_files(server.data)
    assert files.keys() == {one.id for one in found.attachments}
    return [
        (one.type, b"".join(content(unseal(io.BytesIO(files[one.id]), [identity]), one)))
        for one in found.attachments
    ]


def test_a_photo_arrives_without_what_the_camera_wrote_into_it(
    page: Page, server: AttachingServer, identity: HybridIdentity
) -> None:
    taken = photo(page)
    assert CANARY in taken
    assert struct.pack(">II", 52, 1) in taken
    posted: list[bytes] = []
    page.on("request", lambda request: posted.append(request.post_data_buffer or b""))
    choose(page, payload(f"{CANARY.decode()}.jpg", "image/jpeg", taken))
    expect(page.locator("#attached li")).to_have_count(1)
    finish(page)
    [(media_type, sent)] = opened(server, identity)
    assert media_type == "image/jpeg"
    assert not any(mark in sent for mark in (CANARY, b"Exif", struct.pack(">II", 52, 1)))
    assert not any(CANARY in body for body in posted)
    width, height, left, right = page.evaluate(SIZE_AND_COLOURS, base64.b64encode(sent).decode())
    assert (width, height) == (64, 32)
    assert left[0] > 150 > left[2]
    assert right[2] > 150 > right[0]


def test_a_photo_that_was_renamed_is_made_anew_all_the_same(
    page: Page, server: AttachingServer, identity: HybridIdentity
) -> None:
    choose(page, payload("letter.pdf", PDF, photo(page)))
    expect(page.locator("#attached li")).to_have_count(1)
    finish(page)
    [(media_type, sent)] = opened(server, identity)
    assert media_type == "image/jpeg"
    assert not any(mark in sent for mark in (CANARY, b"Exif"))


def chunk(kind: bytes, data: bytes) -> bytes:
    """One part of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize("kind", ["image/png", "image/webp"])
def test_other_pictures_lose_their_marks_too(
    kind: str, page: Page, server: AttachingServer, identity: HybridIdentity
) -> None:
    plain = base64.b64decode(page.evaluate(DRAW.replace("image/jpeg", kind)))
    marks = exif(CANARY, (52, 31, 12))[10:]
    if kind == "image/png":
        # The signature and IHDR take 33 bytes (PNG, third edition, sections 5.2 and 11.2.1).
        extra = chunk(b"tEXt", b"Comment\0" + CANARY) + chunk(b"eXIf", marks)
        taken = plain[:33] + extra + plain[33:]
    else:
        # A simple file becomes an extended one with EXIF (WebP Container Specification).
        assert plain[12:16] in (b"VP8 ", b"VP8L", b"VP8X")
        extended = b"VP8X" + struct.pack("<I", 10) + b"\x08\0\0\0" + (63).to_bytes(3, "little")
        extended += (31).to_bytes(3, "little")
        body = plain[12:] if plain[12:16] != b"VP8X" else plain[30:]
        tail = b"EXIF" + struct.pack("<I", len(marks)) + marks + b"\0" * (len(marks) % 2)
        inner = b"WEBP" + extended + body + tail
        taken = b"RIFF" + struct.pack("<I", len(inner)) + inner
    assert CANARY in taken
    choose(page, payload("a", kind, taken))
    expect(page.locator("#attached li")).to_have_count(1)
    finish(page)
    [(media_type, sent)] = opened(server, identity)
    assert media_type == "image/jpeg"
    assert not any(mark in sent for mark in (CANARY, b"Exif", b"MM\0*"))
    assert page.evaluate(SIZE_AND_COLOURS, base64.b64encode(sent).decode())[:2] == [64, 32]


@pytest.mark.parametrize("media_type", ["image/heic", PDF])
def test_a_picture_that_the_browser_cannot_open_is_refused_by_any_name(media_type: str, page: Page) -> None:
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + CANARY
    choose(page, payload("a", media_type, heic))
    expect(page.locator("#problem-attachments")).to_contain_text("could not open this picture")
    expect(page.locator("#attached li")).to_have_count(0)


def test_a_browser_that_forbids_reading_a_canvas_takes_the_marks_out_of_the_file_itself(
    page: Page, server: AttachingServer, identity: HybridIdentity
) -> None:
    taken = photo(page)
    page.evaluate(BLOCK_CANVAS)
    choose(page, payload("a.jpg", "image/jpeg", taken))
    expect(page.locator("#attached li")).to_have_count(1)
    finish(page)
    [(_, sent)] = opened(server, identity)
    assert not any(mark in sent for mark in (CANARY, b"Exif", b"JFIF"))
    assert sent.endswith(b"\xff\xd9")
    # The page after sending stands in the same document; a new one reads canvases again.
    page.reload()
    width, height, left, right = page.evaluate(SIZE_AND_COLOURS, base64.b64encode(sent).decode())
    assert (width, height) == (64, 32)
    assert left[0] > 150 > left[2]
    assert right[2] > 150 > right[0]


def test_a_browser_that_forbids_reading_a_canvas_sends_no_other_picture(page: Page) -> None:
    page.evaluate(BLOCK_CANVAS)
    choose(page, payload("a.png", "image/png", b"\x89PNG\r\n"))
    expect(page.locator("#problem-attachments")).to_contain_text("a.png: Your browser hides pictures")
    expect(page.locator("#attached li")).to_have_count(0)


def test_papers_arrive_as_they_are_and_in_their_order(
    page: Page, server: AttachingServer, identity: HybridIdentity
) -> None:
    papers = [b"%PDF-1 " + bytes(range(256)) * 2_000, b"%PDF-2"]
    choose(page, *(payload("a.pdf", PDF, paper) for paper in papers))
    finish(page)
    assert opened(server, identity) == [(PDF, paper) for paper in papers]


def test_a_file_that_was_removed_is_not_sent(
    page: Page, server: AttachingServer, identity: HybridIdentity
) -> None:
    choose(page, payload("a.pdf", PDF, b"%PDF-1"), payload("b.pdf", PDF, b"%PDF-2"))
    page.get_by_role("button", name="Remove: a.pdf").click()
    finish(page)
    assert opened(server, identity) == [(PDF, b"%PDF-2")]


@pytest.mark.parametrize(
    ("file", "words"),
    [
        pytest.param(payload("a.txt", "text/plain", b"x"), "cannot take a file of this kind", id="type"),
        pytest.param(payload("a.pdf", PDF, b""), "cannot take a file of this kind", id="empty"),
        pytest.param(payload("a.jpg", "image/jpeg", b"x"), "could not open this picture", id="broken"),
    ],
)
def test_a_file_that_cannot_be_taken_is_named_with_its_reason(
    file: FilePayload, words: str, page: Page
) -> None:
    choose(page, file)
    expect(page.locator("#problem-attachments")).to_contain_text(words)
    expect(page.locator("#attached li")).to_have_count(0)


def test_a_sixth_file_is_refused_and_five_stay(page: Page) -> None:
    choose(page, *(payload(f"{number}.pdf", PDF, b"%PDF") for number in range(6)))
    expect(page.locator("#problem-attachments")).to_contain_text("5.pdf: You can send 5 files at most.")
    expect(page.locator("#attached li")).to_have_count(5)


def test_a_file_that_is_too_large_is_refused(page: Page, tmp_path: Path) -> None:
    large = tmp_path / "large.pdf"
    large.write_bytes(bytes(MAX_ATTACHMENT + 1))
    page.locator("#f-attachments").set_input_files(large)
    expect(page.locator("#problem-attachments")).to_contain_text("25 MB at most")


def test_the_largest_file_is_sealed_and_sent(
    page: Page, server: AttachingServer, identity: HybridIdentity, tmp_path: Path
) -> None:
    large = tmp_path / "large.pdf"
    large.write_bytes(bytes(range(256)) * (MAX_ATTACHMENT // 256))
    page.locator("#f-attachments").set_input_files(large)
    page.context.set_default_timeout(60_000)
    finish(page)
    assert opened(server, identity) == [(PDF, large.read_bytes())]


def test_a_file_that_did_not_get_through_keeps_the_report_here_and_is_sent_again(
    page: Page, server: AttachingServer, identity: HybridIdentity
) -> None:
    def lose(route: Route) -> None:
        route.abort()

    page.route("**/sealed", lose)
    choose(page, payload("a.pdf", PDF, b"%PDF-1"))
    tick(page, "count", "yes")
    send(page)
    expect(page.locator("#status")).to_contain_text("Your files did not get through")
    assert stored(server.data) == {}
    page.unroute("**/sealed")
    finish(page)
    assert opened(server, identity) == [(PDF, b"%PDF-1")]


def test_files_that_came_through_are_not_called_nothing(
    page: Page, server: AttachingServer, identity: HybridIdentity
) -> None:
    def full_for_reports(route: Route) -> None:
        if len(route.request.post_data_buffer or b"") < 100_000:
            route.fulfill(status=503)
        else:
            route.continue_()

    page.route("**/sealed", full_for_reports)
    choose(page, payload("a.pdf", PDF, b"%PDF-1"))
    tick(page, "count", "yes")
    send(page)
    status = page.locator("#status")
    expect(status).to_contain_text("Your report was not saved. Files that you added came through, locked.")
    assert stored(server.data) == {}
    page.unroute("**/sealed")
    finish(page)
    assert opened(server, identity) == [(PDF, b"%PDF-1")]


def test_with_script_no_file_can_leave_the_page_unsealed(page: Page) -> None:
    reach(page, "#f-attachments")
    assert page.locator("#f-attachments").is_visible()
    assert page.locator("input[type=file][name]").count() == 0


def test_a_form_that_takes_no_files_offers_no_way_to_send_one(shared_server: Server) -> None:
    assert 'type="file"' not in shared_server.client.get("/en/report/").text


def test_without_script_only_papers_are_offered(browser: Browser, server: AttachingServer) -> None:
    context = browser.new_context(java_script_enabled=False)
    shown = context.new_page()
    shown.goto(f"{server.address}/en/report/")
    assert not shown.locator("#f-attachments").is_visible()
    assert shown.locator("#f-files").get_attribute("accept") == PDF
    assert "Photos can be sent only with script" in shown.locator("#q-attachments").inner_text()
    context.close()
