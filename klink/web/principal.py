"""Who asks: the key of the current request."""

from __future__ import annotations

import re

from flask import g, request

from klink.core import keys
from klink.core.errors import Forbidden
from klink.core.principal import Principal
from klink.web.client import client
from klink.web.parts import context, parts

_BEARER = re.compile(r"bearer +(\S+)", re.IGNORECASE)


class HttpsRequired(Forbidden):
    """The server answers its API over HTTPS only.

    :param with_key: whether the request carried a key, which others may have read by now.
    """

    code = "https_required"

    def __init__(self, *, with_key: bool) -> None:
        revoke = "; revoke the key that was sent in the clear" if with_key else ""
        super().__init__(f"this server's API takes HTTPS only{revoke}")


def sent_key(authorization: str | None, api_key: str | None) -> str | None:
    """The key in ``Authorization`` or else in ``X-API-Key`` (contract: dialects).

    An ``Authorization`` that holds no bearer token gives what no key can be, since the
    client meant it to count.
    """
    if authorization is None:
        return (api_key or "").strip() or None
    match = _BEARER.fullmatch(authorization.strip())
    return match[1] if match else "?"


def authenticate(dialect: str) -> Principal:
    """Find out whose key the current request carries, for the door ``dialect``.

    :raises HttpsRequired: it came in the clear and may not.
    :raises NotAuthenticated: no key, or none that is valid at this door.
    """
    key = sent_key(request.headers.get("Authorization"), request.headers.get("X-API-Key"))
    if parts().require_https and client().scheme != "https":
        raise HttpsRequired(with_key=key is not None)
    act_for(keys.authenticate(context(), dialect, key))
    return principal()


def act_for(who: Principal) -> None:
    """Answer the current request for ``who``."""
    g.principal = who


def principal() -> Principal:
    """Who asks; only after :func:`authenticate` or :func:`act_for`."""
    found: Principal = g.principal
    return found
