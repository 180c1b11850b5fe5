"""What the readers of the three kinds of files give, and how they refuse."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["DAMAGED", "Broken", "Still"]

DAMAGED = "is cut off or damaged; save it again"


class Broken(ValueError):
    """A file that is not taken; the text says why."""


class Still(NamedTuple):
    """One picture that does not move; ``data`` is a file that holds nothing else."""

    width: int
    height: int
    data: bytes
