"""``klink doctor``: looks for what is wrong, says why it matters and what to do.

One small module for each group of checks, and one table (:data:`CHECKS`). Nothing is changed by
looking; the server may run or not.
"""

from __future__ import annotations

from klink.doctor.examining import Report, examine
from klink.doctor.finding import Check, Finding
from klink.doctor.kinds import KINDS, Kind
from klink.doctor.scene import Disk, Machine
from klink.doctor.table import CHECKS

__all__ = ["CHECKS", "KINDS", "Check", "Disk", "Finding", "Kind", "Machine", "Report", "examine"]
