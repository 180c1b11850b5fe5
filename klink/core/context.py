"""What the core needs to know of the world around it, handed in by whoever calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit

from klink.core.blocking.lists import Blocklists
from klink.core.plans import Plan


@dataclass(frozen=True, slots=True)
class Changed:
    """Something that caches may hold has changed.

    :param kind: ``link`` or ``domain``.
    :param slug: the slug that was or is the link's, on the domain ``domain_id``.
    """

    kind: str
    link_id: int | None = None
    domain_id: int | None = None
    slug: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """The part of the configuration that rules depend on.

    :param base_url: what short URLs begin with, without a slash at its end.
    :param plans: every plan by its name.
    :param dialect_plans: the plan of a key that names none, by dialect.
    :param max_active_keys: active keys a user may have.
    :param secret: the server's secret, from which all others are derived.
    :param conversion_names: names of events that count as conversions (qklnk Q11), in
        workspaces that name none themselves.
    :param attribution_window: how long before an event the click lies that it goes to.
    :param max_public_revenue: the most that an event of a browser may bring, in units of the
        workspace's currency.
    :param anonymous_links_per_day: links that an address may make without a key in a
        rolling 24 h (klookup U12).
    :param site_interval: between two looks at the page that a link stands on.
    :param site_grace: between the first look that misses the link and the one that ends it.
    :param office_hosts: other hosts than ``base_url``'s that an API answers on; lower case,
        without port.
    :param nameservers: whom to ask for the proofs of domains, as addresses and ports; none:
        those of the system.
    :param anonymous_expiry: the longest that such a link lives; None is without end.
    :param blocklists: what the server refuses as destinations, and the brands that none may
        look like.
    :param destination_interval: between two checks of a destination; None: the clock checks
        none but those of links with a ``failover_url``.
    :param failover_interval: the same for links with a ``failover_url``.
    """

    base_url: str
    plans: Mapping[str, Plan]
    dialect_plans: Mapping[str, str]
    max_active_keys: int
    secret: bytes
    conversion_names: frozenset[str] = frozenset()
    attribution_window: timedelta = timedelta(days=30)
    max_public_revenue: int = 10_000
    anonymous_links_per_day: int = 5
    site_interval: timedelta = timedelta(hours=6)
    site_grace: timedelta = timedelta(hours=24)
    office_hosts: frozenset[str] = frozenset()
    nameservers: tuple[tuple[str, int], ...] = ()
    anonymous_expiry: timedelta | None = None
    blocklists: Blocklists = field(default_factory=Blocklists)
    destination_interval: timedelta | None = None
    failover_interval: timedelta = timedelta(minutes=15)

    @property
    def base_host(self) -> str:
        """Host of ``base_url`` as links show it, with its port when that is not the scheme's."""
        return _parts(self.base_url)[1]

    @property
    def base_scheme(self) -> str:
        """Scheme of ``base_url``: ``http`` or ``https``."""
        return _parts(self.base_url)[0]


@lru_cache(maxsize=8)
def _parts(url: str) -> tuple[str, str]:
    """Scheme and authority; every link that is shown asks for them."""
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _nobody(_: Changed) -> None:
    """Nobody listens: another process notices by the change log."""


@dataclass(frozen=True, slots=True)
class Context:
    """One call's surroundings.

    :param now: aware UTC time, read once at the edge.
    :param announce: told of every change after its commit, so that this process's
        caches let go at once.
    """

    now: datetime
    settings: Settings
    announce: Callable[[Changed], None] = _nobody
