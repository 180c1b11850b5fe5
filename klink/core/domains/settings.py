"""What can be set of a domain: where its root and unknown slugs lead, and whether it is default."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict

from klink.core import audit, changes
from klink.core.blocking.gate import Gate
from klink.core.context import Changed, Context
from klink.core.domains import reading
from klink.core.domains.model import DomainPatch, DomainView
from klink.core.errors import Conflict, Forbidden, InvalidUrl
from klink.core.links.hosts import OwnHosts
from klink.core.links.model import UNSET
from klink.core.principal import Principal
from klink.core.problems import Problems
from klink.core.urls import parse
from klink.db.connection import lock, read, write
from klink.db.models import BASE_DOMAIN_ID, Domain

__all__ = ["change", "close_blocked"]

_URLS = ("root_url", "not_found_url")


def change(ctx: Context, who: Principal, host: str, patch: DomainPatch) -> DomainView:
    """Change a domain's settings.

    Where ``base_url``'s host sends visitors is the command line's alone to say, since it is
    everybody's; each workspace may make it its default again.

    :raises InsufficientScope, InsufficientRole, Forbidden: who asks may not.
    :raises NotFound: the workspace has none of this name.
    :raises Conflict: it is not verified yet.
    :raises ValidationFailed: an address cannot be accepted, or leads back to this server.
    """
    given = {name: value for name, value in asdict(patch).items() if value is not UNSET}
    with write():
        who.need("update")
        who.need_manager()
        lock(f"klink:domains:{who.workspace_id}")
        view = reading.find(ctx, who.workspace_id, host)
        if view.state == "pending":
            raise Conflict(f"{view.host} is not verified yet")
        _check(ctx, who, view, given)
        now_is = {name: getattr(view, name) for name in given}
        news = {name: value for name, value in given.items() if value != now_is[name]}
        if not news:
            return view
        _store(who.workspace_id, view, news)
        row = _row(view)
        changes.record(ctx, Changed("domain", domain_id=row.id))
        details = {name: [now_is[name], value] for name, value in news.items()}
        audit.record(ctx, who, "domain.change", f"domain:{view.host}", dict(details))
        return reading.find(ctx, who.workspace_id, host)


def close_blocked(ctx: Context) -> Iterator[int]:
    """Take from domains the addresses that a list names by now; a step a domain, 1 for one changed.

    Those of ``base_url``'s host stay: whoever runs the server has set them, and the lists.
    """
    has_one = Domain.root_url.is_null(False) | Domain.not_found_url.is_null(False)
    with read():
        rows = list(Domain.select().where(has_one, Domain.id != BASE_DOMAIN_ID))
    for row in rows:
        assert row.workspace_id is not None  # only base_url's has none
        gate = Gate(ctx, row.workspace_id)
        named = {}
        for name in _URLS:
            with suppress(InvalidUrl):
                url = getattr(row, name)
                finding = None if url is None else gate.finding(parse(url).location)
                if finding is not None:
                    named[name] = [url, None, finding.words]
        if named:
            with write():
                Domain.update(dict.fromkeys(named)).where(Domain.id == row.id).execute()
                changes.record(ctx, Changed("domain", domain_id=row.id))
                subject = f"domain:{row.host}"
                details: dict[str, object] = dict(named)
                audit.record(
                    ctx, None, "domain.change", subject, details, workspace_id=row.workspace_id
                )
        yield int(bool(named))


def _check(ctx: Context, who: Principal, view: DomainView, given: dict[str, object]) -> None:
    is_everybodys = view.is_base and any(name in given for name in _URLS)
    if is_everybodys and not who.is_operator:
        raise Forbidden(
            f"{view.host} is every workspace's: the server's admin says where it sends "
            "visitors, by `klink domains set`"
        )
    problems = Problems()
    own = OwnHosts(ctx, who.workspace_id)
    for name in _URLS:
        url = given.get(name)
        if url is not None:
            own.elsewhere(str(url), name, problems)
    if view.is_base and given.get("is_default") is False and view.is_default:
        problems.add("is_default", "make another domain the default instead")
    problems.raise_if_any()


def _store(workspace_id: int, view: DomainView, news: dict[str, object]) -> None:
    if "is_default" in news:
        Domain.update(is_default=False).where(
            Domain.workspace == workspace_id, Domain.is_default
        ).execute()
    columns = {name: value for name, value in news.items() if name in _URLS}
    if not view.is_base and news.get("is_default"):
        columns["is_default"] = True
    if columns:
        Domain.update(columns).where(Domain.id == _row(view).id).execute()


def _row(view: DomainView) -> Domain:
    if view.is_base:
        return Domain.get_by_id(BASE_DOMAIN_ID)
    return Domain.get(Domain.host == view.host)
