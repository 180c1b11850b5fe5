"""klink whose jobs first run at once: ``python -m tests.live.hasty``, else like ``klink``.

One after the other they begin five seconds apart, which is long to wait for the seventh.
"""

from __future__ import annotations

from klink.cli import main
from klink.scheduler import Scheduler

FIRST_RUN_S = 0.2

if __name__ == "__main__":
    defaults = Scheduler.__init__.__kwdefaults__
    assert defaults is not None
    defaults["first_run_s"] = FIRST_RUN_S
    main()
