"""Links with their counts as plain records, for exports: all that is known of each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from klink.core.links import LinkView, RuleView, Utm, VariantView
from klink.core.links.model import CheckView
from klink.core.times import format_rfc3339
from klink.stats.counts import LinkCounts, with_counts

Record = dict[str, Any]
"""Values by the names that the native API has for them. Any: JSON of every type."""

_INSIDE = ("workspace_id", "created_by", "version")
_RENAMED = {
    "uid": "id",
    "id": "number",
    "winner_threshold": "threshold",
    "winner_at": "decided_at",
}
_COUNTS = ("clicks", "views", "unique_visitors", "conversions", "revenue")
_UTM = tuple(field.name for field in fields(Utm))
_FIELDS = tuple(field.name for field in fields(LinkView) if field.name not in _INSIDE)


def records(pages: Iterable[Sequence[LinkView]]) -> Iterator[Record]:
    """The records of pages of links, a page at a time."""
    for page in pages:
        yield from map(_record, page, with_counts(page))


def _record(link: LinkView, counts: LinkCounts) -> Record:
    found = {_RENAMED.get(name, name): _plain(getattr(link, name)) for name in _FIELDS}
    for shown, variant in zip(found["variants"], link.variants, strict=True):
        counted = counts.variants[variant.id]
        shown["clicks"], shown["conversions"] = counted.clicks, counted.conversions
        del shown["id"], shown["uid"]
    return found | {name: _plain(getattr(counts, name)) for name in _COUNTS}


def _plain(value: object) -> Any:
    """As JSON has it."""
    if value is None or isinstance(value, str | int):  # as nearly all are
        return value
    match value:
        case datetime():
            return format_rfc3339(value)
        case Decimal():
            return str(value)
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case tuple() | list():
            return [_plain(each) for each in value]
        case Utm() | VariantView() | RuleView() | CheckView():
            return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        case _:
            return value


def header() -> list[str]:
    """The columns of a table of such records."""
    named: list[str] = []
    for name in _FIELDS:
        named += [f"utm_{each}" for each in _UTM] if name == "utm" else [_RENAMED.get(name, name)]
    return [*named, *_COUNTS]


def names() -> tuple[str, ...]:
    """The names of a record's values, in their order."""
    return (*(_RENAMED.get(name, name) for name in _FIELDS), *_COUNTS)


def row(record: Record) -> list[object]:
    """The cells of such a table: tags one after another, what has parts as JSON."""
    cells: list[object] = []
    for name, value in record.items():
        if name == "utm":
            cells += [value[each] for each in _UTM]
        elif name == "tags":
            cells.append(", ".join(value))
        elif isinstance(value, list | dict):
            cells.append(json.dumps(value, ensure_ascii=False) if value else None)
        else:
            cells.append(value)
    return cells
