"""What visitors are told when there is nothing to show; the codes are for programs, and stable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from klink.core.compiled import CompiledLink
from klink.core.resolve import Decision, Reason
from klink.core.times import from_ms
from klink.pages.texts import Text, counted, text

__all__ = [
    "BUSY", "MAX_FORM_BYTES", "METHOD_NOT_ALLOWED", "NOT_FOUND", "PASS_EXPIRED", "TOO_BUSY",
    "WRONG_HOST",
    "WRONG_PASSWORD", "Message", "closed", "of_status", "too_many_tries",
]  # fmt: skip

MAX_FORM_BYTES = 8192


@dataclass(frozen=True, slots=True)
class Message:
    """What a visitor is told when there is nothing to show.

    :ivar code: stable, for programs.
    :ivar opens_at: when there will be something; told in UTC.
    """

    status: int
    code: str
    title: Text
    text: Text
    hint: Text | None = None
    retry_after_s: int | None = None
    opens_at: datetime | None = None


NOT_FOUND = Message(
    404,
    "not_found",
    text("No link here"),
    text("There is no short link at this address."),
    text("Check the spelling: capital and small letters are different letters here."),
)
_NOT_STARTED = Message(
    404,
    "not_started",
    text("Not open yet"),
    text("This link does not lead anywhere yet."),
    text("Come back then."),
)
_NEWER = text("Whoever gave it to you may have a newer one.")
_CLOSED: Mapping[Reason, Message] = {
    "expired": Message(
        410,
        "expired",
        text("This link has expired"),
        text("It was meant for a limited time, and that is over."),
        _NEWER,
    ),
    "limit_reached": Message(
        410,
        "limit_reached",
        text("This link is used up"),
        text("It could be opened a limited number of times, and they have all been used."),
        _NEWER,
    ),
    "inactive": Message(
        410,
        "inactive",
        text("This link is switched off"),
        text("It does not lead anywhere at present."),
        _NEWER,
    ),
    "trashed": Message(
        410,
        "trashed",
        text("This link was removed"),
        text("It does not lead anywhere any more."),
        _NEWER,
    ),
}
WRONG_HOST = Message(
    421,
    "wrong_host",
    text("This host is not set up"),
    text("Short links are not served under this host name."),
    text(
        "If you run this server: set server.base_url in klink's configuration to the address "
        "that people use."
    ),
)
BUSY = Message(
    503,
    "busy",
    text("Not just now"),
    text("This link cannot be looked up at the moment."),
    text("Try again in a few seconds."),
    retry_after_s=2,
)
METHOD_NOT_ALLOWED = Message(
    405, "method_not_allowed", text("Not like this"), text("Open this address with GET.")
)
_TOO_LARGE = Message(
    413,
    "body_too_large",
    text("Too much"),
    counted(
        "A form may have at most %(num)s byte.",
        "A form may have at most %(num)s bytes.",
        MAX_FORM_BYTES,
    ),
)
_TOO_MANY = Message(
    429,
    "rate_limited",
    text("Too fast"),
    text("Too many requests came from here."),
    text("Try again in a while."),
)
_BAD = Message(
    400, "bad_request", text("That did not work"), text("This request cannot be answered.")
)
_FAILED = Message(
    500,
    "internal_error",
    text("Something broke"),
    text("This is our fault, not yours."),
    text("Try again in a while."),
)
_BY_STATUS = {
    message.status: message
    for message in (NOT_FOUND, METHOD_NOT_ALLOWED, _TOO_LARGE, WRONG_HOST, _TOO_MANY, BUSY)
}

WRONG_PASSWORD = text("That is not the password. Try again.")
PASS_EXPIRED = text("Too much time has passed. Enter the password once more.")
TOO_BUSY = text("Too many passwords are being checked. Try again in a few seconds.")


def closed(link: CompiledLink | None, decision: Decision | None) -> Message:
    """The message for a link that leads nowhere; one for no link and for a quarantined one."""
    if decision is None or not decision.reason:
        return NOT_FOUND
    if decision.reason == "not_started":
        assert link is not None  # or it had no start to come
        assert link.starts_at_ms is not None
        return replace(_NOT_STARTED, opens_at=from_ms(link.starts_at_ms))
    return _CLOSED[decision.reason]


def of_status(status: int) -> Message:
    """The message for whatever else goes wrong."""
    known = _BY_STATUS.get(status)
    if known is not None:
        return known
    return _FAILED if status >= 500 else replace(_BAD, status=status)


def too_many_tries(wait_s: int) -> Text:
    """What somebody is told who has to wait before the next password."""
    if wait_s < 90:
        return counted(
            "Too many tries. Wait %(num)s second, then try again.",
            "Too many tries. Wait %(num)s seconds, then try again.",
            wait_s,
        )
    return counted(
        "Too many tries. Wait %(num)s minute, then try again.",
        "Too many tries. Wait %(num)s minutes, then try again.",
        -(-wait_s // 60),
    )
