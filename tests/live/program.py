"""Which klink the live tests run: this checkout's, or one that was packed.

``KLINK_TEST_PROGRAM`` is the command of a packed one, such as ``/somewhere/dist/klink``; empty,
it is this checkout. ``scripts/test-binary`` and ``scripts/test-image`` set it.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

__all__ = ["PACKED", "command", "innermost"]

PACKED = tuple(shlex.split(os.environ.get("KLINK_TEST_PROGRAM", "")))


def command(*arguments: str) -> list[str]:
    """The command line of ``klink ARGUMENTS``."""
    return [*(PACKED or (sys.executable, "-m", "klink")), *arguments]


def innermost(pid: int) -> int:
    """The process that a started program has become: what runs images starts others to do so."""
    while children := Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        pid = int(children[-1])
    return pid
