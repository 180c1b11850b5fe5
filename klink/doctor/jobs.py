"""The jobs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from klink.doctor.database import need_database
from klink.doctor.finding import Finding
from klink.doctor.scene import Scene
from klink.jobs import JOBS
from klink.opening import job_settings

__all__ = ["jobs"]

_LEEWAY = timedelta(hours=1)  # a run may take that long, and begins late by a tenth


def jobs(scene: Scene) -> Iterable[Finding]:
    """Whether the last run of each went well, and none is overdue while a server runs."""
    need_database(scene)
    settings = job_settings(scene.config)
    for job in JOBS:
        last = scene.runs.get(job.name)
        if last is None:
            continue
        if last.error is not None:
            yield Finding("job-failing", f"{job.name}: {last.error}")
        due = last.started_at + 2 * timedelta(seconds=job.every_s(settings)) + _LEEWAY
        is_run_here = scene.server.state == "running" and settings.enabled
        if is_run_here and due < scene.now:
            yield Finding(
                "job-late", f"{job.name} ran last at {last.started_at:%Y-%m-%d %H:%M} UTC"
            )
