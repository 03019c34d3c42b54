"""The commands `witnessbox-intake form ...`: an organizer's XLSForm is looked through, or compiled."""

from pathlib import Path

import click

from intake.errors import IntakeError
from intake.files import replace_synced
from intake.forms.errors import MalformedForm
from intake.forms.form import Form
from intake.forms.xlsform import compile_form
from intake.forms.xlsform_out import csv_bytes, xlsx_bytes

_KINDS = {".xlsx": xlsx_bytes, ".csv": csv_bytes}
SOURCE = click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
LISTS = click.option(
    "--lists",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of the local lists; the folder lists beside FILE, or FILE's own, when it is left out.",
)


@click.group("form")
def form() -> None:
    """Look through or compile a questionnaire, an XLSForm in .csv or .xlsx."""


@form.command("check")
@SOURCE
@LISTS
def check(source: Path, lists: Path | None) -> None:
    """Say what FILE asks, or every row that cannot be used, with its reason."""
    click.echo(f"{source.name}: {_summary(Form.from_json(compile_form(source, lists)))}")


@form.command("compile")
@SOURCE
@LISTS
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="The compiled form, .json."
)
def compile_command(source: Path, lists: Path | None, output: Path) -> None:
    """Compile FILE; a form that is refused leaves no file."""
    _write(output, compile_form(source, lists))


@form.command("export")
@SOURCE
@LISTS
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="The XLSForm, .xlsx or .csv."
)
def export_command(source: Path, lists: Path | None, output: Path) -> None:
    """Write FILE, which may be compiled (.json), as an XLSForm that KoboToolbox and ODK load."""
    try:
        kind = _KINDS[output.suffix.lower()]
    except KeyError:
        raise IntakeError(f"{output} is neither .xlsx nor .csv") from None
    is_compiled = source.suffix.lower() == ".json"
    try:
        found = Form.load(source) if is_compiled else Form.from_json(compile_form(source, lists))
    except OSError as error:
        raise IntakeError(f"cannot read {source}: {error.strerror}") from None
    except MalformedForm as error:
        raise IntakeError(str(error)) from None
    _write(output, kind(found))


def _write(path: Path, data: bytes) -> None:
    try:
        replace_synced(path, data)
    except OSError as error:
        raise IntakeError(f"cannot write {path}: {error.strerror}") from None


def _summary(compiled: Form) -> str:
    short = len(compiled.asked) - len(compiled.unseen) if compiled.unseen else 0
    return (
        f'form "{compiled.id}", version {compiled.version}, in {", ".join(compiled.languages)}; '
        f"sections: {len(compiled.sections)}; questions: {len(compiled.asked)}; on the short form: {short}"
    )
