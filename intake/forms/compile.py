"""Compiles an XLSForm: `python -m intake.forms.compile police.csv -o police.json`."""

import argparse
import sys
from pathlib import Path

from intake.forms.errors import FormsError
from intake.forms.xlsform import compile_form


def main() -> int:
    """Read the arguments, compile, write; exit status 1 when the form is refused."""
    parser = argparse.ArgumentParser(prog="python -m intake.forms.compile", description=__doc__)
    parser.add_argument("source", type=Path, help="the XLSForm, .csv or .xlsx")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the compiled form, .json")
    arguments = parser.parse_args()
    try:
        data = compile_form(arguments.source)
        unfinished = arguments.output.with_suffix(".part")
        unfinished.write_bytes(data)
        unfinished.replace(arguments.output)
    except (FormsError, OSError) as error:
        print(f"{parser.prog}: error: {error}", file=sys.stderr)  # noqa: T201 - this is its one voice
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
