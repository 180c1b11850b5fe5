"""Reading JSON as the four products do: a little looser than the native API.

Whole numbers pass where a text is expected and ``true``/``false`` where 1/0 is (contract:
"Field types"); names that are not known are ignored. The rules for values are the core's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from klink.core.times import parse_lenient
from klink.web.fields import Text as StrictText

__all__ = ["REQUIRED", "Flag", "Loose", "Moment", "Number", "Page", "Text", "Whole", "given"]

REQUIRED = "is required"
"""The message for what is missing; a dialect puts it into words of its own."""

_MAX_DIGITS = 18
_WORDS: dict[str, Any] = {"required": REQUIRED, "null": "may not be null"}


Json = dict[str, Any]  # Any: a schema of OpenAPI


def _also(kind: str, schema: Json) -> list[str]:
    types = schema["type"]
    first, *others = types if isinstance(types, list) else [types]
    return [first, kind, *others]


class Loose(Schema):
    """A JSON object, or a query string, of which only what is known counts."""

    class Meta:
        """marshmallow's own settings."""

        unknown = EXCLUDE

    error_messages = {"type": "must be an object"}  # noqa: RUF012 - as marshmallow has it


class Text(StrictText):
    """A string; a whole number becomes one."""

    default_error_messages = _WORDS

    def _deserialize(self, value: Any, *more: Any, **named: Any) -> str:
        if type(value) is int and len(str(value)) <= _MAX_DIGITS:
            return str(value)
        return super()._deserialize(value, *more, **named)

    def described(self, so_far: Json) -> Json:
        """That numbers pass, where one could be meant."""
        if so_far.keys() & {"enum", "format"}:
            return {}
        return {"type": _also("integer", so_far)}


class Flag(fields.Boolean):
    """``true``/``false`` or 1/0."""

    default_error_messages = _WORDS

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if type(value) not in (bool, int) or value not in (0, 1):
            raise ValidationError("must be true or false, or 1 or 0")
        return bool(value)

    def described(self, so_far: Json) -> Json:
        """That 1 and 0 pass."""
        null = [None] if self.allow_none else []
        return {"type": _also("integer", so_far), "enum": [True, False, 1, 0, *null]}


class Whole(fields.Integer):
    """A whole number; one with a fraction of zero (``50.0``) is whole."""

    default_error_messages = _WORDS

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if type(value) is float and value.is_integer():
            return int(value)
        if type(value) is not int:
            raise ValidationError("must be a whole number")
        return value


class Number(fields.Float):
    """A JSON number."""

    default_error_messages = _WORDS

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if type(value) not in (int, float):
            raise ValidationError("must be a number")
        return value


class Moment(fields.DateTime):
    """A date-time or a bare date (contract: Times).

    :param bare_date: which end of the UTC day a bare date means.
    """

    default_error_messages = _WORDS

    def __init__(self, bare_date: Literal["start", "end"] = "end", **more: Any) -> None:
        super().__init__(**more)
        self._bare_date = bare_date

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        if not isinstance(value, str):
            raise ValidationError("must be a date-time like 2026-01-31T09:30:00Z")
        try:
            return parse_lenient(value, bare_date=self._bare_date)
        except ValueError as error:
            raise ValidationError(str(error)) from None


class Page(fields.Integer):
    """A number of pages or of things on one, in a query string (contract: "Field types").

    :param most: what is larger is cut down to it.
    """

    def __init__(self, default: int, most: int, **more: Any) -> None:
        about = {"minimum": 1, "default": default, **more.pop("metadata", {})}
        super().__init__(load_default=default, metadata=about, **more)
        self._most = most

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        text = str(value).strip()
        if not (text.isascii() and text.isdecimal()) or not text.strip("0"):
            raise ValidationError("must be a whole number of at least 1")
        return self._most if len(text) > _MAX_DIGITS else min(int(text), self._most)


def given(read: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Those of the named members that came and are not null. Any: values of any type."""
    return {name: read[name] for name in names if read.get(name) is not None}
