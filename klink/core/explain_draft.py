"""Who would get what from a link that is not saved yet, new or changed.

The checks, the compiling and the deciding are those of the real thing, so the answer is what
visitors will get. Nothing is written, counted or used up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from klink.core.compiled import CompiledLink, Condition
from klink.core.context import Context
from klink.core.explain import Explanation, explained
from klink.core.links.model import LinkPatch, NewLink
from klink.core.links.unsaved import Unsaved, as_if_changed, as_if_made
from klink.core.principal import Principal
from klink.core.times import to_ms
from klink.core.typical import ANYBODY, Facts, are_all, kinds, visit_of

__all__ = ["ANYBODY", "Facts", "Preview", "Shown", "explain_draft"]

MAX_SHOWN = 40
"""Rows of visitors that are shown of one link."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One kind of visitor, and what it would get.

    :ivar countries: those of the rule that fare alike; empty when it names none.
    :ivar named_by: the rule, from 0, that the visitor is made after; None: by none.
    """

    facts: Facts
    countries: tuple[str, ...]
    named_by: int | None
    gets: Explanation


@dataclass(frozen=True, slots=True)
class Preview:
    """Who would get what.

    :ivar visitors: those whom the rules name, in their order, and last one whom none does.
    :ivar asked: what the visitor that was asked about would get.
    :ivar unreached: rules, from 0, whose visitors all meet an earlier one; as far as they were
        looked at.
    :ivar is_cut: there are more kinds of visitors than are shown.
    """

    visitors: tuple[Shown, ...]
    asked: Explanation | None = None
    unreached: tuple[int, ...] = ()
    is_cut: bool = False


def explain_draft(
    ctx: Context,
    who: Principal,
    wanted: NewLink | LinkPatch,
    *,
    uid: str = "",
    asked: Facts | None = None,
) -> Preview:
    """Who would get what if this were saved.

    :param wanted: a link to make, or a change of the link ``uid``.
    :param asked: a visitor to tell of, beside the typical ones.
    :raises InsufficientScope, NotFound, Gone, ValidationFailed, OnlyOperator: as saving it would.
    """
    if isinstance(wanted, NewLink):
        draft = as_if_made(ctx, who, wanted)
    else:
        draft = as_if_changed(ctx, who, uid, wanted)
    now_ms = to_ms(ctx.now)
    rules = _rules(draft.link)
    shown: list[Shown] = []
    unreached = []
    for i, when in enumerate(rules):
        if len(shown) >= MAX_SHOWN:
            break
        named = _named(draft, i, when, now_ms)
        shown += named
        if are_all(when) and _is_unreached(i, named, rules):
            unreached.append(i)
    is_cut = len(shown) > MAX_SHOWN or (bool(rules) and shown[-1].named_by != len(rules) - 1)
    anybody = Shown(ANYBODY, (), None, _told(draft, ANYBODY, now_ms))
    return Preview(
        (*shown[:MAX_SHOWN], anybody),
        None if asked is None else _told(draft, asked, now_ms),
        tuple(unreached),
        is_cut,
    )


def _told(draft: Unsaved, facts: Facts, now_ms: int) -> Explanation:
    return explained(draft.link, visit_of(facts, now_ms), facts, lambda: draft.is_used_up)


def _rules(link: CompiledLink) -> Sequence[Condition]:
    """What the rules ask, when they decide anything at all."""
    return [rule.when for rule in link.rules] if link.mode == "rules" else []


def _named(draft: Unsaved, rule: int, when: Condition, now_ms: int) -> list[Shown]:
    """The visitors that a rule names; countries that fare alike are one."""
    found = []
    for facts, countries in kinds(when, now_ms):
        alike: dict[tuple[object, ...], list[str]] = {}
        gets: dict[tuple[object, ...], Explanation] = {}
        for code in countries:
            answer = _told(draft, replace(facts, country_code=code), now_ms)
            key: tuple[object, ...] = (
                answer.end,
                answer.location,
                answer.variant,
                answer.by,
                answer.rule,
            )
            alike.setdefault(key, []).append(code)
            gets[key] = answer
        for key, codes in alike.items():
            named = tuple(code for code in codes if code)
            found.append(Shown(replace(facts, country_code=codes[0]), named, rule, gets[key]))
    return found


def _is_unreached(rule: int, named: Sequence[Shown], rules: Sequence[Condition]) -> bool:
    """Whether earlier rules, at any time of day, take all whom a rule names."""
    met = [each.gets.rule for each in named]
    return all(i is not None and i < rule and not _has_times(rules[i]) for i in met)


def _has_times(when: Condition) -> bool:
    bounds = (when.after_ms, when.before_ms, when.hours)
    return bool(when.weekday) or any(bound is not None for bound in bounds)
