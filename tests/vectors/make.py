"""Makes the vectors that hold the browser's script and Python together: `python -m tests.vectors.make`.

answers.json: raw form fields and the answers, or the problems, that they give. report.json: answers and the
report's whole text. receipt.json: a code and the values that follow from it. code.json: what was typed on a
page of a language, and the code it is, or what is wrong with it. box.json: a small box, what codes find in
it, and messages right and wrong. thread.json: what was typed after a report, and the text of the follow-up
or the rule that it breaks. batch.json: members of a batch and the digest of its file. ticks.json: tick codes
as they are typed in from paper, and the fields that they are or the rules that they break.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from intake.crypto.receipt import Receipt
from intake.forms import report, thread
from intake.forms.answers import InvalidAnswers, clean
from intake.forms.form import Form, canonical_text
from tests.vectors.batches import batch_vectors
from tests.vectors.boxes import box_vectors
from tests.vectors.codes import typed_vectors, word_vectors
from tests.vectors.ticked import tick_vectors

HERE = Path(__file__).parent
FORMS = {
    "every": Form.load(HERE / "every.json"),
    "report": Form.load(HERE.parents[1] / "intake" / "forms" / "report.json"),
}
CODES = ["00" * 12, "ff" * 12, "000102030405060708090a0b", "5769746e657373626f78212e"]
# Of a follow-up or a withdrawal.
NONCE = bytes(range(240, 256))

Raw = dict[str, list[str]]

POLICE_DONE = {"setting": ["police"], "count": ["yes"]}
REPORT: dict[str, Raw] = {
    "only what is required": POLICE_DONE,
    "nothing at all": {},
    "a whole report": {
        **POLICE_DONE,
        "_shown": ["all"],
        "role": ["told_to_me"],
        "behalf_ok": ["cannot_ask"],
        "agency_type": ["city"],
        "station": [" 5th precinct "],
        "officers": ["3_5"],
        "contact": ["stopped_walking"],
        "acts": ["arrest", "pat_down", "insult"],
        "consent_search": ["felt_no_choice"],
        "outcome": ["charged"],
        "when.year": ["2026"],
        "when.month": ["5"],
        "area": ["hills"],
        "place_type": ["street_public"],
        "grounds": ["homeless", "drug_use"],
        "harm": ["missed_medicine"],
        "story": ["They said “wait”.\r\nThey took my bag."],
        "quote": ["yes_after_check"],
        "keep": ["keep_12_months"],
    },
    "ticks of another setting are dropped": {
        **POLICE_DONE,
        "setting": ["health"],
        "acts": ["strip"],
        "consent_search": ["said_no"],
        "outcome": ["let_go"],
    },
    "a search that was unticked takes its question along": {
        **POLICE_DONE,
        "acts": ["insult"],
        "consent_search": ["said_no"],
    },
    "not sure clears the other grounds": {**POLICE_DONE, "grounds": ["drug_use", "not_sure", "age"]},
    "none clears the harms": {**POLICE_DONE, "harm": ["injury", "none"]},
    "an unknown act": {**POLICE_DONE, "acts": ["insult", "Insult"]},
    "an unknown setting hides what hangs on it": {"setting": ["x"], "acts": ["y"], "count": ["yes"]},
    "a report about a clinic": {
        "setting": ["health"],
        "facility": ["other"],
        "facility_other": ["the clinic by the river"],
        "staff": ["nurse", "doctor"],
        "health_acts": ["hit", "rude", "dose_withheld"],
        "health_said": ["full", "none"],
        "days_without": ["12"],
        "area": ["elsewhere"],
        "told": ["no_one", "media"],
        "why_not": ["language", "fear_payback"],
        "result": ["fixed"],
        "age": ["under_18"],
        "groups": ["hiv", "none"],
        "count": ["yes"],
    },
    "a report about a home": {
        "setting": ["housing"],
        "landlord": ["housing_authority"],
        "landlord_other": ["not asked"],
        "who": ["security", "owner"],
        "size": ["1_2"],
        "housing_acts": ["harass", "lockout", "refused"],
        "trigger": ["nothing", "visitor"],
        "housing_outcome": ["evicted"],
        "now": ["outside"],
        "told": ["lawyer", "the_place"],
        "result": ["made_worse"],
        "count": ["no"],
    },
    "more days than anybody may write": {
        "setting": ["health"],
        "came_for": ["refill"],
        "days_without": ["61"],
        "count": ["yes"],
    },
    "the short form": {
        **POLICE_DONE,
        "_shown": ["short"],
        "agency": ["city_police"],
        "acts": ["arrest", "pat_down"],
        "when.year": ["2026"],
        "area": ["hills"],
        "grounds": ["drug_use"],
        "quote": ["no"],
    },
    "what the short form does not ask is unseen": {
        **POLICE_DONE,
        "_shown": ["short"],
        "acts": ["pat_down"],
        "consent_search": ["said_no"],
        "story": ["not asked"],
    },
    "nothing on the short form": {"_shown": ["short"]},
    "all questions were shown": {**POLICE_DONE, "_shown": ["all"]},
    "it is not known what was shown": {**POLICE_DONE, "_shown": ["", "SHORT"]},
    "two words for what was shown": {**POLICE_DONE, "_shown": ["short", "all"]},
    "a blank beside what was shown": {**POLICE_DONE, "_shown": ["", "short"]},
    "a field that is not asked": {**POLICE_DONE, "name": ["x"], "__proto__": ["x"], "constructor": ["x"]},
}

EVERY_DONE = {"one": ["yes"]}
ARABIC = "قالوا لي «انتظر» ثم أخذوا الدواء"
TEXTS = {
    "line ends": "a\r\nb\rc\nd\r\r\n\ne",
    "outer blanks": " \t\r\n a b\t \r\n",
    "blanks alone": " \t\r\n ",
    "blanks of other scripts stay": "\u00a0\u3000a\u2003\ufeff",
    "emoji": "👩🏽‍🚒 and 🇺🇬",
    "Arabic": ARABIC,
    "Arabic with direction marks": f"\u202b{ARABIC}\u202c \u200f12\u200e",
    "Burmese": "သူတို့က ကျွန်တော့်ကို ရိုက်တယ်",
    "accents that are not composed": "e\u0301 and \u00e9",
    "control characters": "a\x00b\x01\x08\x0b\x0c\x0e\x1b[31m\x1f\x7f\x80\x85\x9f",
    "a control character between a return and a newline": "a\r\x00\nb",
    "a lone high surrogate": "a\ud83d b",
    "a lone low surrogate": "\ude00",
    "surrogates the wrong way round": "\ude00\ud83d",
    "quotes and backslashes": '"a" \\ \\u0041 \\n / </script> &amp; \'',
    "line separators": "a\u2028b\u2029c",
    "noncharacters": "\ufffe\uffff\U0010ffff",
    "looks like JSON": '{"a":1}',
    "tabs within": "a\tb",
}
EVERY: dict[str, Raw] = {
    "a short form with a condition on what it left out": {
        **EVERY_DONE,
        "_shown": ["short"],
        "long": ["12345"],
        "few": ["a"],
        "blank": ["seen"],
    },
    "blank fields": {"one": ["yes", ""], "many": ["", ""], "short": [""], "days": [""], "when.year": [""]},
    "codes in another order and twice": {**EVERY_DONE, "many": ["1", "c", "a", "c", "a"]},
    "two codes that exclude all others": {**EVERY_DONE, "many": ["not_sure", "a", "none"]},
    "two answers to a single choice": {"one": ["yes", "no"]},
    "the same answer twice": {"one": ["yes", "yes"]},
    "two texts": {**EVERY_DONE, "short": ["a", "b"]},
    "a code with a blank": {"one": ["yes "]},
    "a code in capitals": {"one": ["YES"]},
    "a code that every object of the script has": {"one": ["constructor"], "many": ["toString"]},
    "a single choice that hides the rest": {"one": ["no"], "few": ["a"], "reply": ["x"], "last": ["yes"]},
    "a group that one of two conditions shows": {"one": ["no"], "many": ["c"], "few": ["b", "a"]},
    "a year": {**EVERY_DONE, "when.year": ["2026"]},
    "a year and a month of one digit": {**EVERY_DONE, "when.year": [" 1999\n"], "when.month": ["7"]},
    "a year and a month of two digits": {**EVERY_DONE, "when.year": ["2026"], "when.month": ["12"]},
    "not sure when": {**EVERY_DONE, "when.year": ["not_sure"], "when.month": ["99"]},
    "a month without a year": {**EVERY_DONE, "when.month": ["05"]},
    "a thirteenth month": {**EVERY_DONE, "when.year": ["2026"], "when.month": ["13"]},
    "month zero": {**EVERY_DONE, "when.year": ["2026"], "when.month": ["00"]},
    "a month with a sign": {**EVERY_DONE, "when.year": ["2026"], "when.month": ["+5"]},
    "a year of another century": {**EVERY_DONE, "when.year": ["1899"]},
    "a year in Arabic digits": {**EVERY_DONE, "when.year": ["٢٠٢٦"]},
    "a year with a line after it": {**EVERY_DONE, "when.year": ["2026\n1"]},
    "two years": {**EVERY_DONE, "when.year": ["2026", "2025"]},
    "a number with zeros": {**EVERY_DONE, "days": ["0007"]},
    "a number that shows more": {**EVERY_DONE, "days": ["15"], "again": ["999999999"]},
    "a number over its constraint": {**EVERY_DONE, "days": ["61"]},
    "a number under its constraint": {**EVERY_DONE, "days": ["0"]},
    "a number of ten digits": {**EVERY_DONE, "days": ["3"], "again": ["1000000000"]},
    "a fraction": {**EVERY_DONE, "days": ["1.0"]},
    "a negative number": {**EVERY_DONE, "days": ["-1"]},
    "a number in Bengali digits": {**EVERY_DONE, "days": ["\u09ed"]},
    "a text that equals another": {**EVERY_DONE, "long": ["12345"], "short": ["a"], "reply": ["a"]},
    "a length counted in characters": {**EVERY_DONE, "long": ["👩👩👩👩"], "reply": ["a"]},
    "a length of five characters": {**EVERY_DONE, "long": ["👩👩👩👩👩"], "reply": ["👩👩"]},
    "a length that its constraint refuses": {**EVERY_DONE, "long": ["12345"], "reply": ["👩👩👩"]},
    "too many codes for the constraint": {**EVERY_DONE, "few": ["a", "b", "c"]},
    "a text of the longest length": {**EVERY_DONE, "short": ["👩" * 120], "long": ["\n" + "é" * 2000 + "\n"]},
    "a text that is too long": {**EVERY_DONE, "short": ["a" * 121], "long": ["é" * 2001]},
    "a text that is short enough when cleaned": {**EVERY_DONE, "short": [" " * 50 + "a\x00" * 120]},
}


def raws() -> Iterator[tuple[str, str, Raw]]:
    """Each case as a name, a form's name and raw fields."""
    yield from ((name, "report", raw) for name, raw in REPORT.items())
    yield from ((name, "every", raw) for name, raw in EVERY.items())
    for name, text in TEXTS.items():
        yield name, "every", {**EVERY_DONE, "short": [text], "long": [text]}


