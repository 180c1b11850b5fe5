"""What a visit's headers say: kind of visit, device, referrer, languages, purpose.

All of it is cached per distinct header text, since visitors share a few thousand (and
capped before, so that a few long ones cannot fill the memory). The
pattern sets (ua-parser's and crawler-user-agents') are matched in native code; they load
on first use, or when :func:`warm_up` is called.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import cache, lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

import ada_url

from klink.clicks.record import MAX_TEXT, Flag
from klink.core.compiled import Agent, Purpose

if TYPE_CHECKING:
    from ua_parser_rs import OSExtractor, UserAgentExtractor

__all__ = [
    "BOT",
    "KINDS",
    "PERSON",
    "PREFETCH",
    "PREVIEW",
    "Enricher",
    "kind_of",
    "primary_languages",
    "purpose_of",
    "referrer_host",
    "warm_up",
]

PERSON, BOT, PREVIEW, PREFETCH = range(4)
"""Kinds of visit; only persons make clicks (contract: Counting)."""

KINDS = ("person", "bot", "preview", "prefetch")
"""Their names, in that order."""

_CACHED_AGENTS = 8192
_CACHED_REFERRERS = 8192
_CACHED_LANGUAGES = 2048
_MAX_HOST = 253
_MAX_LANGUAGES = 8
_MAX_ACCEPT_LANGUAGE = 256

# Plain flags: an IntFlag's own `&` takes a microsecond.
_HEAD, _PREFETCH, _PREVIEW = int(Flag.HEAD), int(Flag.PREFETCH), int(Flag.PREVIEW)

# What fetches a link because somebody is writing or reading a message that holds it.
_LINK_PREVIEW = re.compile(
    r"facebookexternalhit|facebookcatalog|\bFacebot\b|Twitterbot|Slackbot-LinkExpanding|"
    r"Slack-ImgProxy|^WhatsApp/|TelegramBot|Discordbot|LinkedInBot|SkypeUriPreview|vkShare|"
    r"redditbot|^Viber/|Iframely|Embedly|Mastodon/|Bluesky Cardyb|kakaotalk-scrap|"
    r"line-poker|Snap URL Preview|Pinterestbot|\bPinterest/0\.|Google-Messages|"
    r"Synapse \(bot|NotionEmbedder",
    re.IGNORECASE,
)

# Programs that crawler-user-agents leaves out, since they are no crawlers; no person reads
# what they fetch.
_PROGRAM = re.compile(
    r"^(?:Java|PostmanRuntime|undici|node|Deno|Bun|insomnia|k6|Ruby|hackney|reqwest|"
    r"Apache-CXF|Jakarta Commons-HttpClient|GuzzleHttp|PHP|RestSharp)(?:/|$)|"
    r"\b(?:Windows)?PowerShell/",
)

_SCREEN = re.compile(
    r"Smart-?TV|AppleTV|Apple TV|GoogleTV|HbbTV|BRAVIA|CrKey|(?-i:\bAFT[A-Z])|Web0S|Roku|"
    r"\bTV\b|PlayStation|Xbox|Nintendo",
    re.IGNORECASE,
)
_TABLET = re.compile(r"iPad|Tablet(?! PC)|PlayBook|Kindle|\bKF[A-Z]{2,5}\b")
_PHONE = re.compile(
    r"Mobi|iPhone|iPod|Windows Phone|BlackBerry|\bBB10\b|Opera Mini|Symbian|KAIOS", re.IGNORECASE
)
_DESKTOPS = frozenset(
    {"Windows", "Mac OS X", "Mac OS", "Chrome OS", "FreeBSD", "OpenBSD", "NetBSD", "Solaris"}
    | {"Linux", "Ubuntu", "Debian", "Fedora", "Red Hat", "SUSE", "Mint", "Gentoo", "Arch Linux"}
)

# WHATWG hosts may hold more ("'", "$"), names in the domain name system do not.
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]")

_LANGUAGE = re.compile(
    r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,7})\s*(?:;\s*[qQ]=([01](?:\.\d{0,3})?)\s*)?"
)


class _Matchers(NamedTuple):
    browser: UserAgentExtractor
    os: OSExtractor
    crawler: UserAgentExtractor


@cache
def _matchers() -> _Matchers:
    """Compile the pattern sets: some 0.1 s and 20 MiB, so imported only here.

    ua-parser's third set, device models, is its largest and not needed: the device class
    follows from the User-Agent and the system. Its browser matcher serves for the crawlers
    too: it knows which of its patterns can match at all, which makes it twenty times
    faster than one big alternative of :mod:`re`.
    """
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA  # noqa: PLC0415
    from ua_parser import load_lazy_builtins  # noqa: PLC0415
    from ua_parser_rs import OSExtractor, UserAgentExtractor  # noqa: PLC0415

    fields = attrgetter("regex", "family", "major", "minor", "patch", "patch_minor")
    browsers, systems, _ = load_lazy_builtins()
    crawlers = [
        (entry["pattern"], "crawler", None, None, None, None) for entry in CRAWLER_USER_AGENTS_DATA
    ]
    return _Matchers(
        browser=UserAgentExtractor(map(fields, browsers)),
        os=OSExtractor(map(fields, systems)),
        crawler=UserAgentExtractor(crawlers),
    )


def warm_up() -> None:
    """Load the pattern sets now, so that the first visit need not wait for them."""
    _matchers()


class Enricher:
    """The look-ups that routing and the fold ask for (:class:`klink.core.routing.Lookups`).

    :param country_lookup: country of a truncated address, '' unknown; caches by itself.
    """

    def __init__(self, country_lookup: Callable[[str], str]) -> None:
        self._country = country_lookup

    def agent(self, user_agent: str) -> Agent:
        """Return device class, system and browser of a User-Agent; '' for unknown."""
        return _agent(user_agent[:MAX_TEXT])

    def country(self, net: str) -> str:
        """Return the ISO 3166 alpha-2 code of a truncated address, '' when unknown."""
        return self._country(net)


@lru_cache(maxsize=_CACHED_AGENTS)
def _agent(user_agent: str) -> Agent:
    text = _plain(user_agent)
    if not text:
        return Agent("", "", "")
    matchers = _matchers()
    browser, system = matchers.browser.extract(text), matchers.os.extract(text)
    os = "" if system is None else sys.intern(system.family)
    return Agent(_device(text, os), os, "" if browser is None else sys.intern(browser.family))


def _device(user_agent: str, os: str) -> str:
    """Return the class of device; televisions, consoles and the unknown are ''.

    An iPad that asks for desktop pages (its default) says that it is a Mac, and is
    counted as one.
    """
    if _SCREEN.search(user_agent):
        return ""
    if _TABLET.search(user_agent):
        return "tablet"
    if _PHONE.search(user_agent):
        return "mobile"
    if os == "Android":  # tablets leave out the "Mobile" that phones say
        return "tablet"
    return "desktop" if os in _DESKTOPS else ""


def kind_of(flags: int, user_agent: str) -> tuple[int, str]:
    """Return the kind of a visit and the reason, '' for a person (contract: Counting).

    Method and purpose come first, as the record's flags tell them, then the User-Agent;
    nothing else counts.
    """
    if flags & _HEAD:
        return BOT, "head"
    if flags & _PREFETCH:
        return PREFETCH, "prefetch"
    if flags & _PREVIEW:
        return PREVIEW, "preview"
    return _kind(user_agent[:MAX_TEXT])


@lru_cache(maxsize=_CACHED_AGENTS)
def _kind(user_agent: str) -> tuple[int, str]:
    text = _plain(user_agent)
    if not text:
        return BOT, "no user agent"
    if _LINK_PREVIEW.search(text):
        return PREVIEW, "link preview"
    if _PROGRAM.search(text) or _matchers().crawler.extract(text) is not None:
        return BOT, "known bot"
    return PERSON, ""


def _plain(user_agent: str) -> str:
    """Make a User-Agent encodable, which native matchers need."""
    text = user_agent.strip()
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def referrer_host(text: str) -> str:
    """Return the host a visitor came from: lower case, punycode, no port; '' when unknown.

    An Android app's ``android-app://com.example`` counts as ``com.example``.
    """
    return _host(text[:MAX_TEXT])


@lru_cache(maxsize=_CACHED_REFERRERS)
def _host(text: str) -> str:
    try:
        parts = ada_url.parse_url(text, ("protocol", "hostname")) if text else {}
    except ValueError:
        return ""
    if parts.get("protocol") not in ("http:", "https:", "android-app:"):
        return ""
    host = parts["hostname"].lower().rstrip(".")
    return sys.intern(host) if len(host) <= _MAX_HOST and _HOST.fullmatch(host) else ""


def primary_languages(accept_language: str) -> tuple[str, ...]:
    """Return the tags of an Accept-Language header, lower case, the preferred first.

    At most 8 tags, region kept (``en-gb``); refused ones (``q=0``), ``*`` and garbage are
    left out.
    """
    return _tags(accept_language[: _MAX_ACCEPT_LANGUAGE + 1])


@lru_cache(maxsize=_CACHED_LANGUAGES)
def _tags(accept_language: str) -> tuple[str, ...]:
    if len(accept_language) > _MAX_ACCEPT_LANGUAGE:  # cut off, perhaps within a tag
        accept_language = accept_language.rpartition(",")[0]
    found: list[tuple[float, str]] = []
    for piece in accept_language.split(","):
        match = _LANGUAGE.fullmatch(piece)
        if match is not None:
            weight = min(float(match[2] or 1), 1.0)
            if weight > 0:
                found.append((-weight, match[1].lower()))
    found.sort(key=lambda item: item[0])
    return tuple(dict.fromkeys(tag for _, tag in found))[:_MAX_LANGUAGES]


def purpose_of(*values: str | None) -> Purpose:
    """Return why a browser asks, from ``Sec-Purpose``, ``Purpose`` and ``X-Moz``.

    :param values: the headers' values in that order, None for those not sent.
    """
    for value in values:
        if value:
            words = value.lower()
            if "prefetch" in words or "prerender" in words:
                return "prefetch"
            if "preview" in words:
                return "preview"
    return ""
