"""What klink counts and measures, in the words of Prometheus (``GET /metrics``).

Nothing here counts: each part of the server has its own figures, which are read when somebody
asks. No family has a label whose values visitors or customers make up.
"""

from __future__ import annotations

from klink.metrics.doors import door_of
from klink.metrics.exposition import Metrics
from klink.metrics.watching import Watch

__all__ = ["Metrics", "Watch", "door_of"]
