"""Which variant a visit gets and why: winner, then rules, then weights, then the default.

Pure: the same link and visit always give the same variant. Facts that cost a look-up
(country, device) are asked only when a rule needs them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from klink.core.compiled import (
    Agent,
    CompiledLink,
    CompiledVariant,
    Condition,
    Lookups,
    Rule,
    Visit,
)
from klink.core.conditions import dump_condition, parse_condition
from klink.core.urls import query_pairs

__all__ = [
    "SPLIT",
    "Agent",
    "Choice",
    "Condition",
    "Lookups",
    "Rule",
    "choose",
    "dump_condition",
    "matches",
    "may_split",
    "parse_condition",
    "split",
]

SPLIT = "split"
"""What a rule (or the default) uses to mean "by weight"; no variant may be called so."""

By = Literal["only", "winner", "rule", "split", "default"]

# A person who asks for "Chrome" means it on a phone too; ua-parser has names of their own
# for those. Keys and values lower case.
_BROWSERS = {
    "chrome": ("chrome mobile", "chrome mobile ios", "chrome mobile webview"),
    "edge": ("edge mobile",),
    "firefox": ("firefox mobile", "firefox ios"),
    "opera": ("opera mobile", "opera mini"),
    "safari": ("mobile safari", "mobile safari ui/wkwebview"),
}
_SYSTEMS = {
    "macos": ("mac os x",),
    "mac os": ("mac os x",),
    "linux": ("ubuntu", "debian", "fedora", "red hat", "suse", "mint"),
    "chromeos": ("chrome os",),
}


class Choice(NamedTuple):
    """A variant, and what gave it to a visit.

    :ivar by: ``split`` when the weights did, also where a rule left it to them.
    :ivar rule: the place, from 0, of the rule that matched; None when none did.
    """

    variant: CompiledVariant
    by: By
    rule: int | None


_new = tuple.__new__  # what a named tuple's own does, in half of the time


def choose(link: CompiledLink, visit: Visit, lookups: Lookups) -> Choice:
    """Return the variant this visit gets, and why.

    The winner takes all; else the first rule that matches; else, in ``split`` mode, the
    weights; else the default, and without one the first variant (contract: native
    "Link", klinky K8). A rule, default or winner whose label is gone is passed over.
    """
    if len(link.variants) == 1:
        return _new(Choice, (link.variants[0], "only", None))
    if link.winner:
        winner = _labelled(link, link.winner)
        if winner is not None:
            return _new(Choice, (winner, "winner", None))
    place: int | None = None
    if link.rules:
        for place, rule in enumerate(link.rules):
            if matches(rule.when, visit, lookups):
                if rule.use == SPLIT:
                    return _by_weight(link, visit, place)
                variant = _labelled(link, rule.use)
                if variant is not None:
                    return _new(Choice, (variant, "rule", place))
    if link.mode == "split" or link.default == SPLIT:
        return _by_weight(link, visit, None)
    return _new(Choice, (_default(link), "default", None))


def _by_weight(link: CompiledLink, visit: Visit, rule: int | None) -> Choice:
    variant = split(link, visit.visitor)
    if variant is None:
        return _new(Choice, (_default(link), "default", rule))
    return _new(Choice, (variant, "split", rule))


def may_split(link: CompiledLink) -> bool:
    """Whether weights can decide, so that the visitor should keep an id (contract: Visitor)."""
    if len(link.variants) == 1:
        return False
    if link.mode == "split" or link.default == SPLIT:
        return True
    return any(rule.use == SPLIT for rule in link.rules)


def split(link: CompiledLink, visitor: str) -> CompiledVariant | None:
    """Return the variant that the weights give a visitor; the same one every time.

    None where no variant has any weight.

    Visitor and link are hashed to a point on the line of cumulative weights, in the
    variants' order: changing 50/50 to 60/40 moves a tenth of the visitors, and where
    somebody stands on one link says nothing of another.
    """
    variants = link.variants
    total = 0
    for variant in variants:
        total += variant.weight
    text = f"{link.id}\0{visitor}".encode("utf-8", "surrogatepass")
    point = int.from_bytes(blake2b(text, digest_size=8).digest(), "big") * total >> 64
    for variant in variants:
        point -= variant.weight
        if point < 0:
            return variant
    return None


def _default(link: CompiledLink) -> CompiledVariant:
    return _labelled(link, link.default) or link.variants[0]


def _labelled(link: CompiledLink, label: str) -> CompiledVariant | None:
    for variant in link.variants:
        if variant.label == label:
            return variant
    return None


def matches(when: Condition, visit: Visit, lookups: Lookups) -> bool:
    """Whether all that a rule asks holds for a visit; the cheap questions come first.

    * ``country``: the trusted proxy's word, else looked up; unknown matches nothing.
    * ``device``, ``os``, ``browser``: compared without case to ua-parser's families;
      "Chrome", "Safari", "Firefox", "Edge" and "Opera" mean their mobile editions too,
      "macOS" means "Mac OS X", "Linux" its distributions.
    * ``language``: the visitor's first preference only; "en" matches "en-GB", "pt-br"
      only itself and what is below it.
    * ``query``: each parameter with exactly this value, decoded, among those sent.
    * times: ``after <= now < before``; weekday and hours by the clock of ``timezone``.
    """
    if when.after_ms is not None and visit.at_ms < when.after_ms:
        return False
    if when.before_ms is not None and visit.at_ms >= when.before_ms:
        return False
    return (
        (not when.language or _language_fits(when.language, visit.languages))
        and (not when.query or _query_fits(when.query, visit.query))
        and (not (when.weekday or when.hours) or _clock_fits(when, visit.at_ms))
        and (not when.country or _country(visit, lookups) in when.country)
        and (not (when.device or when.os or when.browser) or _agent_fits(when, visit, lookups))
    )


def _language_fits(asked: tuple[str, ...], languages: tuple[str, ...]) -> bool:
    if not languages:
        return False
    first = languages[0]
    while first not in asked:
        first = first.rpartition("-")[0]
        if not first:
            return False
    return True


def _query_fits(asked: tuple[tuple[str, str], ...], query: str) -> bool:
    return bool(query) and _sent(query).issuperset(asked)


@lru_cache(maxsize=64)
def _sent(query: str) -> frozenset[tuple[str, str]]:
    """What a visit sent, read once however many rules ask."""
    return frozenset(query_pairs(query))


def _clock_fits(when: Condition, at_ms: int) -> bool:
    local = datetime.fromtimestamp(at_ms / 1000, _zone(when.timezone))
    if when.weekday and local.isoweekday() not in when.weekday:
        return False
    if when.hours is None:
        return True
    start, end = when.hours
    if start <= end:
        return start <= local.hour < end
    return local.hour >= start or local.hour < end


def _country(visit: Visit, lookups: Lookups) -> str:
    return visit.country_hint or lookups.country(visit.net)


def _agent_fits(when: Condition, visit: Visit, lookups: Lookups) -> bool:
    agent = lookups.agent(visit.user_agent)
    return (
        (not when.device or agent.device in when.device)
        and (not when.os or _is_meant(agent.os, when.os, _SYSTEMS_MEANT))
        and (not when.browser or _is_meant(agent.browser, when.browser, _BROWSERS_MEANT))
    )


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name or "UTC")


def _meanings(editions: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    """For each name that ua-parser gives, those by which a person asks for it."""
    asked: dict[str, set[str]] = {}
    for name, families in editions.items():
        for family in families:
            asked.setdefault(family, {family}).add(name)
    return {family: frozenset(names) for family, names in asked.items()}


_BROWSERS_MEANT, _SYSTEMS_MEANT = _meanings(_BROWSERS), _meanings(_SYSTEMS)


def _is_meant(family: str, asked: tuple[str, ...], meant: Mapping[str, frozenset[str]]) -> bool:
    name = family.lower()
    names = meant.get(name) or (name,)
    return any(each.lower() in names for each in asked)
