"""The clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from klink.core.times import from_ms
from klink.db import integrity, migrate
from klink.doctor.finding import Finding
from klink.doctor.scene import Scene

__all__ = ["clock"]

_NOT_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)  # this klink is no older
_LEEWAY = timedelta(minutes=2)  # a restored virtual machine catches up in that time


def clock(scene: Scene) -> Iterable[Finding]:
    """Whether it can be right, somebody keeps it right, and nothing happened later than now."""
    if scene.now < _NOT_BEFORE:
        yield Finding("clock-wrong", f"the clock says {scene.now:%Y-%m-%d %H:%M} UTC")
        return
    if scene.machine.is_clock_kept() is False:
        yield Finding("clock-unsynchronised", "the kernel says that its clock is not synchronised")
    if scene.database.state != "answers" or migrate.schema_version() == 0:
        return
    newest = integrity.newest_ms()
    if newest is not None and from_ms(newest) > scene.now + _LEEWAY:
        yield Finding(
            "clock-behind",
            f"the newest click or audit entry is of {from_ms(newest):%Y-%m-%d %H:%M:%S} UTC, and "
            f"the clock says {scene.now:%Y-%m-%d %H:%M:%S}",
        )
