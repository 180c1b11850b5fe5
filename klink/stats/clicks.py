"""Single visits of a link, as long as they are kept (``[privacy] keep_clicks_days``)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from klink.clicks.enrich import KINDS
from klink.core.context import Context
from klink.core.errors import ValidationFailed
from klink.core.links import LinkView
from klink.core.links.model import UTM_NAMES
from klink.core.paging import position
from klink.core.principal import Principal
from klink.core.times import from_ms, to_ms
from klink.db.connection import read
from klink.db.models import Click, LinkTotal
from klink.stats.scope import readable

MAX_PAGE = 10**9

_EXPORT_PAGE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickQuery:
    """Which visits to list, newest first.

    :param since: aware; with ``until`` (exclusive) exact to the millisecond.
    :param clicks_only: people who were forwarded, which is what ``clicks`` counts (K6).
    :param cursor: ``next_cursor`` of the page before.
    """

    since: datetime | None = None
    until: datetime | None = None
    clicks_only: bool = False
    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class ClickView:
    """One visit; None where a fact is unknown.

    :param kind: ``person``, ``bot``, ``preview`` or ``prefetch``; ``reason`` says why it is
        no person.
    :param variant: label; None when it was forwarded to none, or to one that is gone.
    :param net: the truncated address.
    :param visitor: the workspace's id of the visitor; None when private.
    :param utm: what was sent of source, medium, campaign, content and term.
    """

    id: int
    at: datetime
    kind: str
    reason: str | None
    is_click: bool
    is_view: bool
    variant_id: int | None
    variant: str | None
    country: str | None
    device: str | None
    browser: str | None
    os: str | None
    language: str | None
    referrer: str | None
    net: str | None
    visitor: str | None
    utm: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ClickPage:
    """One page of visits and where the next begins, if there is one."""

    items: list[ClickView]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class NumberedClicks:
    """One page of visits, by its number from 1 on; ``total`` are those on all pages."""

    items: list[ClickView]
    page: int
    total: int


def page_of_clicks(
    ctx: Context, who: Principal, link: LinkView | str, query: ClickQuery
) -> ClickPage:
    """One page of a link's visits.

    :param link: the link or its UUID.
    :raises InsufficientScope: the key may not read.
    :raises NotFound: unknown, or another workspace's.
    :raises ValidationFailed: the limit, the times or the cursor.
    """
    view = readable(ctx, who, link)
    before = _check(query)
    labels = {variant.id: variant.label for variant in view.variants}
    with read():
        rows = _rows(view.id, query, before, query.limit + 1)
    found = rows[: query.limit]
    cursor = f"{found[-1].at}-{found[-1].id}" if len(rows) > query.limit else None
    return ClickPage([view_of(row, labels) for row in found], cursor)


def numbered_clicks(
    ctx: Context, who: Principal, link: LinkView | str, query: ClickQuery, page: int
) -> NumberedClicks:
    """Page number ``page`` of a link's visits, ``query.limit`` to a page.

    Visits made meanwhile shift the pages, and one costs more the farther it is from the
    first; those after the last are empty. ``total`` is counted, but for clicks of all time:
    there it is the link's number of clicks (K6), which also knows those that are not kept any
    more.

    :param query: without a cursor.
    :raises InsufficientScope, NotFound, ValidationFailed: as :func:`page_of_clicks`.
    """
    view = readable(ctx, who, link)
    _check(query)
    if not 1 <= page <= MAX_PAGE:
        raise ValidationFailed({"page": [f"must be 1 to {MAX_PAGE}"]})
    labels = {variant.id: variant.label for variant in view.variants}
    skipped = (page - 1) * query.limit
    with read():
        total = _total(view.id, query)
        rows = _rows(view.id, query, None, query.limit, skipped) if skipped < total else []
    return NumberedClicks([view_of(row, labels) for row in rows], page, total)


def each_click(
    ctx: Context, who: Principal, link: LinkView | str, query: ClickQuery
) -> Iterator[ClickView]:
    """Every visit of a link that fits, from ``query.cursor`` on; for exports.

    Refuses at once, like :func:`page_of_clicks`, then reads page by page, so that neither
    memory nor a transaction grows with their number; ``query.limit`` does not matter.
    """
    view = readable(ctx, who, link)
    before = _check(query)
    labels = {variant.id: variant.label for variant in view.variants}

    def walk(before: tuple[int, int] | None) -> Iterator[ClickView]:
        while True:
            with read():
                rows = _rows(view.id, query, before, _EXPORT_PAGE)
            yield from (view_of(row, labels) for row in rows)
            if len(rows) < _EXPORT_PAGE:
                return
            before = rows[-1].at, rows[-1].id

    return walk(before)


def _check(query: ClickQuery) -> tuple[int, int] | None:
    """Refuse what cannot be; give the position (at, id) that the cursor holds."""
    errors: dict[str, list[str]] = {}
    before = position(
        errors, since=query.since, until=query.until, cursor=query.cursor, limit=query.limit
    )
    if errors:
        raise ValidationFailed(errors)
    return before


def _total(link_id: int, query: ClickQuery) -> int:
    """The number of visits that fit; clicks of all time are kept count of."""
    if query.clicks_only and query.since is None and query.until is None:
        row = LinkTotal.get_or_none(LinkTotal.link_id == link_id)
        return 0 if row is None else int(row.clicks)
    return int(_fitting(link_id, query).count())


def _rows(
    link_id: int,
    query: ClickQuery,
    before: tuple[int, int] | None,
    limit: int,
    skipped: int = 0,
) -> list[Click]:
    rows = _fitting(link_id, query)
    if before is not None:
        at, id_ = before
        # The first half alone tells an engine where in the index to begin.
        rows = rows.where(Click.at <= at, (Click.at < at) | (Click.id < id_))
    rows = rows.order_by(Click.at.desc(), Click.id.desc()).limit(limit)
    return list(rows.offset(skipped) if skipped else rows)


def _fitting(link_id: int, query: ClickQuery) -> Any:  # Any: lost while chaining
    rows: Any = Click.select().where(Click.link_id == link_id)
    if query.since is not None:
        rows = rows.where(Click.at >= to_ms(query.since))
    if query.until is not None:
        rows = rows.where(Click.at < to_ms(query.until))
    if query.clicks_only:
        rows = rows.where(Click.is_click == 1)
    return rows


def view_of(row: Click, labels: Mapping[int, str]) -> ClickView:
    """A record as doors show it.

    :param labels: of variants that the link has, by their numbers.
    """
    return ClickView(
        id=row.id,
        at=from_ms(row.at),
        kind=KINDS[row.kind],
        reason=row.reason or None,
        is_click=bool(row.is_click),
        is_view=bool(row.is_view),
        variant_id=row.variant_id or None,
        variant=labels.get(row.variant_id),
        country=row.country or None,
        device=row.device or None,
        browser=row.browser or None,
        os=row.os or None,
        language=row.language or None,
        referrer=row.referrer or None,
        net=row.net or None,
        visitor=row.visitor or None,
        utm=_utm(row.utm),
    )


def _utm(text: str | None) -> dict[str, str]:
    if text is None:
        return {}
    return {name: sent for name, sent in zip(UTM_NAMES, json.loads(text), strict=True) if sent}