def outcome(form: Form, raw: Raw) -> dict[str, Any]:
    """What becomes of raw fields: the canonical text of the answers, or the problems."""
    try:
        return {"answers": canonical_text(clean(form, raw))}
    except InvalidAnswers as error:
        return {"problems": error.problems}


def answers_vectors() -> list[dict[str, Any]]:
    """The contents of answers.json."""
    return [
        {"name": name, "form": form, "raw": raw} | outcome(FORMS[form], raw) for name, form, raw in raws()
    ]


def receipt_vectors() -> list[dict[str, Any]]:
    """The contents of receipt.json."""
    receipts = {code: Receipt.from_code(bytes.fromhex(code)) for code in CODES}
    return [
        {
            "code": code,
            "receipt": receipt.to_json(),
            "nonce": NONCE.hex(),
            "message_id": receipt.message_id(NONCE).hex(),
        }
        for code, receipt in receipts.items()
    ]


def report_vectors() -> list[dict[str, Any]]:
    """The contents of report.json: whole reports as the browser writes them."""
    cases = [
        ("report", REPORT["a whole report"], "es", CODES[2]),
        ("every", {**EVERY_DONE, "long": [TEXTS["Arabic"]], "short": [TEXTS["emoji"]]}, "ar", CODES[3]),
    ]
    return [report_vector(*case) for case in cases]


