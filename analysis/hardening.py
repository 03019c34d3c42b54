"""Keeps what a process of the desk holds in memory from landing on the disk when it crashes."""

import ctypes
import os
import resource
import sys

_PR_SET_DUMPABLE = 4


def harden() -> None:
    """No core files, no debugger of the same user, and new files are the owner's own.

    Every process calls it for itself: a program that is started anew begins dumpable (prctl(2)).
    """
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The limit does not bind where the system pipes cores to a program; this does.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
