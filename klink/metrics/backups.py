"""Backups: how old the newest is, and what they take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric

from klink.backups import Backup

__all__ = ["backup_families"]


def backup_families(found: Sequence[Backup], now: datetime) -> Iterable[Metric]:
    """Backups that are good, as far as a look from outside tells.

    :param found: the newest first.
    """
    good = [each for each in found if not each.problem]
    yield GaugeMetricFamily("klink_backups", "Backups there are", len(good))
    yield GaugeMetricFamily(
        "klink_backups_bytes", "Disk space of all backups", sum(each.size_bytes for each in good)
    )
    if not good:
        return
    age_s = max(0.0, (now - good[0].at).total_seconds())
    yield GaugeMetricFamily("klink_backup_age_seconds", "Age of the newest backup", age_s)
    yield GaugeMetricFamily(
        "klink_backup_size_bytes", "Disk space of the newest backup", good[0].size_bytes
    )
