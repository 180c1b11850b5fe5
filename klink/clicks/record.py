"""The record of one visit: the fact that the journal keeps and the fold counts.

One line of ASCII JSON, an array of twelve. It holds nothing that names a person: the
address is truncated and the visitor's id is the workspace's own before a record is made
(contract: Privacy). What costs a look-up (country, device, kind) is left to the fold.
"""

from __future__ import annotations

import json
import re
from enum import IntFlag
from functools import lru_cache
from typing import NamedTuple

from klink.core.compiled import CompiledLink, CompiledVariant, Visit
from klink.core.urls import query_of, utm_of

__all__ = [
    "MAX_TEXT",
    "ClickRecord",
    "Flag",
    "Utm",
    "decode",
    "encode",
    "encode_visit",
    "sender_of",
]

MAX_TEXT = 512
"""Characters kept of a User-Agent and of a referrer."""

_MAX_UTM = 255
_TYPES = [int] * 5 + [str] * 6

Utm = tuple[str | None, str | None, str | None, str | None, str | None]

_NO_UTM: Utm = (None, None, None, None, None)

# Both engines read records as JSON: PostgreSQL refuses \u0000 and lone surrogates, and no
# control character is worth keeping.
_UNWANTED = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

# What stands before the path of a referrer, without a user's name: only its host is
# counted, and the rest may hold what a site's own visitor alone should know.
_ORIGIN = re.compile(r"((?:https?|android-app)://)(?:[^/?#\\]*@)?([^/?#\\]*)", re.IGNORECASE)

# Quoting text by text and filling them in takes half of a whole encoder's time, and the
# event loop does it for every redirect.
_quote = json.encoder.encode_basestring_ascii
_to_json = json.JSONEncoder(separators=(",", ":")).encode


class Flag(IntFlag):
    """What a visit was, as far as the request alone can tell."""

    VIEW = 1
    CLICK = 2  # was forwarded
    HEAD = 4
    PREFETCH = 8
    PREVIEW = 16
    PRIVATE = 32  # DNT or Sec-GPC
    COOKIE = 64  # the visitor came from a cookie, or was given one
    BY_WEIGHT = 128  # the weights chose its variant
    KNOWN = 256  # the visitor came from a cookie


# Plain numbers for the hot path: an IntFlag's own `|` takes a microsecond.
_HEAD, _PREFETCH, _PREVIEW = int(Flag.HEAD), int(Flag.PREFETCH), int(Flag.PREVIEW)
_PRIVATE, _HAS_COOKIE = int(Flag.PRIVATE), int(Flag.COOKIE | Flag.KNOWN)


class ClickRecord(NamedTuple):
    """One visit, as the journal keeps it.

    :ivar variant_id: 0 when it was forwarded to none.
    :ivar run: of the link's experiment.
    :ivar flags: of :class:`Flag`.
    :ivar visitor: the workspace's id of the visitor, '' when private.
    :ivar net: ``203.0.113.0/24`` or ``2001:db8:1::/48``, '' unknown.
    :ivar referrer: its origin, ``scheme://host[:port]``, '' unknown.
    :ivar country: '' unless a trusted proxy's header named it.
    :ivar language: primary subtag of the first preference, '' unknown.
    :ivar utm: source, medium, campaign, content, term; None when there is none.
    """

    at_ms: int
    link_id: int
    variant_id: int
    run: int
    flags: int
    visitor: str
    net: str
    country: str
    user_agent: str
    referrer: str
    language: str
    utm: Utm | None


def sender_of(visit: Visit) -> str:
    """Return what a record says of whoever sent a visit: its texts from ``net`` to ``language``.

    As JSON, without brackets. All visits with the same headers from the same address have
    the same, so it may be kept.
    """
    languages = visit.languages
    language = languages[0].partition("-")[0] if languages else ""
    return (
        f"{_text(visit.net)},{_text(visit.country_hint)},{_text(visit.user_agent[:MAX_TEXT])},"
        f"{_text(_origin(visit.referrer[:MAX_TEXT]))},{_text(language)}"
    )


