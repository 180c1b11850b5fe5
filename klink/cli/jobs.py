"""``klink jobs``."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace

import click

from klink.cli.opening import configured, opened
from klink.cli.output import cell, json_option, print_json, print_table
from klink.cli.refused import Refused
from klink.jobs import JOBS, Job, JobRun, JobSettings, Pace, RunLog, run
from klink.opening import job_settings

_BY_NAME = {job.name: job for job in JOBS}


def run_json(done: JobRun) -> dict[str, object]:
    """How a job's last run went, as JSON has it."""
    shown = asdict(done)
    del shown["name"]
    return shown


def _counts(done: JobRun) -> str:
    return ", ".join(f"{count} {name}" for name, count in done.counts.items())


@click.group("jobs")
def command() -> None:
    """Work that klink does by itself."""


@command.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Show every job and how its last run went, in whichever process.

    NEXT is when about the server that ran it last by the clock runs it again.
    """
    config = configured()
    settings = job_settings(config)
    with opened(config):
        last = RunLog().last()
    if as_json:
        print_json([_job_json(job, settings, last.get(job.name)) for job in JOBS])
        return
    rows = [_row(job, settings, last.get(job.name)) for job in JOBS]
    print_table(
        ["NAME", "EVERY", "LAST RUN", "TOOK", "RESULT", "NEXT", "LAST ERROR", "WHAT IT DOES"], rows
    )


def _job_json(job: Job, settings: JobSettings, last: JobRun | None) -> dict[str, object]:
    return {
        "name": job.name,
        "about": job.about,
        "every_s": job.every_s(settings),
        "last": run_json(last) if last else None,
    }


def _row(job: Job, settings: JobSettings, last: JobRun | None) -> tuple[object, ...]:
    every = _span(job.every_s(settings))
    if last is None:
        return (job.name, every, None, None, None, None, None, job.about)
    return (
        job.name,
        every,
        last.started_at,
        f"{last.duration_ms} ms",
        "failed" if last.error else _counts(last),
        last.next_at,
        _last_error(last),
        job.about,
    )


def _last_error(done: JobRun) -> str | None:
    at = done.last_error_at
    return None if at is None else f"{cell(at)}: {done.last_error}"


def _span(seconds: float) -> str:
    for length, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:.0f}{unit}"
    return f"{seconds:.0f}s"


@command.command("run")
@click.argument("name", type=click.Choice(list(_BY_NAME)), metavar="NAME")
@json_option
def run_(name: str, as_json: bool) -> None:
    """Run the job NAME now, on everything, until nothing is left for it to do.

    What the clock would put off (what is not due yet, or was tried in vain lately) is done too.
    It may run while the server does. Ctrl-C ends it; what is done by then stays done.
    """
    config = configured()
    settings = replace(job_settings(config), everything=True)
    with opened(config) as ctx:
        progress = _Progress(name)
        try:
            done = run(_BY_NAME[name], ctx, settings, RunLog(), Pace(None, progress))
        finally:
            progress.end()
    if done is None:
        raise Refused(f"another process is running {name} now; `klink jobs list` shows its end")
    if as_json:
        print_json({"name": name, **run_json(done)})
    else:
        click.echo(cell(f"{name}: {_counts(done)}"))


class _Progress:
    """Counts along on a terminal; in a pipe it says nothing."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._is_shown = sys.stderr.isatty()

    def __call__(self, done: int) -> None:
        if self._is_shown:
            click.echo(f"\r{self._name}: {done} …", nl=False, err=True)

    def end(self) -> None:
        """Clear the line."""
        if self._is_shown:
            click.echo("\r\x1b[K", nl=False, err=True)
