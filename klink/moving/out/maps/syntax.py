"""What the three syntaxes have in common: what they are told, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from klink.moving.out.maps.redirects import Redirect


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a map before its first redirect.

    :ivar by: what made it, and when, in words.
    :ivar most: redirects, at most.
    """

    by: str
    most: int


@dataclass(frozen=True, slots=True)
class Host:
    """A host whose redirects follow.

    :ivar address: with its scheme, and its port if it is not the scheme's.
    :ivar name: without either.
    :ivar twins: slugs, in lower case, that several of its links have but for their case.
    """

    address: str
    name: str
    twins: frozenset[str]


class Syntax(Protocol):
    """How a server's map is written. Each gives text, in the order of these."""

    def begin(self, facts: Facts) -> str:
        """What stands before everything."""
        ...

    def host(self, host: Host) -> str:
        """What begins a host's redirects."""
        ...

    def redirect(self, redirect: Redirect) -> str | None:
        """One redirect; None when it is too long for the server to read."""
        ...

    def left_out(self, slug: str, why: str) -> str:
        """A link that has none."""
        ...

    def end_host(self) -> str:
        """What ends a host's redirects."""
        ...

    def end(self) -> str:
        """What stands after everything."""
        ...
