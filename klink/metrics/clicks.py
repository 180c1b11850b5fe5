"""Clicks: what was counted, how far behind the counting is, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from klink.clicks.geoip import GeoStatus
from klink.clicks.ledger import LedgerStatus
from klink.core.times import to_ms

__all__ = ["click_families"]


def click_families(
    ledger: LedgerStatus,
    visits: Mapping[str, int],
    journal_bytes: int,
    geoip: GeoStatus,
    now: datetime,
) -> Iterable[Metric]:
    """The click ledger, its journal, and the database of countries.

    :param visits: how many were counted, by kind.
    """
    kinds = CounterMetricFamily(
        "klink_visits",
        "Visits counted, by kind; those of a person that were forwarded are clicks",
        labels=["kind"],
    )
    for kind, count in visits.items():
        kinds.add_metric([kind], count)
    yield kinds
    yield _gauge("klink_ledger_lag_seconds", "By how much the counts are behind", ledger.lag_s)
    yield _gauge(
        "klink_ledger_waiting_bytes", "Of the journal, not counted yet", ledger.waiting_bytes
    )
    yield _counter("klink_clicks_lost", "Visits answered that the disk refused", ledger.lost)
    yield _counter(
        "klink_clicks_set_aside", "Records that could not be counted and are kept", ledger.set_aside
    )
    yield _counter(
        "klink_journal_damages", "Damaged places of the journal, skipped", ledger.damaged
    )
    yield _counter(
        "klink_journal_foreign_segments",
        "Segments of another database, moved aside",
        ledger.foreign,
    )
    yield _gauge("klink_journal_bytes", "Disk space that the journal takes", journal_bytes)
    yield _gauge(
        "klink_geoip_loaded", "1 when there is a database of countries", geoip.state == "loaded"
    )
    if geoip.built_at_ms is not None:
        age_s = max(0.0, (to_ms(now) - geoip.built_at_ms) / 1000)
        yield _gauge("klink_geoip_age_seconds", "Since the database of countries was built", age_s)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value)
