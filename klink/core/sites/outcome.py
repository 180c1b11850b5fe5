"""What a look at a page says about a link."""

from __future__ import annotations

import enum
import html
import re
from dataclasses import dataclass
from urllib.parse import unquote

from klink.fetching import HTML, Fetched, Fetcher, FetchError

__all__ = ["Found", "Outcome", "look", "outcome_of"]

_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


class Found(enum.Enum):
    """Whether the link is on its page."""

    FOUND = "found"
    MISSING = "missing"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One look.

    :ivar reason: why it proves nothing, or how the link is missing: a word of
        :mod:`klink.fetching`, ``http_503`` and the like, ``type``, ``size``, ``page``.
    :ivar retry_after_s: when the site asks to be asked again.
    """

    found: Found
    reason: str = ""
    retry_after_s: int | None = None


def look(fetcher: Fetcher, site_url: str, slug: str) -> Outcome:
    """Fetch a page and look for a slug in it."""
    try:
        return outcome_of(fetcher.get(site_url), slug)
    except FetchError as error:
        return Outcome(Found.UNPROVEN, error.reason)


def outcome_of(got: Fetched, slug: str) -> Outcome:
    """What an answer proves.

    Only an HTML page that was read to its end can lack a slug; and a page that is not there,
    404 or 410, has none. A refusal, a fault, or another type says nothing about the page that
    people see.
    """
    if got.status in (404, 410):
        return Outcome(Found.MISSING, f"http_{got.status}")
    if got.status != 200:
        return Outcome(Found.UNPROVEN, f"http_{got.status}", got.retry_after_s)
    if got.content_type not in HTML:
        return Outcome(Found.UNPROVEN, "type")
    if _holds(got.text, slug):
        return Outcome(Found.FOUND)
    if not got.is_complete:
        return Outcome(Found.UNPROVEN, "size")
    return Outcome(Found.MISSING, "page")


def _holds(text: str, slug: str) -> bool:
    """Whether a page holds a slug, as it stands or as HTML, scripts and URLs may write it.

    As a whole: neither ``xaBc1234`` nor ``aBc1234-2`` is ``aBc1234``, since both are slugs of
    their own. Letters beyond ASCII are in no slug, so they may stand beside it.
    """
    whole = re.compile(rf"(?<![A-Za-z0-9_-]){re.escape(slug)}(?![A-Za-z0-9_-])")
    if whole.search(text):
        return True
    plain = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), html.unescape(text))
    return bool(whole.search(plain) or whole.search(unquote(plain, errors="replace")))
