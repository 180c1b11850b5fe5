"""The numbers of experiments, against closed forms, drawn ones and other ways to reckon."""

from __future__ import annotations

from math import exp, lgamma, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from klink.core.experiments import Rules, VariantData, judge
from klink.core.experiments.bayes import posteriors
from klink.core.experiments.ratio import chi_square_p, ratio_p
from klink.core.experiments.sequential import always_valid_p

Counts = tuple[int, int]


def beaten(rival: Counts, other: Counts) -> float:
    """The chance that ``other`` has the higher rate: Evan Miller's sum, exact."""
    (seen_a, won_a), (seen_b, won_b) = rival, other
    a, b = won_a + 1, seen_a - won_a + 1
    c, d = won_b + 1, seen_b - won_b + 1

    def log_beta(x: int, y: int) -> float:
        return lgamma(x) + lgamma(y) - lgamma(x + y)

    return sum(
        exp(log_beta(a + i, b + d) - log(d + i) - log_beta(1 + i, d) - log_beta(a, b))
        for i in range(c)
    )


@pytest.mark.parametrize(
    "one, other",
    [
        ((0, 0), (0, 0)),
        ((10, 1), (10, 3)),
        ((100, 0), (0, 0)),
        ((1000, 100), (1000, 120)),
        ((1000, 999), (40, 40)),
        ((10_000, 1000), (20_000, 2100)),
        ((10_000_000, 0), (10_000_000, 1)),
        ((10_000_000, 100), (10_000, 0)),
    ],
)
def test_of_two_the_probability_to_be_best_is_the_exact_one(one: Counts, other: Counts) -> None:
    first, second = posteriors([one, other])
    assert second.probability_best == pytest.approx(beaten(one, other), abs=1e-4)
    assert first.probability_best == pytest.approx(1 - beaten(one, other), abs=1e-4)


@pytest.mark.parametrize("variants", [1, 2, 5, 20])
def test_before_anybody_came_the_best_of_k_is_expected_at_k_in_k_plus_1(variants: int) -> None:
    for found in posteriors([(0, 0)] * variants):
        assert found.probability_best == pytest.approx(1 / variants, abs=1e-4)
        assert found.expected_loss == pytest.approx(variants / (variants + 1) - 0.5, abs=1e-4)


@pytest.mark.parametrize("seen", [1, 10, 1000, 10_000_000])
def test_nobody_converting_leaves_rates_from_nought(seen: int) -> None:
    low, high = posteriors([(seen, 0)])[0].interval
    assert low == 0
    assert high == pytest.approx(1 - 0.05 ** (1 / (seen + 1)), rel=1e-3)


@pytest.mark.parametrize("seen", [1, 10, 1000, 10_000_000])
def test_everybody_converting_leaves_rates_up_to_one(seen: int) -> None:
    low, high = posteriors([(seen, seen)])[0].interval
    assert 1 - low == pytest.approx(1 - 0.05 ** (1 / (seen + 1)), rel=1e-3)
    assert high == 1


@pytest.mark.parametrize(
    "counts",
    [
        [(1000, 100), (1000, 105), (1000, 110), (1000, 90), (1000, 100)],
        [(0, 0), (10_000_000, 100), (1000, 300), (50, 0), (7, 7)],
        [(10_000_000, 1_000_000), (10_000_000, 1_000_500), (10_000_000, 999_000)],
        [(10_000_000, 10_000_000), (10_000_000, 9_999_997), (5, 5)],
        [(100, 3), (300, 9), (20, 1), (5000, 200)],
    ],
)
def test_figures_agree_with_drawn_rates(counts: list[Counts]) -> None:
    draws = 400_000
    rng = np.random.default_rng(7)
    rates = np.array([rng.beta(won + 1, seen - won + 1, draws) for seen, won in counts])
    best = np.bincount(rates.argmax(0), minlength=len(counts)) / draws
    losses = rates.max(0) - rates
    for number, found in enumerate(posteriors(counts)):
        assert found.probability_best == pytest.approx(best[number], abs=4e-3)
        error = losses[number].std() / draws**0.5
        assert found.expected_loss == pytest.approx(
            losses[number].mean(), abs=5 * error + 1e-5 * rates[number].mean()
        )
        seen, won = counts[number]
        if 0 < won < seen:
            low, high = np.quantile(rates[number], [0.025, 0.975])
            assert found.interval == pytest.approx((low, high), abs=0.02 * rates[number].std())


@pytest.mark.parametrize(
    "statistic, freedom, p",
    [
        (0, 1, 1),
        (0, 4, 1),
        (3.841458820694124, 1, 0.05),
        (10.827566170662733, 1, 0.001),
        (5.991464547107979, 2, 0.05),
        (7.814727903251179, 3, 0.05),
        (9.487729036781154, 4, 0.05),
        (18.46682695290317, 4, 0.001),
        (30.14352720564616, 19, 0.05),
        (1e6, 3, 0),
    ],
)
def test_chi_square_has_its_known_values(statistic: float, freedom: int, p: float) -> None:
    assert chi_square_p(statistic, freedom) == pytest.approx(p, rel=1e-9, abs=1e-12)


