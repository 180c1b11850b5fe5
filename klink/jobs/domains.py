"""Looking for the proofs of domains."""

from __future__ import annotations

from collections.abc import Callable, Collection

from klink.core import domains
from klink.core.context import Context
from klink.core.domains import DueClaim, Finding
from klink.jobs.asking import Errand, ask_all
from klink.jobs.job import JobReport, JobSettings
from klink.jobs.pace import Pace

__all__ = ["verify_domains"]

_CHANGED, _UNCHANGED = "changed", "unchanged"


def verify_domains(ctx: Context, settings: JobSettings, pace: Pace) -> JobReport:
    """Look for the proofs that are due: of claims soon, then ever later; of domains daily.

    With ``settings.everything`` for every proof that there may be.
    """

    def look(claim: DueClaim) -> list[Finding]:
        return list(domains.look(ctx.settings, claim.host, claim.token))

    def record(_: Context, claim: DueClaim, findings: list[Finding]) -> str:
        return _CHANGED if domains.conclude_by_clock(ctx, claim.number, findings) else _UNCHANGED

    next_one = _each_of(domains.every_claim()) if settings.everything else domains.next_due
    errand = Errand(next_one=next_one, ask=look, record=record, unknown=list[Finding]())
    counts = ask_all(errand, ctx, pace, (_CHANGED, _UNCHANGED), is_endless=settings.everything)
    return JobReport({"checked": sum(counts.values()), "changed": counts[_CHANGED]})


def _each_of(claims: list[DueClaim]) -> Callable[[Context, Collection[str]], DueClaim | None]:
    """What gives each of these once, those of busy hosts later."""

    def next_one(_: Context, busy: Collection[str]) -> DueClaim | None:
        for place, claim in enumerate(claims):
            if claim.host not in busy:
                return claims.pop(place)
        return None

    return next_one
