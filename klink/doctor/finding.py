"""What a finding is, and what a check is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from klink.doctor.kinds import KINDS
from klink.doctor.scene import Scene

__all__ = ["CannotTell", "Check", "Finding"]


class CannotTell(Exception):
    """A check cannot be made here and now; its text says why. That is no finding."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong.

    :ivar code: its kind, a word that stays the same between versions.
    :ivar what: what was found, in one line.
    """

    code: str
    what: str

    @property
    def why(self) -> str:
        """Why it matters."""
        return KINDS[self.code].why

    @property
    def todo(self) -> str:
        """What to do about it."""
        return KINDS[self.code].todo

    @property
    def is_note(self) -> bool:
        """Whether it may well be right as it is."""
        return KINDS[self.code].is_note


@dataclass(frozen=True, slots=True)
class Check:
    """One row of the table.

    :ivar about: what is looked at.
    :ivar look: finds; raises :class:`CannotTell`, or what the core raises.
    """

    name: str
    about: str
    look: Callable[[Scene], Iterable[Finding]]
