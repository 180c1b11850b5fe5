"""Events: what visitors did after a link brought them, as a customer's server tells it.

An event of an unknown visitor is accepted and stays unattributed (qklnk Q10).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from klink.core import workspaces
from klink.core.context import Context
from klink.core.money import money, revenue_problem, stored
from klink.core.principal import Principal
from klink.core.problems import Problems, text_problem
from klink.core.times import from_ms, to_ms
from klink.db.connection import write
from klink.db.models import Event

MAX_TEXT = 255
MAX_METADATA_BYTES = 16 * 1024
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event to record.

    :param revenue: in the workspace's currency, at most four decimal places.
    :param metadata: whatever the sender wants to keep with it, at most 16 KiB as JSON.
    :param occurred_at: aware UTC time; None is now.
    """

    visitor_id: str
    event_name: str
    revenue: Decimal | None = None
    name: str | None = None
    metadata: dict[str, object] | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EventView:
    """An event as doors show it.

    :param revenue: in units of ``currency``, two to four decimal places.
    :param is_conversion: whether events of this name counted as conversions when it came.
    """

    id: int
    visitor_id: str
    event_name: str
    revenue: Decimal | None
    currency: str
    name: str | None
    metadata: dict[str, object] | None
    occurred_at: datetime
    is_conversion: bool


def record(ctx: Context, who: Principal, new: NewEvent) -> EventView:
    """Record an event of the principal's workspace.

    :raises InsufficientScope: the key may not create.
    :raises ValidationFailed: keyed by the fields of :class:`NewEvent`, all that is wrong.
    """
    who.need("create")
    metadata = _check(new)
    with write():
        row = Event.create(
            workspace_id=who.workspace_id,
            key_id=who.key_id,
            created_via=who.dialect,
            visitor=new.visitor_id,
            event_name=new.event_name,
            revenue=None if new.revenue is None else stored(new.revenue),
            currency=workspaces.get(who.workspace_id).currency,
            name=new.name,
            metadata=metadata,
            is_conversion=new.event_name in ctx.settings.conversion_names,
            occurred_at=ctx.now if new.occurred_at is None else new.occurred_at,
            created_at=ctx.now,
        )
        return _view(row)


def _view(row: Event) -> EventView:
    return EventView(
        id=row.id,
        visitor_id=row.visitor,
        event_name=row.event_name,
        revenue=None if row.revenue is None else money(row.revenue),
        currency=row.currency,
        name=row.name,
        metadata=None if row.metadata is None else json.loads(row.metadata),
        occurred_at=from_ms(to_ms(row.occurred_at)),  # as it will be read
        is_conversion=row.is_conversion,
    )


def _check(new: NewEvent) -> str | None:
    """Refuse what cannot be recorded; return the metadata as it is stored."""
    problems = Problems()
    texts = {"visitor_id": new.visitor_id, "event_name": new.event_name, "name": new.name}
    for field, text in texts.items():
        if text is not None:
            least = 0 if field == "name" else 1
            if problem := text_problem(text, MAX_TEXT, least=least):
                problems.add(field, problem)
    if new.revenue is not None and (problem := revenue_problem(new.revenue)):
        problems.add("revenue", problem)
    if new.occurred_at is not None and new.occurred_at < EARLIEST:
        problems.add("occurred_at", "must not lie before 1970-01-01T00:00:00Z")
    metadata = None if new.metadata is None else _metadata(new.metadata, problems)
    problems.raise_if_any()
    return metadata


def _metadata(given: dict[str, object], problems: Problems) -> str:
    try:
        text = json.dumps(given, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())  # which halves of surrogate pairs do not survive
        json.loads(text)  # nor does what is nested deep survive being read
    except (TypeError, ValueError, RecursionError):
        problems.add("metadata", "must be an object that JSON can hold")
        return ""
    if size > MAX_METADATA_BYTES:
        problems.add("metadata", f"must have at most {MAX_METADATA_BYTES:,} bytes as JSON")
    return text
