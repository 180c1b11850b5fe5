"""What goes into the core about links, and what comes out: frozen values, no records."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final

UTM_NAMES = ("source", "medium", "campaign", "content", "term")


class Unset(enum.Enum):
    """The type of ``UNSET``: a field that a patch says nothing about."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


@dataclass(frozen=True, slots=True)
class NewVariant:
    """A destination of a link that has several; ``weight`` is its share of 100."""

    label: str
    url: str
    weight: int


@dataclass(frozen=True, slots=True)
class NewRule:
    """The first rule whose ``when`` holds chooses: ``use`` is a label or ``split``."""

    when: Mapping[str, object]
    use: str


@dataclass(frozen=True, slots=True)
class Utm:
    """The five campaign parameters that a link adds to its destination."""

    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    content: str | None = None
    term: str | None = None

    def values(self) -> tuple[str | None, ...]:
        """The five in the contract's order (qklnk Q15)."""
        return (self.source, self.medium, self.campaign, self.content, self.term)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink:
    """A link to make. Either ``url`` or ``variants`` says where it leads.

    :param slug: None or '' lets klink choose one.
    :param domain: host of a verified domain of the workspace, or ``base_url``'s; None is the
        workspace's default, which is ``base_url``'s until changed.
    :param mode: ``single``, ``split`` or ``rules``; None follows from the rest.
    :param default: label to use when no rule holds, or ``split`` for the weights, which is what
        None means when ``mode`` is None; else None is the first variant.
    :param conversion_redirect_url: where a visitor goes after a conversion for it (klinky K1).
    :param failover_url: where visitors go while the destination is down.
    """

    url: str | None = None
    slug: str | None = None
    domain: str | None = None
    title: str | None = None
    description: str | None = None
    tags: tuple[str, ...] = ()
    type: str = "direct"
    post_id: str | None = None
    site_url: str | None = None
    mode: str | None = None
    variants: tuple[NewVariant, ...] = ()
    rules: tuple[NewRule, ...] = ()
    default: str | None = None
    auto_winner: bool = False
    winner_threshold: int = 100
    utm: Utm = Utm()
    forward_query: bool = False
    redirect_status: int = 302
    conversion_tracking: bool = False
    conversion_redirect_url: str | None = None
    starts_at: datetime | None = None
    expires_at: datetime | None = None
    max_clicks: int | None = None
    expired_url: str | None = None
    failover_url: str | None = None
    password: str | None = None
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPatch:
    """What to change of a link; ``UNSET`` leaves a field as it is, None clears it.

    :param utm: all five, or a mapping that changes only those it names.
    """

    url: str | Unset = UNSET
    slug: str | Unset = UNSET
    title: str | Unset | None = UNSET
    description: str | Unset | None = UNSET
    tags: tuple[str, ...] | Unset = UNSET
    type: str | Unset = UNSET
    post_id: str | Unset | None = UNSET
    site_url: str | Unset | None = UNSET
    mode: str | Unset | None = UNSET
    variants: tuple[NewVariant, ...] | Unset = UNSET
    rules: tuple[NewRule, ...] | Unset = UNSET
    default: str | Unset | None = UNSET
    auto_winner: bool | Unset = UNSET
    winner_threshold: int | Unset = UNSET
    utm: Utm | Mapping[str, str | None] | Unset = UNSET
    forward_query: bool | Unset = UNSET
    redirect_status: int | Unset = UNSET
    conversion_tracking: bool | Unset = UNSET
    conversion_redirect_url: str | Unset | None = UNSET
    starts_at: datetime | Unset | None = UNSET
    expires_at: datetime | Unset | None = UNSET
    max_clicks: int | Unset | None = UNSET
    expired_url: str | Unset | None = UNSET
    failover_url: str | Unset | None = UNSET
    password: str | Unset | None = UNSET
    is_active: bool | Unset = UNSET

    def given(self) -> dict[str, object]:
        """The fields that are set, by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not UNSET}


@dataclass(frozen=True, slots=True)
class CheckView:
    """How the last check of a destination went.

    :ivar status: None when there was no answer.
    :ivar final_host: where redirects led in the end, when that is another host.
    :ivar problem: one of :class:`klink.core.destination_checks.Problem`, or None.
    :ivar failing_since: when a problem was first met that is still there.
    :ivar down_since: since when visitors go to ``failover_url``, if the link has one.
    """

    checked_at: datetime
    status: int | None
    final_host: str | None
    problem: str | None
    failing_since: datetime | None
    down_since: datetime | None


@dataclass(frozen=True, slots=True)
class VariantView:
    """A variant as doors show it; ``check`` is None when none was made yet."""

    id: int
    uid: str
    label: str
    url: str
    weight: int
    check: CheckView | None = None


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule as doors show it."""

    when: dict[str, object]
    use: str


@dataclass(frozen=True, slots=True)
class LinkView:
    """A link as doors show it; its counts come from :mod:`klink.stats.counts`.

    :ivar check: of a link without variants; None when none was made yet.
    """

    id: int
    uid: str
    workspace_id: int
    created_by: int | None
    created_via: str
    slug: str
    domain: str
    short_url: str
    url: str
    title: str | None
    description: str | None
    tags: tuple[str, ...]
    type: str
    post_id: str | None
    site_url: str | None
    site_verified_at: datetime | None
    scheduled_deletion_at: datetime | None
    mode: str
    variants: tuple[VariantView, ...]
    rules: tuple[RuleView, ...]
    default: str | None
    auto_winner: bool
    winner_threshold: int
    winner: str | None
    winner_at: datetime | None
    run: int
    utm: Utm
    forward_query: bool
    redirect_status: int
    conversion_tracking: bool
    conversion_redirect_url: str | None
    starts_at: datetime | None
    expires_at: datetime | None
    max_clicks: int | None
    expired_url: str | None
    failover_url: str | None
    check: CheckView | None
    password_protected: bool
    is_active: bool
    quarantined_at: datetime | None
    quarantined_by: str | None
    quarantine_reason: str | None
    deleted_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Created:
    """The outcome of a creation; ``existing`` when an old link answers for it (U3)."""

    link: LinkView
    existing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkQuery:
    """Which links to list.

    :param q: words to find in slug, title or URL.
    :param problem: whether the last check of a destination has met a problem; None: any.
    :param state: ``active``, ``inactive``, ``expired``, ``quarantined``, ``trashed``, or None:
        all but trashed.
    :param sort: ``created``, ``updated``, ``slug`` or ``clicks``; with ``-`` before it,
        downwards. Of those with as many clicks, the older come first downwards, else the newer.
    :param cursor: ``next_cursor`` of the page before.
    """

    q: str = ""
    tag: str | None = None
    domain: str | None = None
    state: str | None = None
    problem: bool | None = None
    sort: str = "-created"
    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class LinkPage:
    """One page of links and where the next begins, if there is one."""

    items: list[LinkView]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class NumberedPage:
    """One page of links, by its number from 1 on.

    :param pages: how many there are; of an empty list one.
    :param total: links in all of them.
    """

    items: list[LinkView]
    page: int
    pages: int
    total: int
