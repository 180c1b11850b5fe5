"""Which klink the live tests run: this checkout's, or one that was packed.

``KLINK_TEST_PROGRAM`` is the command of a packed one, such as ``/somewhere/dist/klink``; empty,
it is this checkout. ``scripts/test-binary`` and ``scripts/test-image`` set it.
"""

from __future__ import annotations

import os
import shlex
import sys

__all__ = ["PACKED", "command"]

PACKED = tuple(shlex.split(os.environ.get("KLINK_TEST_PROGRAM", "")))


def command(*arguments: str) -> list[str]:
    """The command line of ``klink ARGUMENTS``."""
    return [*(PACKED or (sys.executable, "-m", "klink")), *arguments]
