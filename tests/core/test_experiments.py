"""Experiments: when a winner is named, when not, and what a person is told."""

from __future__ import annotations

from decimal import Decimal

import pytest

from klink.core.experiments import Judgement, Rules, VariantData, judge

ENOUGH = Rules(threshold=100, clicks=100_000)


def variant(label: str, visitors: int, conversions: int, weight: int = 50) -> VariantData:
    return VariantData(label, weight, visitors, conversions)


def judged(*variants: VariantData, rules: Rules = ENOUGH) -> Judgement:
    return judge(variants, rules)


A, B = variant("a", 5000, 500), variant("b", 5000, 630)


def test_a_clear_lead_wins_and_the_reason_says_by_how_much() -> None:
    found = judged(A, B)
    assert (found.verdict, found.winner) == ("winner", "b")
    assert found.evidence < 0.01
    assert found.reason == "b converts 12.6 % against 10.0 % of a; evidence p = 0.002."


def test_a_small_lead_goes_on_collecting_and_the_reason_says_what_is_missing() -> None:
    found = judged(A, variant("b", 5000, 530))
    assert (found.verdict, found.winner) == ("collecting", None)
    assert found.reason.startswith("Collecting: b converts 10.6 % against 10.0 % of a; evidence p")
    assert found.reason.endswith("and a winner needs 0.05 or less.")


def test_rates_that_differ_late_are_written_until_they_do() -> None:
    found = judged(variant("a", 1_000_000, 100_000), variant("b", 1_000_000, 100_010))
    assert "b converts 10.001 % against 10.000 % of a" in found.reason


def test_equal_rates_have_no_leader() -> None:
    found = judged(A, variant("b", 5000, 500))
    assert found.evidence == 1
    assert "a and b convert alike, 10.0 %" in found.reason


def test_evidence_is_rounded_up_and_not_written_to_the_last_digit() -> None:
    open_yet = judged(A, variant("b", 5000, 593))
    assert 0.05 < open_yet.evidence < 0.06
    assert f"evidence p = 0.0{int(1000 * open_yet.evidence) + 1}," in open_yet.reason
    assert judged(A, variant("b", 5000, 1000)).reason.endswith("evidence p < 0.001.")


def test_below_the_threshold_of_clicks_nothing_is_decided() -> None:
    found = judged(A, B, rules=Rules(threshold=20_000, clicks=19_999))
    assert found.verdict == "collecting"
    assert found.reason == "Collecting: 19,999 of the 20,000 clicks that a decision needs."
    assert judged(A, B, rules=Rules(threshold=20_000, clicks=20_000)).verdict == "winner"


def test_every_variant_must_have_been_seen_by_fifty() -> None:
    found = judged(variant("a", 49, 1), variant("b", 51, 40))
    assert found.reason == (
        "Collecting: variant a was seen by 49 of the 50 visitors that a decision needs."
    )
    assert judged(variant("a", 50, 1), variant("b", 51, 40)).reason.startswith(("Coll", "b conv"))


def test_five_must_have_converted() -> None:
    found = judged(variant("a", 100, 0), variant("b", 100, 4))
    assert found.reason == "Collecting: 4 of the 5 conversions that a decision needs."
    assert "convert" in judged(variant("a", 100, 0), variant("b", 100, 5)).reason


def test_a_split_that_does_not_fit_the_weights_names_no_winner_but_the_shares() -> None:
    found = judged(variant("a", 6200, 620), variant("b", 3800, 800))
    assert (found.verdict, found.winner) == ("sample_ratio_mismatch", None)
    assert found.sample_ratio_p is not None
    assert found.sample_ratio_p < 0.001
    assert found.reason == (
        "The visitors do not split as the weights say: a 62.0 % instead of 50.0 %, "
        "b 38.0 % instead of 50.0 % (p < 0.001). No winner is named until they do."
    )


def test_the_same_split_fits_weights_that_say_so() -> None:
    found = judged(variant("a", 6200, 620, weight=62), variant("b", 3800, 800, weight=38))
    assert found.sample_ratio_p == pytest.approx(1)
    assert found.winner == "b"


