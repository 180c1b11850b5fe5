"""Descriptions of APIs: OpenAPI 3.1, made from the views and their schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import flask_smorest
import marshmallow
from flask import Blueprint, Flask, Response
from flask.json import dumps

from klink.web.resource import TAKES, Resource

__all__ = ["IDEMPOTENCY_KEY", "About", "Json", "describe"]

IDEMPOTENCY_KEY = (
    "The same request with the same key is done once; kept for 24 hours. A repeat gets the "
    "first answer again, with `Idempotency-Replayed: true`."
)

# Any: a document of JSON, as libraries without types make it.
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is said of an API as a whole.

    :param name: '' for the native one; tells several descriptions of one app apart.
    :param text: Markdown.
    :param schemes: how a key is sent, by names of one's own.
    :param headers: what the request headers mean that operations take.
    :param error: the schema of every error, and its media type.
    :param keyless: whether some operation may be called without a key.
    """

    name: str
    title: str
    version: str
    text: str
    schemes: Mapping[str, Mapping[str, str]]
    headers: Mapping[str, str]
    error: type[marshmallow.Schema]
    error_type: str = "application/json"
    keyless: bool = False


def describe(app: Flask, resources: Iterable[Resource], prefix: str, about: About) -> Blueprint:
    """Register the resources under ``prefix``; give the blueprint that serves the description.

    At ``openapi.json``, or ``openapi/NAME.json`` where the API has a name.
    """
    upper = f"{about.name.upper()}_" if about.name else ""
    app.config[f"{upper}API_TITLE"] = about.title
    app.config[f"{upper}API_VERSION"] = about.version or "0"
    app.config[f"{upper}OPENAPI_VERSION"] = "3.1.0"
    security: list[Json] = [{name: []} for name in about.schemes]
    spec = {
        "info": {"description": about.text, "license": {"name": "MIT", "identifier": "MIT"}},
        "security": [*security, {}] if about.keyless else security,
    }
    api = _Api(spec_kwargs=spec, config_prefix=upper.rstrip("_"))
    api.ERROR_SCHEMA = about.error  # which init_app() writes down
    api.init_app(app)
    for name, scheme in about.schemes.items():
        api.spec.components.security_scheme(name, dict(scheme))
    for resource in resources:
        api.register_blueprint(resource, url_prefix=prefix)
    return _served(about.name, lambda: _finished(api.spec.to_dict(), about))


class _Api(flask_smorest.Api):  # type: ignore[misc]  # flask-smorest has no types
    """flask-smorest, whose error shape the caller sets."""

    def _register_error_handlers(self) -> None:
        """None: the doors answer errors."""


def _served(name: str, make: Callable[[], Json]) -> Blueprint:
    blueprint = Blueprint(f"{name}-openapi" if name else "openapi", __name__)

    @cache
    def text() -> str:
        return dumps(make())

    @blueprint.get(f"/openapi/{name}.json" if name else "/openapi.json")
    def openapi() -> Response:
        """Serve the description."""
        response = Response(text(), mimetype="application/json")
        response.headers["Cache-Control"] = "no-cache"
        return response

    return blueprint


def _finished(spec: Json, about: About) -> Json:
    """Add what flask-smorest cannot say: the media type of errors, request headers."""
    for response in spec["components"]["responses"].values():
        if "content" in response:
            response["content"] = {about.error_type: response["content"]["application/json"]}
    spec["components"]["parameters"] = {
        name: {"in": "header", "name": name, "description": text, "schema": {"type": "string"}}
        for name, text in about.headers.items()
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
