"""What goes into a judgement of an experiment, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Literal

Verdict = Literal["collecting", "winner", "sample_ratio_mismatch"]


@dataclass(frozen=True, slots=True)
class VariantData:
    """What one run of an experiment has counted for one variant.

    :param weight: its share of the traffic, in any unit; 0 takes it out of the decision.
    :param visitors: people who were given it by weight, each once.
    :param conversions: how many of them converted.
    :param revenue: what they brought, in the workspace's currency. Shown, never decided on.
    :raises ValueError: for counts that cannot be.
    """

    label: str
    weight: int
    visitors: int
    conversions: int
    revenue: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        if self.weight < 0 or self.revenue < 0:
            raise ValueError(f"variant {self.label}: weight and revenue must not be negative")
        if not 0 <= self.conversions <= self.visitors:
            raise ValueError(
                f"variant {self.label}: {self.conversions} of {self.visitors} visitors "
                "cannot have converted"
            )


@dataclass(frozen=True, slots=True)
class Rules:
    """When the experiment of a link may be decided.

    :param threshold: the link's own: how many clicks there must be.
    :param clicks: how many there are, of people, in this run.
    :raises ValueError: for negative numbers.
    """

    threshold: int
    clicks: int

    def __post_init__(self) -> None:
        if self.threshold < 0 or self.clicks < 0:
            raise ValueError("threshold and clicks must not be negative")


class Standing(Enum):
    """How far an experiment has come: the first of these that holds."""

    NOTHING_TO_COMPARE = "nothing_to_compare"
    SPLIT_IS_OFF = "split_is_off"
    FEW_CLICKS = "few_clicks"
    FEW_VISITORS = "few_visitors"
    FEW_CONVERSIONS = "few_conversions"
    OPEN = "open"
    WON = "won"


_VERDICTS: dict[Standing, Verdict] = {
    Standing.SPLIT_IS_OFF: "sample_ratio_mismatch",
    Standing.WON: "winner",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What may be done now.

    :param leader: the variant with the highest rate of conversions so far, if two compete.
    :param rival: the one that the leader is least surely better than.
    :param evidence: always-valid p that the leader is no better than all others (1 = none).
    :param sample_ratio_p: that such a split comes of these weights; None without visitors.
    """

    standing: Standing
    leader: VariantData | None
    rival: VariantData | None
    evidence: float
    sample_ratio_p: float | None

    @property
    def verdict(self) -> Verdict:
        """The standing as the API names it."""
        return _VERDICTS.get(self.standing, "collecting")

    @property
    def winner(self) -> str | None:
        """The label of the variant that all traffic should go to."""
        won = self.standing is Standing.WON and self.leader is not None
        return self.leader.label if won and self.leader else None


@dataclass(frozen=True, slots=True)
class VariantFigures:
    """What a person reads of one variant.

    :param rate: conversions a visitor; None without visitors.
    :param interval: 95 % credible, of the rate.
    :param probability_best: that no other variant has a higher rate; None for weight 0.
    :param expected_loss: how far its rate lies below the best one's, on average; likewise.
    """

    label: str
    visitors: int
    conversions: int
    revenue: Decimal
    revenue_per_visitor: Decimal | None
    rate: float | None
    interval: tuple[float, float]
    probability_best: float | None
    expected_loss: float | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """An experiment as it stands, for a person and for the job that picks winners."""

    variants: tuple[VariantFigures, ...]
    sample_ratio_p: float | None
    evidence: float
    verdict: Verdict
    winner: str | None
    reason: str
