"""The values that deciding a redirect works on: a link made ready, and one visit to it.

``routing`` and ``resolve`` both need them, so they live below both; import them from
those two. All are immutable, hold no record and do no I/O, so the event loop, a worker
and a test use the very same ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

LinkType = Literal["direct", "inpage"]
Mode = Literal["single", "split", "rules"]
Purpose = Literal["", "prefetch", "preview"]


class Agent(NamedTuple):
    """What a User-Agent says of itself; '' where it says nothing.

    ``device`` is ``mobile``, ``tablet``, ``desktop`` or ''; ``os`` and ``browser`` are
    families as ua-parser names them (``Mac OS X``, ``Chrome Mobile``).
    """

    device: str
    os: str
    browser: str


class Lookups(Protocol):
    """Facts about a visit that cost a look-up; asked only when a rule needs them."""

    def agent(self, user_agent: str) -> Agent:
        """Return device class, system and browser of a User-Agent."""
        ...

    def country(self, net: str) -> str:
        """Return the ISO 3166 alpha-2 code of a truncated address, '' when unknown."""
        ...


@dataclass(frozen=True, slots=True)
class Condition:
    """A rule's ``when``: what is asked must all hold; empty or None is not asked.

    ``after_ms <= at < before_ms``; ``weekday`` 1 is Monday; ``hours`` is [from, to) of
    0..24 and may wrap midnight; both are read in ``timezone`` (an IANA name, '' is UTC).
    """

    country: tuple[str, ...] = ()
    device: tuple[str, ...] = ()
    os: tuple[str, ...] = ()
    browser: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    after_ms: int | None = None
    before_ms: int | None = None
    weekday: tuple[int, ...] = ()
    hours: tuple[int, int] | None = None
    timezone: str = ""


class Rule(NamedTuple):
    """Where matching visits go: a variant's label, or ``split`` for the weights."""

    when: Condition
    use: str


class CompiledVariant(NamedTuple):
    """One destination. A link without variants has one with id 0 and label ''.

    ``location`` is ASCII and carries the link's UTM parameters already.
    """

    id: int
    label: str
    location: str
    weight: int


class CompiledLink(NamedTuple):
    """All that answering a visit needs to know of a link; times are ms since 1970 UTC."""

    id: int
    workspace_id: int
    slug: str
    type: LinkType
    mode: Mode
    status: int
    variants: tuple[CompiledVariant, ...]
    rules: tuple[Rule, ...] = ()
    default: str = ""
    winner: str = ""
    run: int = 1
    forward_query: bool = False
    tracking: bool = False
    starts_at_ms: int | None = None
    expires_at_ms: int | None = None
    expired_location: str | None = None
    max_clicks: int | None = None
    password_hash: str | None = None
    is_active: bool = True
    is_trashed: bool = False
    is_quarantined: bool = False
    title: str | None = None
    description: str | None = None


class Visit(NamedTuple):
    """One request for a short URL, reduced to what may decide or be counted.

    One is made for every redirect; a tuple takes a fifth of a frozen dataclass's time.

    :ivar net: the truncated address; the whole one never comes here (contract: Privacy).
    :ivar languages: lower case tags (``en-gb``), the preferred first.
    :ivar query: as it came, without ``?``, one character per byte.
    :ivar visitor: raw id ``v_…`` that chooses the variant; never leaves as it is.
    :ivar country_hint: '' unless a trusted proxy's header named the country.
    """

    at_ms: int
    method: str
    net: str
    user_agent: str
    referrer: str
    languages: tuple[str, ...]
    query: str
    visitor: str
    is_private: bool
    has_cookie: bool
    purpose: Purpose
    country_hint: str
