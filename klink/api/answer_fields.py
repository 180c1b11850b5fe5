"""Members of answers, for the schemas that describe them: each is always there."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields


def text(description: str = "", *, null: bool = False, **more: Any) -> fields.String:
    """A text."""
    about = {"description": description} if description else {}
    return fields.String(required=True, allow_none=null, metadata=about | more)


def count(description: str = "") -> fields.Integer:
    """A whole number."""
    return fields.Integer(
        required=True, metadata={"description": description} if description else {}
    )


def flag(description: str = "") -> fields.Boolean:
    """True or false."""
    return fields.Boolean(
        required=True, metadata={"description": description} if description else {}
    )


def moment(description: str = "", *, null: bool = True) -> fields.String:
    """A time as RFC 3339."""
    return text(description, null=null, format="date-time")


def part(schema: type[Schema], *, many: bool = False) -> fields.Nested:
    """An object, or a list of such."""
    return fields.Nested(schema, required=True, many=many)
