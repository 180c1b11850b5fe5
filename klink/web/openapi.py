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

from klink.core.errors import KlinkError
from klink.core.idempotency import MAX_KEY
from klink.web import refusals
from klink.web.resource import TAKES, Resource, header
from klink.web.statuses import Statuses

__all__ = ["IDEMPOTENCY_KEY", "About", "Json", "describe"]

IDEMPOTENCY_KEY = (
    "The same request with the same key is done once; kept for 24 hours. A repeat gets the "
    "first answer again, with `Idempotency-Replayed: true`."
)

_HEADERS: dict[str, dict[str, object]] = {
    "Idempotency-Key": {
        "type": "string",
        "minLength": 1,
        "maxLength": MAX_KEY,
        "pattern": "^[!-~]([ -~]*[!-~])?$",
    },
    "If-Match": {"type": "string"},
}
_REPLAYED = header("On the answer to a repeat.", {"type": "string", "enum": ["true"]})

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


def describe(
    app: Flask,
    resources: Iterable[Resource],
    prefix: str,
    about: About,
    statuses: Statuses = {},  # noqa: B006 - never changed
) -> Blueprint:
    """Register the resources under ``prefix``; give the blueprint that serves the description.

    At ``openapi.json``, or ``openapi/NAME.json`` where the API has a name.

    :param statuses: where the API's are others than most, by class of error.
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
    return _served(about.name, lambda: _finished(api.spec.to_dict(), about, statuses))


class _Api(flask_smorest.Api):  # type: ignore[misc]  # flask-smorest has no types
    """flask-smorest, less what klink does otherwise."""

    DEFAULT_ERROR_RESPONSE_NAME = None  # each operation has the errors that it may give

    def init_app(self, app: Flask, **more: Any) -> None:
        """Let fields say how they are described, where their type alone does not."""
        super().init_app(app, **more)
        self.ma_plugin.converter.add_attribute_function(_described)

    def _register_error_handlers(self) -> None:
        """None: the doors answer errors."""

    def _register_pagination_header(self) -> None:
        """None: flask-smorest pages no list."""


def _described(_: Any, field: marshmallow.fields.Field[Any], *, ret: Json) -> Json:
    own: Callable[[Json], Json] | None = getattr(field, "described", None)
    return own(ret) if own else {}


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


def _finished(spec: Json, about: About, statuses: Statuses) -> Json:
    """Add what flask-smorest cannot say: request headers, and errors with their media type."""
    components = spec["components"]
    components["parameters"] = {
        name: {"in": "header", "name": name, "description": text, "schema": _HEADERS[name]}
        for name, text in about.headers.items()
    }
    schema = {"$ref": f"#/components/schemas/{about.error.__name__}"}
    kinds_of_all: set[type[KlinkError]] = set()
    for path, operation in _operations(spec):
        takes = operation.pop(TAKES, [])
        kinds = set(refusals.kinds_of(operation, in_path="{" in path, takes=takes))
        kinds_of_all |= kinds
        errors = refusals.responses(kinds, statuses, schema, about.error_type)
        succeeds = {
            status: answer for status, answer in operation["responses"].items() if status < "4"
        }
        operation["responses"] = succeeds | {
            str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(errors)
        }
        for name in takes:
            reference = {"$ref": f"#/components/parameters/{name}"}
            operation.setdefault("parameters", []).append(reference)
        if "Idempotency-Key" in takes:
            for answer in succeeds.values():
                answer.setdefault("headers", {})["Idempotency-Replayed"] = _REPLAYED
    found = refusals.responses(kinds_of_all, statuses, schema, about.error_type)
    components["responses"] = {str(status): found[status] for status in sorted(found)}
    return spec


def _operations(spec: Json) -> Iterator[tuple[str, Json]]:
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            if method != "parameters":
                yield path, operation
