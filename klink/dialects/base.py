"""What all dialects do alike: let a request in, count it, and render what went wrong.

A dialect translates and decides nothing. Its own words and shapes are functions of a
:class:`Refusal`; which error has which status is one table, with what a document says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from flask import Response, g, request
from flask.json import dumps
from marshmallow import Schema
from werkzeug.exceptions import HTTPException, default_exceptions

from klink.core import errors
from klink.core.errors import DatabaseBusy, KlinkError, NotAuthenticated, RateLimited
from klink.core.principal import Principal
from klink.core.times import format_rfc3339
from klink.core.usage import Window
from klink.web import limits
from klink.web.client import client
from klink.web.doors import Door, headers_of
from klink.web.openapi import IDEMPOTENCY_KEY, About
from klink.web.parts import context, parts
from klink.web.principal import act_for, authenticate
from klink.web.request_id import request_id
from klink.web.statuses import Statuses, status_of

__all__ = ["Dialect", "Json", "Rate", "Refusal", "answer", "described", "door", "time"]

Json = dict[str, Any]  # Any: JSON of every type

_STATUSES: Statuses = {errors.Gone: 404}
"""None of the four has a trash: what lies there is not there."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What went wrong, as a dialect puts it into its own words.

    :param code: stable: the core's, or ``not_found``, ``method_not_allowed``, ``internal``, ….
    :param text: for a person; never with a secret or another's data.
    :param errors: messages by the core's names of fields, for what is ``validation``.
    :param error: what was raised, for the few that tell more.
    """

    status: int
    code: str
    text: str
    errors: Mapping[str, list[str]] = field(default_factory=dict)
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """The rate-limit headers that a document promises.

    :param window: the one that they tell of.
    :param keyless: requests in it for an address without a valid key.
    :param shown: the limit that a key without one is told.
    :param always_resets: whether ``X-RateLimit-Reset`` stands on every answer, not only on 429.
    """

    window: Literal["minute", "hour"]
    keyless: Callable[[], int]
    shown: Callable[[], int]
    always_resets: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """A published API that klink speaks.

    :param name: as in its mount, in ``klink keys create --dialect`` and the configuration.
    :param body: an error's JSON.
    :param statuses: where a document says otherwise than most.
    :param without_key: who acts when a request has no key, if it may do without.
    """

    name: str
    body: Callable[[Refusal], Json]
    statuses: Statuses = field(default_factory=dict)
    rate: Rate | None = None
    without_key: Callable[[], Principal | None] = lambda: None

    @property
    def all_statuses(self) -> Statuses:
        """Where its statuses are others than the native API's."""
        return {**_STATUSES, **self.statuses}

    @property
    def prefix(self) -> str:
        """Where its routes lie."""
        return f"/{self.name}/api/v1"


def door(dialect: Dialect) -> Door:
    """The door that claims everything below the dialect's mount."""
    own = f"/{dialect.name}"
    return Door(
        claims=lambda path: path == own or path.startswith(f"{own}/"),
        refuse=lambda error: _refuse(dialect, error),
        come_in=lambda: _come_in(dialect),
        finish=lambda response: _finish(dialect, response),
    )


def described(
    dialect: Dialect,
    title: str,
    text: str,
    error: type[Schema],
    *,
    also: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> Callable[[str], About]:
    """What a description says of the dialect, for a version of klink.

    :param title: the product's name.
    :param text: Markdown.
    :param also: other ways to send a key than as a Bearer token.
    """

    def about(version: str) -> About:
        return About(
            name=dialect.name,
            title=f"{title} dialect of klink",
            version=version,
            text=f"{text}With such a key the paths below `/{dialect.name}` are at the root, too.\n",
            schemes={**also, "bearer": {"type": "http", "scheme": "bearer"}},
            headers={"Idempotency-Key": IDEMPOTENCY_KEY},
            error=error,
        )

    return about


def answer(body: object, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(dumps(body) + "\n", status, mimetype="application/json")


def time(value: Any) -> str | None:
    """A time as all dialects write it, or null. Any: a datetime or None."""
    return None if value is None else format_rfc3339(value)


def refusal(dialect: Dialect, error: Exception) -> Refusal:
    """What an error is, to the dialect."""
    if isinstance(error, KlinkError):
        status = status_of(error, dialect.all_statuses)
        found = error.errors if isinstance(error, errors.ValidationFailed) else {}
        return Refusal(status, error.code, str(error), found, error)
    status = (error.code if isinstance(error, HTTPException) else None) or 500
    if status >= 500:
        text = f"The error was logged; ask the operator about the request {request_id()}"
        return Refusal(500, "internal", text, error=error)
    name = default_exceptions[status]().name if status in default_exceptions else "Error"
    return Refusal(status, name.lower().replace(" ", "_"), f"{name}.", error=error)


def _refuse(dialect: Dialect, error: Exception) -> Response:
    found = refusal(dialect, error)
    if isinstance(error, RateLimited):
        g.was_limited = True
    response = answer(dialect.body(found), found.status)
    if isinstance(error, HTTPException):
        response.headers.extend(headers_of(error))
    if isinstance(error, NotAuthenticated):
        response.headers["WWW-Authenticate"] = 'Bearer realm="klink"'
    return response


def _come_in(dialect: Dialect) -> None:
    """Find out who asks and count it; where there is no view, that error comes before 401."""
    try:
        authenticate(dialect.name)
    except NotAuthenticated as error:
        who = dialect.without_key() if error.reason == "missing" else None
        if who is None:
            _count_stranger(dialect)
            if request.routing_exception is None:
                raise
            return
        act_for(who)
    limits.count()


def _count_stranger(dialect: Dialect) -> None:
    rate = dialect.rate
    if rate is not None:
        g.is_stranger = True
        parts().strangers.take(context(), client().address, rate.window, rate.keyless())


def _finish(dialect: Dialect, response: Response) -> None:
    response.headers.setdefault("Cache-Control", "no-store")
    rate = dialect.rate
    if rate is None:
        return
    try:
        window = _window(rate)
    except DatabaseBusy:  # the answer matters more than its headers
        return
    if window is None:
        return
    response.headers["X-RateLimit-Limit"] = str(window.limit)
    response.headers["X-RateLimit-Remaining"] = str(window.remaining)
    if rate.always_resets or response.status_code == 429:
        response.headers["X-RateLimit-Reset"] = str(int(window.resets_at.timestamp()))


def _window(rate: Rate) -> Window | None:
    """The window to tell of: the one that refused, else the dialect's own."""
    ctx, meter = context(), parts().meter
    if g.get("is_stranger"):
        return parts().strangers.window(ctx, client().address, rate.window, rate.keyless())
    who: Principal | None = g.get("principal")
    if who is None:  # HTTPS is missing, or the database was busy
        return None
    windows = limits.standing()
    if windows and g.get("was_limited"):
        return windows[0]
    own = next((window for window in windows if window.name == rate.window), None)
    return own or meter.against(ctx, who, rate.window, rate.shown())
