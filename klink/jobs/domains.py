"""Looking for the proofs of domains."""

from __future__ import annotations

from collections.abc import Iterator

from klink.core import domains
from klink.core.context import Context
from klink.core.domains import Finding
from klink.jobs.job import JobReport, JobSettings
from klink.jobs.pace import Pace

__all__ = ["verify_domains"]

_AT_ONCE = 100


def verify_domains(ctx: Context, settings: JobSettings, pace: Pace) -> JobReport:
    """Look for the proofs that are due: of claims soon, then ever later; of domains daily.

    With ``settings.everything`` for every proof that there may be.
    """
    changed: list[str] = []
    checked = pace.total(_steps(ctx, changed, everything=settings.everything))
    return JobReport({"checked": checked, "changed": len(changed)})


def _steps(ctx: Context, changed: list[str], *, everything: bool) -> Iterator[int]:
    """One step for each place that is looked at, so that a stop waits for one answer at most.

    :param changed: gets the hosts that now stand otherwise than before.
    """
    after = 0
    while found := domains.due(ctx, after, _AT_ONCE, everything=everything):
        for claim_id, host, token in found:
            findings: list[Finding] = []
            for finding in domains.look(ctx.settings, host, token):
                findings.append(finding)
                yield 0
            if domains.conclude_by_clock(ctx, claim_id, findings):
                changed.append(host)
            after = claim_id
            yield 1
