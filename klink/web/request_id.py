"""A name for each request, on its answer and in the log."""

from __future__ import annotations

import secrets

from flask import g


def request_id() -> str:
    """The current request's own id; one that a client sends is not believed."""
    if "request_id" not in g:
        g.request_id = secrets.token_hex(8)
    made: str = g.request_id
    return made
