"""qklnk's words for what goes wrong: Laravel's sentences, made from the core's messages."""

from __future__ import annotations

from collections.abc import Mapping

from klink.core.errors import InsufficientScope
from klink.core.links.model import UTM_NAMES
from klink.dialects.base import Dialect, Json, Rate, Refusal

KEYLESS_PER_MINUTE = 60
"""Requests that an address may make without a valid token."""

SHOWN_LIMIT = 1_000_000
"""The limit that a token without one is told."""

_SAID = {
    "not_authenticated": "Unauthenticated.",
    "not_found": "Not found.",
    "gone": "Not found.",
    "rate_limited": "Too Many Attempts.",
    "validation": "Validation failed",
}  # else what the core says, as a sentence

_FIELDS = {"url": "destination"} | {f"utm.{name}": f"utm_{name}" for name in UTM_NAMES}
"""The core's names of fields that are others here."""

_TEXTS = {
    "follows from the link's variants; leave it out": (
        "cannot be changed here, because this link has variants"
    ),
    "not a valid URL": "must be a valid URL",
    "is not a verified domain of this workspace": "must be a verified domain of your team",
}
"""Messages of the core that speak of what qklnk has not, or that no sentence can end with."""


def _body(refusal: Refusal) -> Json:
    text = _SAID.get(refusal.code) or _sentence(refusal.text)
    if isinstance(refusal.error, InsufficientScope):
        scope = refusal.error.scope
        text = f"This token does not have the required permission: {scope}."
    return {"message": text} | ({"errors": _errors(refusal.errors)} if refusal.errors else {})


def _errors(found: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Messages by the core's names of fields, as qklnk names and says them (Q12)."""
    told: dict[str, list[str]] = {}
    for name, texts in found.items():
        field = _FIELDS.get(name, name)
        told.setdefault(field, []).extend(_of_field(field, text) for text in texts)
    return told


def _of_field(field: str, text: str) -> str:
    text = _TEXTS.get(text, text)
    if text.startswith("at most "):
        text = f"must have {text}"
    return f"The {field} field {text}."


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


DIALECT = Dialect(
    name="qklnk",
    body=_body,
    rate=Rate(
        window="minute",
        keyless=lambda: KEYLESS_PER_MINUTE,
        shown=lambda: SHOWN_LIMIT,
        always_resets=False,
    ),
)
