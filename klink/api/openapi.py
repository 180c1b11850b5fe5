"""The description of the native API: OpenAPI 3.1, made from the views and their schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import flask_smorest
from flask import Blueprint, Flask, Response
from flask.json import dumps

from klink.api.answers import Problem
from klink.api.problems import MEDIA_TYPE
from klink.api.resource import TAKES, Resource

_ABOUT = """\
Make, change and follow short links. Every request takes a key: `Authorization: Bearer klink_…`
or `X-API-Key`. Errors are `application/problem+json` (RFC 9457); `code` is stable. Lists are
paged by `cursor`. Limits of the key's plan are told by `RateLimit` and `X-RateLimit-*`.
When `Klink-Ledger-Lag` stands on an answer, its counts are that many seconds old.
"""

_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}

_HEADERS = {
    "Idempotency-Key": (
        "The same request with the same key is done once; kept for 24 hours. A repeat gets the "
        "first answer again, with `Idempotency-Replayed: true`."
    ),
    "If-Match": "ETags of versions; 412 when the link has none of them by now.",
}

# Any, throughout: a document of JSON, as libraries without types make it.
Json = dict[str, Any]


class Api(flask_smorest.Api):  # type: ignore[misc]  # flask-smorest has no types
    """flask-smorest with this door's error shape."""

    ERROR_SCHEMA = Problem


def describe(app: Flask, resources: Iterable[Resource], prefix: str, version: str) -> Blueprint:
    """Register the resources under ``prefix``; give the blueprint that serves the description."""
    spec = {
        "info": {"description": _ABOUT, "license": {"name": "MIT", "identifier": "MIT"}},
        "security": [{name: []} for name in _SCHEMES],
    }
    app.config["API_TITLE"] = "klink"
    app.config["API_VERSION"] = version or "0"
    app.config["OPENAPI_VERSION"] = "3.1.0"
    api = Api(app, spec_kwargs=spec)
    for name, scheme in _SCHEMES.items():
        api.spec.components.security_scheme(name, scheme)
    for resource in resources:
        api.register_blueprint(resource, url_prefix=prefix)
    return _served(lambda: _finished(api.spec.to_dict()))


def _served(make: Callable[[], Json]) -> Blueprint:
    blueprint = Blueprint("openapi", __name__)

    @cache
    def text() -> str:
        return dumps(make())

    @blueprint.get("/openapi.json")
    def openapi() -> Response:
        """Serve the description."""
        response = Response(text(), mimetype="application/json")
        response.headers["Cache-Control"] = "no-cache"
        return response

    return blueprint


def _finished(spec: Json) -> Json:
    """Add what flask-smorest cannot say: the media type of problems, request headers."""
    for response in spec["components"]["responses"].values():
        if "content" in response:
            response["content"] = {MEDIA_TYPE: response["content"]["application/json"]}
    spec["components"]["parameters"] = {
        name: {"in": "header", "name": name, "description": text, "schema": {"type": "string"}}
        for name, text in _HEADERS.items()
    }
    for operation in _operations(spec):
        for name in operation.pop(TAKES, []):
            reference = {"$ref": f"#/components/parameters/{name}"}
            operation.setdefault("parameters", []).append(reference)
    return spec


def _operations(spec: Json) -> Iterator[Json]:
    for path in spec["paths"].values():
        for method, operation in path.items():
            if method != "parameters":
                yield operation
