"""Who asks: the key of the current request."""

from __future__ import annotations

import re

from flask import g, request
from werkzeug.datastructures import Headers

from klink.core import keys
from klink.core.errors import Forbidden
from klink.core.principal import Principal
from klink.web.client import client
from klink.web.parts import context, parts

_BEARER = re.compile(r"bearer +(\S+)", re.IGNORECASE)


class HttpsRequired(Forbidden):
    """The server takes keys over HTTPS only."""

    code = "https_required"

    def __init__(self) -> None:
        super().__init__("this server takes API keys over HTTPS only; revoke this one")


def sent_key(headers: Headers) -> str | None:
    """The key of a request; ``Authorization`` wins over ``X-API-Key`` (contract: dialects).

    An ``Authorization`` that holds no bearer token gives what no key can be, since the
    client meant it to count.
    """
    authorization = headers.get("Authorization")
    if authorization is None:
        return headers.get("X-API-Key", "").strip() or None
    match = _BEARER.fullmatch(authorization.strip())
    return match[1] if match else "?"


def authenticate(dialect: str) -> Principal:
    """Find out whose key the current request carries, for the door ``dialect``.

    :raises HttpsRequired: it came in the clear and may not.
    :raises NotAuthenticated: no key, or none that is valid at this door.
    """
    key = sent_key(request.headers)
    if key is not None and parts().require_https and client().scheme != "https":
        raise HttpsRequired
    g.principal = keys.authenticate(context(), dialect, key)
    return principal()


def principal() -> Principal:
    """Who asks; only after :func:`authenticate`."""
    found: Principal = g.principal
    return found
