"""What a new form says otherwise than the forms before it.

Reports hold codes and the desk shows the words of the newest form that has them. Whoever holds
the server's key could otherwise turn what thousands have said into something else by one signed
form, so organizers must have seen a new wording of what is known before it is taken.
"""

from collections.abc import Collection, Iterable, Iterator

from analysis.cipher import Database
from analysis.desk_errors import RewordedForm
from intake.forms.form import Form, shipped


def read_news(database: Database, forms: Iterable[Form], accepted: Collection[str]) -> Iterator[str]:
    """Lines about the forms that the desk does not have, and about what they word anew.

    `accepted` are digests. Raises RewordedForm for a form that is not among them, unless it came
    with this program, which the server cannot change.
    """
    rows = database.conn.execute('SELECT "json" FROM "forms" ORDER BY "id"').fetchall()
    before = [Form.from_json(text.encode("utf-8")) for (text,) in rows]
    for form in forms:
        if form.digest in {one.digest for one in before}:
            continue
        changes = tuple(_changes(before, form))
        own = _is_shipped(form)
        if changes and not own and form.digest not in accepted:
            raise RewordedForm(
                f"{_name(form)} words anew what is known here: {'; '.join(changes)}",
                f"ask whoever runs the intake; if it is meant so: --accept-form {form.digest}",
            )
        if not own:
            yield f"new: {_name(form)}, {form.digest}"
        yield from (f"  {change}" for change in changes)
        before.append(form)


def _name(form: Form) -> str:
    return f'form "{form.id}" {form.version}'


def _is_shipped(form: Form) -> bool:
    try:
        return shipped(form.id).digest == form.digest
    except FileNotFoundError:
        return False


def _changes(before: Iterable[Form], form: Form) -> Iterator[str]:
    known: dict[str, str] = {}
    for one in before:
        known |= _words(one)
    for name, text in _words(form).items():
        if known.get(name, text) != text:
            yield f'{name}: "{known[name]}" is now "{text}"'


def _words(form: Form) -> dict[str, str]:
    """All that gives a question or a code its meaning."""
    found: dict[str, str] = {}
    for question in form.questions:
        found |= {f"{question.id} ({lang})": text for lang, text in question.label.items()}
        for choice in question.choices:
            name = f"{question.id}.{choice.code}"
            found |= {f"{name} ({lang})": text for lang, text in choice.label.items()}
            found[f"{name}, stands alone"] = "yes" if choice.exclusive else "no"
            found[f"{name}, group"] = choice.rollup or "none"
    return found
