"""What tells of trouble to come: the disk that fills, the log, a proxy that nobody has named."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

__all__ = ["trouble_families"]


def trouble_families(
    data_dir: Path, forwarded_ignored: int, logged: Mapping[str, int]
) -> Iterable[Metric]:
    """The room that is left for the data, and what has gone wrong since the start.

    :param forwarded_ignored: requests whose ``X-Forwarded-For`` was not believed.
    :param logged: lines of the log, by level.
    """
    try:
        usage = shutil.disk_usage(data_dir)
    except OSError:
        pass  # what cannot be looked at has no figures; that is an alert of its own
    else:
        yield GaugeMetricFamily(
            "klink_data_disk_free_bytes", "Room on the disk of the data folder", usage.free
        )
        yield GaugeMetricFamily(
            "klink_data_disk_size_bytes", "Size of the disk of the data folder", usage.total
        )
    yield CounterMetricFamily(
        "klink_forwarded_ignored",
        "Requests with an X-Forwarded-For from a peer that is no trusted proxy",
        forwarded_ignored,
    )
    lines = CounterMetricFamily("klink_log_lines", "Warnings and errors logged", labels=["level"])
    for level, count in logged.items():
        lines.add_metric([level], count)
    yield lines
