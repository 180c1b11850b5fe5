"""Groups of endpoints: how input is read, and flask-smorest's decorators with types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import flask_smorest
import marshmallow
from flask import Response
from webargs.flaskparser import FlaskParser

from klink.core.errors import KlinkError
from klink.web import body
from klink.web.fields import refusal
from klink.web.refusals import REFUSES

_View = TypeVar("_View", bound=Callable[..., Response])
_Schema = type[marshmallow.Schema]

TAKES = "x-takes"


class Parser(FlaskParser):
    """Reads bodies and query strings without trust."""

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
    """A group of endpoints of one door.

    Its decorators are flask-smorest's under short names and with types. A view gives the
    whole answer; the schema of an answer only describes it.

    :param unknown: what becomes of names that a schema does not know: ``RAISE`` or ``EXCLUDE``.
    :param invalid_status: the status of what cannot be accepted, for the description.
    """

    def __init__(
        self,
        name: str,
        description: str,
        *,
        unknown: str = marshmallow.RAISE,
        invalid_status: int = 422,
    ) -> None:
        super().__init__(name, __name__, description=description)
        self.ARGUMENTS_PARSER = Parser(unknown=unknown)
        self.ARGUMENTS_PARSER.DEFAULT_VALIDATION_STATUS = invalid_status
        self.after_request(_keep_private)

    def at(self, rule: str, *methods: str) -> Callable[[_View], _View]:
        """Put a view at a path, for the given methods."""
        route: Callable[[_View], _View] = self.route(rule, methods=list(methods) or ["GET"])

        def put(view: _View) -> _View:
            # As Flask asks for it: else OPTIONS would be a success that uses up requests.
            vars(view)["provide_automatic_options"] = False
            return route(view)

        return put

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
        """Describe request headers; :mod:`klink.web.openapi` knows their meanings."""
        return self.about(**{TAKES: list(headers)})

    def refuses(self, *kinds: type[KlinkError]) -> Callable[[_View], _View]:
        """Describe errors that do not follow from what the operation takes."""
        return self.about(**{REFUSES: list(kinds)})

    def about(self, **members: Any) -> Callable[[_View], _View]:
        """Add members to the description of an operation."""
        found: Callable[[_View], _View] = self.doc(**members)
        return found


def _keep_private(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def header(description: str, schema: Mapping[str, object] | None = None) -> dict[str, object]:
    """The description of a response header."""
    return {"description": description, "schema": dict(schema or {"type": "string"})}
