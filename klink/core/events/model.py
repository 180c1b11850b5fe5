"""What an event is when it comes, and as doors show it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from klink.core.money import money
from klink.core.times import from_ms, to_ms
from klink.db import rows
from klink.db.models import Event

MAX_TEXT = 255
MAX_METADATA_BYTES = 16 * 1024
MAX_PUBLIC_METADATA_BYTES = 2 * 1024
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
AHEAD = timedelta(minutes=1)
"""How far in the future an event may lie: the sender's clock may be a little fast."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event to record.

    :param revenue: in units of ``currency``, at most four decimal places.
    :param currency: three capitals as ISO 4217 has them; None is the workspace's.
    :param metadata: whatever the sender wants to keep with it, at most 16 KiB as JSON.
    :param event_id: the sender's own name for it, by which a repeat is known.
    :param occurred_at: aware UTC time, at most a minute ahead; None is now.
    """

    visitor_id: str
    event_name: str
    revenue: Decimal | None = None
    currency: str | None = None
    name: str | None = None
    metadata: Mapping[str, object] | None = None
    event_id: str | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attribution:
    """The link that an event is attributed to.

    :param variant: the variant's label; None without one, or when the link has it no more.
    :param run: of the link's experiment, at the click.
    """

    link_uid: str
    slug: str
    variant: str | None
    run: int
    click_at: datetime


@dataclass(frozen=True, slots=True)
class EventView:
    """An event as doors show it.

    :param revenue: in units of ``currency``, two to four decimal places.
    :param is_conversion: whether events of this name counted as conversions when it came.
    :param attribution: None when it is attributed to no link that there is.
    :param repeated: whether this is the first of several that came, and not the last.
    """

    id: int
    visitor_id: str
    event_name: str
    revenue: Decimal | None
    currency: str
    name: str | None
    metadata: dict[str, object] | None
    event_id: str | None
    occurred_at: datetime
    created_at: datetime
    is_conversion: bool
    attribution: Attribution | None
    repeated: bool = False

    @property
    def link_uid(self) -> str | None:
        """The link's UUID; None when unattributed."""
        return self.attribution.link_uid if self.attribution else None

    @property
    def slug(self) -> str | None:
        """The link's slug; None when unattributed."""
        return self.attribution.slug if self.attribution else None

    @property
    def variant(self) -> str | None:
        """The variant's label; None when unattributed, or without one."""
        return self.attribution.variant if self.attribution else None


def views(found: Sequence[Event], *, repeated: bool = False) -> list[EventView]:
    """Records as doors see them, in their order; two more queries for all of them."""
    links = _named("SELECT id, uid, slug FROM links", {row.link_id for row in found})
    labels = _named(
        "SELECT id, label FROM variants", {row.variant_id for row in found if row.link_id}
    )
    return [_view(row, links, labels, repeated=repeated) for row in found]


Names = Mapping[int | None, tuple[str, ...]]


def _named(select: str, ids: set[int | None]) -> Names:
    wanted = sorted(id_ for id_ in ids if id_)
    if not wanted:
        return {}
    condition, value = rows.among("id", wanted)
    return {id_: tuple(names) for id_, *names in rows.all_of(f"{select} WHERE {condition}", value)}


def _view(row: Event, links: Names, labels: Names, *, repeated: bool) -> EventView:
    return EventView(
        id=row.id,
        visitor_id=row.visitor,
        event_name=row.event_name,
        revenue=None if row.revenue is None else money(row.revenue),
        currency=row.currency,
        name=row.name,
        metadata=None if row.metadata is None else json.loads(row.metadata),
        event_id=row.event_id,
        occurred_at=_as_read(row.occurred_at),
        created_at=_as_read(row.created_at),
        is_conversion=row.is_conversion,
        attribution=_attribution(row, links, labels),
        repeated=repeated,
    )


def _attribution(row: Event, links: Names, labels: Names) -> Attribution | None:
    if row.link_id not in links or row.run is None:
        return None
    uid, slug = links[row.link_id]
    label = labels[row.variant_id][0] if row.variant_id in labels else None
    return Attribution(uid, slug, label, row.run, _as_read(row.click_at))


def _as_read(at: datetime) -> datetime:
    """A time as it will be read: whole milliseconds, UTC."""
    return from_ms(to_ms(at))
