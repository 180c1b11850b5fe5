"""Strict reading of JSON and query strings: nothing is taken for what it is not.

marshmallow would read ``"5"`` as a number and ``"yes"`` as true; these fields do not.
Limits and meanings are the core's to check, so that they hold in every door.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar

from marshmallow import RAISE, Schema, ValidationError, fields

from klink.core.errors import ValidationFailed
from klink.core.money import exact
from klink.core.times import parse_rfc3339

_UNKNOWN = "unknown field"
_UNTIDY = re.compile(r"[\x00\ud800-\udfff]")
_WHOLE = re.compile(r"[0-9]{1,9}")
_AMOUNT = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_LOST_PLUS = re.compile(r" (?=[0-9]{2}:[0-9]{2}$)")


_NotPlain = ValidationError("not plainly good")


class Strict(Schema):
    """A JSON object whose members are all known.

    :cvar read_only: members of answers that cannot be set, with the reason.
    """

    class Meta:
        """marshmallow's own settings."""

        unknown = RAISE

    error_messages = {"unknown": _UNKNOWN, "type": "must be an object"}  # noqa: RUF012
    read_only: ClassVar[Mapping[str, str]] = {}

    def load(
        self,
        data: Any,
        *,
        many: bool | None = None,
        partial: Any = None,
        unknown: Any = None,
    ) -> Any:
        """Read input as marshmallow does, only faster where nothing is wrong with it.

        marshmallow asks every field that there is for its value; a link may have thirty and
        most requests give two. Here the fields of the members that came read theirs, and
        whatever is not plainly good is left to marshmallow, which finds the words for it.
        """
        if partial is None and unknown in (None, RAISE):
            try:
                if not (self.many if many is None else many):
                    return self._read(data)
                if type(data) is list:
                    return [self._read(item) for item in data]
            except ValidationError:
                pass
        return super().load(data, many=many, partial=partial, unknown=unknown)

    def _read(self, data: Any) -> dict[str, Any]:
        if type(data) is not dict or not self._required() <= data.keys() <= self.load_fields.keys():
            raise _NotPlain
        fields = self.load_fields
        return {name: fields[name].deserialize(value, name, data) for name, value in data.items()}

    @cache  # noqa: B019 - schemas live as long as the process
    def _required(self) -> frozenset[str]:
        return frozenset(name for name, field in self.load_fields.items() if field.required)

    def handle_error(self, error: ValidationError, *_: Any, **__: Any) -> None:
        """Say of members that exist in answers only that they are read-only."""
        found = error.messages
        if isinstance(found, dict):
            items = [inner for key, inner in found.items() if isinstance(key, int)]
            for messages in items or [found]:  # of each item, or of the one object
                self._explain(messages)

    def _explain(self, messages: dict[str, Any]) -> None:
        for name, texts in messages.items():
            if texts == [_UNKNOWN] and name in self.read_only:
                messages[name] = [self.read_only[name]]


class Text(fields.String):
    """A JSON string that any database takes: no NUL, no halves of surrogate pairs."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("must be a string")
        if _UNTIDY.search(value):
            raise ValidationError("must not contain control characters or lone surrogates")
        return value


class Flag(fields.Boolean):
    """``true`` or ``false``, as JSON has them."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("must be true or false")
        return value


class Whole(fields.Integer):
    """A whole JSON number."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValidationError("must be a whole number")
        return value


class Amount(fields.Decimal):
    """An amount of money: a JSON number, or the same as a string."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Decimal:
        if type(value) in (int, float):
            return exact(value)
        if not isinstance(value, str) or _AMOUNT.fullmatch(value) is None:
            raise ValidationError('must be an amount like 99.99 or "99.99"')
        return Decimal(value)


class Moment(fields.DateTime):
    """An RFC 3339 date-time (contract: Times)."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        if not isinstance(value, str):
            raise ValidationError("must be a date-time like 2026-01-31T09:30:00Z")
        try:
            return parse_rfc3339(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None


class Few(fields.List[Any]):
    """A list of at most so many items; a longer one is refused before any item is read.

    :param most: the core's own limit; the message for more is ``many`` of ``error_messages``.
    """

    default_error_messages = {"many": "at most {most} of them"}  # noqa: RUF012 - as marshmallow's

    def __init__(self, inner: Any, most: int, **more: Any) -> None:
        about = {"maxItems": most, **more.pop("metadata", {})}
        super().__init__(inner, metadata=about, **more)
        self._most = most

    def _deserialize(self, value: Any, *more: Any, **named: Any) -> list[Any]:
        if isinstance(value, list) and len(value) > self._most:
            raise self.make_error("many", most=self._most)
        return super()._deserialize(value, *more, **named)


class QueryWhole(fields.Integer):
    """A whole number in a query string: digits only."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if _WHOLE.fullmatch(value) is None:
            raise ValidationError("must be a whole number")
        return int(value)


class QueryFlag(fields.Boolean):
    """``true`` or ``false`` in a query string."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if value not in ("true", "false"):
            raise ValidationError("must be true or false")
        return bool(value == "true")


class QueryMoment(Moment):
    """A date-time in a query string, where a bare ``+`` of an offset became a space."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        return super()._deserialize(_LOST_PLUS.sub("+", value))


def refusal(messages: Any) -> ValidationFailed:
    """Messages of marshmallow as the core's error, by dotted paths (``routing.variants.0.url``)."""
    found: dict[str, list[str]] = {}
    for path, text in _flat("", messages):
        found.setdefault(path or "body", []).append(text)
    return ValidationFailed(found)


def _flat(path: str, messages: Any) -> Iterator[tuple[str, str]]:
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            here = path if name == "_schema" else f"{path}.{name}" if path else str(name)
            yield from _flat(here, inner)
    else:
        for text in messages:
            yield path, str(text).rstrip(".")
