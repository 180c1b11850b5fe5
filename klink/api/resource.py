"""What the native API's resources share: who may come in, how input is read, typed decorators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import flask_smorest
import marshmallow
from flask import Response
from webargs.flaskparser import FlaskParser

from klink.api.fields import refusal
from klink.web import body, limits, principal

_View = TypeVar("_View", bound=Callable[..., Response])
_Schema = type[marshmallow.Schema]

DIALECT = "klink"
TAKES = "x-takes"


class Parser(FlaskParser):
    """Reads bodies and query strings strictly: unknown names are refused in both."""

    def load_json(self, *_: object) -> Any:
        """The body, read without trust."""
        return body.json_body()

    def handle_error(
        self, error: marshmallow.ValidationError, *_: object, **__: object
    ) -> Any:  # never returns
        """Refuse with all that is wrong, by the fields' dotted paths."""
        (messages,) = error.messages_dict.values()  # keyed by the location
        raise refusal(messages)


class Resource(flask_smorest.Blueprint):  # type: ignore[misc]  # flask-smorest has no types
    """A group of endpoints that take a key of this door; each request is counted.

    Its decorators are flask-smorest's under short names and with types. A view gives the
    whole answer; the schema of an answer only describes it.
    """

    ARGUMENTS_PARSER = Parser(unknown=marshmallow.RAISE)

    def __init__(self, name: str, description: str) -> None:
        super().__init__(name, __name__, description=description)
        self.before_request(_come_in)
        self.after_request(_keep_private)

    def at(self, rule: str, *methods: str) -> Callable[[_View], _View]:
        """Put a view at a path, for the given methods."""
        found: Callable[[_View], _View] = self.route(rule, methods=list(methods) or ["GET"])
        return found

    def body(self, schema: _Schema, **more: Any) -> Callable[[_View], _View]:
        """Hand the view the JSON body, as the schema reads it."""
        found: Callable[[_View], _View] = self.arguments(schema(), location="json", **more)
        return found

    def query(self, schema: _Schema) -> Callable[[_View], _View]:
        """Hand the view the query string, as the schema reads it."""
        found: Callable[[_View], _View] = self.arguments(schema(), location="query")
        return found

    def answers(
        self, status: int, schema: Any = None, description: str = "", **more: Any
    ) -> Callable[[_View], _View]:
        """Describe an answer that the view gives."""
        found: Callable[[_View], _View] = self.alt_response(
            status, schema=schema, description=description or None, success=True, **more
        )
        return found

    def takes(self, *headers: str) -> Callable[[_View], _View]:
        """Describe request headers; :mod:`klink.api.openapi` knows their meanings."""
        return self.about(**{TAKES: list(headers)})

    def about(self, **members: Any) -> Callable[[_View], _View]:
        """Add members to the description of an operation."""
        found: Callable[[_View], _View] = self.doc(**members)
        return found


def _come_in() -> None:
    principal.authenticate(DIALECT)
    limits.count()


def _keep_private(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def header(description: str, schema: Mapping[str, object] | None = None) -> dict[str, object]:
    """The description of a response header."""
    return {"description": description, "schema": dict(schema or {"type": "string"})}
