"""Who may import whom: the desk and the server share the wire format and the forms alone.

The modules are read from the file system, so a new one cannot escape.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DESK_LIBRARIES = {
    *(
        "analysis",
        "datasette",
        "sqlite_utils",
        "sqlcipher3",
        "highspy",
        "opendp",
        "shamir_mnemonic",
        "typst",
        "weasyprint",
    ),
}
# Names by which our own libraries open something; the server has no use for any of them.
OPENING = {
    "decrypt",
    "unseal",
    "unwrap",
    "MLKEM768PrivateKey",
    "MLKEM768X25519PrivateKey",
    "X25519PrivateKey",
    "PrivateKey",
    "SealedBox",
    "SecretBox",
    "HybridIdentity",
}
# crypto_secretbox_open, crypto_aead_..._decrypt and their like, of libsodium.
LIBRARY_OPENING = re.compile(r"crypto_\w*(?:_open|_decrypt)\w*")
# But for what a desk says to reporters: it is sealed under the key of a code that one of them typed, with a
# cipher that opens nothing else of ours.
OPENS_REPLIES = {"intake.crypto.message": {"crypto_secretbox_open"}}


def modules(package: str) -> list[str]:
    """The dotted names of all modules below a package's folder."""
    found = []
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if "node_modules" not in parts:
            found.append(".".join(parts).removesuffix(".__init__"))
    return found


def tree(module: str) -> ast.Module:
    path = ROOT.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text())


def imports(module: str) -> Iterator[str]:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: imports are absolute"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_server_that_imported_everything_holds_nothing_of_the_desk() -> None:
    loaded = run(
        "import importlib, sys\n"
        f"for name in {modules('intake')!r}: importlib.import_module(name)\n"
        "print(*sorted(sys.modules))"
    ).split()
    assert not {name.split(".")[0] for name in loaded} & DESK_LIBRARIES
    assert "intake.app" in loaded


def test_the_wire_format_loads_nothing_but_its_two_libraries() -> None:
    loaded = run(
        "import importlib, sys\n"
        "before = set(sys.modules)\n"
        f"for name in {modules('intake/crypto')!r}: importlib.import_module(name)\n"
        "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before}))"
    ).split()
    foreign = set(loaded) - set(sys.stdlib_module_names) - {"__mp_main__"}
    assert foreign <= {"intake", "nacl", "cryptography", "_cffi_backend", "_sodium", "_openssl"}


@pytest.mark.parametrize("module", modules("intake"))
def test_no_module_of_the_server_names_what_opens_a_report(module: str) -> None:
    names = {node.id for node in ast.walk(tree(module)) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree(module)) if isinstance(node, ast.Attribute)}
    names |= {name.rsplit(".", 1)[-1] for name in imports(module)}
    names |= {node.name for node in ast.walk(tree(module)) if isinstance(node, ast.FunctionDef)}
    found = {name for name in names if name in OPENING or LIBRARY_OPENING.fullmatch(name)}
    assert found == OPENS_REPLIES.get(module, set())


@pytest.mark.parametrize("module", modules("intake"))
def test_replies_are_opened_for_a_typed_code_and_nowhere_else(module: str) -> None:
    used = {node.attr for node in ast.walk(tree(module)) if isinstance(node, ast.Attribute)}
    used |= {name.rsplit(".", 1)[-1] for name in imports(module)}
    opening = {"open_message": "intake.crypto.box", "open_bucket": "intake.codepage"}
    assert {name for name, place in opening.items() if name in used and module != place} == set()


@pytest.mark.parametrize("module", modules("intake"))
def test_no_module_of_the_server_imports_the_desk(module: str) -> None:
    assert not [name for name in imports(module) if name.split(".")[0] in DESK_LIBRARIES]


@pytest.mark.parametrize("module", modules("analysis"))
def test_the_desk_imports_only_the_wire_format_and_the_forms(module: str) -> None:
    shared = [name for name in imports(module) if within(name, "intake")]
    allowed = ("intake.crypto", "intake.forms")
    assert not [name for name in shared if name != "intake" and not within(name, *allowed)]


@pytest.mark.parametrize("module", modules("analysis/patterns"))
def test_patterns_read_the_database_and_know_no_pages(module: str) -> None:
    allowed = (
        *("analysis.patterns", "analysis.cipher", "analysis.bitmaps", "analysis.summaries"),
        *("analysis.review.tables", "intake.forms", "numpy", "rapidfuzz"),
    )
    foreign = [name for name in imports(module) if name.split(".")[0] not in sys.stdlib_module_names]
    assert not [name for name in foreign if not within(name, *allowed) and name != "analysis"]


@pytest.mark.parametrize("module", modules("analysis/findings/site"))
def test_the_site_of_a_release_can_reach_no_report(module: str) -> None:
    allowed = (
        *("analysis.findings.site", "analysis.findings.released", "analysis.findings.errors"),
        *("intake.crypto.signing", "templates", "jinja2", "typst"),
    )
    foreign = [name for name in imports(module) if name.split(".")[0] not in sys.stdlib_module_names]
    packages = {"analysis.findings", "intake.crypto"}
    assert not [name for name in foreign if not within(name, *allowed) and name not in packages]


@pytest.mark.parametrize("module", modules("analysis/findings/control"))
def test_disclosure_control_knows_trees_and_numbers_and_nothing_of_reports(module: str) -> None:
    allowed = ("analysis.findings.control", "analysis.errors", "numpy", "highspy")
    foreign = [name for name in imports(module) if name.split(".")[0] not in sys.stdlib_module_names]
    assert not [name for name in foreign if name != "analysis" and not within(name, *allowed)]


def test_what_verifies_a_certificate_loads_no_solver() -> None:
    loaded = run("import sys, analysis.findings.control.certificate; print(*sys.modules)").split()
    assert "highspy" not in loaded
    assert "numpy" not in loaded


@pytest.mark.parametrize("module", modules("analysis"))
def test_private_keys_are_built_in_two_modules_alone(module: str) -> None:
    keys = {"MLKEM768PrivateKey", "MLKEM768X25519PrivateKey", "X25519PrivateKey"}
    named = {name.rsplit(".", 1)[-1] for name in imports(module)} & keys
    assert not named or module in {"analysis.identity", "analysis.unseal"}


@pytest.mark.parametrize("module", modules("analysis"))
def test_word_shares_and_seeds_are_handled_where_they_are_expected(module: str) -> None:
    shares = [one for one in imports(module) if within(one, "shamir_mnemonic")]
    assert module == "analysis.shares" or not shares
    seeds = [one for one in ast.walk(tree(module)) if isinstance(one, ast.Attribute) and one.attr == "seed"]
    # Beside the identity's own seed, those of the keys that sign are sealed where they are made or rotated.
    sealing = {"analysis.desk", "analysis.keymaking", "analysis.releasekey"}
    # A box is the same bytes each time and a stranger's noise: what fills it follows from the desk's seed.
    known = {"analysis.identity", "analysis.shares", "analysis.boxes", *sealing}
    assert module in known or not seeds


def test_the_console_scripts_import_this_project_and_no_namesake() -> None:
    where = run("import intake, analysis; print(intake.__file__); print(analysis.__file__)").split("\n")
    assert [Path(line) for line in where if line] == [
        ROOT / "intake" / "__init__.py",
        ROOT / "analysis" / "__init__.py",
    ]


def test_the_first_file_that_the_wire_format_runs_imports_nothing() -> None:
    assert not list(imports("intake"))
    assert not list(imports("intake.crypto"))
