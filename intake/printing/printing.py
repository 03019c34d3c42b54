"""Prints what an intake hands out: reads its data directory, draws, and writes new files."""

from collections.abc import Mapping
from pathlib import Path

from intake.crypto.fingerprint import fingerprint
from intake.directory import Directory
from intake.files import sync_directory, write_synced
from intake.printing import flyer as flyers
from intake.printing import paper as papers
from intake.printing.errors import PrintingError
from intake.printing.flyer import Printing
from intake.printing.flyerfile import Flyer


def flyer(directory: Directory, file: Path, out: Path, paper: str, *, discreet: bool) -> list[Path]:
    """Writes the flyers that `file` describes into a folder; their paths. Raises PrintingError."""
    words = fingerprint(directory.recipients)
    made = flyers.make(Flyer.read(file), Printing(words, directory.help, paper), discreet=discreet)
    return _write(made, out)


def paper(directory: Directory, name: str, out: Path, size: str) -> list[Path]:
    """Writes the paper sheets of a form that the intake offers; their paths. Raises PrintingError."""
    found = [form for form in directory.forms if form.id == name]
    if not found:
        offered = ", ".join(form.id for form in directory.forms)
        raise PrintingError(f'{directory.path} offers no form "{name}"', f"it offers {offered}")
    return _write(papers.make(found[0], size), out)


def _write(made: Mapping[str, bytes], out: Path) -> list[Path]:
    """All of them or, when one is there already, none."""
    try:
        out.mkdir(exist_ok=True)
        for name in made:
            if (out / name).exists():
                raise PrintingError(
                    f"{out / name}: exists already; nothing was written", "choose a new folder"
                )
        for name, data in made.items():
            write_synced(out / name, data, 0o644)
        sync_directory(out)
    except OSError as error:
        raise PrintingError(f"cannot write {out}: {error.strerror}") from None
    return [out / name for name in made]