def encode_visit(
    link: CompiledLink,
    visit: Visit,
    variant: CompiledVariant | None,
    flags: int,
    visitor: str,
    sender: str,
) -> bytes:
    """Return the record of a visit, ready for the journal (:func:`encode`).

    UTM values are those that the destination gets: its own (the link's are in its
    location), else those of the request.

    :param variant: where the visit was forwarded to, None for a page, a form or
        ``expired_url``.
    :param flags: ``VIEW`` and/or ``CLICK``, ``COOKIE`` when one is being set, ``BY_WEIGHT``;
        what the visit itself says (``HEAD``, purpose, privacy, its cookie) is added here.
    :param visitor: the workspace's id, which is plain; dropped when the visit is private.
    :param sender: :func:`sender_of` the visit.
    """
    if visit.method == "HEAD":
        flags |= _HEAD
    if visit.purpose:
        flags |= _PREFETCH if visit.purpose == "prefetch" else _PREVIEW
    if visit.is_private:
        flags |= _PRIVATE
        visitor = ""
    if visit.has_cookie:
        flags |= _HAS_COOKIE
    if variant is None:
        variant_id, utm = 0, _utm("", visit.query)
    else:
        variant_id, utm = variant.id, _utm(variant.location, visit.query)
    return (
        f'[{visit.at_ms},{link.id},{variant_id},{link.run},{flags:d},"{visitor}",{sender},{utm}]'
    ).encode("ascii")


def encode(record: ClickRecord) -> bytes:
    r"""Return a record as one line of ASCII JSON without its end; :func:`decode` reads it.

    Whatever bytes a header held, the result is valid for SQLite's ``json_each`` and
    PostgreSQL's ``jsonb``: control characters become spaces, lone surrogates U+FFFD.
    """
    utm = record.utm
    texts = [f"{number:d}" for number in record[:5]]
    texts += map(_text, record[5:11])
    texts.append("null" if utm is None else _to_json([_clean(value) or None for value in utm]))
    return f"[{','.join(texts)}]".encode("ascii")


def _origin(referrer: str) -> str:
    """``scheme://host[:port]`` of a referrer; '' when it has none."""
    found = _ORIGIN.match(referrer)
    return found[1] + found[2] if found else ""


def _utm(location: str, query: str) -> str:
    """The five values as JSON, ``null`` when all are empty."""
    own = _utm_of_location(location) if "utm_" in location else None
    sent = _five(utm_of(query)) if query else None
    if own is None and sent is None:
        return "null"
    both = zip(own or _NO_UTM, sent or _NO_UTM, strict=True)
    return _to_json([_clean(mine or theirs) or None for mine, theirs in both])


@lru_cache(maxsize=1024)
def _utm_of_location(location: str) -> Utm | None:
    return _five(utm_of(query_of(location)))


def _five(values: tuple[str | None, ...]) -> Utm | None:
    """Cap the values; None when all are empty."""
    if not any(values):
        return None
    source, medium, campaign, content, term = (v[:_MAX_UTM] if v else None for v in values)
    return source, medium, campaign, content, term


def _text(value: str) -> str:
    """A text as JSON."""
    quoted = _quote(value)
    # An escape: something that is not plain printable ASCII.
    return _quote(_clean(value)) if "\\" in quoted else quoted


def _clean(value: str | None) -> str:
    return (
        ""
        if value is None
        else _UNWANTED.sub(lambda found: "\ufffd" if found[0] >= "\ud800" else " ", value)
    )


def decode(line: bytes) -> ClickRecord:
    """Read a record back.

    :raises ValueError: when ``line`` is no record: broken JSON, another length or type.
    """
    values = json.loads(line)
    if not isinstance(values, list) or len(values) != len(ClickRecord._fields):
        raise ValueError("not an array of twelve")
    *facts, utm = values
    if list(map(type, facts)) != _TYPES:
        raise ValueError("must be five integers and six texts, then utm")
    if utm is not None:
        if not isinstance(utm, list) or len(utm) != 5:
            raise ValueError("utm must be null or an array of five")
        if any(not isinstance(value, str | None) for value in utm):
            raise ValueError("utm must hold texts and nulls")
        values[-1] = tuple(utm)
    return ClickRecord._make(values)
