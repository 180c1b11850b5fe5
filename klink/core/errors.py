"""Everything the core can refuse, as one tree.

Each error has a stable ``code`` and says in words what a person can do. A door renders
the tree in its own shape, in one place; nothing below a door knows a status code.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from klink.db.connection import DatabaseBusy, KlinkError

__all__ = [
    "AnonymousLimitReached",
    "BioNameTaken",
    "Conflict",
    "DatabaseBusy",
    "DomainHasLinks",
    "DomainTaken",
    "Forbidden",
    "Gone",
    "IdempotencyInProgress",
    "IdempotencyKeyReused",
    "InsufficientRole",
    "InsufficientScope",
    "InvalidUrl",
    "KeyLimitReached",
    "KlinkError",
    "LinkLimitReached",
    "ListFull",
    "NotAuthenticated",
    "NotFound",
    "NotYours",
    "OnlyOperator",
    "PlanForbidsApi",
    "PreconditionFailed",
    "RateLimited",
    "SlugReserved",
    "SlugTaken",
    "TooBusy",
    "ValidationFailed",
]


class InvalidUrl(ValueError):
    """A text that is no URL klink may redirect to; ``reason`` says why, in words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ValidationFailed(KlinkError):
    """One or more fields cannot be accepted.

    :param errors: field name (``a.b`` and ``a.0.b`` for nested ones) to its messages.
    """

    code = "validation"

    def __init__(self, errors: dict[str, list[str]], message: str = "") -> None:
        super().__init__(message or "; ".join(f"{f}: {t[0]}" for f, t in errors.items()))
        self.errors = errors


class SlugReserved(ValidationFailed):
    """The slug is a word that klink needs for itself."""

    def __init__(self, slug: str) -> None:
        super().__init__({"slug": [f"{slug!r} is reserved; choose another slug"]})


class NotAuthenticated(KlinkError):
    """The request has no key that is valid here.

    :param reason: ``missing``, ``unknown`` or ``revoked``; only doors whose document
        promises it may tell the last two apart (contract: Keys).
    """

    code = "not_authenticated"

    def __init__(self, reason: str) -> None:
        super().__init__("an API key is needed" if reason == "missing" else "invalid API key")
        self.reason = reason


class Forbidden(KlinkError):
    """The key is valid but may not do this here."""

    code = "forbidden"


class InsufficientScope(Forbidden):
    """The key lacks the scope for this operation."""

    code = "insufficient_scope"

    def __init__(self, scope: str) -> None:
        super().__init__(f"this key lacks the scope {scope!r}")
        self.scope = scope


class InsufficientRole(Forbidden):
    """Whose key it is has not the role for this in the workspace.

    :param roles: those that may.
    """

    code = "insufficient_role"

    def __init__(self, roles: Sequence[str]) -> None:
        super().__init__(f"only who is {' or '.join(roles)} of the workspace may do this")


class OnlyOperator(Forbidden):
    """Only whoever runs the server may do this, at its command line."""

    code = "only_operator"


class PlanForbidsApi(Forbidden):
    """The key's or the workspace's plan has no API access."""

    code = "plan_forbids_api"

    def __init__(self, plan: str) -> None:
        super().__init__(f"the plan {plan!r} does not include API access")
        self.plan = plan


class LinkLimitReached(Forbidden):
    """The plan allows no more active links in this workspace."""

    code = "link_limit_reached"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"this plan allows {limit} active links; delete or disable one, or change the plan"
        )
        self.limit = limit


class KeyLimitReached(Forbidden):
    """The user has as many active keys as one user may have."""

    code = "key_limit_reached"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"a user may have {limit} active keys; revoke one, or raise keys.max_active_per_user"
        )
        self.limit = limit


class RateLimited(KlinkError):
    """A window of the plan is used up.

    :param retry_after_s: whole seconds until it turns, at least 1.
    :param window: ``minute``, ``hour``, ``month`` or ``day``.
    """

    code = "rate_limited"

    def __init__(self, retry_after_s: int, what: str, *, window: str = "") -> None:
        super().__init__(f"{what}; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s
        self.window = window


class AnonymousLimitReached(RateLimited):
    """An address has made as many links without a key as it may in 24 h (klookup U12).

    :param again_at: when it may make the next one, a whole second.
    """

    def __init__(self, limit: int, again_at: datetime, retry_after_s: int) -> None:
        super().__init__(
            retry_after_s, f"an address may make {limit} links a day without a key", window="day"
        )
        self.again_at = again_at


class NotFound(KlinkError):
    """No such thing, or none that this principal may know of."""

    code = "not_found"

    def __init__(self, what: str = "link") -> None:
        super().__init__(f"no such {what}")


class NotYours(NotFound):
    """There is such a thing, but it belongs to another workspace.

    Doors answer as to :class:`NotFound`; only one whose document promises it may tell the
    two apart (klookup U8).
    """


class Gone(KlinkError):
    """The link is in the trash: it can be restored or purged, nothing else."""

    code = "gone"

    def __init__(self) -> None:
        super().__init__("the link is in the trash; restore it, or purge it to free its slug")


class Conflict(KlinkError):
    """The request clashes with what is there."""

    code = "conflict"


class SlugTaken(Conflict):
    """Another link of the domain has the slug; one in the trash holds it too."""

    code = "slug_taken"

    def __init__(self, slug: str) -> None:
        super().__init__(f"the slug {slug!r} is taken on this domain")


class DomainTaken(Conflict):
    """Another workspace of this server has proved that the host is its own."""

    code = "domain_taken"

    def __init__(self, host: str) -> None:
        super().__init__(
            f"{host} is verified by another workspace of this server; it has to remove it first"
        )


class DomainHasLinks(Conflict):
    """The domain cannot go, since links would go with it."""

    code = "domain_has_links"

    def __init__(self, host: str, many: str) -> None:
        super().__init__(
            f"{host} has {many}, those in the trash among them; purge them before it can go"
        )


class ListFull(Conflict):
    """A blocklist has no room for another entry."""

    code = "list_full"


class BioNameTaken(Conflict):
    """Another page of this server has the name."""

    code = "name_taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"@{name} is another page's name on this server; choose another one")


class IdempotencyInProgress(Conflict):
    """The first request with this Idempotency-Key is still running."""

    code = "idempotency_in_progress"

    def __init__(self) -> None:
        super().__init__("the first request with this Idempotency-Key is still running")


class IdempotencyKeyReused(KlinkError):
    """The Idempotency-Key came before with another request."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("this Idempotency-Key was used with a different request; take a new one")


class PreconditionFailed(KlinkError):
    """``If-Match`` names another version: someone changed it meanwhile."""

    code = "precondition_failed"

    def __init__(self, what: str = "link") -> None:
        super().__init__(f"the {what} has changed since you read it; read it again, then change it")


class TooBusy(KlinkError):
    """The server does as much of this at once as it may; a moment later it may do more."""

    code = "too_busy"
