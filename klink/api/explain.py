"""What a visitor would get from a link, and what decides it."""

from __future__ import annotations

from typing import Any

from flask import Response

from klink.api import render
from klink.api.answers import Explanation
from klink.api.resource import Resource
from klink.api.schemas import ExplainQuery
from klink.clicks.enrich import Enricher
from klink.clicks.imagined import imagine
from klink.core.explain import explain
from klink.web.parts import context, parts
from klink.web.principal import principal

blueprint = Resource("explain", "What a visitor would get.")


@blueprint.at("/links/<link_id>/explain")
@blueprint.query(ExplainQuery)
@blueprint.answers(200, Explanation, "What the visitor would get, and why.")
def explain_link(query: dict[str, Any], link_id: str) -> Response:
    """Explain what a visitor would get.

    The rules and weights decide as for a real visit; nothing is counted. What is not given is
    unknown: no country, no language, no browser. Where weights decide, `visitor` tells which
    variant one visitor gets; without it `variant` is null and `shares` says who may get what.
    A link in the trash is explained, too.
    """
    lookups = Enricher(parts().geoip.lookup)
    imagined = imagine(query.pop("at", context().now), lookups, **query)
    found = explain(principal(), link_id, imagined.visit, lookups)
    return render.answer(render.explanation(found, imagined))
