"""What went wrong, in Klook Up's words."""

from __future__ import annotations

from datetime import timedelta

from klink.core.errors import AnonymousLimitReached, Forbidden, RateLimited
from klink.core.times import format_rfc3339
from klink.dialects.base import Json, Refusal
from klink.web.parts import context

_ELSEWHERE = {"starts_at": ("expires_at", "must be after the link's start")}
"""Fields of the core that Klook Up does not have: which of its own one means, and what to say."""


class NotYourLink(Forbidden):
    """Another workspace's link was to be changed or deleted (U8)."""

    code = "not_your_link"

    def __init__(self) -> None:
        super().__init__("you do not own this link")


def body(refusal: Refusal) -> Json:
    """An error; with the first problem of each field, if it is about fields."""
    details = dict(_detail(name, texts[0]) for name, texts in refusal.errors.items())
    found: Json = {"success": False, "error": _text(refusal, details)}
    return found | {"details": details} if details else found


def _detail(name: str, text: str) -> tuple[str, str]:
    return _ELSEWHERE.get(name, (name, text))


def _text(refusal: Refusal, details: dict[str, str]) -> str:
    if details:
        return "; ".join(f"{name}: {text}" for name, text in details.items())
    if refusal.code == "not_authenticated":
        return "Missing or invalid API key"  # one for all (U8)
    if isinstance(refusal.error, RateLimited):
        return f"Rate limit exceeded. Try again after {_again_at(refusal.error)}"
    return refusal.text[:1].upper() + refusal.text[1:]


def _again_at(error: RateLimited) -> str:
    if isinstance(error, AnonymousLimitReached):
        return format_rfc3339(error.again_at)
    return format_rfc3339(context().now + timedelta(seconds=error.retry_after_s))
