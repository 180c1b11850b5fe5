"""The Flask app: the native API, and the doors that it is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, Flask
from flask.json.provider import DefaultJSONProvider

from klink.api import (
    analytics,
    bio,
    blocking,
    description,
    docs,
    domains,
    events,
    experiment,
    explain,
    health,
    history,
    keys,
    known_hosts,
    link_stats,
    links,
    me,
    problems,
    qr,
    quarantine,
    reports,
    tags,
    usage,
    users,
)
from klink.web import doors, exports, hooks, openapi
from klink.web.parts import Parts

PREFIX = "/api/v1"
MOUNT = "/klink/api/v1"
"""The same API at its explicit mount (contract: "Which dialect answers a request", 1)."""

RESOURCES = (
    me.blueprint,
    links.blueprint,
    link_stats.blueprint,
    experiment.blueprint,
    explain.blueprint,
    analytics.blueprint,
    events.blueprint,
    domains.blueprint,
    bio.blueprint,
    quarantine.blueprint,
    blocking.blueprint,
    reports.blueprint,
    keys.blueprint,
    users.blueprint,
    usage.blueprint,
    history.blueprint,
    qr.blueprint,
    tags.blueprint,
)


class _Api(Flask):
    """Flask, which asks of every hook of every request whether it is a coroutine; none is."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:  # Any: as in Flask
        """The function as it is."""
        return func


def make_app(parts: Parts, register: Sequence[Blueprint] = ()) -> Flask:
    """Build the Flask app.

    :param parts: what the composition root hands in.
    :param register: blueprints of other doors.
    """
    app = _Api("klink.api", static_folder=None, template_folder=None)
    json = DefaultJSONProvider(app)
    json.sort_keys = False
    app.json = json
    app.url_map.merge_slashes = False  # it would redirect, with a page of HTML
    described = openapi.describe(app, RESOURCES, PREFIX, description.about(parts.version))
    hooks.install(app, parts)
    exports.install(app)
    doors.add(app, problems.DOOR)
    for resource in RESOURCES:
        app.register_blueprint(resource, url_prefix=MOUNT, name=f"klink-{resource.name}")
    app.register_blueprint(described, url_prefix="/api")
    app.register_blueprint(docs.blueprint, url_prefix="/api")
    app.register_blueprint(known_hosts.blueprint, url_prefix="/api")
    app.register_blueprint(health.blueprint)
    for blueprint in register:
        app.register_blueprint(blueprint)
    return app
