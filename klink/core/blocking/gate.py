"""Whether a destination may be one, by all lists that hold for a workspace."""

from __future__ import annotations

from functools import lru_cache

from klink.core.blocking.entries import EVERYWHERE, of_workspace, version
from klink.core.blocking.lists import Finding
from klink.core.blocking.looks import Brands
from klink.core.blocking.names import Asked, asked, comparable_host
from klink.core.blocking.rules import Rules
from klink.core.context import Context
from klink.db import rows

__all__ = ["Gate"]

_MANY = 200
"""Domains of a workspace that others are compared with."""

_REMEMBERED = 4096
"""Destinations whose findings are kept: who judges again in a unit of work holds up others."""


class Gate:
    """The lists of one workspace and the server's, for the destinations of one request.

    It looks up once what the database has, so it must not outlive the request, or the run of
    a job.
    """

    def __init__(self, ctx: Context, workspace_id: int) -> None:
        self._ctx = ctx
        self._workspace_id = workspace_id
        self._is_open = False
        self._found: dict[str, Finding | None] = {}

    def finding(self, location: str) -> Finding | None:
        """Why a destination is refused, or None.

        :param location: its WHATWG serialisation.
        """
        if location not in self._found:
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            self._found[location] = self.find(asked(location))
        return self._found[location]

    def find(self, asked: Asked) -> Finding | None:
        """The same for one that is taken apart already.

        What the operator allows, in the workspace or everywhere, is allowed. The server's own
        lists come next, and what the workspace allows holds against its own lists only.
        """
        self._open()
        if self._everywhere.pardoned.find(asked) or self._own.pardoned.find(asked):
            return None
        found = _entry(self._everywhere.blocked, asked, is_servers=True)
        found = found or self._ctx.settings.blocklists.find(asked)
        if found is not None:
            return found
        base = self._base.like(asked.host)
        if base is not None:
            return Finding("looks", True, "base_url", base)
        if self._own.allowed.find(asked):
            return None
        found = _entry(self._own.blocked, asked, is_servers=False)
        domain = None if found else self._domains.like(asked.host)
        return found if domain is None else Finding("looks", False, "domains", domain)

    def _open(self) -> None:
        if self._is_open:
            return
        self._is_open = True
        at = version()
        self._everywhere = of_workspace(self._ctx, EVERYWHERE, at)
        self._own = of_workspace(self._ctx, self._workspace_id, at)
        self._base = _brand(self._ctx.settings.base_host)
        sql = "SELECT host FROM domains WHERE workspace_id = ? AND verified_at IS NOT NULL LIMIT ?"
        hosts = [host for (host,) in rows.all_of(sql, self._workspace_id, _MANY)]
        self._domains = _brands(tuple(hosts))


@lru_cache(maxsize=8)
def _brand(netloc: str) -> Brands:
    """The base domain; a name without a dot, such as ``localhost``, is nobody's brand."""
    host = comparable_host(netloc if netloc.endswith("]") else netloc.partition(":")[0])
    return Brands([host] if "." in host else [])


@lru_cache(maxsize=256)
def _brands(hosts: tuple[str, ...]) -> Brands:
    return Brands(hosts)


def _entry(blocked: Rules, asked: Asked, *, is_servers: bool) -> Finding | None:
    found = blocked.find(asked)
    return None if found is None else Finding(found[0], is_servers, "entries", found[1])
