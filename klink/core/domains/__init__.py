"""Own domains: which hosts serve a workspace's links, who proved that, and what is set of them.

A host is claimed, proved and then the workspace's; ``docs/domains.md`` says it to users.
"""

from __future__ import annotations

from klink.core.domains.checks import DueClaim, conclude_by_clock, every_claim, next_due
from klink.core.domains.claims import MAX_PENDING, claim, remove, verify
from klink.core.domains.model import (
    BY_ADMIN,
    METHODS,
    OUTCOMES,
    STATES,
    DomainPage,
    DomainPatch,
    DomainView,
    Finding,
    Ways,
)
from klink.core.domains.names import check_host, is_base_host
from klink.core.domains.proofs import FILE_PATH, Instructions, instructions, look
from klink.core.domains.reading import all_of_them, find_all, get, is_served, ways, workspace_of
from klink.core.domains.settings import change, close_blocked
from klink.core.links.model import UNSET

__all__ = [
    "BY_ADMIN",
    "FILE_PATH",
    "MAX_PENDING",
    "METHODS",
    "OUTCOMES",
    "STATES",
    "UNSET",
    "DomainPage",
    "DomainPatch",
    "DomainView",
    "DueClaim",
    "Finding",
    "Instructions",
    "Ways",
    "all_of_them",
    "change",
    "check_host",
    "claim",
    "close_blocked",
    "conclude_by_clock",
    "every_claim",
    "find_all",
    "get",
    "instructions",
    "is_base_host",
    "is_served",
    "look",
    "next_due",
    "remove",
    "verify",
    "ways",
    "workspace_of",
]
