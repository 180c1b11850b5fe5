"""Names of countries and languages, and what the fields of the form for a link are called."""

from __future__ import annotations

import re
from functools import cache

from babel import Locale, UnknownLocaleError

from klink.core.countries import COUNTRIES

__all__ = ["DEVICES", "code_of", "countries", "country", "field_name", "language", "worded"]

DEVICES = (("mobile", "Phone"), ("tablet", "Tablet"), ("desktop", "Computer"))

_ENGLISH = Locale("en")
_NAMES = {
    "url": "Destination",
    "slug": "Slug",
    "domain": "Domain",
    "title": "Title",
    "description": "Description",
    "tags": "Tags",
    "utm": "UTM parameters",
    "type": "Preview page",
    "post_id": "Post",
    "site_url": "Page it stands on",
    "password": "Password",
    "starts_at": "Starts",
    "expires_at": "Expires",
    "max_clicks": "Most clicks",
    "expired_url": "After the end",
    "failover_url": "While the destination is down",
    "redirect_status": "Kind of redirect",
    "forward_query": "Pass the query on",
    "conversion_tracking": "Count conversions",
    "conversion_redirect_url": "After a conversion",
    "auto_winner": "Name a winner",
    "winner_threshold": "Clicks before a winner",
    "is_active": "Active",
    "routing": "Destinations and rules",
    "routing.variants": "Destinations",
    "routing.rules": "Rules",
    "routing.default": "Everybody else",
    "ask.country": "Country",
    "ask.language": "Language",
    "ask.at": "Time",
}
_PARTS = {"label": "name", "url": "URL", "use": "gets", "when": "", "weight": "weight"}
_ROW = re.compile(r"routing\.(variant|rule)s\.(\d+)(?:\.(.+))?")

_WORDED = {
    "is required, or routing.variants": "is required: say where the link leads",
    "is only for links of type inpage": "goes with a preview page only",
    "must be before expires_at": "must be before it expires",
    "each label may stand once": "each name may stand once",
}
_NO_SUCH = re.compile(r"no variant is labelled (.+), nor is it 'split'")


def worded(text: str) -> str:
    """An error of the core, which speaks of the API's fields, in the form's words."""
    text = _WORDED.get(text, text).replace(" variants", " destinations")
    return _NO_SUCH.sub(r"there is no destination called \1", text)


def field_name(name: str) -> str:
    """What a field, by the core's name for it, is called in the form; '' for none."""
    match = _ROW.fullmatch(name)
    if match is None:
        return _NAMES.get(name) or _NAMES.get(name.partition(".")[0], "")
    row = f"{'Destination' if match[1] == 'variant' else 'Rule'} {int(match[2]) + 1}"
    part = (match[3] or "").removeprefix("when.")
    word = _PARTS.get(part, part.replace("_", " ").replace(".", " "))
    return f"{row}: {word}" if word else row


@cache
def countries() -> tuple[tuple[str, str], ...]:
    """All countries by code and name, in the order of their names."""
    return tuple(sorted(((code, country(code)) for code in COUNTRIES), key=lambda each: each[1]))


def country(code: str) -> str:
    """A country's name in English, or its code."""
    return str(_ENGLISH.territories.get(code, code))


def code_of(text: str) -> str:
    """The code of a country by its English name; a text that is none stays as it is."""
    return _codes().get(text.casefold(), text)


@cache
def _codes() -> dict[str, str]:
    return {name.casefold(): code for code, name in countries()}


def language(tag: str) -> str:
    """A language's name in English, or its tag."""
    try:
        return str(Locale.parse(tag, sep="-").get_display_name("en") or tag)
    except (ValueError, UnknownLocaleError):
        return tag
