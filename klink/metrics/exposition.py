"""The text that Prometheus reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

__all__ = ["Families", "Metrics"]

Families = Callable[[], Iterable[Metric]]
"""Reads the figures of one part of the server, as they are now."""


class _Part(Collector):
    def __init__(self, families: Families) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families()


class Metrics:
    """All families; a registry of klink's own, with what the system knows of the process.

    :param version: of klink.
    """

    def __init__(self, version: str) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._version = version
        self.add(self._build)

    def add(self, families: Families) -> None:
        """Show the figures of one more part."""
        self._registry.register(_Part(families))

    def text(self) -> bytes:
        """All figures now, in the text format 0.0.4."""
        return generate_latest(self._registry)

    def _build(self) -> Iterable[Metric]:
        family = GaugeMetricFamily("klink_build_info", "1, by klink's version", labels=["version"])
        family.add_metric([self._version], 1)
        yield family
