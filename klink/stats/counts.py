"""The counts that links are shown with: running totals of all time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from klink.core.links import LinkView
from klink.core.money import money
from klink.db import rows
from klink.db.connection import read

_CHUNK = 1_000  # links of one query


@dataclass(frozen=True, slots=True)
class VariantCounts:
    """A variant's counts; uniques are summed over UTC days."""

    clicks: int = 0
    unique_visitors: int = 0
    conversions: int = 0


@dataclass(frozen=True, slots=True)
class LinkCounts:
    """A link's counts of all time (contract: Counting).

    :param unique_visitors: each visitor once, and each private click.
    :param revenue: in the workspace's currency, with two to four places.
    :param variants: by variant id, for every variant that the link has now.
    """

    clicks: int = 0
    views: int = 0
    unique_visitors: int = 0
    conversions: int = 0
    revenue: Decimal = Decimal("0.00")
    variants: Mapping[int, VariantCounts] = field(default_factory=dict)


def with_counts(links: Sequence[LinkView]) -> list[LinkCounts]:
    """The counts of each of these links, in their order; two queries a thousand links."""
    totals: dict[int, tuple[Any, ...]] = {}
    variants: dict[int, VariantCounts] = {}
    with read():
        for chunk in _chunks([link.id for link in links]):
            totals |= {row[0]: row[1:] for row in _link_rows(chunk)}
        for chunk in _chunks([link.id for link in links if link.variants]):
            variants |= {row[0]: VariantCounts(*row[1:]) for row in _variant_rows(chunk)}
    return [_counts(link, totals.get(link.id), variants) for link in links]


def _counts(
    link: LinkView, row: tuple[Any, ...] | None, variants: Mapping[int, VariantCounts]
) -> LinkCounts:
    own = {v.id: variants.get(v.id, VariantCounts()) for v in link.variants}
    if row is None:
        return LinkCounts(variants=own)
    clicks, views, uniques, conversions, revenue = row
    return LinkCounts(clicks, views, uniques, conversions, money(revenue), own)


def _link_rows(ids: list[int]) -> list[tuple[Any, ...]]:
    theirs, values = rows.among("link_id", ids)
    columns = "link_id, clicks, views, uniques, conversions, revenue"
    return rows.all_of(f"SELECT {columns} FROM link_totals WHERE {theirs}", values)  # noqa: S608 - own


def _variant_rows(ids: list[int]) -> list[tuple[Any, ...]]:
    theirs, values = rows.among("link_id", ids)
    columns = "variant_id, clicks, uniques, conversions"
    return rows.all_of(f"SELECT {columns} FROM variant_totals WHERE {theirs}", values)  # noqa: S608 - own


def _chunks(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]
