"""What pages load, scripts and styles: read once, at the start, and from then on given out of memory.

A file system notes when a file was last read, most of them for the first reader of a day. A script that is
read from the disk for each visitor would so tell whoever seizes it when somebody opened the form that day,
looked with a code, or handed in a file.
"""

from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

TYPES = {".css": "text/css", ".js": "text/javascript", ".md": "text/plain"}


@cache
def _read(folder: Path) -> dict[str, tuple[bytes, str]]:
    """The files of a folder by their names: what is in them, and their types."""
    return {
        path.name: (path.read_bytes(), TYPES[path.suffix])
        for path in sorted(folder.iterdir())
        if path.suffix in TYPES
    }


class Assets:
    """The files of a folder, which is not looked at again."""

    def __init__(self, folder: Path) -> None:
        self._files = _read(folder)

    async def show(self, request: Request) -> Response:
        """The file that an address names."""
        found = self._files.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        content, media_type = found
        return Response(content, media_type=media_type)