def test_a_variant_that_nobody_gets_is_a_wrong_split() -> None:
    found = judged(variant("a", 200, 20), variant("b", 0, 0), rules=Rules(100, 200))
    assert found.verdict == "sample_ratio_mismatch"


def test_the_first_visitor_of_a_rare_variant_is_no_wrong_split() -> None:
    found = judged(variant("a", 0, 0, weight=99), variant("b", 1, 0, weight=1))
    assert found.sample_ratio_p is not None
    assert found.sample_ratio_p < 0.001
    assert found.verdict == "collecting"


def test_of_three_the_best_must_beat_each_of_the_others() -> None:
    c = variant("c", 5000, 625)
    found = judged(A, B, c)
    assert found.verdict == "collecting"
    assert "b converts 12.6 % against 12.5 % of c" in found.reason
    assert judged(A, B, variant("c", 5000, 400)).winner == "b"


def test_more_rivals_need_more_evidence() -> None:
    two = judged(A, B)
    three = judged(A, B, variant("c", 5000, 500))
    assert three.evidence == pytest.approx(2 * two.evidence)


def test_a_variant_without_weight_takes_no_part() -> None:
    idle = variant("idle", 700, 690, weight=0)
    found = judged(A, idle, B)
    assert (found.verdict, found.winner) == ("winner", "b")
    assert found.evidence == judged(A, B).evidence
    assert found.sample_ratio_p == judged(A, B).sample_ratio_p
    figures = {one.label: one for one in found.variants}
    assert figures["idle"].rate == pytest.approx(690 / 700)
    assert figures["idle"].probability_best is None
    assert figures["idle"].expected_loss is None
    assert figures["b"].probability_best == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("variants", [(), (A,), (A, variant("idle", 0, 0, weight=0))])
def test_one_variant_alone_is_nothing_to_compare(variants: tuple[VariantData, ...]) -> None:
    found = judged(*variants)
    assert (found.verdict, found.evidence, found.sample_ratio_p) == ("collecting", 1, None)
    assert "nothing to compare" in found.reason
    assert len(found.variants) == len(variants)


def test_before_the_first_visitor_nothing_is_known() -> None:
    found = judged(variant("a", 0, 0), variant("b", 0, 0), rules=Rules(100, 0))
    assert found.reason == "Collecting: 0 of the 100 clicks that a decision needs."
    assert (found.evidence, found.sample_ratio_p) == (1, None)
    for one in found.variants:
        assert (one.rate, one.revenue_per_visitor) == (None, None)
        assert one.probability_best == pytest.approx(0.5)


def test_everybody_converting_is_no_evidence() -> None:
    found = judged(variant("a", 500, 500), variant("b", 500, 500))
    assert (found.verdict, found.evidence) == ("collecting", 1)


def test_revenue_is_shown_and_decides_nothing() -> None:
    rich = VariantData("a", 50, 3, 2, Decimal("50.00"))
    found = judged(rich, variant("b", 3, 2))
    assert found.variants[0].revenue_per_visitor == Decimal("16.6667")
    assert found.variants[0].probability_best == pytest.approx(found.variants[1].probability_best)


def test_the_same_variant_twice_is_a_tie() -> None:
    assert judged(B, B).evidence == 1


@pytest.mark.parametrize(
    "counts",
    [
        {"visitors": -1, "conversions": 0},
        {"visitors": 5, "conversions": -1},
        {"visitors": 5, "conversions": 6},
        {"visitors": 5, "conversions": 1, "weight": -1},
        {"visitors": 5, "conversions": 1, "revenue": Decimal(-1)},
    ],
)
def test_counts_that_cannot_be_are_refused(counts: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="variant a"):
        VariantData(**{"label": "a", "weight": 50, **counts})  # type: ignore[arg-type]


@pytest.mark.parametrize("threshold, clicks", [(-1, 0), (0, -1)])
def test_negative_rules_are_refused(threshold: int, clicks: int) -> None:
    with pytest.raises(ValueError, match="negative"):
        Rules(threshold, clicks)
