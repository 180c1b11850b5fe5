"""What Klinky says when something goes wrong, and by which names (K11, K12)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from klink.core.errors import NotAuthenticated, PlanForbidsApi
from klink.dialects.base import Dialect, Json, Rate, Refusal
from klink.dialects.fields import REQUIRED
from klink.dialects.options import options
from klink.web.body import InvalidJson

__all__ = ["DIALECT"]

_KEY_TEXTS = {"missing": "Missing API key. Include X-API-Key header."}  # else it is no good
_TEXTS = {
    "invalid_json": "Invalid JSON in request body",
    "rate_limited": "Rate limit exceeded. Please try again later.",
    "gone": "no such link",  # Klinky has no trash
}

_NAMES = {
    "title": "name",
    "url": "variants.0.destination_url",
    "winner_threshold": "auto_winner_threshold",
    "conversion_tracking": "enable_conversion_tracking",
    "since": "start_date",
    "until": "end_date",
    "limit": "per_page",
}
"""Klinky's names of fields by the core's, where they differ."""

_RENAMED = (
    (re.compile(r"routing\.variants\.(\d+)\.url"), r"variants.\1.destination_url"),
    (re.compile(r"routing\.variants"), "variants"),
    (re.compile(r"routing\.mode"), "routing_type"),
    # A client sends a map: which place a country has in it means nothing to it.
    (re.compile(r"(?:routing\.(?:rules|default)|geo_rules)(?:\..*)?", re.DOTALL), "geo_rules"),
)
_ALIEN = (", nor is it 'split'", "")
_SPAN = ("must lie before until", "must lie before end_date")


def _body(refusal: Refusal) -> Json:
    return {"detail": _text(refusal)}


def _text(refusal: Refusal) -> str:
    error = refusal.error
    if isinstance(error, NotAuthenticated):
        return _KEY_TEXTS.get(error.reason, "Invalid API key.")
    if isinstance(error, PlanForbidsApi):
        plan = error.plan.removeprefix("klinky-")
        return f"Your plan ({plan}) does not include API access. Upgrade to Growth or Scale."
    if refusal.errors:
        return _first(refusal.errors)
    return _TEXTS.get(refusal.code, refusal.text)


def _first(errors: Mapping[str, list[str]]) -> str:
    """The first thing that is wrong; a field that is missing has words of its own."""
    core_name, (text, *_) = next(iter(errors.items()))
    name = _name(core_name)
    if text == REQUIRED:
        return f"field required: {name}"
    return f"{name}: {text.replace(*_ALIEN).replace(*_SPAN)}"


def _name(core_name: str) -> str:
    for pattern, renamed in _RENAMED:
        match = pattern.match(core_name)
        if match:
            return match.expand(renamed) + core_name[match.end() :]
    return _NAMES.get(core_name, core_name)


DIALECT = Dialect(
    name="klinky",
    body=_body,
    statuses={InvalidJson: 422},
    rate=Rate(
        window="hour",
        keyless=lambda: options().keyless_per_hour,
        shown=lambda: options().shown_limit,
        always_resets=True,
    ),
)
