"""Where a link leads: one URL, or variants with weights and rules."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from klink.core.errors import ValidationFailed
from klink.core.ids import new_uid
from klink.core.links.hosts import OwnHosts
from klink.core.links.model import NewRule, NewVariant
from klink.core.problems import Problems, text_problem
from klink.core.routing import dump_condition, parse_condition
from klink.core.times import from_ms
from klink.db import rows
from klink.db.models import Rule, Variant

MAX_VARIANTS = 20
MAX_RULES = 100
MAX_RULE_VALUES = 1000
"""All countries, languages, browsers … that a link's rules name: each visit may meet them all."""

MAX_LABEL = 50
WHOLE = 100
SPLIT = "split"
MODES = ("single", "split", "rules")


@dataclass(frozen=True, slots=True)
class CheckedVariant:
    """A variant that may be stored."""

    label: str
    url: str
    location: str
    weight: int


@dataclass(frozen=True, slots=True)
class CheckedRule:
    """A rule that may be stored; ``conditions`` is its JSON."""

    conditions: str
    use: str


@dataclass(frozen=True, slots=True)
class Destinations:
    """All of where a link leads, checked. ``url`` is what doors with one URL show."""

    mode: str
    url: str
    location: str
    variants: tuple[CheckedVariant, ...]
    rules: tuple[CheckedRule, ...]
    default: str | None


def check(
    *,
    url: str | None,
    mode: str | None,
    variants: Sequence[NewVariant],
    rules: Sequence[NewRule],
    default: str | None,
    own: OwnHosts,
    problems: Problems,
) -> Destinations | None:
    """Check destinations as a whole; problems are noted, and then the answer is None.

    :param mode: None follows from the rest.
    """
    before = len(problems.errors)
    if mode is not None and mode not in MODES:
        problems.add("routing.mode", f"must be one of {', '.join(MODES)}")
    if not variants:
        found = _single(url, mode, rules, default, own, problems)
    else:
        found = _several(url, mode, variants, rules, default, own, problems)
    return found if len(problems.errors) == before else None


def _single(
    url: str | None,
    mode: str | None,
    rules: Sequence[NewRule],
    default: str | None,
    own: OwnHosts,
    problems: Problems,
) -> Destinations | None:
    if rules or default is not None or mode in ("split", "rules"):
        problems.add("routing.variants", "are needed for a split, for rules and for a default")
    if url is None:
        problems.add("url", "is required, or routing.variants")
        return None
    location = own.destination(url, "url", problems)
    return None if location is None else Destinations("single", url, location, (), (), None)


def _several(
    url: str | None,
    mode: str | None,
    variants: Sequence[NewVariant],
    rules: Sequence[NewRule],
    default: str | None,
    own: OwnHosts,
    problems: Problems,
) -> Destinations | None:
    if len(variants) > MAX_VARIANTS:  # before anything is looked at that costs
        problems.add("routing.variants", f"at most {MAX_VARIANTS} variants")
        return None
    if mode == "single":
        problems.add("routing.mode", "single takes a url and no variants")
    if mode == "split" and rules:
        problems.add("routing.rules", "need the mode rules; a rule may use 'split'")
    checked = [_variant(i, variant, own, problems) for i, variant in enumerate(variants)]
    _check_labels(variants, problems)
    labels = [variant.label for variant in variants]
    if default is not None and default not in labels and default != SPLIT:
        problems.add("routing.default", f"no variant is labelled {default!r}, nor is it 'split'")
    ready = _rules(rules, labels, problems)
    usable = [variant for variant in checked if variant is not None]
    if len(usable) != len(checked):
        return None
    shown = next((v for v in usable if v.label == default), usable[0])
    if url is not None and url != shown.url:
        problems.add("url", "follows from the link's variants; leave it out")
    chosen = mode or ("rules" if rules else "split")
    if mode is None and rules and default is None:
        default = SPLIT  # rules beside weights: those whom no rule names are split as before
    elif chosen == "split" and default == SPLIT:
        default = None  # it says nothing more
    return Destinations(chosen, shown.url, shown.location, tuple(usable), ready, default)


