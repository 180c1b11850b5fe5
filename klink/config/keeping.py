"""The section of the configuration that says how backups are made and kept."""

from __future__ import annotations

from dataclasses import dataclass, field

from klink.config.kinds import FLAG, OPTIONAL_FOLDER, duration, whole
from klink.config.setting import about


@dataclass(frozen=True, slots=True)
class Backups:
    """Copies of everything, made by the clock."""

    enabled: bool = field(
        metadata=about(True, FLAG, "Whether this server makes backups by the clock")
    )
    every_s: float = field(
        metadata=about(
            "1h",
            duration(60),
            "How old the newest backup gets before the next is made",
            unit="duration",
            key="every",
        )
    )
    folder: str = field(
        metadata=about(
            "",
            OPTIONAL_FOLDER,
            "Where they go, relative to data_dir; empty: backups there. Another disk is better",
        )
    )
    hourly: int = field(
        metadata=about(24, whole(0, 100_000), "Hours whose newest backup is kept", unit="backups")
    )
    daily: int = field(
        metadata=about(7, whole(0, 100_000), "Days whose newest backup is kept", unit="backups")
    )
    weekly: int = field(
        metadata=about(4, whole(0, 100_000), "Weeks whose newest backup is kept", unit="backups")
    )
    max_bytes: int = field(
        metadata=about(
            10_737_418_240,
            whole(0, 1 << 60),
            "What all of them may take; the oldest go first, the newest stays. 0: no end",
            unit="bytes",
        )
    )
    before_upgrades: bool = field(
        metadata=about(
            True,
            FLAG,
            "Whether a backup is made before the database gets a newer schema; without one that "
            "is not done",
        )
    )
