"""Reads what KoboToolbox and ODK export of a form of ours (`form export` writes it for them).

    tool = "kobo"        # in the map file, or "odk": in place of the tables [constant] and [question...]

The columns find their questions by themselves, in whichever way the tool was told to write them:

    header      acts   about/acts   about-acts          codes, with or without the group before them
                What did they do?                       labels, in any language of the form
                acts/pat_down   What did they do?/Patted me down       one column for each choice
    cell        "insult pat_down", "Insulted me Patted me down", or 1, 0, True, False under a choice

Columns of the tool's own (times, devices, users, places) are dropped unread but for the submission's
number, which tells a row that is here already. Labels that two questions share go to the questions in
the form's order, which is that of the export.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analysis.desk_errors import BadRow
from analysis.mapping import CHOICES, Raw, read_date
from intake.forms.form import Form, Question

TOOLS = ("kobo", "odk")
# Each of these is a submission's own number, for ever.
_NUMBERS = ("_uuid", "meta/instanceID", "meta-instanceID", "instanceID", "KEY")
_OWN = re.compile(
    r"_.*|meta[/-].*|formhub/.*|start|end|today|deviceid|device_?id|simserial|subscriberid|phonenumber|username"
    r"|audit|instanceID|instanceName|KEY|PARENT_KEY|SubmissionDate|SubmitterI[Dd]|SubmitterName"
    r"|AttachmentsPresent|AttachmentsExpected|Status|ReviewState|DeviceID|Edits|FormVersion|rootUuid"
)
_TICKED, _UNTICKED = {"1", "1.0", "true", "yes"}, {"", "0", "0.0", "false", "no"}
_SPACES = re.compile(r"\s*")
_WHOLE = re.compile(r"([0-9]{1,9})(?:\.0+)?")


@dataclass(frozen=True, slots=True)
class _Column:
    """The question of a column and, where a choice has one for itself, its code."""

    question: Question
    code: str | None


@dataclass(slots=True)
class Exported:
    """An export of a form; `heading` reads its first row, and the rest is about the columns found there."""

    form: Form
    channel: str
    lang: str
    _columns: dict[str, _Column] = field(default_factory=dict)
    # The names of each question's columns, so that a row is gone through once.
    _own: dict[str, list[str]] = field(default_factory=dict)
    _number: str | None = None

    def heading(self, path: Path, header: Sequence[str]) -> list[str]:
        """A name for each column, no two the same; raises BadRow where the file is not of this form."""
        known, notes = _spellings(self.form), _notes(self.form)
        seen: Counter[str] = Counter()
        names = []
        for place, text in enumerate((one.strip() for one in header), start=1):
            targets = known.get(text)
            if targets and seen[text] < len(targets):
                column = targets[seen[text]]
                seen[text] += 1
                names.append(_name(column))
                self._columns[names[-1]] = column
                self._own.setdefault(column.question.id, []).append(names[-1])
            elif _OWN.fullmatch(text) or text in notes:
                names.append(text if text in _NUMBERS else f"column {place}")
            else:
                raise BadRow(
                    f'{path}: column {place} belongs to no question of the form "{self.form.id}"',
                    "export with the form's newest version, or give that form with --form",
                )
        self._check(path, names)
        self._number = next((one for one in _NUMBERS if one in names), None)
        return names

    def _check(self, path: Path, names: Sequence[str]) -> None:
        if len(set(names)) != len(names):
            raise BadRow(f"{path}: two columns are about the same question", "export it in one language")
        for question in self.form.asked:
            if question.id not in self._own:
                raise BadRow(
                    f'{path}: has no column for the question "{question.id}"',
                    f'the file must be an export of the form "{self.form.id}" with all of its questions',
                )

    def identity(self, cells: Mapping[str, str]) -> Mapping[str, str]:
        """What tells this row from others, also in a later and longer export."""
        if self._number:
            return {"submission": cells[self._number].removeprefix("uuid:")}
        return {name: cells[name] for name in self._columns}

    def answers(self, row: Mapping[str, str], unmapped: Counter[str]) -> Raw:
        """The raw answers of a row for `intake.forms.answers.clean`.

        Cells that are no answer of the form are counted in `unmapped` under their question.
        """
        raw: Raw = {}
        for question in self.form.asked:
            cells = [(self._columns[name].code, row[name].strip()) for name in self._own[question.id]]
            raw |= _answers(question, cells, unmapped)
        return raw


def _name(column: _Column) -> str:
    return column.question.id if column.code is None else f"{column.question.id}/{column.code}"


def _notes(form: Form) -> set[str]:
    return {one for q in form.questions if q.kind == "note" for one in (q.id, *q.label.values())}


def _spellings(form: Form) -> dict[str, list[_Column]]:
    """What a header can say, and the columns that it can mean, in the form's order."""
    found: dict[str, list[_Column]] = {}
    for section in form.sections:
        for name in section.questions:
            question = form.question(name)
            if question.kind == "note":
                continue
            for spelling in _question_spellings(question, section.id, section.label):
                _add(found, spelling, _Column(question, None))
                if question.kind == "select_multiple":
                    for choice in question.choices:
                        for text in dict.fromkeys((choice.code, *choice.label.values())):
                            _add(found, f"{spelling}/{text}", _Column(question, choice.code))
    return found


