"""Records of links as views: what doors show."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from peewee import BooleanField

from klink.core.context import Context
from klink.core.links.model import CheckView, LinkView, RuleView, Utm, VariantView
from klink.core.times import from_ms
from klink.db import rows as table_rows
from klink.db.models import BASE_DOMAIN_ID, ONLY, Domain, Link, MomentField

Columns = Mapping[str, Any]
"""A link's record: values by the names of the model's fields. Any: each of its own type."""


def views(ctx: Context, rows: Sequence[Link]) -> list[LinkView]:
    """The records as views, whatever their number with a handful of queries."""
    return views_of(ctx, [row.__data__ for row in rows])


def views_of(ctx: Context, rows: Sequence[Columns]) -> list[LinkView]:
    """The same for records that are no models."""
    ids = [row["id"] for row in rows]
    tags = _by_link(ids, "link_tags", "tag")
    # A split or rules have variants, and nothing else has.
    several = [row["id"] for row in rows if row["mode"] != "single"]
    variants = _by_link(several, "variants", "position, id, uid, label, url, weight, down_at")
    rules = _by_link(several, "rules", "position, conditions, use")
    checks = _checks(ids)
    hosts = hosts_of({row["domain"] for row in rows})
    return [
        view(
            ctx,
            row,
            hosts.get(row["domain"], ctx.settings.base_host),
            tags=tuple(tag for (tag,) in tags[row["id"]]),
            variants=tuple(
                VariantView(i, uid, label, url, weight, _check(checks.get((row["id"], i)), down_at))
                for _, i, uid, label, url, weight, down_at in variants[row["id"]]
            ),
            rules=tuple(RuleView(json.loads(when), use) for _, when, use in rules[row["id"]]),
            check=_check(checks.get((row["id"], ONLY)), row["down_at"]),
        )
        for row in rows
    ]


def _checks(ids: Sequence[int]) -> dict[tuple[int, int], tuple[Any, ...]]:
    """The last check of each destination of these links, by link and variant."""
    columns = "variant_id, checked_at, status, final_host, problem, failing_since"
    found = _by_link(ids, "destination_checks", columns)
    return {(i, row[0]): row[1:] for i, many in found.items() for row in many if row[1]}


def _check(
    row: tuple[Any, ...] | None,
    down_at: Any,  # milliseconds, or the moment where the record was read by models
) -> CheckView | None:
    if row is None:
        return None
    checked_at, status, final_host, problem, since = row
    return CheckView(
        from_ms(checked_at),
        status,
        final_host,
        problem,
        None if since is None else from_ms(since),
        from_ms(down_at) if isinstance(down_at, int) else down_at,
    )


def records(tail: str, *values: object) -> list[Columns]:
    """Records of links, read without models: a page of them is fifty times forty values.

    :param tail: what follows ``FROM links``, with ``?`` for each value.
    """
    found: list[Columns] = []
    for row in table_rows.all_of(f"SELECT {_SELECTED} FROM links {tail}", *values):  # noqa: S608
        record = dict(zip(_NAMES, row, strict=True))
        for name in _TIMES:
            if record[name] is not None:
                record[name] = from_ms(record[name])
        for name in _FLAGS:
            record[name] = bool(record[name])
        found.append(record)
    return found


_FIELDS = Link._meta.sorted_fields
_NAMES = tuple(field.name for field in _FIELDS)
_SELECTED = ", ".join(f"links.{field.column_name}" for field in _FIELDS)
_TIMES = tuple(field.name for field in _FIELDS if isinstance(field, MomentField))
_FLAGS = tuple(field.name for field in _FIELDS if isinstance(field, BooleanField))


def _by_link(ids: Sequence[int], table: str, columns: str) -> dict[int, list[tuple[Any, ...]]]:
    """What stands in ``table`` for these links, by link, in the order of its first column."""
    found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    if ids:
        condition, value = table_rows.among("link_id", ids)
        sql = f"SELECT link_id, {columns} FROM {table} WHERE {condition}"  # noqa: S608 - own names
        for link_id, *rest in sorted(table_rows.all_of(sql, value)):
            found[link_id].append(tuple(rest))
    return found


def hosts_of(ids: Iterable[int]) -> dict[int, str]:
    """The hosts of these domains, without that of ``base_url``."""
    others = [i for i in ids if i != BASE_DOMAIN_ID]
    if not others:
        return {}
    return {row.id: row.host for row in Domain.select().where(Domain.id.in_(others))}


def view(
    ctx: Context,
    row: Columns,
    host: str,
    *,
    tags: tuple[str, ...],
    variants: tuple[VariantView, ...],
    rules: tuple[RuleView, ...],
    check: CheckView | None = None,
) -> LinkView:
    """One record as a view.

    :param tags: in their order as texts, variants and rules in that of their positions.
    """
    return LinkView(
        id=row["id"],
        uid=row["uid"],
        workspace_id=row["workspace"],
        created_by=row["created_by"],
        created_via=row["created_via"],
        slug=row["slug"],
        domain=host,
        short_url=f"{ctx.settings.base_scheme}://{host}/{row['slug']}",
        url=row["url"],
        title=row["title"],
        description=row["description"],
        tags=tags,
        type=row["type"],
        post_id=row["post_id"],
        site_url=row["site_url"],
        site_verified_at=row["site_verified_at"],
        scheduled_deletion_at=row["scheduled_deletion_at"],
        mode=row["mode"],
        variants=variants,
        rules=rules,
        default=row["default_label"],
        auto_winner=row["auto_winner"],
        winner_threshold=row["winner_threshold"],
        winner=row["winner_label"],
        winner_at=row["winner_at"],
        run=row["run"],
        utm=_utm(row),
        forward_query=row["forward_query"],
        redirect_status=row["redirect_status"],
        conversion_tracking=row["conversion_tracking"],
        conversion_redirect_url=row["conversion_redirect_url"],
        starts_at=row["starts_at"],
        expires_at=row["expires_at"],
        max_clicks=row["max_clicks"],
        expired_url=row["expired_url"],
        failover_url=row["failover_url"],
        check=check,
        password_protected=row["password_hash"] is not None,
        is_active=row["is_active"],
        quarantined_at=row["quarantined_at"],
        quarantined_by=row["quarantined_by"],
        quarantine_reason=row["quarantine_reason"],
        deleted_at=row["deleted_at"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


_NO_UTM = Utm()
_UTM_COLUMNS = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")


def _utm(row: Columns) -> Utm:
    values = [row[name] for name in _UTM_COLUMNS]
    return Utm(*values) if any(value is not None for value in values) else _NO_UTM
