"""An XLSForm as CSV, which organizers write in a spreadsheet; what compiles is written and compiled again.

The problems of a form quote its own words, which are meant for its readers: each must be one line that no
terminal obeys.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random

from intake.forms import xlsform_out
from intake.forms.errors import RefusedSource
from intake.forms.form import Form
from intake.forms.local import SHIPPED
from intake.forms.xlsform import compile_form
from tests.forms.random_forms import random_form
from tests.fuzz import memory
from tests.fuzz.target import ROOT, Target, fill

FOREIGN = ROOT / "tests" / "forms" / "foreign"


def run(data: bytes) -> None:
    check(memory.file("form.csv", data))


def check(path: Path) -> None:
    """What comes of a form is one that is compiled again to the same bytes, or a list of problems."""
    try:
        compiled = compile_form(path, SHIPPED)
    except RefusedSource as refused:
        problems = refused.problems
    else:
        _check_again(compiled)
        return
    assert problems
    assert all(problem.isprintable() for problem in problems)


def _check_again(compiled: bytes) -> None:
    form = Form.from_json(compiled)
    again = memory.file("again.csv", xlsform_out.csv_bytes(form))
    assert compile_form(again, SHIPPED) == compiled


@cache
def small() -> bytes:
    """A form of a few questions of every kind."""
    return xlsform_out.csv_bytes(random_form(Random(1), 8))


def seeds() -> Iterator[bytes]:
    yield from (xlsform_out.csv_bytes(random_form(Random(seed), 3 + seed)) for seed in range(6))
    yield from (path.read_bytes() for path in sorted(FOREIGN.glob("*.csv")) if path.stat().st_size < 12_000)


HEAD = (
    b"settings\n,form_id,version,default_language\n,a,1,English (en)\n"
    b"survey\n,type,name,label,relevant\n,begin_group,g,G,\n"
)
END = b",end_group,,,\n"


def _condition(text: bytes) -> bytes:
    return HEAD + b",integer,n,N,\n,integer,m,M," + text + b"\n" + END


TARGET = Target(
    "xlsform",
    run,
    seeds,
    shapes={
        "nested brackets": lambda size: _condition(b"(" * (size // 2) + b"${n} = 1" + b")" * (size // 2)),
        "nested not": lambda size: _condition(b"not(" * (size // 5) + b"${n} = 1" + b")" * (size // 5)),
        "a long condition": lambda size: _condition(b"${n} = 1" + fill(b" or ${n} = 1", size // 12 * 12)),
        "many brackets side by side": lambda size: _condition(
            b"(${n} = 1)" + fill(b" and (${n} = 1)", size // 15 * 15)
        ),
        "a condition of blanks": lambda size: _condition(b"${n} = 1" + b" " * size + b"!"),
        "many questions": lambda size: (
            HEAD + b"".join(b",integer,q%d,Q,\n" % number for number in range(size // 20)) + END
        ),
        "many conditions": lambda size: (
            HEAD
            + b",integer,n,N,\n"
            + b"".join(b",integer,q%d,Q,${n} = 1\n" % number for number in range(size // 28))
            + END
        ),
        "many groups": lambda size: HEAD + END + b",begin_group,h,H,\n,end_group,,,\n" * (size // 36),
        "groups in groups": lambda size: HEAD + b",begin_group,h,H,\n" * (size // 18),
        "many choices": lambda size: (
            HEAD
            + b",select_one c,n,N,\n"
            + END
            + b"choices\n,list_name,name,label\n"
            + b"".join(b",c,c%d,C\n" % number for number in range(size // 12))
        ),
        "many lists": lambda size: (
            HEAD
            + b",select_one c1,n,N,\n"
            + END
            + b"choices\n,list_name,name,label\n"
            + b"".join(b",c%d,a,C\n" % number for number in range(size // 12))
        ),
        "many columns": lambda size: (
            b"survey\n," + b",".join(b"label::X (a%d)" % n for n in range(size // 20)) + b"\n,type\n"
        ),
        "many languages": lambda size: (
            b"survey\n,type,"
            + b",".join(b"label::(%c%c-%05d)" % (97 + n % 26, 97 + n % 25, n) for n in range(size // 20))
            + b"\n,text"
            + b",x" * (size // 20)
            + b"\n"
        ),
        "a language of brackets": lambda size: b"survey\n,label::" + fill(b"(aa-", size) + b"\n,x\n",
        "many empty rows": lambda size: HEAD + b",,,,\n" * (size // 5),
        "one long cell": lambda size: HEAD + b',integer,n,"' + fill(b"a", size) + b'",\n' + END,
        "quotes": lambda size: HEAD + fill(b'"', size),
        "many sheets": lambda size: b"".join(b"s%d\n" % number for number in range(size // 8)),
        "many attachments": lambda size: (
            b"settings\n,form_id,version,default_language,attachments\n,a,1,English (en),"
            + fill(b"image/jpeg ", size)
            + b"\nsurvey\n,type,name,label\n,begin_group,g,G\n,integer,n,N\n,end_group,,\n"
        ),
    },
    tokens=(
        *(
            b"survey",
            b"choices",
            b"settings",
            b"begin_group",
            b"end_group",
            b"select_one ",
            b"select_multiple ",
            b"text",
        ),
        *(
            b"integer",
            b"date",
            b"note",
            b"month-year",
            b"multiline",
            b"${q1}",
            b"selected(",
            b"count-selected(",
            b"not(",
        ),
        *(
            b" and ",
            b" or ",
            b"!=",
            b"<=",
            b"label::English (en)",
            b"relevant",
            b"constraint",
            b"default",
            b"yes",
            b"areas.csv",
        ),
        *(
            b"select_one_from_file areas.csv",
            b"_from_file",
            b"rollup",
            b"exclusive",
            b"hint::",
            b"\r\n",
            b";",
            b"\t",
            b'"',
        ),
    ),
    seconds=1.0,
    bytes=60 * 1024 * 1024,
    longest=16 * 1024,
)
