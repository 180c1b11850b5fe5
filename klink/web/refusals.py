"""Which errors an operation may give: they follow from what it takes, and are described by it.

So a description says of each operation every status that it has, and no other. What the server
refuses before it knows the operation (a path or method that is not there, a head that cannot be
read) is no operation's, and is not said of any.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from klink.core import errors
from klink.core.errors import KlinkError
from klink.web import body
from klink.web.statuses import Statuses, status_of_kind

__all__ = ["REFUSES", "kinds_of", "responses"]

REFUSES = "x-refuses"
"""Where an operation has errors that do not follow from what it takes."""

Json = dict[str, Any]  # Any: JSON of every type
Kinds = Iterable[type[KlinkError]]

_WORDS: dict[type[KlinkError], str] = {
    body.InvalidJson: "The body is no JSON that can be read.",
    body.UnsupportedMediaType: "The body is not sent as JSON.",
    body.BodyTooLarge: "The body is too large.",
    errors.ValidationFailed: "Something that was sent cannot be accepted.",
    errors.IdempotencyKeyReused: "The `Idempotency-Key` came before with another request.",
    errors.NotAuthenticated: "No key, or none that is valid here.",
    errors.Forbidden: "The key may not do this: its scopes or plan do not allow it.",
    errors.LinkLimitReached: "The plan allows no more links.",
    errors.NotFound: "There is no such thing in this workspace.",
    errors.Conflict: "It clashes with what is there.",
    errors.SlugTaken: "The slug is taken.",
    errors.DomainTaken: "Another workspace has verified the host.",
    errors.DomainHasLinks: "The domain has links.",
    errors.ListFull: "The list is full.",
    errors.BioNameTaken: "Another page has the name.",
    errors.IdempotencyInProgress: "The first request with this `Idempotency-Key` is running.",
    errors.Gone: "The link is in the trash.",
    errors.PreconditionFailed: "The link has changed.",
    errors.RateLimited: "A window of the plan is used up.",
    errors.DatabaseBusy: "The server is busy.",
    errors.TooBusy: "Enough of this is being done at the moment.",
}
_ALWAYS: Kinds = (
    errors.NotAuthenticated,
    errors.Forbidden,
    errors.RateLimited,
    errors.DatabaseBusy,
)
_OF_PATHS: Kinds = (errors.NotFound, errors.Gone)
_OF_BODIES: Kinds = (
    body.InvalidJson,
    body.BodyTooLarge,
    body.UnsupportedMediaType,
    errors.ValidationFailed,
)
_OF_HEADERS: dict[str, Kinds] = {
    "Idempotency-Key": (
        errors.ValidationFailed,
        errors.IdempotencyInProgress,
        errors.IdempotencyKeyReused,
    ),
    "If-Match": (errors.PreconditionFailed,),
}
_RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds until it is worth trying again.",
        "schema": {"type": "integer", "minimum": 0},
    }
}


def kinds_of(operation: Json, *, in_path: bool, takes: Iterable[str]) -> Iterator[type[KlinkError]]:
    """The errors of an operation.

    :param operation: its description; what stands in it for this module alone goes.
    :param in_path: whether its path names something that may not be there.
    :param takes: the request headers that mean something to it.
    """
    yield from _ALWAYS
    if in_path:
        yield from _OF_PATHS
    if "requestBody" in operation:
        yield from _OF_BODIES
    if any(parameter.get("in") == "query" for parameter in operation.get("parameters", ())):
        yield errors.ValidationFailed
    for name in takes:
        yield from _OF_HEADERS.get(name, ())
    yield from operation.pop(REFUSES, ())


def responses(kinds: Kinds, own: Statuses, schema: Json, media_type: str) -> dict[int, Json]:
    """The descriptions of error answers by their statuses, each with all its reasons."""
    found: dict[int, Json] = {}
    for kind in sorted(set(kinds), key=list(_WORDS).index):
        status = status_of_kind(kind, own)
        if status in found:
            found[status]["description"] += f" {_WORDS[kind]}"
            continue
        found[status] = {
            "description": _WORDS[kind],
            "content": {media_type: {"schema": schema}},
        }
        if status in (429, 503):
            found[status]["headers"] = _RETRY_AFTER
    return found
