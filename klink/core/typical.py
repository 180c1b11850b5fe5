"""Imagined visitors of a link with rules: those whom the rules name, and one whom none does.

Pure. A visitor is made of what one rule asks for and nothing else, so that what another rule
gives it shows where that one stands in the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from math import prod
from urllib.parse import urlencode

from klink.core.compiled import Agent, Condition, Visit
from klink.core.routing import matches

__all__ = ["ANYBODY", "Facts", "are_all", "kinds", "visit_of"]

MAX_KINDS = 12
"""Combinations of device, system, browser and language that are shown of one rule."""

MAX_COUNTRIES = 30
"""Countries of one rule that are looked at; they are shown together where they fare alike."""

_MOST = 3  # devices, systems and browsers of one rule
_MOST_LANGUAGES = 5
_HOUR_MS = 3_600_000
_WEEK_H = 8 * 24  # a week, and what a change of the clocks may cost


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of an imagined visitor; '' is unknown.

    As the look-ups of a visit it says the same of every address and every User-Agent.

    :ivar device: ``mobile``, ``tablet`` or ``desktop``.
    :ivar os: a family as a person or ua-parser names it; ``browser`` likewise.
    :ivar language: a lower case tag.
    :ivar query: parameters that the visit carries.
    :ivar at_ms: when it is; None: now.
    """

    country_code: str = ""
    device: str = ""
    os: str = ""
    browser: str = ""
    language: str = ""
    query: tuple[tuple[str, str], ...] = ()
    at_ms: int | None = None

    def agent(self, user_agent: str) -> Agent:  # noqa: ARG002 - of Lookups
        """What the visitor comes with."""
        return Agent(self.device, self.os, self.browser)

    def country(self, net: str) -> str:  # noqa: ARG002 - of Lookups
        """Where the visitor is."""
        return self.country_code


ANYBODY = Facts()
"""Somebody of whom nothing is known, so that no rule about visitors holds."""


def visit_of(facts: Facts, now_ms: int) -> Visit:
    """The visit of such a visitor; its look-ups are the facts themselves."""
    return Visit(
        at_ms=now_ms if facts.at_ms is None else facts.at_ms,
        method="GET",
        net="",
        user_agent="",
        referrer="",
        languages=(facts.language,) if facts.language else (),
        query=urlencode(facts.query),
        visitor="",
        is_private=False,
        has_cookie=False,
        purpose="",
        country_hint="",
    )


def kinds(when: Condition, now_ms: int) -> Iterator[tuple[Facts, Sequence[str]]]:
    """The visitors that a rule names, each without a country, and the countries it names.

    None of them may get what the rule gives: another rule may come first.
    """
    at_ms = _moment(when, now_ms)
    asked = product(
        when.device[:_MOST] or ("",),
        when.os[:_MOST] or ("",),
        when.browser[:_MOST] or ("",),
        when.language[:_MOST_LANGUAGES] or ("",),
    )
    for device, os, browser, language in islice(asked, MAX_KINDS):
        facts = Facts("", device, os, browser, language, when.query, at_ms)
        yield facts, when.country[:MAX_COUNTRIES] or ("",)


def are_all(when: Condition) -> bool:
    """Whether :func:`kinds` names every visitor that a rule does."""
    each = (len(when.device) or 1, len(when.os) or 1, len(when.browser) or 1)
    languages = len(when.language) or 1
    return (
        max(each) <= _MOST
        and languages <= _MOST_LANGUAGES
        and prod(each) * languages <= MAX_KINDS
        and len(when.country) <= MAX_COUNTRIES
    )


def _moment(when: Condition, now_ms: int) -> int | None:
    """The first moment from now on, or else the last one, at which a rule's times hold.

    None: now is one, or there is none within a week.
    """
    times = Condition(
        after_ms=when.after_ms,
        before_ms=when.before_ms,
        weekday=when.weekday,
        hours=when.hours,
        timezone=when.timezone,
    )

    def holds(at_ms: int) -> bool:
        return matches(times, visit_of(Facts(at_ms=at_ms), now_ms), ANYBODY)

    if holds(now_ms):
        return None
    if when.before_ms is not None and when.before_ms <= now_ms:  # it is over
        start, step = when.before_ms - 1, -_HOUR_MS
    else:
        start, step = max(now_ms, when.after_ms or 0), _HOUR_MS
        if holds(start):
            return start
        start -= start % _HOUR_MS
    moments = (start + step * hour for hour in range(_WEEK_H))
    return next((at_ms for at_ms in moments if at_ms > 0 and holds(at_ms)), None)
