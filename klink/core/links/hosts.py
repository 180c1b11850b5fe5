"""The hosts that short URLs live on, and the rule that no link leads back to one in a loop."""

from __future__ import annotations

from collections.abc import Container
from functools import lru_cache

from klink.core import urls
from klink.core.context import Context
from klink.core.errors import InvalidUrl, ValidationFailed
from klink.core.problems import Problems
from klink.db import rows
from klink.db.models import BASE_DOMAIN_ID, Domain

Place = tuple[int, str]
"""Where a short URL lives: domain id and slug."""


_MANY = 200
"""Verified domains that are fetched at once."""


class OwnHosts:
    """Where this server answers; asked for each destination of one request.

    Domains are looked up once in its life, so it must not outlive the request.

    :param coming: the place of the link being made or renamed, when it is known.
    :ivar met: whether a destination of this link lies on a host of ours.
    """

    def __init__(self, ctx: Context, coming: Place | None = None) -> None:
        self._base = _base_authorities(ctx.settings.base_url)
        self._ports = {80, 443} | {port for _, port in self._base}
        self._domains: dict[str, int | None] | None = None
        self._are_all = False
        self.turn_to(coming)

    def turn_to(self, coming: Place | None, made: Container[Place] = ()) -> None:
        """Be asked about the next link of the same request from now on.

        :param made: places of the links before it, which the database may not have yet.
        """
        self._coming = coming
        self._made = made
        self.met = False

    def destination(self, text: str, name: str, problems: Problems) -> str | None:
        """The location for a destination that visitors are sent to.

        What is wrong is noted for the field ``name``; then the answer is None.
        """
        try:
            parsed = urls.parse(text)
        except InvalidUrl as error:
            problems.add(name, error.reason)
            return None
        domain_id = BASE_DOMAIN_ID

        def is_own(host: str, port: int) -> bool:
            nonlocal domain_id
            if (host, port) not in self._base:
                found = self._domain(host)
                if found is None or port not in self._ports:
                    return False
                domain_id = found
            self.met = True
            return True

        def is_slug(segment: str) -> bool:
            place = (domain_id, segment)
            return place == self._coming or place in self._made or _is_taken(place)

        if urls.is_loop(parsed, own=is_own, path_is_ours=is_slug):
            problems.add(name, "leads back to this server; give the final destination")
            return None
        return parsed.location

    def _domain(self, host: str) -> int | None:
        """The verified domain with this host; few have many, so all are fetched once."""
        if self._domains is None:
            sql = "SELECT host, id FROM domains WHERE verified_at IS NOT NULL LIMIT ?"
            self._domains = dict(rows.all_of(sql, _MANY))
            self._are_all = len(self._domains) < _MANY
        if host not in self._domains and not self._are_all:
            sql = "SELECT id FROM domains WHERE host = ? AND verified_at IS NOT NULL"
            row = rows.one(sql, host)
            self._domains[host] = None if row is None else row[0]
        return self._domains.get(host)


@lru_cache(maxsize=8)
def _base_authorities(base_url: str) -> frozenset[tuple[str, int]]:
    return urls.own_authorities(urls.parse(base_url + "/"), [])


def _is_taken(place: Place) -> bool:
    return rows.one("SELECT 1 FROM links WHERE domain_id = ? AND slug = ?", *place) is not None


def domain_id(ctx: Context, workspace_id: int, host: str | None) -> int:
    """The domain that a new link goes to.

    :param host: None or ``base_url``'s host is the server's own; else a verified domain
        of the workspace.
    :raises ValidationFailed: when it is neither.
    """
    if host is None or host.lower() == ctx.settings.base_host:
        return BASE_DOMAIN_ID
    row = Domain.get_or_none(
        Domain.host == host.lower(),
        Domain.workspace == workspace_id,
        Domain.verified_at.is_null(False),
    )
    if row is None:
        raise ValidationFailed({"domain": ["is not a verified domain of this workspace"]})
    return int(row.id)
