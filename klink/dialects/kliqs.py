"""The Kliqs dialect: one endpoint that makes a link.

Success is ``{"success": true, "data": …}``, an error ``{"success": false, "error": "CODE",
"message": "text"}``.
"""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import EXCLUDE, Schema, fields, validate

from klink.core import links
from klink.core.errors import (
    LinkLimitReached,
    NotAuthenticated,
    SlugReserved,
    SlugTaken,
    ValidationFailed,
)
from klink.core.links import LinkView, NewLink
from klink.core.links import fields as rules
from klink.core.links.prepare import MAX_PASSWORD
from klink.dialects.base import Dialect, Json, Refusal, answer, described, time
from klink.dialects.fields import Loose, Moment, Text, given
from klink.web import body
from klink.web.idempotency import idempotent
from klink.web.parts import context
from klink.web.principal import principal
from klink.web.resource import Resource

__all__ = ["DIALECT", "about", "resource"]

MAX_SLUG = 30

_CODES = {
    "insufficient_scope": "INSUFFICIENT_SCOPE",
    "plan_forbids_api": "PLAN_FORBIDS_API",
    "link_limit_reached": "SHORTLINK_LIMIT_REACHED",
    "rate_limited": "API_LIMIT_REACHED",
    "slug_taken": "SLUG_ALREADY_EXISTS",
    "idempotency_key_reused": "IDEMPOTENCY_KEY_REUSED",
    "idempotency_in_progress": "IDEMPOTENCY_IN_PROGRESS",
    "invalid_json": "INVALID_BODY",
    "unsupported_media_type": "INVALID_BODY",
    "internal": "INTERNAL_ERROR",
}  # else the code itself, in capitals

_KEY_CODES = {
    "missing": ("UNAUTHORIZED", "Missing Authorization header."),
    "unknown": ("INVALID_API_KEY", "API key is invalid."),
    "revoked": ("REVOKED_API_KEY", "API key has been revoked."),
}
_FIELD_CODES = {"url": "INVALID_URL", "slug": "INVALID_SLUG", "expires_at": "INVALID_EXPIRES_AT"}
"""By the fields that have a code of their own, the one that counts most first (L3)."""

_TEXT = """\
Kliqs' API: make a short link. `Authorization: Bearer kliqs_sk_live_…`.
"""


def _body(refusal: Refusal) -> Json:
    code, text = _said(refusal)
    return {"success": False, "error": code, "message": text}


def _said(refusal: Refusal) -> tuple[str, str]:
    if isinstance(refusal.error, NotAuthenticated):
        return _KEY_CODES[refusal.error.reason]
    if refusal.code == "validation":
        field = next((name for name in _FIELD_CODES if name in refusal.errors), None)
        reserved = isinstance(refusal.error, SlugReserved)
        code = "RESERVED_SLUG" if reserved else _FIELD_CODES.get(field or "", "INVALID_BODY")
        return code, _sentence(refusal, field)
    return _CODES.get(refusal.code, refusal.code.upper()), refusal.text


def _sentence(refusal: Refusal, field: str | None) -> str:
    name = field or next(iter(refusal.errors), "body")
    return f"{name}: {refusal.errors.get(name, [refusal.text])[0]}"


DIALECT = Dialect(
    name="kliqs",
    body=_body,
    statuses={
        ValidationFailed: 400,
        body.UnsupportedMediaType: 400,
    },
)

resource = Resource("kliqs", "Short links.", unknown=EXCLUDE, invalid_status=400)


class NewLinkBody(Loose):
    """A link to make."""

    url = Text(required=True, metadata={"format": "uri"})
    slug = Text(
        allow_none=True,
        validate=validate.Length(max=MAX_SLUG, error=f"must have 1 to {MAX_SLUG} characters"),
        metadata={"description": "Random if empty.", "maxLength": MAX_SLUG},
    )
    title = Text(allow_none=True, metadata={"maxLength": rules.MAX_TITLE})
    description = Text(allow_none=True, metadata={"maxLength": rules.MAX_DESCRIPTION})
    expires_at = Moment("end", allow_none=True, metadata={"description": "In the future."})
    password = Text(allow_none=True, metadata={"maxLength": MAX_PASSWORD, "writeOnly": True})


class MadeLink(Schema):
    """A link that was made."""

    id = fields.String(required=True, metadata={"format": "uuid"})
    short_code = fields.String(required=True)
    short_url = fields.String(required=True)
    destination_url = fields.String(required=True)
    title = fields.String(required=True, allow_none=True)
    created_at = fields.String(required=True, metadata={"format": "date-time"})


class Success(Schema):
    """What a creation gives."""

    success = fields.Boolean(required=True)
    data = fields.Nested(MadeLink, required=True)


class Failure(Schema):
    """What went wrong."""

    success = fields.Boolean(required=True)
    error = fields.String(required=True, metadata={"description": "Stable, for programs."})
    message = fields.String(required=True)


@resource.at("/links", "POST")
@resource.body(NewLinkBody, example={"url": "https://example.com/spring", "title": "Spring"})
@resource.answers(201, Success, "Created.")
@resource.takes("Idempotency-Key")
@resource.refuses(SlugTaken, LinkLimitReached)
def create(read: dict[str, Any]) -> Response:
    """Create a short link."""
    named = given(read, "url", "slug", "title", "description", "expires_at", "password")
    return _create(links.prepare(NewLink(**named)))


@idempotent
def _create(wanted: NewLink) -> Response:
    made = links.create(context(), principal(), wanted)
    return answer({"success": True, "data": _link(made.link)}, 201)


def _link(view: LinkView) -> Json:
    return {
        "id": view.uid,
        "short_code": view.slug,
        "short_url": view.short_url,
        "destination_url": view.url,
        "title": view.title,
        "created_at": time(view.created_at),
    }


about = described(DIALECT, "Kliqs", _TEXT, Failure)
