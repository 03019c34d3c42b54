"""Desks in memory with forms and reports made for one test."""

from collections.abc import Mapping, Sequence
from typing import Any

from analysis import schema
from analysis.asking import Askings, bits
from analysis.cipher import Database
from intake.forms.form import Form, canonical

ORGANIZATION = "Union of Reporters"


def choice(code: str, *, exclusive: bool = False, rollup: str = "") -> dict[str, Any]:
    label = {"en": f"Label of {code}"}
    return {
        "code": code,
        "label": label,
        "rollup": rollup,
        "exclusive": exclusive,
        "content_note": False,
    }


def question(name: str, kind: str, choices: Sequence[dict[str, Any]] = (), **more: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": name,
        "kind": kind,
        "label": {"en": name},
        "hint": {},
        "required": False,
        "relevant": None,
        "constraint": None,
        "constraint_message": {},
        "choices": list(choices),
        "default": None,
        "max_length": None,
        "role": "meas",
        "sensitive_note": {},
        "appearance": "",
        "short": False,
    }
    return plain | more


def form(*questions: dict[str, Any], name: str = "small", version: str = "1") -> Form:
    """A compiled form of these questions, with consent and a month at its end."""
    asked = [
        *questions,
        question("when", "month"),
        question("count", "select_one", [choice("yes"), choice("no")]),
    ]
    rollups = dict.fromkeys(one["rollup"] for each in asked for one in each["choices"] if one["rollup"])
    whole = {
        "v": 1,
        "id": name,
        "version": version,
        "default_language": "en",
        "languages": ["en"],
        "title": {"en": f"Title of {name}"},
        "questions": asked,
        "sections": [{"id": "all", "label": {"en": "All"}, "questions": [each["id"] for each in asked]}],
        "rollups": [{"code": code, "label": {"en": f"Group {code}"}} for code in rollups],
    }
    return Form.from_json(canonical(whole) + b"\n")


def settings_form(*settings: str, acts: Sequence[str] = ("shout", "push")) -> Form:
    """A form that asks for the setting, and for the same acts in all of them."""
    return form(
        question("setting", "select_one", [choice(code) for code in settings], required=True),
        question("acts", "select_multiple", [choice(code) for code in acts]),
    )


class SmallDesk:
    """The desk's database, at first with one form; reports are added in bulk."""

    def __init__(self, one: Form, database: Database | None = None) -> None:
        self.database = database or Database(memory=True)
        if database is None:
            schema.create(self.database)
        self.add_form(one)
        self._next = 1

    def add_form(self, one: Form) -> None:
        """Another form, or a newer version; reports added from now on answer it."""
        self.form = schema.add_form(self.database, one)
        self._bits = bits(one)
        self._askings = Askings(self.database.conn, {one.digest: one.json}, {one.digest: self.form})
        self._digest, self._form = one.digest, one
        self._codes = {
            (row["question"], row["code"]): row["id"] for row in self.database.query("select * from choices")
        }

    def add(
        self,
        reports: int,
        acts: Sequence[str] = (),
        *,
        count: str | None = "yes",
        when: str = "2026-05",
        week: str = "2026-W21",
        channel: str = "web",
        lang: str = "en",
        asked: Sequence[str] | None = None,
        words: Mapping[str, str] | None = None,
        **one_of: str,
    ) -> None:
        """Adds equal reports; an act is "code" of the question acts, or "question.code".

        They were asked the questions `asked`, or all of the form that apply to what they answer; `words` are
        answers in words.
        """
        answers: Mapping[str, str | None] = {"count": count, **one_of}
        ticks = [act.split(".") if "." in act else ["acts", act] for act in acts]
        asked = self._applying(answers, ticks) if asked is None else asked
        page = self._askings.find(self._digest, sum(bit for name, bit in self._bits.items() if name in asked))
        for _ in range(reports):
            row = {name: self._codes[name, code] for name, code in answers.items() if code}
            row |= {"when": when, "week": week, "asking": page[0], "page": page[1]}
            row |= {"channel": channel, "lang": lang}
            self._insert(row, [self._codes[q, code] for q, code in ticks])
            for name, text in (words or {}).items():
                self.database.table("texts").insert(
                    {"report": self._next - 1, "question": name, "text": text}
                )

    def _applying(self, answers: Mapping[str, str | None], ticks: Sequence[Sequence[str]]) -> list[str]:
        """What the whole page asks, as the intake and the import decide it."""
        given: dict[str, Any] = dict(answers)
        for name, code in ticks:
            given.setdefault(name, []).append(code)
        return [one.id for one in self._form.asked if one.applies is None or one.applies(given)]

    def _insert(self, row: dict[str, object], ticks: Sequence[int]) -> None:
        number, self._next = self._next, self._next + 1
        fixed = {"name": f"{number:032x}", "sealed_by": "file"}
        self.database.table("reports").insert({"id": number, "form": self.form, **fixed, **row})
        self.database.table("answers").insert_all([{"report": number, "choice": tick} for tick in ticks])
