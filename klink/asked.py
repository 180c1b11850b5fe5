"""Which request is being answered, for whoever writes a line into the log meanwhile."""

from __future__ import annotations

from contextvars import ContextVar

__all__ = ["current_request"]

current_request: ContextVar[str] = ContextVar("klink-request", default="")
"""The id of the request that this thread answers; '' when it answers none."""
