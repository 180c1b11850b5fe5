"""What a browser says of an event, read without trust: as JSON, or in a query string."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields

from klink.web.body import json_body
from klink.web.fields import Amount, Strict, Text, refusal

__all__ = ["MAX_BODY_BYTES", "from_body", "from_query"]

MAX_BODY_BYTES = 16 * 1024

# Text is what browsers may send to another host without asking it first.
_TYPES = frozenset({"text/plain", "application/json"})

QUERY_NAMES = {
    "w": "workspace",
    "v": "visitor_id",
    "e": "event_name",
    "r": "revenue",
    "c": "currency",
    "n": "name",
}
"""Short names of the query string, and the long ones, which it takes too."""


class _Event(Strict):
    """An event as a browser tells it."""

    workspace = Text(required=True)
    visitor_id = Text(required=True)
    event_name = Text(required=True)
    revenue = Amount(allow_none=True)
    currency = Text(allow_none=True)
    name = Text(allow_none=True)
    metadata = fields.Dict(allow_none=True, error_messages={"invalid": "must be an object"})


_EVENT = _Event()


def from_body() -> dict[str, Any]:
    """The event in the body of the current request; Any: as the fields say.

    :raises BodyTooLarge, UnsupportedMediaType, InvalidJson: as they say.
    :raises ValidationFailed: keyed by the body's members.
    """
    return _read(json_body(MAX_BODY_BYTES, _TYPES))


def from_query(sent: Mapping[str, str]) -> dict[str, Any]:
    """The event in a query string; what is empty there was not sent.

    Names that are not known are passed over: whoever builds such addresses adds a random one
    against caches.

    :raises ValidationFailed: keyed by the long names.
    """
    found: dict[str, str] = {}
    for short, long in QUERY_NAMES.items():
        value = sent.get(short) or sent.get(long)
        if value:
            found[long] = value
    return _read(found)


def _read(data: object) -> dict[str, Any]:
    try:
        read: dict[str, Any] = _EVENT.load(data)
    except ValidationError as error:
        raise refusal(error.messages) from None
    return read
