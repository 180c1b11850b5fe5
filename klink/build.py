"""Which build this is: the version, and of which commit.

What is packed (the binary, the image) has the commit in ``klink/_built.py``, which the scripts
that pack it write; a checkout asks git.
"""

from __future__ import annotations

import importlib
import subprocess
from pathlib import Path

from klink import __version__

__all__ = ["described"]

_ROOT = Path(__file__).resolve().parents[1]


def described() -> str:
    """The version, and the commit with its date where they are known.

    ``0.1.0 (commit 1a2b3c4d5e6f, 2026-11-28)``
    """
    commit = _packed() or _checked_out()
    return f"{__version__} (commit {commit[0]}, {commit[1]})" if commit else __version__


def _packed() -> tuple[str, str] | None:
    try:
        built = importlib.import_module("klink._built")
    except ModuleNotFoundError:
        return None
    return built.COMMIT, built.DATE


def _checked_out() -> tuple[str, str] | None:
    if not (_ROOT / ".git").exists():
        return None
    command = ["git", "-C", str(_ROOT), "log", "-1", "--abbrev=12", "--format=%h %cs"]
    try:
        done = subprocess.run(  # noqa: S603 - nothing in it comes from outside
            command, capture_output=True, text=True, check=False, timeout=5
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match done.stdout.split():
        case [commit, date]:
            return commit, date
        case _:
            return None
