"""What answers about experiments hold, as schemas."""

from __future__ import annotations

from marshmallow import Schema, fields

from klink.api.answer_fields import count, flag, moment, part, text


class ExperimentVariant(Schema):
    """What a run has counted of one variant."""

    label = text()
    weight = count("Share of 100.")
    visitors = count("People whose variant the weights chose, each once.")
    conversions = count("How many of them converted.")
    revenue = text("Decimal, in the workspace's currency.")
    revenue_per_visitor = text("Decimal; null without visitors.", null=True)
    rate = fields.Float(required=True, allow_none=True)
    interval = fields.List(
        fields.Float(),
        required=True,
        metadata={"description": "95 % credible, of the rate.", "minItems": 2, "maxItems": 2},
    )
    probability_best = fields.Float(
        required=True, allow_none=True, metadata={"description": "Null for weight 0."}
    )
    expected_loss = fields.Float(required=True, allow_none=True)


class ExperimentStanding(Schema):
    """How an experiment stands."""

    run = count("Its number; new variants, weights or destinations begin a new one.")
    last_run = count("The run that goes on.")
    started_at = moment(null=False)
    ended_at = moment("Null while it goes on.")
    auto_winner = flag()
    threshold = count("Clicks before a winner may be named.")
    clicks = count("Of people, in this run.")
    variants = part(ExperimentVariant, many=True)
    sample_ratio_p = fields.Float(required=True, allow_none=True)
    evidence = fields.Float(
        required=True, metadata={"description": "Always-valid p; 0.05 or less names a winner."}
    )
    verdict = text(enum=["collecting", "winner", "sample_ratio_mismatch"])
    winner = text(null=True)
    decided_at = moment()
    reason = text("For a person.")
