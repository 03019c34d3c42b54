"""The browser's script and Python turn the same fields into the same bytes."""

import hashlib
import io
import json
import random
from pathlib import Path
from typing import Any

import pytest

from intake.crypto import box
from intake.crypto.code import to_words
from intake.crypto.message import Message
from intake.crypto.padding import SIZE_CLASSES
from intake.crypto.receipt import Receipt
from intake.crypto.shard import index_shard
from intake.crypto.signing import SigningKey
from intake.forms import answers, report, ticks
from tests.boxing import Said, make_box, reply
from tests.browser.node import parity
from tests.cards import DESK
from tests.forms.raws import random_raw
from tests.vectors.codes import typed
from tests.vectors.make import FORMS, outcome

VECTORS = Path(__file__).parents[1] / "vectors"
RANDOM_CASES = 400


def read(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


@pytest.mark.parametrize("form", sorted(FORMS))
def test_the_script_cleans_answers_as_the_vectors_say(form: str) -> None:
    vectors = [vector for vector in read("answers.json") if vector["form"] == form]
    found = parity("clean", form=json.loads(FORMS[form].json), raws=[vector["raw"] for vector in vectors])
    for vector, result in zip(vectors, found, strict=True):
        expected = {name: vector[name] for name in ("answers", "problems") if name in vector}
        assert result == expected, vector["name"]


def test_the_script_derives_receipts_as_the_vectors_say() -> None:
    vectors = read("receipt.json")
    found = parity("receipt", codes=[vector["code"] for vector in vectors])
    assert found == [vector["receipt"] for vector in vectors]


def test_the_script_shows_codes_in_the_words_of_the_vectors() -> None:
    vectors = read("code.json")["shown"]
    given = [{"code": vector["code"], "lang": vector["lang"]} for vector in vectors]
    assert parity("words", codes=given) == [vector["words"] for vector in vectors]


def test_the_script_reads_typed_words_as_the_vectors_say() -> None:
    vectors = read("code.json")["typed"]
    found = parity("typed", texts=[{"text": vector["text"], "lang": vector["lang"]} for vector in vectors])
    for vector, result in zip(vectors, found, strict=True):
        expected = {name: vector[name] for name in ("code", "problem") if name in vector}
        assert result == expected, vector["name"]


def test_random_words_are_the_same_code_or_the_same_mistake_in_both() -> None:
    source = random.Random("typed words")
    texts = [random_words(source) for _ in range(RANDOM_CASES)]
    found = parity("typed", texts=texts)
    for text, result in zip(texts, found, strict=True):
        assert result == typed(**text), text
    assert {result.get("problem", {}).get("rule") for result in found} == {
        *(None, "number", "unknown", "mixed", "checksum")
    }


def test_the_script_finds_in_a_box_what_the_vectors_say() -> None:
    vectors = read("box.json")
    header = json.loads(vectors["header"])
    looks = [
        {"code": vector["code"], "bytes": vectors["buckets"][vector["number"]]} for vector in vectors["codes"]
    ]
    found = parity("box", headers=[header], looks=looks)
    for vector, result in zip(vectors["codes"], found, strict=True):
        assert (result["bits"], result["number"]) == (header["bits"], vector["number"]), vector["name"]
        assert bool(result["collected"]) == vector["collected"], vector["name"]
        messages = [{name: one[name] for name in one if name != "v"} for one in result["messages"]]
        assert messages == sorted(vector["messages"], key=lambda one: (one["at"], one["n"])), vector["name"]


def test_the_script_shows_what_several_desks_said_the_later_with_the_earlier() -> None:
    code = bytes(range(12))
    receipt = Receipt.from_code(code)
    earlier = Message("reply", "2026-W46", "2027-W05", 9, text="earlier")
    said = [[reply("later", n=4)], [earlier, reply("x", n=2)]]
    headers, buckets = [], b""
    for desk, bits, messages in zip((DESK, SigningKey(bytes(32))), (1, 3), said, strict=True):
        whole = make_box(DESK, {code: Said(messages=messages)}, desk=desk, bits=bits)
        header, start = box.read_header(io.BytesIO(whole))
        headers.append(json.loads(box.serialise_header(header)))
        place = len(start) + box.bucket_number(receipt.box, bits) * header.bucket_length
        buckets += whole[place : place + header.bucket_length]
    [found] = parity("box", headers=headers, looks=[{"code": code.hex(), "bytes": buckets.hex()}])
    assert found["bits"] == 3
    assert found["number"] == receipt.box[0] >> 5
    assert [one["text"] for one in found["messages"]] == ["earlier", "x", "later"]


def test_the_script_refuses_messages_in_any_form_but_the_one_that_is_allowed() -> None:
    vectors = read("box.json")
    right = [vector["plaintext"] for vector in vectors["messages"]]
    wrong = [vector["plaintext"] for vector in vectors["broken"]]
    found = parity("place", plaintexts=[*right, *wrong])
    for vector, result in zip(vectors["messages"], found, strict=False):
        assert {name: result[name] for name in result if name != "v"} == vector["message"], vector["name"]
    assert found[len(right) :] == [None] * len(wrong)


def test_the_script_writes_follow_ups_and_withdrawals_as_the_vectors_say() -> None:
    vectors = [vector for vector in read("thread.json") if "text" in vector]
    given = [
        {
            **{name: vector[name] for name in ("code", "nonce", "lang")},
            "typed": vector["typed"] or "",
            "kind": "followup" if vector["typed"] is not None else "withdrawal",
        }
        for vector in vectors
    ]
    found = parity("thread", messages=given)
    for vector, result in zip(vectors, found, strict=True):
        assert result == {"id": vector["id"], "text": vector["text"]}, vector["name"]


def random_words(source: random.Random) -> dict[str, str]:
    """Words of a random code, most often with something done to them."""
    lang = source.choice(["en", "es"])
    words = list(to_words(source.randbytes(12), lang))
    other = list(to_words(source.randbytes(12), source.choice(["en", "es"])))
    place = source.randrange(9)
    match source.randrange(6):
        case 0:
            words[place] = words[place][:4].upper()
        case 1:
            words[place] = other[place]
        case 2:
            words[place] = words[place][: source.randrange(1, 5)] + source.choice("aeioun\u00f1xz")
        case 3:
            words.insert(place, other[place])
        case 4:
            words = words[:place] + other[place:]
    return {"text": source.choice([" ", ", ", "\n2. "]).join(words), "lang": source.choice(["en", "es"])}


@pytest.mark.parametrize("vector", read("report.json"), ids=lambda vector: vector["form"])
def test_the_script_builds_the_same_report_bytes_as_python(vector: dict[str, Any]) -> None:
    form = FORMS[vector["form"]]
    page = {"form": json.loads(form.json), "form_digest": form.digest, "channel": "web"}
    given = {name: vector[name] for name in ("raw", "lang", "code")}
    text = parity("report", **page, **given)
    assert text == vector["text"]
    assert report.parse(text.encode(), {form.digest: form}).lang == vector["lang"]


@pytest.mark.parametrize("form", sorted(FORMS))
def test_random_fields_become_the_same_bytes_in_both(form: str) -> None:
    source = random.Random(f"parity {form}")
    raws = [random_raw(FORMS[form], source) for _ in range(RANDOM_CASES)]
    found = parity("clean", form=json.loads(FORMS[form].json), raws=raws)
    for raw, result in zip(raws, found, strict=True):
        assert result == outcome(FORMS[form], raw), raw
    cleaned = [json.loads(result["answers"]) for result in found if "answers" in result]
    assert 10 < len(cleaned) < RANDOM_CASES, "the generator no longer makes both good and bad fields"
    for one in cleaned:
        answers.check(FORMS[form], one)


def test_the_script_pads_to_the_same_size_classes() -> None:
    lengths = [1, SIZE_CLASSES[0], SIZE_CLASSES[0] + 1, SIZE_CLASSES[1], SIZE_CLASSES[1] + 1]
    assert parity("pad", lengths=lengths) == [
        SIZE_CLASSES[0],
        SIZE_CLASSES[0],
        SIZE_CLASSES[1],
        SIZE_CLASSES[1],
        None,
    ]


def test_the_script_packs_batches_to_the_same_bytes_as_python() -> None:
    vectors = read("batch.json")
    given = [{name: one[name] for name in ("week", "members")} for one in vectors["batches"]]
    found = parity("batch", batches=given, moments=[one["at"] for one in vectors["weeks"]])
    assert found["weeks"] == [one["week"] for one in vectors["weeks"]]
    for vector, result in zip(vectors["batches"], found["batches"], strict=True):
        assert result == {name: vector[name] for name in ("sha256", "file")}, vector["name"]


@pytest.mark.parametrize("form", sorted(FORMS))
def test_the_script_reads_tick_codes_as_the_vectors_say(form: str) -> None:
    vectors = [vector for vector in read("ticks.json") if vector["form"] == form]
    given = {"form": json.loads(FORMS[form].json), "paper": ticks.screen(FORMS[form])}
    found = parity("ticks", **given, typed=[vector["typed"] for vector in vectors])
    for vector, result in zip(vectors, found, strict=True):
        assert result == {name: vector[name] for name in ("raw", "problems", "codes")}, vector["name"]


def test_a_window_saves_five_hundred_reports_a_file_and_then_the_rest() -> None:
    [start, first, second] = parity("gather", reports=501, at=1_795_000_000_000)
    assert start == {"waiting": 0, "last": None}
    assert [(one["waiting"], one["left"], one["reports"]) for one in (first, second)] == [
        (501, 1, 500),
        (1, 0, 1),
    ]
    for one in (first, second):
        data = bytes.fromhex(one["bytes"])
        assert one["name"] == f"witnessbox-batch-{hashlib.sha256(data).hexdigest()[:16]}.tar"
        assert one["again"], "what was saved last is not there to be saved again"
        names = [entry.name for entry in index_shard(io.BytesIO(data))]
        assert len(names) == one["reports"]
        assert {name.week for name in names} == {"2026-W47"}
