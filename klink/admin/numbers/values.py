"""What clicks came with, in words: countries, languages, devices, and why some are no people's."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale, UnknownLocaleError

from klink.stats.breakdown import Dim

__all__ = ["country", "kind", "language", "reason", "value"]

_LOCALE = "en"
_UNKNOWN = "Unknown"

_UNSAID = {Dim.REFERRER: "Direct or unknown"}

_DEVICES = {"desktop": "Desktop", "mobile": "Phone", "tablet": "Tablet"}

_REASONS = {
    "known bot": "Known bots",
    "no user agent": "No User-Agent",
    "head": "Asked with HEAD",
    "link preview": "Link previews in messages and posts",
    "preview": "Previews by browsers",
    "prefetch": "Fetched ahead by browsers",
}

_KINDS = {"person": "person", "bot": "bot", "preview": "preview", "prefetch": "prefetch"}


def value(dim: Dim, text: str | None) -> str:
    """A value of a dimension, as people call it; None is one that was not sent."""
    if text is None:
        return _UNSAID.get(dim, _UNKNOWN)
    if dim is Dim.COUNTRY:
        return country(text)
    if dim is Dim.LANGUAGE:
        return language(text)
    if dim is Dim.DEVICE:
        return _DEVICES.get(text, text)
    if dim is Dim.REASON:
        return reason(text)
    return text


def country(code: str | None) -> str:
    """The name of a country by its ISO 3166 code; the code itself where it has none."""
    return _UNKNOWN if code is None else _territories().get(code.upper(), code)


@lru_cache(maxsize=1)
def _territories() -> dict[str, str]:
    return {str(code): str(name) for code, name in Locale(_LOCALE).territories.items()}


@lru_cache(maxsize=1024)
def language(tag: str) -> str:
    """The name of a language by its tag, such as ``German (Austria)``; else the tag itself."""
    try:
        found = Locale.parse(tag, sep="-").get_display_name(_LOCALE)
    except (ValueError, TypeError, UnknownLocaleError):
        return tag
    return found or tag


def reason(text: str) -> str:
    """Why a visit counts as no person's."""
    return _REASONS.get(text, text)


def kind(name: str) -> str:
    """A kind of visit."""
    return _KINDS.get(name, name)
