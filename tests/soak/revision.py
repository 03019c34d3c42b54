"""Which commit a long run ran on: figures of a program that was changed since are figures of another one."""

import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parents[2]


def revision(tree: Path = HERE) -> str:
    """The commit that a tree is at, and whether it is clean."""
    head, changed = _git(tree, "rev-parse", "HEAD"), _git(tree, "status", "--porcelain")
    if head is None or changed is None:
        return "commit: not known, for there is no repository of git here"
    number = len(changed.splitlines())
    return f"commit {head.strip()}, {f'{number} files changed since' if number else 'tree clean'}"


def _git(tree: Path, *arguments: str) -> str | None:
    """What git says of a tree; None when it cannot say anything."""
    if not shutil.which("git"):
        return None
    done = subprocess.run(["git", "-C", tree, *arguments], capture_output=True, text=True, check=False)
    return None if done.returncode else done.stdout