def _variant(
    i: int, variant: NewVariant, own: OwnHosts, problems: Problems
) -> CheckedVariant | None:
    where = f"routing.variants.{i}"
    problem = text_problem(variant.label, MAX_LABEL)
    if variant.label == SPLIT:
        problem = f"{SPLIT!r} is what rules call the weights; choose another label"
    if problem:
        problems.add(f"{where}.label", problem)
    if not 0 <= variant.weight <= WHOLE:
        problems.add(f"{where}.weight", f"must be 0 to {WHOLE}")
    location = own.destination(variant.url, f"{where}.url", problems)
    if location is None:
        return None
    return CheckedVariant(variant.label, variant.url, location, variant.weight)


def _check_labels(variants: Sequence[NewVariant], problems: Problems) -> None:
    if len({variant.label for variant in variants}) != len(variants):
        problems.add("routing.variants", "each label may stand once")
    total = sum(variant.weight for variant in variants)
    if total != WHOLE:  # nor is it told when it has more digits than Python writes
        told = f", not {total}" if abs(total) <= MAX_VARIANTS * WHOLE else ""
        problems.add("routing.variants", f"the weights must sum to {WHOLE}{told}")


def _rules(
    rules: Sequence[NewRule], labels: Sequence[str], problems: Problems
) -> tuple[CheckedRule, ...]:
    if len(rules) > MAX_RULES:
        problems.add("routing.rules", f"at most {MAX_RULES} rules")
        return ()
    found = []
    values = 0
    for i, rule in enumerate(rules):
        where = f"routing.rules.{i}"
        if rule.use not in labels and rule.use != SPLIT:
            problems.add(f"{where}.use", f"no variant is labelled {rule.use!r}, nor is it 'split'")
        try:
            when = dump_condition(parse_condition(rule.when))
        except ValidationFailed as error:
            for name, texts in error.errors.items():
                problems.add(f"{where}.when.{name}", texts[0])
        else:
            if not when.keys() - {"timezone"}:  # by itself that holds always
                problems.add(f"{where}.when", "must ask for something")
            found.append(CheckedRule(json.dumps(when), rule.use))
            values += sum(len(asked) for asked in when.values() if isinstance(asked, list | dict))
    if values > MAX_RULE_VALUES:
        problems.add("routing.rules", f"may name {MAX_RULE_VALUES:,} values in all, not {values:,}")
    return tuple(found)


def store(link_id: int, wanted: Destinations, *, now_ms: int) -> None:
    """Make the link's variants and rules those of ``wanted``.

    A variant whose label stays keeps its row, and with it its clicks (klinky K5).
    """
    kept = {row.label: row.id for row in Variant.select().where(Variant.link == link_id)}
    gone = set(kept) - {variant.label for variant in wanted.variants}
    if gone:
        Variant.delete().where(Variant.link == link_id, Variant.label.in_(gone)).execute()
    new = []
    for row in variant_rows(link_id, wanted, now_ms=now_ms):
        if row["label"] in kept:
            changed = {name: row[name] for name in ("url", "location", "weight", "position")}
            Variant.update(changed).where(Variant.id == kept[row["label"]]).execute()
        else:
            new.append(row)
    rows.insert(Variant, new)
    Rule.delete().where(Rule.link == link_id).execute()
    rows.insert(Rule, rule_rows(link_id, wanted))


def variant_rows(link_id: int, wanted: Destinations, *, now_ms: int) -> list[dict[str, Any]]:
    """The records of the variants, but for their numbers."""
    now = from_ms(now_ms)
    return [
        {
            "uid": new_uid(now),
            "link": link_id,
            "label": variant.label,
            "url": variant.url,
            "location": variant.location,
            "weight": variant.weight,
            "position": position,
        }
        for position, variant in enumerate(wanted.variants)
    ]


def rule_rows(link_id: int, wanted: Destinations) -> list[dict[str, Any]]:
    """The records of the rules, but for their numbers."""
    return [
        {"link": link_id, "position": i, "conditions": rule.conditions, "use": rule.use}
        for i, rule in enumerate(wanted.rules)
    ]
