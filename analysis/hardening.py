"""Keeps what a process of the desk holds in memory from landing on the disk, or from outliving it."""

import ctypes
import multiprocessing
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1
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


def end_with_parent() -> None:
    """A worker holds the private keys: it must not stay behind when its command is killed (prctl(2))."""
    parent = multiprocessing.parent_process()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # It may have been killed before this was asked for.
    if parent is not None and os.getppid() != parent.pid:
        os._exit(1)
