"""Reads the two kinds of locks: pip's requirements with hashes, and npm's package-lock.json."""

import base64
import json
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "deploy/requirements"
NPM_LOCK = ROOT / "intake/browser/package-lock.json"

_PINNED = re.compile(r"(?P<name>[a-z0-9._-]+)(\[[a-z,]+\])?==(?P<version>[^ ;\\]+)( ; (?P<when>.+?))? \\")
_HASH = re.compile(r" +--hash=sha256:([0-9a-f]{64})( \\)?")
_VIA = re.compile(r"    # via|    #( via|  ) (-[rc] )?(?P<name>[\w./-]+)( \(pyproject\.toml\))?")
_OURSELVES = {"witnessbox", "-"}
# fuzz.txt takes the versions of another lock, which is no reason to have a package.
_CONSTRAINT = "deploy/requirements/test.txt"


@dataclass(frozen=True, slots=True)
class Package:
    """One pinned package; `when` is the condition under which it is taken, hashes are in hexadecimal.

    `direct` says whether we ask for it ourselves; `wanted_by` names the packages of its lock that need it.
    """

    name: str
    version: str
    kind: str
    algorithm: str
    hashes: tuple[str, ...]
    direct: bool
    wanted_by: tuple[str, ...]
    when: str = ""

    @property
    def purl(self) -> str:
        """The package's URL, which names no place to download it from."""
        return f"pkg:{self.kind}/{self.name.replace('@', '%40')}@{self.version}"


def requirements(name: str) -> list[Package]:
    """The packages that deploy/requirements/NAME.txt pins, in its order."""
    found: list[Package] = []
    path = REQUIREMENTS / f"{name}.txt"
    blocks = re.split(r"^(?=[a-z0-9])", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for block in filter(None, blocks):
        head, *lines = block.splitlines()
        pinned = _PINNED.fullmatch(head)
        if not pinned:
            raise ValueError(f"{path.name}: not a pinned package: {head}")
        hashes, wanted_by = [], []
        for line in lines:
            if match := _HASH.fullmatch(line):
                hashes.append(match[1])
            elif match := _VIA.fullmatch(line):
                wanted_by += [match["name"]] if match["name"] not in (None, _CONSTRAINT) else []
            else:
                raise ValueError(f"{path.name}: a line that is neither hash nor reason: {line}")
        others = tuple(one for one in wanted_by if one and one not in _OURSELVES)
        # A lock of one package that was asked for by hand has no reasons in it.
        direct = not wanted_by or bool(_OURSELVES & set(wanted_by))
        found.append(
            Package(
                pinned["name"],
                pinned["version"],
                "pypi",
                "SHA-256",
                tuple(sorted(hashes)),
                direct,
                others,
                pinned["when"] or "",
            )
        )
    return found


def npm(*, development: bool) -> list[Package]:
    """What the browser's script is made of, or what it is made and tested with."""
    lock = json.loads(NPM_LOCK.read_text(encoding="utf-8"))["packages"]
    placed = {place: one for place, one in lock.items() if place}
    asked = {f"node_modules/{name}" for key in ("dependencies", "devDependencies") for name in lock[""][key]}
    needed: dict[str, set[str]] = {}
    for place, one in placed.items():
        for name in one.get("dependencies", {}) | one.get("optionalDependencies", {}):
            needed.setdefault(_found(name, place, placed), set()).add(_name(place))
    made: dict[tuple[str, str], Package] = {}
    for place, one in sorted(placed.items()):
        if bool(one.get("dev")) is development:
            algorithm, value = one["integrity"].split("-", 1)
            if algorithm != "sha512":
                raise ValueError(f"{NPM_LOCK.name}: {place} has no SHA-512")
            digest = base64.b64decode(value).hex()
            wanted_by = tuple(sorted(needed.get(place, ())))
            package = Package(
                _name(place),
                one["version"],
                "npm",
                "SHA-512",
                (digest,),
                place in asked,
                wanted_by,
                _when(one),
            )
            made[package.name, package.version] = package
    return list(made.values())


def _when(one: dict[str, list[str]]) -> str:
    """Of esbuild's programs, npm takes the one for the machine that it is on."""
    return " and ".join(f"{key} is {' or '.join(one[key])}" for key in ("os", "cpu", "libc") if key in one)


def _found(name: str, place: str, placed: dict[str, object]) -> str:
    """Where node looks for a package that is needed at a place: beside it first, then further out."""
    nested = f"{place}/node_modules/{name}"
    return nested if nested in placed else f"node_modules/{name}"


def _name(place: str) -> str:
    return place.rpartition("node_modules/")[2]
