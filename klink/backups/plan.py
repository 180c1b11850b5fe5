"""How backups are made and kept here, and how the newest stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from klink.backups.making import Source
from klink.backups.shelf import Backup, Keep, listed
from klink.stats.health import Fact, bytes_in_words, span_in_words

__all__ = ["BackupPlan", "fact", "is_due"]

_LATE = 3
"""Backups that are missed before somebody should look."""


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """What the configuration says of backups.

    :ivar folder: where they go.
    :ivar every_s: how old the newest gets before the next is made.
    :ivar enabled: whether the clock makes any.
    """

    source: Source
    folder: Path
    keep: Keep = field(default_factory=Keep)
    every_s: float = 3600.0
    enabled: bool = True

    def listed(self) -> list[Backup]:
        """Every backup there is, the newest first."""
        return listed(self.folder)


def is_due(plan: BackupPlan, now: datetime) -> bool:
    """Whether the clock should make one now.

    One that bears a later time than now, since the clock was set back, counts for nothing.
    """
    ages = [(now - each.at).total_seconds() for each in plan.listed() if not each.problem]
    return not any(0 <= age < plan.every_s for age in ages)


def fact(plan: BackupPlan, found: list[Backup], now: datetime) -> Fact:
    """How the newest stands, for whoever runs the server.

    :param found: as :meth:`BackupPlan.listed` gives them.
    """
    name = "Newest backup"
    good = [each for each in found if not each.problem]
    if not good:
        shown = f"none in {plan.folder}"
        if plan.enabled:  # if the job fails, that is told as such
            return Fact(name, shown, "note", "The job backup makes one minutes after the start.")
        advice = "`klink backup` makes one; nothing does by the clock ([backups] enabled)."
        return Fact(name, shown, "warn", advice)
    age_s = max(0.0, (now - good[0].at).total_seconds())
    shown = f"{span_in_words(age_s)} old, {bytes_in_words(good[0].size_bytes)}; {len(good)} in all"
    if plan.enabled and age_s > _LATE * plan.every_s:
        advice = "It should be younger: the page of jobs says how the job backup fares."
        return Fact(name, shown, "bad", advice)
    if len(good) < len(found):
        advice = "Some files in the folder are damaged; `klink backup --list` says which."
        return Fact(name, shown, "warn", advice)
    if not plan.enabled:
        return Fact(name, shown, "note", "Nothing makes them by the clock ([backups] enabled).")
    return Fact(name, shown, "good")
