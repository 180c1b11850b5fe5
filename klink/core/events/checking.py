"""What an event must be to be recorded."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal

from klink.core.context import Context
from klink.core.events.model import (
    AHEAD,
    EARLIEST,
    MAX_METADATA_BYTES,
    MAX_PUBLIC_METADATA_BYTES,
    MAX_TEXT,
    NewEvent,
)
from klink.core.money import revenue_problem
from klink.core.problems import Problems, text_problem
from klink.core.visitors import is_visitor_id

_CURRENCY = re.compile(r"[A-Z]{3}")


def check(ctx: Context, new: NewEvent) -> str | None:
    """Refuse what cannot be recorded; return the metadata as it is stored.

    :raises ValidationFailed: keyed by the fields of :class:`NewEvent`, all that is wrong.
    """
    problems = Problems()
    metadata = _look_at(ctx, new, problems)
    problems.raise_if_any()
    return metadata


def check_public(ctx: Context, new: NewEvent) -> str | None:
    """The same for what anybody may send.

    :raises ValidationFailed: also for a malformed visitor, for more revenue than
        ``max_public_revenue`` and for more metadata than 2 KiB.
    """
    problems = Problems()
    if not is_visitor_id(new.visitor_id):
        problems.add("visitor_id", "must be the klid that a link has given")
    metadata = _look_at(ctx, new, problems, MAX_PUBLIC_METADATA_BYTES)
    most = ctx.settings.max_public_revenue
    if new.revenue is not None and "revenue" not in problems.errors and new.revenue > most:
        problems.add("revenue", f"must be at most {most:,}")
    problems.raise_if_any()
    return metadata


def _look_at(
    ctx: Context,
    new: NewEvent,
    problems: Problems,
    max_metadata_bytes: int = MAX_METADATA_BYTES,
) -> str | None:
    texts = {"visitor_id": new.visitor_id, "event_name": new.event_name, "name": new.name}
    for field, text in (texts | {"event_id": new.event_id}).items():
        if text is not None and field not in problems.errors:
            least = 0 if field == "name" else 1
            if problem := text_problem(text, MAX_TEXT, least=least):
                problems.add(field, problem)
            elif least and not text.strip():
                problems.add(field, "must not be blank")
    _look_at_money(new.revenue, new.currency, problems)
    if new.occurred_at is not None:
        if new.occurred_at < EARLIEST:
            problems.add("occurred_at", "must not lie before 1970-01-01T00:00:00Z")
        elif new.occurred_at > ctx.now + AHEAD:
            problems.add("occurred_at", "must not lie more than a minute ahead")
    return None if new.metadata is None else _metadata(new.metadata, problems, max_metadata_bytes)


def _look_at_money(revenue: Decimal | None, currency: str | None, problems: Problems) -> None:
    if revenue is not None and (problem := revenue_problem(revenue)):
        problems.add("revenue", problem)
    if currency is not None and not _CURRENCY.fullmatch(currency):
        problems.add("currency", "must be three capital letters such as USD (ISO 4217)")


def _metadata(given: Mapping[str, object], problems: Problems, max_bytes: int) -> str:
    try:
        text = json.dumps(given, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())  # which halves of surrogate pairs do not survive
        json.loads(text)  # nor does what is nested deep survive being read
    except (TypeError, ValueError, RecursionError):
        problems.add("metadata", "must be an object that JSON can hold")
        return ""
    if size > max_bytes:
        problems.add("metadata", f"must have at most {max_bytes:,} bytes as JSON")
    return text
