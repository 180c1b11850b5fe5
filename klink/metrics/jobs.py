"""Jobs: how their runs went, as the database remembers them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from klink.jobs import JobRun, JobStatus

__all__ = ["job_families"]

_LAST: tuple[tuple[str, str, Callable[[JobRun], float | None]], ...] = (
    (
        "klink_job_last_run_timestamp_seconds",
        "When the last run began",
        lambda run: _timestamp(run.started_at),
    ),
    (
        "klink_job_last_success_timestamp_seconds",
        "When the last run began that did not fail",
        lambda run: _timestamp(run.last_success_at),
    ),
    (
        "klink_job_last_duration_seconds",
        "How long the last run took",
        lambda run: run.duration_ms / 1000,
    ),
    (
        "klink_job_last_longest_step_seconds",
        "How long the longest step of the last run took, a transaction as a rule",
        lambda run: run.longest_step_ms / 1000,
    ),
    (
        "klink_job_last_failed",
        "1 when the last run failed",
        lambda run: float(run.error is not None),
    ),
)


def job_families(jobs: Sequence[JobStatus]) -> Iterable[Metric]:
    """Every job of the table; runs since the database was made, in whichever process.

    The label is not called ``job``, which in Prometheus is the name of what is scraped.
    """
    every = _gauge("klink_job_interval_seconds", "Time between two runs by the clock")
    running = _gauge("klink_job_running", "1 while this process is at it")
    for job in jobs:
        every.add_metric([job.name], job.every_s)
        running.add_metric([job.name], float(job.is_running))
    yield every
    yield running
    ran = [job.last for job in jobs if job.last is not None]
    yield _runs(ran)
    yield _items(ran)
    for name, text, read in _LAST:
        family = _gauge(name, text)
        for run in ran:
            value = read(run)
            if value is not None:
                family.add_metric([run.name], value)
        yield family


def _runs(ran: Sequence[JobRun]) -> Metric:
    family = CounterMetricFamily("klink_job_runs", "Runs, by outcome", labels=["name", "outcome"])
    for run in ran:
        family.add_metric([run.name, "success"], run.runs - run.failures)
        family.add_metric([run.name, "failure"], run.failures)
    return family


def _items(ran: Sequence[JobRun]) -> Metric:
    """How many of what the last run did; the names are the jobs' own, a few each."""
    family = GaugeMetricFamily(
        "klink_job_last_items", "What the last run did", labels=["name", "what"]
    )
    for run in ran:
        for what, count in run.counts.items():
            family.add_metric([run.name, what], count)
    return family


def _gauge(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=["name"])


def _timestamp(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()
