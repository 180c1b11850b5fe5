"""What goes into the core about domains, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from klink.core.links.model import UNSET, Unset

Method = Literal["dns", "file"]
State = Literal["pending", "verified", "failing"]
Outcome = Literal["found", "missing", "unknown"]

BY_ADMIN = "admin"
"""In place of a method: the server's admin has said that the proof is not needed."""

STATES: tuple[State, ...] = ("pending", "verified", "failing")
METHODS: tuple[Method, ...] = ("dns", "file")
OUTCOMES: tuple[Outcome, ...] = ("found", "missing", "unknown")


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found where a proof may be.

    :ivar outcome: ``unknown``: nobody can say, since there was no answer.
    :ivar text: in words; nothing in it but what DNS tells everybody.
    """

    method: Method
    outcome: Outcome
    text: str


@dataclass(frozen=True, slots=True)
class DomainView:
    """A host of a workspace, as doors show it.

    :ivar host: as links show it; ``base_url``'s with its port when it has one.
    :ivar is_base: whether it is ``base_url``'s, which is everybody's and needs no proof.
    :ivar state: ``failing``: verified, and the proof is not there any more.
    :ivar token: what proves the claim; None where there is nothing to prove.
    :ivar verified_by: ``dns``, ``file`` or ``admin``; None while pending, and of ``base_url``'s.
    :ivar findings: of the last check, at ``checked_at``.
    :ivar next_check_at: when klink looks by itself again; None: it does not.
    """

    host: str
    workspace_id: int
    is_base: bool
    state: State
    is_default: bool
    root_url: str | None
    not_found_url: str | None
    created_at: datetime
    token: str | None = None
    verified_at: datetime | None = None
    verified_by: str | None = None
    failing_since: datetime | None = None
    checked_at: datetime | None = None
    findings: tuple[Finding, ...] = ()
    next_check_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainPatch:
    """What to change of a domain.

    :param root_url: where the domain's root leads; None: to klink's own page.
    :param not_found_url: where slugs that are not there lead; None: to klink's own page.
    :param is_default: whether the workspace's new links go here when they name no domain.
    """

    root_url: str | Unset | None = UNSET
    not_found_url: str | Unset | None = UNSET
    is_default: bool | Unset = UNSET


class DomainPage(NamedTuple):
    """One page of a workspace's domains."""

    items: list[DomainView]
    next_cursor: str | None


class Ways(NamedTuple):
    """Where a domain sends those who ask for no link of it, as locations; '' is nowhere."""

    root: str = ""
    not_found: str = ""