def report_vector(name: str, raw: Raw, lang: str, code: str) -> dict[str, Any]:
    """One report, from raw fields to its text."""
    form = FORMS[name]
    receipt = Receipt.from_code(bytes.fromhex(code))
    body = report.build(
        form, clean(form, raw), lang=lang, sealed_by="browser", channel="web", receipt=receipt
    )
    return {"form": name, "raw": raw, "lang": lang, "code": code, "text": body.decode()}


def thread_vectors() -> list[dict[str, Any]]:
    """The contents of thread.json: follow-ups to a report, and a withdrawal."""
    typed = {**TEXTS, "the longest": "\n" + "é" * 2000 + "\n", "too long": "é" * 2001, "nothing": ""}
    follow_ups = [thread_vector(name, text) for name, text in typed.items()]
    return [*follow_ups, thread_vector("it is taken back", None)]


def thread_vector(name: str, typed: str | None) -> dict[str, Any]:
    """One message, from what was typed to its id and its text; nothing is typed to take a report back."""
    code, nonce = CODES[3], bytes(range(16))
    given = {"name": name, "typed": typed, "code": code, "nonce": nonce.hex(), "lang": "es"}
    try:
        text = None if typed is None else thread.clean(typed)
    except InvalidAnswers as error:
        return given | {"problems": error.problems}
    kind = thread.WITHDRAWAL if text is None else thread.FOLLOWUP
    receipt = Receipt.from_code(bytes.fromhex(code))
    message = thread.Message(kind, receipt, nonce, "es", "browser", "web", text)
    return given | {"id": message.id.hex(), "text": thread.build(message).decode()}


def files() -> dict[str, str]:
    """The text of each file of vectors by its name."""
    makers: dict[str, Callable[[], object]] = {
        "answers": answers_vectors,
        "batch": batch_vectors,
        "box": box_vectors,
        "code": lambda: {"shown": word_vectors(CODES), "typed": typed_vectors()},
        "receipt": receipt_vectors,
        "report": report_vectors,
        "thread": thread_vectors,
        "ticks": lambda: tick_vectors(FORMS),
    }
    # ASCII, because a lone surrogate has no UTF-8.
    return {f"{name}.json": json.dumps(maker(), indent=1) + "\n" for name, maker in makers.items()}


if __name__ == "__main__":
    for file, text in files().items():
        (HERE / file).write_text(text)
