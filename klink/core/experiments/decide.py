"""Whether an experiment has a winner: cheap enough for a job that looks at every link."""

from __future__ import annotations

from collections.abc import Sequence

from klink.core.experiments.model import Decision, Rules, Standing, VariantData
from klink.core.experiments.ratio import ratio_p
from klink.core.experiments.sequential import always_valid_p

MIN_VISITORS = 50
"""How many people every variant must have been seen by."""

MIN_CONVERSIONS = 5
"""How many of all of them must have converted."""

LEVEL = 0.05
"""How often, at most, a winner may be named where there is none."""

RATIO_LEVEL = 0.001
"""Below it, a split that chance would make so rarely is held for a fault."""

MIN_EXPECTED = 5
"""Chi-square says nothing of a variant that fewer visitors than these should have seen."""


def decide(variants: Sequence[VariantData], rules: Rules) -> Decision:
    """Find out how far the experiment has come; deterministic, nothing is remembered.

    Variants of weight 0 play no part. The leading one has to be better than every other: of
    k - 1 comparisons each must reach ``LEVEL / (k - 1)``, so that it does not matter that the
    leader was picked from k.
    """
    rivals = [variant for variant in variants if variant.weight]
    if len(rivals) < 2:
        return Decision(Standing.NOTHING_TO_COMPARE, None, None, 1.0, None)
    split_p = ratio_p([one.visitors for one in rivals], [one.weight for one in rivals])
    first = max(range(len(rivals)), key=lambda number: _rate(rivals[number]))
    leader, others = rivals[first], rivals[:first] + rivals[first + 1 :]
    weakest, rival = -1.0, others[0]
    for other in others:
        p = always_valid_p(
            (other.visitors, leader.visitors), (other.conversions, leader.conversions)
        )
        if p > weakest:
            weakest, rival = p, other
    evidence = min(1.0, len(others) * weakest)
    return Decision(
        _standing(rivals, rules, split_p, evidence),
        leader,
        rival,
        evidence,
        split_p if any(one.visitors for one in rivals) else None,
    )


def _rate(variant: VariantData) -> float:
    return variant.conversions / variant.visitors if variant.visitors else -1.0


def _standing(
    rivals: Sequence[VariantData], rules: Rules, split_p: float, evidence: float
) -> Standing:
    fewest = min(one.visitors for one in rivals)
    if split_p <= RATIO_LEVEL and (fewest >= MIN_VISITORS or _can_judge_split(rivals)):
        return Standing.SPLIT_IS_OFF
    if rules.clicks < rules.threshold:
        return Standing.FEW_CLICKS
    if fewest < MIN_VISITORS:
        return Standing.FEW_VISITORS
    if sum(one.conversions for one in rivals) < MIN_CONVERSIONS:
        return Standing.FEW_CONVERSIONS
    return Standing.WON if evidence <= LEVEL else Standing.OPEN


def _can_judge_split(rivals: Sequence[VariantData]) -> bool:
    whole = sum(one.weight for one in rivals)
    least = min(one.weight for one in rivals)
    return sum(one.visitors for one in rivals) * least >= MIN_EXPECTED * whole
