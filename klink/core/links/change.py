"""Changing links: fields, variants, and the trash with its way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import NamedTuple

import peewee

from klink.core import audit, changes, slugs
from klink.core.context import Changed, Context
from klink.core.errors import Gone, PreconditionFailed, SlugTaken, ValidationFailed
from klink.core.links import (
    destination_checks,
    destinations,
    fields,
    hosts,
    quota,
    runs,
    site_checks,
    versions,
)
from klink.core.links.batch import tag_rows
from klink.core.links.blocked import FREE, SCAN, blocked, need_release
from klink.core.links.find import locked_row, row_of
from klink.core.links.model import LinkPatch, LinkView, NewRule, NewVariant
from klink.core.links.prepare import prepare_patch
from klink.core.links.quota import check_limit, counts_as_active_now
from klink.core.links.same import existing_for
from klink.core.links.views import views
from klink.core.principal import Principal
from klink.core.problems import Problems
from klink.core.times import to_ms
from klink.db import rows
from klink.db.connection import savepoint, write
from klink.db.models import Link, LinkTag, LinkTotal, LinkUse

_ROUTING = {"url", "mode", "variants", "rules", "default"}
_APART = _ROUTING | {"slug", "tags"}
_FALLBACKS = {"expired_url", "conversion_redirect_url"}


def update(
    ctx: Context,
    who: Principal,
    uid: str,
    patch: LinkPatch | Callable[[LinkView], LinkPatch],
    *,
    if_version: int | None = None,
    allow_past_expiry: bool = False,
    restored: int | None = None,
) -> LinkView:
    """Change what the patch names; all of it or nothing.

    New variants, weights or destinations start a new run of the link's experiment.

    :param patch: or what gives one for the link as it is, which nobody else changes meanwhile.
    :param if_version: the version that the caller has read, or None to change any.
    :param restored: the version that the patch goes back to, for the link's history.
    :raises NotFound: unknown, or another workspace's.
    :raises Gone: in the trash.
    :raises PreconditionFailed: the link has another version by now.
    :raises ValidationFailed, SlugTaken, LinkLimitReached: as in creating one.
    :raises OnlyOperator: a new slug, while the operator keeps the link in quarantine.
    """
    who.need("update")
    if isinstance(patch, LinkPatch):
        patch = prepare_patch(patch)
    ctx.settings.blocklists.look()  # before others wait for the unit of work
    with write():
        row = living_row(who, uid, if_version)
        before = views(ctx, [row])[0]
        wanted = patch if isinstance(patch, LinkPatch) else patch(before)
        if not wanted.given():
            return before
        ready = checked(ctx, who, row, before, wanted, allow_past_expiry=allow_past_expiry)
        columns, tags, where = ready.columns, ready.tags, ready.where
        _check_activity(ctx, who, row, columns)
        if "run" in columns:
            runs.end(ctx, before)
        apply(ctx, row, columns)
        if where is not None:
            destinations.store(row.id, where, now_ms=to_ms(ctx.now))
        if tags is not None:
            _store_tags(row.id, row.workspace_id, tags)
        _count_uses(row, columns)
        if where is not None or _FALLBACKS & columns.keys():
            _free(ctx, who, row)
        if "slug" in columns:
            changes.record(ctx, Changed("link", row.id, row.domain_id, str(columns["slug"])))
        is_set = columns.get("password_hash") is not None
        if restored is None:
            return finished(ctx, who, uid, before, "link.update", password_set=is_set)
        because = {"restored_version": restored}
        return finished(ctx, who, uid, before, versions.REVERTED, because, restored=restored)


class Checked(NamedTuple):
    """A patch that may be written; ``tags`` and ``where`` are None when it names none.

    :ivar columns: of ``links``, by the names of the model's fields.
    """

    columns: dict[str, object]
    tags: tuple[str, ...] | None
    where: destinations.Destinations | None


def checked(
    ctx: Context,
    who: Principal,
    row: Link,
    before: LinkView,
    wanted: LinkPatch,
    *,
    allow_past_expiry: bool,
) -> Checked:
    """Check everything about a patch but whether a new slug is free and the plan allows it.

    :param before: the link as it is, of the record ``row``.
    :raises ValidationFailed: a field cannot be accepted; SlugReserved is one of these.
    :raises OnlyOperator: as :func:`update`.
    """
    given = wanted.given()
    problems = Problems()
    columns = _slug_columns(who, row, given)
    coming = (row.domain_id, str(columns.get("slug", row.slug)))
    own = hosts.OwnHosts(ctx, row.workspace_id, coming)
    own_fields = {name: value for name, value in given.items() if name not in _APART}
    columns |= fields.columns(ctx, own_fields, own, problems, allow_past_expiry=allow_past_expiry)
    fields.check_together(_after(row, columns), problems)
    tags = fields.tags(wanted.tags, problems) if isinstance(wanted.tags, tuple) else None
    where = _destinations(before, given, own, problems)
    if "slug" in columns:
        _check_loops(before, own, problems)
    problems.raise_if_any()
    return Checked(columns | _routing_columns(before, where), tags, where)


def replace_variants(
    ctx: Context,
    who: Principal,
    uid: str,
    variants: Sequence[NewVariant],
    *,
    if_version: int | None = None,
) -> LinkView:
    """Replace a link's variants, as :func:`with_variants` says (K5).

    :raises: as :func:`update`.
    """
    make = partial(with_variants, variants=variants)
    return update(ctx, who, uid, make, if_version=if_version)


def with_variants(link: LinkView, variants: Sequence[NewVariant]) -> LinkPatch:
    """The patch that replaces a link's variants (K5).

    Rules and a default whose label is gone are dropped. A link with rules stays one when all
    of them are: its weights do not begin to route by that (K8).
    """
    labels = {variant.label for variant in variants}
    kept = [r for r in link.rules if r.use in labels or r.use == destinations.SPLIT]
    return LinkPatch(
        variants=tuple(variants),
        rules=tuple(NewRule(rule.when, rule.use) for rule in kept),
        default=link.default if link.default in labels | {destinations.SPLIT} else None,
        mode="rules" if link.mode == "rules" else None,
    )


def trash(ctx: Context, who: Principal, uid: str, *, if_version: int | None = None) -> LinkView:
    """Move a link to the trash: it answers 410 and keeps its slug until it is purged.

    :raises NotFound: unknown, or another workspace's.
    :raises Gone: in the trash already.
    :raises PreconditionFailed: as :func:`update`.
    """
    who.need("delete")
    with write():
        row = living_row(who, uid, if_version)
        before = views(ctx, [row])[0]
        apply(ctx, row, {"deleted_at": ctx.now})
        return finished(ctx, who, uid, before, "link.trash")


def restore(ctx: Context, who: Principal, uid: str) -> LinkView:
    """Take a link out of the trash; one that is not in it stays as it is.

    :raises NotFound: unknown, or another workspace's.
    :raises LinkLimitReached: the plan allows no more active links.
    :raises ValidationFailed: another link stands for its post or page by now (U3).
    """
    who.need("update")
    with write():
        row = locked_row(who, uid)
        before = views(ctx, [row])[0]
        if row.deleted_at is None:
            return before
        _check_activity(ctx, who, row, {"deleted_at": None})
        apply(ctx, row, {"deleted_at": None})
        return finished(ctx, who, uid, before, "link.restore")


def living_row(who: Principal, uid: str, if_version: int | None) -> Link:
    """The record of a link that is to be changed, held until the unit of work ends.

    :raises NotFound: unknown, or another workspace's.
    :raises Gone: in the trash.
    :raises PreconditionFailed: the link has another version.
    """
    row = locked_row(who, uid)
    if row.deleted_at is not None:
        raise Gone
    if if_version is not None and row.version != if_version:
        raise PreconditionFailed
    return row


def _slug_columns(who: Principal, row: Link, given: Mapping[str, object]) -> dict[str, object]:
    slug = given.get("slug", row.slug)
    if slug == row.slug:
        return {}
    need_release(who, row.quarantined_by)  # the old one would be free
    if not isinstance(slug, str):
        raise ValidationFailed({"slug": ["cannot be cleared"]})
    return {"slug": slugs.check_custom(slug)}


def _check_loops(before: LinkView, own: hosts.OwnHosts, problems: Problems) -> None:
    """A link that gets a new slug may have pointed at it all along."""
    others = (before.expired_url, before.failover_url, before.conversion_redirect_url)
    all_of_them = (before.url, *others, *(v.url for v in before.variants))
    if any(own.leads_back(url) for url in all_of_them if url is not None):
        problems.add("slug", "a destination of this link would lead back to it")


def _destinations(
    before: LinkView, given: Mapping[str, object], own: hosts.OwnHosts, problems: Problems
) -> destinations.Destinations | None:
    """The destinations after the patch, checked as a whole; None when it names none."""
    if not _ROUTING & given.keys():
        return None
    same_variants = tuple(NewVariant(v.label, v.url, v.weight) for v in before.variants)
    same_rules = tuple(NewRule(rule.when, rule.use) for rule in before.rules)
    variants = given.get("variants", same_variants)
    rules = given.get("rules", same_rules)
    url = given.get("url")
    default = given.get("default", before.default)
    mode = given.get("mode")
    assert isinstance(variants, tuple)
    assert isinstance(rules, tuple)
    if not variants:  # back to a single destination
        url = url if url is not None else before.url
        rules = given.get("rules", ())
        default = given.get("default")
    elif mode is None and (
        ("rules" not in given and before.mode != "single") or (rules and before.mode == "rules")
    ):
        mode = before.mode
    return destinations.check(
        url=None if url is None else str(url),
        mode=None if mode is None else str(mode),
        variants=variants,
        rules=rules if isinstance(rules, tuple) else (),
        default=None if default is None else str(default),
        own=own,
        problems=problems,
    )


def _routing_columns(
    before: LinkView, where: destinations.Destinations | None
) -> dict[str, object]:
    if where is None:
        return {}
    columns: dict[str, object] = {
        "url": where.url,
        "location": where.location,
        "mode": where.mode,
        "default_label": where.default,
    }
    old = sorted((v.label, v.url, v.weight) for v in before.variants)
    new = sorted((v.label, v.url, v.weight) for v in where.variants)
    if old != new or (not new and before.url != where.url):
        columns |= {"run": before.run + 1, "winner_label": None, "winner_at": None}
    return columns


def _store_tags(link_id: int, workspace_id: int, tags: tuple[str, ...]) -> None:
    LinkTag.delete().where(LinkTag.link == link_id).execute()
    rows.insert(LinkTag, tag_rows(link_id, workspace_id, tags))


def _free(ctx: Context, who: Principal, row: Link) -> None:
    """Take a link out of quarantine that a scan put there, and that leads elsewhere by now."""
    if row.quarantined_by != SCAN or not ctx.settings.blocklists.are_known:
        return
    if blocked(ctx, views(ctx, [row_of(who, row.uid)])[0]) is None:
        apply(ctx, row, dict(FREE))


def _after(row: Link, columns: Mapping[str, object]) -> dict[str, object]:
    names = ("starts_at", "expires_at", "type", "post_id", "site_url", "is_active", "deleted_at")
    return {name: columns.get(name, getattr(row, name)) for name in names}


def _check_activity(ctx: Context, who: Principal, row: Link, columns: Mapping[str, object]) -> None:
    """A link that comes to life counts for the plan, and may clash with another (U3)."""
    after = _after(row, columns)
    if not counts_as_active_now(ctx, after):
        return
    if not counts_as_active_now(ctx, _after(row, {})):
        check_limit(ctx, who)
    if existing_for(ctx, row.workspace_id, after, but=row.id) is not None:
        name = next((n for n in ("post_id", "site_url", "type") if n in columns), "is_active")
        raise ValidationFailed({name: ["another active link has this post_id or site_url"]})


def apply(ctx: Context, row: Link, columns: dict[str, object]) -> None:
    """Write columns of a link, and that it has changed.

    :raises SlugTaken: the slug among them is another link's.
    """
    also = site_checks.replan(ctx, row, columns)
    changed = {**columns, **also, "version": Link.version + 1, "updated_at": ctx.now}
    try:
        with savepoint():
            Link.update(changed).where(Link.id == row.id).execute()
    except peewee.IntegrityError:
        raise SlugTaken(str(columns.get("slug", row.slug))) from None


def _count_uses(row: Link, columns: Mapping[str, object]) -> None:
    """Start the exact counter of uses from the clicks so far when a limit is set.

    Those that the link had before it came here are not of its uses.
    """
    if "max_clicks" not in columns or columns["max_clicks"] == row.max_clicks:
        return
    if columns["max_clicks"] is None:
        LinkUse.delete().where(LinkUse.link_id == row.id).execute()
    elif row.max_clicks is None:
        total = LinkTotal.get_or_none(LinkTotal.link_id == row.id)
        used = total.clicks - total.imported if total else 0
        LinkUse.insert(link_id=row.id, used=used).on_conflict(
            conflict_target=[LinkUse.link_id], update={LinkUse.used: used}
        ).execute()


def finished(
    ctx: Context,
    who: Principal,
    uid: str,
    before: LinkView,
    action: str,
    because: Mapping[str, object] | None = None,
    *,
    password_set: bool = False,
    restored: int | None = None,
) -> LinkView:
    """Write down what was done and let caches know; return the link as it is now.

    :param because: what else the audit log keeps: why it was done.
    :param password_set, restored: what the link's history keeps with it.
    """
    row = row_of(who, uid)
    after = views(ctx, [row])[0]
    if destination_checks.replan(ctx, before, after):
        after = views(ctx, [row_of(who, uid)])[0]
    old, new = _audited(before), _audited(after)
    details = {
        name: [old[name], new[name]]
        for name in old
        if old[name] != new[name] and name not in ("version", "updated_at")
    }
    step = versions.Step(before, after, password_set)
    versions.keep(ctx, who, action, [step], restored=restored)
    audit.record(ctx, who, action, f"link:{uid}", {**details, **(because or {})})
    changes.record(ctx, Changed("link", row.id, row.domain_id, before.slug))
    then, now = _counted(before), _counted(after)
    quota.count(row.workspace_id, living=now[0] - then[0], enabled=now[1] - then[1])
    return after


def _audited(link: LinkView) -> dict[str, object]:
    """A link's values as the audit log compares them: what checks have found is none of them."""
    values = asdict(link)
    for each in (values, *values["variants"]):
        del each["check"]
    return values


def _counted(link: LinkView) -> tuple[int, int]:
    """What the link adds to the counts of its workspace: living, enabled."""
    is_living = link.deleted_at is None
    return int(is_living), int(is_living and link.is_active)
