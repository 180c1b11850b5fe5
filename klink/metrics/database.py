"""The database: whether it answers, and how large it is."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, Metric

from klink.db.size import Sizes

__all__ = ["database_families"]


def database_families(engine: str, sizes: Sizes | None) -> Iterable[Metric]:
    """What is known of the database.

    :param sizes: None when it does not answer.
    """
    up = GaugeMetricFamily("klink_database_up", "1 when the database answers", labels=["engine"])
    up.add_metric([engine], float(sizes is not None))
    yield up
    if sizes is None:
        return
    yield GaugeMetricFamily("klink_database_bytes", "Disk space of the database", sizes.data_bytes)
    if sizes.wal_bytes is not None:
        yield GaugeMetricFamily(
            "klink_database_wal_bytes", "Disk space of SQLite's log", sizes.wal_bytes
        )
