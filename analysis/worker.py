"""A process that opens reports for an import: keys and forms first, then batches, until the pipe ends.

It imports no database, and what it knows it has from its own parent.
"""

from multiprocessing.connection import Connection
from typing import Any

from analysis.hardening import end_with_parent, harden
from analysis.identity import parse_identities
from analysis.opening import Opener


def serve(pipe: "Connection[Any, Any]") -> None:
    """Answers each batch that comes through the pipe with what its reports say, in order.

    What goes wrong is the answer, so that the import says it in its own words.
    """
    harden()
    end_with_parent()
    try:
        keys, codings = pipe.recv()
        opener = Opener(parse_identities(keys), codings)
        while True:
            pipe.send(_opened(opener, *pipe.recv()))
    except (EOFError, ConnectionError):
        return


def _opened(opener: Opener, *batch: Any) -> Any:
    try:
        return opener.open_all(*batch)
    except Exception as error:
        return error
