"""Where a link leads, in Klinky's words and in the core's (K8; "One link through five doors")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from klink.core import links
from klink.core.errors import ValidationFailed
from klink.core.links import LinkPatch, LinkView, NewRule, NewVariant, RuleView
from klink.core.links.destinations import SPLIT, WHOLE
from klink.dialects.klinky.schemas import AB_TEST, GEO

__all__ = [
    "MAIN",
    "changed",
    "geo_rules",
    "geo_rules_read",
    "main_id",
    "routing_type",
    "with_variants",
]

MAIN = "main"
"""The label of the one variant that stands for a link without any."""

_DEFAULT = "default"
Read = Mapping[str, Any]  # Any: what a schema has read


def main_id(link: LinkView) -> str:
    """The UUID of the one variant that stands for the link; the same for ever."""
    return str(uuid5(UUID(link.uid), MAIN))


def routing_type(link: LinkView) -> str:
    """``geo`` for a link with rules, else ``ab_test``."""
    return GEO if link.mode == "rules" else AB_TEST


def geo_rules(link: LinkView) -> dict[str, str] | None:
    """What a map can say of the link's rules; None where it has no business with them.

    The first rule that names a country counts.
    """
    if routing_type(link) != GEO:
        return None
    found: dict[str, str] = {}
    for rule in filter(_is_plain, link.rules):
        for country in _countries(rule):
            found.setdefault(country, rule.use)
    return found if link.default in (None, SPLIT) else found | {_DEFAULT: link.default}


def geo_rules_read(sent: Read | None) -> dict[str, Any]:
    """The core's ``rules`` and ``default`` for a map that was sent: a rule for each label.

    :raises ValidationFailed: a country stands for two labels, or a label is what the core
        calls the weights, which Klinky cannot ask for.
    """
    wanted: dict[str, str] = {}
    for sent_country, label in (sent or {}).items():
        country = sent_country.strip()
        if not country.isascii():  # upper() would make codes of other letters
            raise _refused(f"{country!r} is not an ISO 3166 code of two letters")
        country = _DEFAULT if country.lower() == _DEFAULT else country.upper()
        if wanted.setdefault(country, label) != label:
            raise _refused(f"{country} stands for two variants")
        if label == SPLIT:
            raise _refused(f"no variant is labelled {label!r}")
    default = wanted.pop(_DEFAULT, None)
    by_label: dict[str, list[str]] = {}
    for country, label in wanted.items():
        by_label.setdefault(label, []).append(country)
    rules = tuple(NewRule({"country": found}, label) for label, found in by_label.items())
    return {"rules": rules, "default": default}


def changed(link: LinkView, sent: Read | None) -> dict[str, Any]:
    """The fields of a patch that make a map the link's rules.

    :raises ValidationFailed: the link is none for rules, or has some that a map cannot
        express and would lose.
    """
    if routing_type(link) != GEO:
        if sent:
            raise _refused(f"is only for links with routing_type {GEO}")
        return {}
    if link.default == SPLIT or not all(_is_plain(rule) for rule in link.rules):
        raise _refused("this link has rules that cannot be written here; nothing was changed")
    return {"mode": "rules", **geo_rules_read(sent)}


def with_variants(link: LinkView, variants: Sequence[NewVariant]) -> LinkPatch:
    """The patch that gives a link these variants (K5).

    One ``main`` for a link that has a single destination is what was shown of that, and so
    changes it.
    """
    if link.mode == "single" and len(variants) == 1:
        (only,) = variants
        if (only.label, only.weight) == (MAIN, WHOLE):
            return LinkPatch(url=only.url)
    return links.with_variants(link, variants)


def _is_plain(rule: RuleView) -> bool:
    """Whether a rule asks for a country alone and gives one variant."""
    return rule.when.keys() == {"country"} and rule.use != SPLIT


def _countries(rule: RuleView) -> list[str]:
    found = rule.when["country"]
    assert isinstance(found, list)
    return found


def _refused(text: str) -> ValidationFailed:
    return ValidationFailed({"geo_rules": [text]})
