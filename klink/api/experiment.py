"""The experiment of a link: how it stands, and a winner named by hand."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response

from klink.api import render
from klink.api.answers import Link
from klink.api.etags import if_match
from klink.api.experiment_answers import ExperimentStanding
from klink.api.links import living
from klink.api.resource import Resource
from klink.api.schemas import ExperimentQuery, WinnerInput
from klink.core import links as core
from klink.stats.experiments import Experiment, experiment
from klink.web.hooks import wait_for_clicks
from klink.web.parts import context
from klink.web.principal import principal

blueprint = Resource("experiments", "Which of a link's variants is better.")


@blueprint.at("/links/<link_id>/experiment")
@blueprint.query(ExperimentQuery)
@blueprint.answers(200, ExperimentStanding, "How it stands.")
def read_experiment(query: dict[str, Any], link_id: str) -> Response:
    """Read how a link's experiment stands, and why.

    Counted are visitors whose variant the weights chose, each once, and whether they
    converted. The figures (`rate`, `interval`, `probability_best`, `expected_loss`) are for
    reading; the verdict comes of a test that stays right however often one looks: `evidence`
    is its p.
    """
    wait_for_clicks()
    view = living(link_id)
    return render.answer(_rendered(experiment(context(), principal(), view, query.get("run"))))


@blueprint.at("/links/<link_id>/experiment/winner", "POST")
@blueprint.body(WinnerInput)
@blueprint.answers(200, Link, "The link as it is now.")
@blueprint.takes("If-Match")
def name_winner(read: dict[str, Any], link_id: str) -> Response:
    """Name the winner by hand: all traffic goes there from now on."""
    wait_for_clicks()
    ctx, who = context(), principal()
    return render.link_answer(
        if_match(
            lambda version: core.name_winner(ctx, who, link_id, read["label"], if_version=version)
        )
    )


@blueprint.at("/links/<link_id>/experiment/winner", "DELETE")
@blueprint.answers(200, Link, "The link as it is now.")
@blueprint.takes("If-Match")
def undo_winner(link_id: str) -> Response:
    """Take the winner back: traffic is split again, and a new run begins."""
    wait_for_clicks()
    ctx, who = context(), principal()
    return render.link_answer(
        if_match(lambda version: core.undo_winner(ctx, who, link_id, if_version=version))
    )


def _rendered(found: Experiment) -> dict[str, Any]:
    judged = found.judgement
    variants = [
        asdict(each)
        | {
            "weight": found.weights[each.label],
            "revenue": str(each.revenue),
            "revenue_per_visitor": _money(each.revenue_per_visitor),
            "interval": list(each.interval),
        }
        for each in judged.variants
    ]
    return {
        "run": found.run,
        "last_run": found.last_run,
        "started_at": render.time(found.started_at),
        "ended_at": render.time(found.ended_at),
        "auto_winner": found.auto_winner,
        "threshold": found.threshold,
        "clicks": found.clicks,
        "variants": variants,
        "sample_ratio_p": judged.sample_ratio_p,
        "evidence": judged.evidence,
        "verdict": judged.verdict,
        "winner": judged.winner,
        "decided_at": render.time(found.decided_at),
        "reason": judged.reason,
    }


def _money(amount: Any) -> str | None:  # Any: a Decimal or None
    return None if amount is None else f"{amount:.4f}"
