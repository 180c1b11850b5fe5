"""Running a job because somebody asked for it, and writing down who did."""

from __future__ import annotations

from collections.abc import Callable

from klink.core import audit
from klink.core.context import Context
from klink.core.principal import Principal
from klink.db.connection import write

__all__ = ["run_now"]


def run_now(ctx: Context, who: Principal, name: str, begin: Callable[[str], None]) -> None:
    """Begin a run of a job, and return without waiting for its end.

    :param begin: begins it, in a thread of its own, or refuses.
    :raises KlinkError: what ``begin`` refuses; then nothing is written down.
    """
    with write():
        audit.record(ctx, who, "job.run", f"job:{name[:100]}")
        begin(name)
