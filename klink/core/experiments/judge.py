"""An experiment as it stands, in figures and in words for a person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

from klink.core.experiments.bayes import Posterior, posteriors
from klink.core.experiments.decide import LEVEL, MIN_CONVERSIONS, MIN_VISITORS, decide
from klink.core.experiments.model import (
    Decision,
    Judgement,
    Rules,
    Standing,
    VariantData,
    VariantFigures,
)
from klink.core.money import REVENUE_PLACES


def judge(variants: Sequence[VariantData], rules: Rules) -> Judgement:
    """Say all that is known of the variants, and whether one of them has won and why.

    The figures are for reading only: the verdict is :func:`decide`'s, which has a test that
    stays right however often one looks.
    """
    decision = decide(variants, rules)
    competing = [variant for variant in variants if variant.weight]
    together = iter(posteriors([_counts(variant) for variant in competing]) if competing else ())
    return Judgement(
        variants=tuple(
            _figures(variant, next(together), competes=True)
            if variant.weight
            else _figures(variant, posteriors([_counts(variant)])[0], competes=False)
            for variant in variants
        ),
        sample_ratio_p=decision.sample_ratio_p,
        evidence=decision.evidence,
        verdict=decision.verdict,
        winner=decision.winner,
        reason=_REASONS[decision.standing](variants, rules, decision),
    )


def _counts(variant: VariantData) -> tuple[int, int]:
    return variant.visitors, variant.conversions


def _figures(variant: VariantData, known: Posterior, *, competes: bool) -> VariantFigures:
    seen = variant.visitors
    return VariantFigures(
        label=variant.label,
        visitors=seen,
        conversions=variant.conversions,
        revenue=variant.revenue,
        revenue_per_visitor=round(variant.revenue / seen, REVENUE_PLACES) if seen else None,
        rate=variant.conversions / seen if seen else None,
        interval=known.interval,
        probability_best=known.probability_best if competes else None,
        expected_loss=known.expected_loss if competes else None,
    )


def _nothing_to_compare(_variants: Sequence[VariantData], _rules: Rules, _: Decision) -> str:
    return "Collecting: nothing to compare, as fewer than two variants have a weight."


def _split_is_off(variants: Sequence[VariantData], _rules: Rules, decision: Decision) -> str:
    competing = [variant for variant in variants if variant.weight]
    seen = sum(variant.visitors for variant in competing)
    whole = sum(variant.weight for variant in competing)
    shares = ", ".join(
        f"{one.label} {one.visitors / seen:.1%} instead of {one.weight / whole:.1%}"
        for one in competing
    ).replace("%", " %")
    return (
        f"The visitors do not split as the weights say: {shares} "
        f"({_p(decision.sample_ratio_p)}). No winner is named until they do."
    )


def _few_clicks(_variants: Sequence[VariantData], rules: Rules, _: Decision) -> str:
    return f"Collecting: {rules.clicks:,} of the {rules.threshold:,} clicks that a decision needs."


def _few_visitors(variants: Sequence[VariantData], _rules: Rules, _: Decision) -> str:
    least = min((one for one in variants if one.weight), key=lambda one: one.visitors)
    return (
        f"Collecting: variant {least.label} was seen by {least.visitors} of the {MIN_VISITORS} "
        "visitors that a decision needs."
    )


def _few_conversions(variants: Sequence[VariantData], _rules: Rules, _: Decision) -> str:
    converted = sum(one.conversions for one in variants if one.weight)
    return f"Collecting: {converted} of the {MIN_CONVERSIONS} conversions that a decision needs."


def _open(_variants: Sequence[VariantData], _rules: Rules, decision: Decision) -> str:
    return (
        f"Collecting: {_comparison(decision)}; evidence {_p(decision.evidence)}, "
        f"and a winner needs {LEVEL} or less."
    )


def _won(_variants: Sequence[VariantData], _rules: Rules, decision: Decision) -> str:
    return f"{_comparison(decision)}; evidence {_p(decision.evidence)}."


_REASONS: dict[Standing, Callable[[Sequence[VariantData], Rules, Decision], str]] = {
    Standing.NOTHING_TO_COMPARE: _nothing_to_compare,
    Standing.SPLIT_IS_OFF: _split_is_off,
    Standing.FEW_CLICKS: _few_clicks,
    Standing.FEW_VISITORS: _few_visitors,
    Standing.FEW_CONVERSIONS: _few_conversions,
    Standing.OPEN: _open,
    Standing.WON: _won,
}


def _comparison(decision: Decision) -> str:
    leader, rival = decision.leader, decision.rival
    assert leader is not None
    assert rival is not None
    high, low = leader.conversions / leader.visitors, rival.conversions / rival.visitors
    for places in range(1, 7):
        first, second = (f"{100 * rate:.{places}f} %" for rate in (high, low))
        if first != second:
            return f"{leader.label} converts {first} against {second} of {rival.label}"
    return f"{leader.label} and {rival.label} convert alike, {high:.1%}".replace("%", " %")


def _p(p: float | None) -> str:
    """Three decimals, rounded up: none is called smaller than it is."""
    assert p is not None
    return f"p = {ceil(1000 * p) / 1000:.3f}" if p >= 0.001 else "p < 0.001"
