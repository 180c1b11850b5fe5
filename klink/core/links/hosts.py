"""The hosts that short URLs live on, and the rule that no link leads back to one in a loop."""

from __future__ import annotations

from klink.core import urls
from klink.core.context import Context
from klink.core.errors import InvalidUrl, ValidationFailed
from klink.core.links.problems import Problems
from klink.db.models import BASE_DOMAIN_ID, Domain, Link


class OwnHosts:
    """Where this server answers; asked for each destination of one request.

    :param coming: (domain id, slug) of the link being made or renamed.
    """

    def __init__(self, ctx: Context, coming: tuple[int, str] | None = None) -> None:
        self._base = urls.own_authorities(urls.parse(ctx.settings.base_url + "/"), [])
        self._ports = {80, 443} | {port for _, port in self._base}
        self._coming = coming

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
            if (host, port) in self._base:
                return True
            row = Domain.get_or_none(Domain.host == host, Domain.verified_at.is_null(False))
            if row is None or port not in self._ports:
                return False
            domain_id = row.id
            return True

        def is_slug(segment: str) -> bool:
            if self._coming == (domain_id, segment):
                return True
            same = Link.select().where(Link.domain == domain_id, Link.slug == segment)
            return bool(same.exists())

        if urls.is_loop(parsed, own=is_own, path_is_ours=is_slug):
            problems.add(name, "leads back to this server; give the final destination")
            return None
        return parsed.location


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
