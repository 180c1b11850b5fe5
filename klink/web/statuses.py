"""The HTTP status of everything that can be refused (contract: errors of the core)."""

from __future__ import annotations

from collections.abc import Mapping

from klink.core import errors
from klink.core.errors import KlinkError
from klink.web import body

Statuses = Mapping[type[KlinkError], int]

_STATUSES: Statuses = {
    body.InvalidJson: 400,
    errors.NotAuthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.PreconditionFailed: 412,
    body.BodyTooLarge: 413,
    body.UnsupportedMediaType: 415,
    errors.ValidationFailed: 422,
    errors.IdempotencyKeyReused: 422,
    errors.RateLimited: 429,
    errors.DatabaseBusy: 503,
    errors.TooBusy: 503,
}


def status_of(error: KlinkError, own: Statuses = {}) -> int:  # noqa: B006 - never changed
    """The HTTP status of an error of the core or of this package.

    :param own: where a door has others, by class.
    """
    return status_of_kind(type(error), own)


def status_of_kind(kind: type[KlinkError], own: Statuses = {}) -> int:  # noqa: B006 - never changed
    """The HTTP status of errors of a class."""
    for each in kind.__mro__:
        found = own.get(each) or _STATUSES.get(each)
        if found:
            return found
    return 500
