"""What a source of links gives: rows, one for each link, good or bad."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from klink.core.errors import KlinkError
from klink.core.links import Arrival


class WrongSource(KlinkError):
    """The source is not what it was said to be, or cannot be read; the text says what to do."""

    code = "wrong_source"


@dataclass(frozen=True, slots=True)
class Row:
    """A link as a source has it.

    :param at: where it stands: the line in a file (from 1 on), else its number in the source.
    :param slug: as the source has it, for people; likewise ``url``.
    :param arrival: None when there is nothing to take in, and ``problem`` says why.
    :param warnings: what of it cannot be taken over.
    """

    at: int
    slug: str
    url: str
    arrival: Arrival | None
    problem: str = ""
    warnings: tuple[str, ...] = ()


def bad(at: int, problem: str, *, slug: str = "", url: str = "") -> Row:
    """A row that cannot be taken in."""
    return Row(at, slug, url, None, problem)


class Progress(NamedTuple):
    """How far a source is read, in whatever it counts by; ``whole`` is None if nobody knows."""

    done: int
    whole: int | None


class Source(Protocol):
    """Where links come from.

    :ivar notices: what is to be said of the source as a whole, once it is read.
    """

    notices: list[str]

    def rows(self) -> Iterator[Row]:
        """Every row, in order; to be called once.

        :raises WrongSource: it cannot be read (on). What came before stays good.
        """
        ...

    def progress(self) -> Progress:
        """How far it is read by now."""
        ...