def _add(found: dict[str, list[_Column]], spelling: str, column: _Column) -> None:
    columns = found.setdefault(spelling, [])
    if column not in columns:
        columns.append(column)


def _question_spellings(question: Question, section: str, label: Mapping[str, str]) -> Iterator[str]:
    # A label that stands over two lines in the form stands on one in a header.
    labels = {tag: " ".join(text.split()) for tag, text in question.label.items()}
    spellings = [question.id, f"{section}/{question.id}", f"{section}-{question.id}"]
    spellings += [*labels.values(), *question.label.values()]
    spellings += [f"{label[tag]}/{text}" for tag, text in labels.items()]
    yield from dict.fromkeys(spellings)


def _answers(question: Question, cells: Sequence[tuple[str | None, str]], unmapped: Counter[str]) -> Raw:
    whole = next((text for code, text in cells if code is None), "")
    if question.kind == "month":
        # Where only a year is asked, the rest of the date is what the tool filled in.
        return read_date(question.id, whole[:4] if question.appearance == "year" else whole, unmapped)
    if question.kind == "select_multiple":
        split = [(code, text) for code, text in cells if code is not None]
        codes = _ticked(question, split, unmapped) if split else _several(question, whole, unmapped)
        return {question.id: _without_contradiction(question, codes, unmapped)}
    if question.kind in CHOICES:
        return {question.id: _one(question, whole, unmapped)}
    if question.kind == "integer":
        number = _WHOLE.fullmatch(whole)
        _count(question, bool(whole and not number), unmapped)
        return {question.id: [number[1]] if number else []}
    return {question.id: [whole] if whole else []}


def _count(question: Question, is_unknown: bool, unmapped: Counter[str]) -> None:
    if is_unknown:
        unmapped[question.id] += 1


def _codes(question: Question) -> dict[str, str]:
    """Each choice's code by its code and its labels; a label that two choices share is not one."""
    labels = Counter(label for choice in question.choices for label in set(choice.label.values()))
    codes = {
        label: choice.code
        for choice in question.choices
        for label in choice.label.values()
        if labels[label] == 1
    }
    return codes | {choice.code: choice.code for choice in question.choices}


def _one(question: Question, text: str, unmapped: Counter[str]) -> list[str]:
    code = _codes(question).get(text)
    _count(question, bool(text and not code), unmapped)
    return [code] if code else []


def _ticked(question: Question, cells: Sequence[tuple[str, str]], unmapped: Counter[str]) -> list[str]:
    found: list[str] = []
    for code, text in cells:
        # Nearly all cells are 1 or 0; few tools write the choice itself.
        if text.lower() in _TICKED or (text and _codes(question).get(text) == code):
            found.append(code)
        elif text.lower() not in _UNTICKED:
            unmapped[question.id] += 1
    return found


def _several(question: Question, text: str, unmapped: Counter[str]) -> list[str]:
    """The codes of a cell that holds several codes or labels with spaces between them: the longest first."""
    codes = _codes(question)
    found: dict[str, None] = {}
    spelled = sorted(codes, key=len, reverse=True)
    place, end = 0, len(text)
    while place < end:
        match = next((one for one in spelled if _stands_at(place, one, text)), None)
        if match is None:
            unmapped[question.id] += 1
            break
        found[codes[match]] = None
        place = _SPACES.match(text, place + len(match)).end()  # type: ignore[union-attr]
    return list(found)


def _stands_at(place: int, spelling: str, text: str) -> bool:
    """Whether a code or a label stands there, whole. Nothing is cut off: a cell may be long."""
    after = place + len(spelling)
    return text.startswith(spelling, place) and (after == len(text) or text[after] == " ")


def _without_contradiction(question: Question, codes: list[str], unmapped: Counter[str]) -> list[str]:
    """Other tools let "none of these" be ticked beside others; then it was not meant."""
    alone = [code for code in codes if code in question.exclusive]
    if not alone or len(codes) == 1:
        return codes
    unmapped[question.id] += len(alone)
    return [code for code in codes if code not in alone]
