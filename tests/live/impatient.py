"""klink with little patience: ``python -m tests.live.impatient``, else like ``python -m klink``."""

from __future__ import annotations

from klink.cli import main
from klink.server import server

HEADER_S, IDLE_S = 4.0, 8.0

if __name__ == "__main__":
    server.HEADER_S, server.IDLE_S, server.SWEEP_S = HEADER_S, IDLE_S, 1  # type: ignore[assignment]
    main()
