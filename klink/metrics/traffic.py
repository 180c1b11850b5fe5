"""Requests, connections and the cache of links."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from klink.metrics.doors import LINKS
from klink.redirects.cache import CacheFigures
from klink.server import ServerFigures
from klink.tallies import BOUNDS_S, Requests, Spread

__all__ = ["traffic_families"]


def traffic_families(
    requests: Requests,
    redirects: Mapping[int, int],
    server: ServerFigures,
    cache: CacheFigures,
) -> Iterable[Metric]:
    """What comes in, how it is answered, and by what.

    :param requests: those that workers answered.
    :param redirects: those that the event loop answered, by status.
    """
    yield _answers(requests, redirects)
    yield _durations(requests, server.redirects)
    yield GaugeMetricFamily("klink_connections", "Open connections", server.connections)
    waiting = GaugeMetricFamily(
        "klink_worker_queue_length", "Requests that wait for a worker", labels=["workers"]
    )
    for workers, length in server.queues.items():
        waiting.add_metric([workers], length)
    yield waiting
    yield from _cache(cache)


def _answers(requests: Requests, redirects: Mapping[int, int]) -> Metric:
    answers = requests.answers()
    for status, count in redirects.items():
        answers[LINKS, status] = answers.get((LINKS, status), 0) + count
    family = CounterMetricFamily(
        "klink_requests", "Requests answered, by door and status", labels=["door", "status"]
    )
    for (door, status), count in sorted(answers.items()):
        family.add_metric([door, str(status)], count)
    return family


def _durations(requests: Requests, redirects: Spread | None) -> Metric:
    """On the loop each request of a tick counts as long as the tick, which is never less."""
    family = HistogramMetricFamily(
        "klink_request_duration_seconds",
        "From a request's first byte to its answer, by door and by what answered: the event "
        "loop or a worker",
        labels=["door", "by"],
    )
    if redirects is not None:
        _add(family, [LINKS, "loop"], redirects)
    for door, spread in sorted(requests.durations().items()):
        _add(family, [door, "worker"], spread)
    return family


def _add(family: HistogramMetricFamily, labels: list[str], spread: Spread) -> None:
    buckets: list[tuple[str, float]] = []
    so_far = 0
    names = [*(str(bound) for bound in BOUNDS_S), "+Inf"]
    for name, count in zip(names, spread.counts, strict=True):
        so_far += count
        buckets.append((name, so_far))
    family.add_metric(labels, buckets, spread.sum_s)


def _cache(cache: CacheFigures) -> Iterable[Metric]:
    looked_up = CounterMetricFamily(
        "klink_cache_lookups",
        "Links looked up in memory: found there, or read from the database",
        labels=["result"],
    )
    looked_up.add_metric(["hit"], cache.hits)
    looked_up.add_metric(["miss"], cache.misses)
    yield looked_up
    yield GaugeMetricFamily("klink_cache_bytes", "Memory that links take", cache.bytes)
    yield GaugeMetricFamily("klink_cache_links", "Links in memory", cache.links)