def test_a_split_is_held_against_its_weights() -> None:
    assert ratio_p([50, 50], [1, 1]) == 1
    assert ratio_p([60, 40], [50, 50]) == pytest.approx(0.04550026, rel=1e-6)
    assert ratio_p([70, 30], [70, 30]) == 1
    assert ratio_p([0, 0, 0], [1, 2, 3]) == 1


@pytest.mark.parametrize(
    "visitors, conversions",
    [((5000, 5000), (500, 600)), ((7000, 3000), (140, 90)), ((50, 60), (20, 41))],
)
def test_evidence_is_the_mixture_likelihood_ratio(visitors: Counts, conversions: Counts) -> None:
    rates = [won / seen for won, seen in zip(conversions, visitors, strict=True)]
    pooled = sum(conversions) / sum(visitors)
    deviation = (pooled * (1 - pooled) * sum(1 / seen for seen in visitors)) ** 0.5

    def normal(x: np.ndarray, centre: float, width: float) -> np.ndarray:
        return np.exp(-(((x - centre) / width) ** 2) / 2) / width

    prior = 0.2 * pooled
    possible = np.linspace(-12 * prior, 12 * prior, 200_001)
    difference = rates[1] - rates[0]
    mixed = (
        np.trapezoid(normal(possible, difference, deviation) * normal(possible, 0, prior), possible)
        / (2 * np.pi) ** 0.5
    )
    null = float(normal(np.array(difference), 0, deviation))
    p = min(1.0, null / float(mixed))
    assert always_valid_p(visitors, conversions) == pytest.approx(p, rel=1e-6)


counts = st.integers(0, 10_000_000).flatmap(
    lambda seen: st.tuples(st.just(seen), st.integers(0, seen))
)
few = st.lists(counts, min_size=2, max_size=5)


@given(few)
@settings(max_examples=50, deadline=None)
def test_probabilities_sum_to_one_and_losses_are_none_below_nought(given: list[Counts]) -> None:
    found = posteriors(given)
    assert sum(one.probability_best for one in found) == pytest.approx(1)
    for one, (seen, won) in zip(found, given, strict=True):
        low, high = one.interval
        assert 0 <= low < one.mean < high <= 1
        assert low <= (won / seen if seen else 0.5) <= high
        assert 0 <= one.probability_best <= 1
        assert 0 <= one.expected_loss <= 1


@given(st.data(), st.lists(counts, min_size=2, max_size=4))
@settings(max_examples=50, deadline=None)
def test_the_order_of_variants_changes_nothing(data: st.DataObject, given: list[Counts]) -> None:
    variants = [VariantData(f"v{n}", n + 1, *one) for n, one in enumerate(given)]
    shuffled = data.draw(st.permutations(variants))
    rules = Rules(100, sum(one.visitors for one in variants))
    one, other = judge(variants, rules), judge(shuffled, rules)
    assert (other.verdict, other.winner) == (one.verdict, one.winner)
    assert other.evidence == one.evidence
    assert other.sample_ratio_p == pytest.approx(one.sample_ratio_p)
    figures = {figure.label: figure for figure in other.variants}
    for figure in one.variants:
        again = figures[figure.label]
        assert again.interval == pytest.approx(figure.interval)
        assert again.probability_best == pytest.approx(figure.probability_best, abs=1e-9)
        assert again.expected_loss == pytest.approx(figure.expected_loss, abs=1e-9)


@given(few, st.integers(1, 100_000))
@settings(max_examples=50, deadline=None)
def test_who_converts_more_is_no_less_probably_best(given: list[Counts], more: int) -> None:
    seen, won = given[0]
    better = [(seen, min(seen, won + more)), *given[1:]]
    before, after = posteriors(given)[0], posteriors(better)[0]
    assert after.probability_best >= before.probability_best - 1e-3
    assert after.expected_loss <= before.expected_loss + 1e-3
    assert after.interval[1] >= before.interval[1] - 1e-3


@given(counts, counts, st.integers(2, 50))
@settings(max_examples=200, deadline=None)
def test_the_same_rates_of_more_visitors_are_no_weaker_evidence(
    one: Counts, other: Counts, times: int
) -> None:
    seen, won = (one[0], other[0]), (one[1], other[1])
    p = always_valid_p(seen, won)
    again = always_valid_p((times * seen[0], times * seen[1]), (times * won[0], times * won[1]))
    assert 0 <= again <= p * (1 + 1e-6) <= 1 + 1e-6
