"""Several groups on one server: each is an intake of its own under /g/NAME/, and none knows of another.

Every group has a data directory in `groups/` of the server's: its own keys, forms, settings, budgets,
reports, boxes and bundles. They share the process, its connections and the disk. The server's own data
directory may hold an intake too.
"""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path

from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from intake import health, settings
from intake.directory import GROUPS, DirectoryError, read_public
from intake.guard import Guard

PREFIX = "/g/"
_ADDRESS = re.compile(rf"{PREFIX}[a-z0-9-]+(?=/|\Z)")
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


def check_name(path: Path) -> None:
    """Whether addresses can have the name of a group's data directory; else DirectoryError."""
    if path.absolute().parent.name == GROUPS and not _NAME.fullmatch(path.name):
        raise DirectoryError(
            f'{path}: "{path.name}" cannot stand in an address',
            "small letters a to z, digits and hyphens, 40 at most",
        )


def find(data: Path) -> dict[str, Path]:
    """The intakes of a server: what their addresses begin with ("" or "/g/NAME"), and their data directories.

    Raises DirectoryError where a group's name cannot stand in an address, or two sign with one key.
    """
    folder = data / GROUPS
    if not folder.is_dir():
        return {"": data}
    found = {"": data} if (data / settings.FILE).exists() else {}
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.name.startswith("."):
            check_name(path)
            found[f"{PREFIX}{path.name}"] = path
    if not found:
        raise DirectoryError(
            f"{folder} is empty", f"witnessbox-intake init --data {folder / 'NAME'} makes a group"
        )
    _check_keys(found)
    return found


def _check_keys(found: Mapping[str, Path]) -> None:
    owners: dict[bytes, Path] = {}
    for path in found.values():
        other = owners.setdefault(read_public(path).public, path)
        if other != path:
            raise DirectoryError(
                f"{path} signs its bundles with the same key as {other}",
                "a copy is no new group; make one with witnessbox-intake init",
            )


class Groups:
    """Leads each request to the intake that its address begins with, which sees what follows.

    Whether reports are taken is said at the root for all of them together: who looks after the machine need
    not know their names.
    """

    def __init__(self, intakes: Mapping[str, ASGIApp]) -> None:
        self._intakes = intakes
        self._elsewhere = intakes.get("", Guard(PlainTextResponse("not found\n", 404)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == health.PATH and scope["method"] in ("GET", "HEAD"):
            well = await asyncio.gather(*(_is_well(one, scope) for one in self._intakes.values()))
            await Guard(health.said(all(well)))(scope, receive, send)
            return
        base = _base(scope["path"])
        group = self._intakes.get(base) if base else None
        if group is None:
            await self._elsewhere(scope, receive, send)
        elif scope["path"] == base:
            await Guard(RedirectResponse(f"{base}/", 308))(scope, receive, send)
        else:
            raw = scope["raw_path"].removeprefix(base.encode())
            await group({**scope, "path": scope["path"].removeprefix(base), "raw_path": raw}, receive, send)


async def _is_well(intake: ASGIApp, scope: Scope) -> bool:
    """What an intake itself says."""
    well = False

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal well
        if message["type"] == "http.response.start":
            well = message["status"] == 200

    await intake({**scope, "headers": []}, receive, send)
    return well


def _base(path: str) -> str:
    """What a group's address begins with, were there such a group."""
    found = _ADDRESS.match(path)
    return found[0] if found else ""
