"""Where links may lead: not back to this server in a loop, nor where a list forbids it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container
from functools import lru_cache

from klink.core import urls
from klink.core.blocking.gate import Gate
from klink.core.context import Context
from klink.core.dns_names import ascii_name
from klink.core.errors import InvalidUrl, ValidationFailed
from klink.core.problems import Problems
from klink.core.slugs import may_be_slug
from klink.db import rows
from klink.db.connection import engine
from klink.db.models import BASE_DOMAIN_ID, Domain

Place = tuple[int, str]
"""Where a short URL lives: domain id and slug."""


NOT_YOURS = "is not a verified domain of this workspace"
"""What is wrong with a domain that a link cannot be made on."""

_MANY = 200
"""Verified domains that are fetched at once."""


class OwnHosts:
    """Where this server answers, and what is blocked; asked for each destination of one request.

    Domains and lists are looked up once in its life, so it must not outlive the request, which is
    of one workspace.

    :param workspace_id: whose links they are.
    :param coming: the place of the link being made or renamed, when it is known.
    :ivar met: whether a destination of this link lies on a host of ours.
    """

    def __init__(self, ctx: Context, workspace_id: int, coming: Place | None = None) -> None:
        self._gate = Gate(ctx, workspace_id)
        self._base = _base_authorities(ctx.settings.base_url)
        self._ports = {80, 443} | {port for _, port in self._base}
        self._domains: dict[str, int | None] | None = None
        self._are_all = False
        self._default: int | None = None
        self._named: dict[str, int] = {}
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
        text_for = "leads back to this server; give the final destination"
        return self._location(text, name, problems, text_for, _is_taken)

    def elsewhere(self, text: str, name: str, problems: Problems) -> str | None:
        """The same for where visitors are sent who asked for no link.

        No short URL of ours may stand there, be there a link or not: of those that are not
        there some lead here again.
        """
        text_for = "leads back to this server; give an address that klink does not answer"
        return self._location(text, name, problems, text_for, _may_be_taken)

    def leads_back(self, text: str) -> bool:
        """Whether a destination that a link has already is a loop by now."""
        try:
            return self._is_loop(urls.parse(text), _is_taken)
        except InvalidUrl:
            return False

    def _location(
        self,
        text: str,
        name: str,
        problems: Problems,
        loops: str,
        is_taken: Callable[[Place], bool],
    ) -> str | None:
        try:
            parsed = urls.parse(text)
        except InvalidUrl as error:
            problems.add(name, error.reason)
            return None
        if self._is_loop(parsed, is_taken):
            problems.add(name, loops)
            return None
        found = self._gate.finding(parsed.location)
        if found is not None:
            problems.add(name, found.words)
            return None
        return parsed.location

    def _is_loop(self, parsed: urls.ParsedUrl, is_taken: Callable[[Place], bool]) -> bool:
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
            return place == self._coming or place in self._made or is_taken(place)

        return urls.is_loop(parsed, own=is_own, path_is_ours=is_slug)

    def default(self, workspace_id: int) -> int:
        """The domain that the workspace's new links go to when they name none (qklnk Q3)."""
        if self._default is None:
            sql = "SELECT id FROM domains WHERE workspace_id = ? AND is_default"
            row = rows.one(sql, workspace_id)
            self._default = BASE_DOMAIN_ID if row is None else row[0]
        return self._default

    def named(self, ctx: Context, workspace_id: int, host: str) -> int:
        """The domain that a new link goes to when it names one, as :func:`domain_id` says."""
        if host not in self._named:
            self._named[host] = domain_id(ctx, workspace_id, host)
        return self._named[host]

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


def _may_be_taken(place: Place) -> bool:
    return may_be_slug(place[1])


def gone(ids: Collection[int]) -> set[int]:
    """Those of the domains that are not there any more; the others stay until the commit."""
    held = " FOR KEY SHARE" if engine() == "postgresql" else ""  # SQLite has one writer
    sql = f"SELECT id FROM domains WHERE id = ?{held}"  # noqa: S608 - own
    return {each for each in ids if rows.one(sql, each) is None}


def domain_id(ctx: Context, workspace_id: int, host: str) -> int:
    """The domain that a new link goes to when it names one.

    :param host: ``base_url``'s, or a verified domain of the workspace.
    :raises ValidationFailed: when it is neither.
    """
    if host.lower() == ctx.settings.base_host:
        return BASE_DOMAIN_ID
    row = Domain.get_or_none(
        Domain.host == (ascii_name(host) or ""),
        Domain.workspace == workspace_id,
        Domain.verified_at.is_null(False),
    )
    if row is None or row.id == BASE_DOMAIN_ID:
        raise ValidationFailed({"domain": [NOT_YOURS]})
    return int(row.id)
