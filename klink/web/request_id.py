"""A name for each request, on its answer and in the log."""

from __future__ import annotations

import re
import secrets

from flask import g, request

from klink.web.client import client

__all__ = ["request_id"]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}", re.ASCII)


def request_id() -> str:
    """The current request's id: our own, or the one that a trusted proxy gave it.

    So that a request has one name in the proxy's log and in klink's. What anybody else sends
    is not believed, nor what could be more than a name.
    """
    if "request_id" not in g:
        given = request.headers.get("X-Request-Id", "")
        is_good = _ID.fullmatch(given) is not None and client().via_trusted
        g.request_id = given if is_good else secrets.token_hex(8)
    made: str = g.request_id
    return made
