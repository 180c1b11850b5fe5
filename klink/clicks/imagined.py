"""A visit that nobody makes, of facts that are given: to ask what a visitor would get.

Read as a real one is: the same look-ups, the same truncated address, the same kinds.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from klink.clicks.enrich import KINDS, kind_of, primary_languages
from klink.core.compiled import Agent, Lookups, Visit
from klink.core.countries import COUNTRIES
from klink.core.errors import ValidationFailed
from klink.core.times import to_ms
from klink.core.visitors import is_visitor_id, truncate

__all__ = ["MAX_QUERY", "Imagined", "imagine"]

MAX_QUERY = 8192
"""Characters of a query, as of a real visit's."""


class Imagined(NamedTuple):
    """A visit, and what klink makes of whoever sends it.

    :ivar country: '' unknown.
    :ivar kind: of :data:`klink.clicks.enrich.KINDS`.
    :ivar reason: why it is no person.
    """

    visit: Visit
    country: str
    agent: Agent
    kind: str
    reason: str


def imagine(
    at: datetime,
    lookups: Lookups,
    *,
    ip: str = "",
    user_agent: str = "",
    language: str = "",
    country: str = "",
    query: str = "",
    visitor: str = "",
) -> Imagined:
    """Make a visit; what is '' is unknown.

    :param at: aware time of the visit.
    :param language: as in ``Accept-Language``.
    :param country: overrides what the address says.
    :param query: as in a URL, without ``?``.
    :param visitor: the value of a visitor's cookie ``klid``.
    :raises ValidationFailed: one entry per wrong fact.
    """
    net, languages, code = truncate(ip), primary_languages(language), country.strip().upper()
    sent = query.removeprefix("?")
    problems = {
        "at": (not 1970 <= at.year < 9999, "must lie in the years 1970 to 9998"),
        "ip": (ip and not net, "is no IPv4 or IPv6 address"),
        "language": (language and not languages, "is no list of languages like de-AT,en;q=0.5"),
        "country": (country and code not in COUNTRIES, "is not the ISO 3166 code of any country"),
        "query": (len(sent) > MAX_QUERY, f"must be at most {MAX_QUERY} characters long"),
        "visitor": (
            visitor and not is_visitor_id(visitor),
            "is no visitor's id: v_ and 16 letters or digits",
        ),
    }
    errors = {name: [text] for name, (is_wrong, text) in problems.items() if is_wrong}
    if errors:
        raise ValidationFailed(errors)
    visit = Visit(
        at_ms=to_ms(at),
        method="GET",
        net=net,
        user_agent=user_agent,
        referrer="",
        languages=languages,
        query=sent.encode("utf-8", "replace").decode("latin-1"),  # as a server has it
        visitor=visitor,
        is_private=False,
        has_cookie=bool(visitor),
        purpose="",
        country_hint=code,
    )
    kind, reason = kind_of(0, user_agent)
    return Imagined(
        visit, code or lookups.country(net), lookups.agent(user_agent), KINDS[kind], reason
    )
