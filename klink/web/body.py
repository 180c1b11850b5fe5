"""The body of a request as JSON, read strictly and without trusting it.

Refused are (RFC 8259, I-JSON RFC 7493): what is no UTF-8, numbers that are none (``NaN``)
or too large to be read, the same member twice, and more nesting than any request needs.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from typing import NoReturn

from flask import g, request
from werkzeug.exceptions import RequestEntityTooLarge

from klink.core.errors import KlinkError

MAX_BODY = 1024 * 1024
MAX_BULK_BODY = 4 * MAX_BODY
MAX_DEPTH = 32
MAX_VALUES = 10_000
"""Values in a body: each costs the reader something, and no link has as many."""

MAX_BULK_VALUES = 250_000
JSON_TYPES = frozenset({"application/json", "application/merge-patch+json"})


class InvalidJson(KlinkError):
    """The body is no JSON that can be read."""

    code = "invalid_json"


class BodyTooLarge(KlinkError):
    """The body is larger than it may be."""

    code = "body_too_large"

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"the body may have at most {max_bytes} bytes")


class UnsupportedMediaType(KlinkError):
    """The body is of a type that is not read here."""

    code = "unsupported_media_type"


def json_body(
    max_bytes: int = MAX_BODY,
    types: Collection[str] = JSON_TYPES,
    *,
    max_values: int = MAX_VALUES,
) -> object:
    """The JSON of the current request, whatever it is: object, array or else.

    A body without ``Content-Type`` is taken for JSON.

    :raises BodyTooLarge, UnsupportedMediaType, InvalidJson: as they say.
    """
    _check_type(types)
    text = _text(max_bytes)
    if not text.strip():
        raise InvalidJson("the body is empty; JSON is expected")
    try:
        found: object = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            object_pairs_hook=_without_repeats,
        )
    except RecursionError:
        raise InvalidJson("the JSON is nested too deeply") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidJson(f"the body is not valid JSON ({error.msg}: {where})") from None
    except ValueError as error:
        raise InvalidJson(f"the body is not JSON that can be read: {_shown(error)}") from None
    _check_size(found, max_values)
    g.json_body = found
    return found


def parsed() -> object:
    """What :func:`json_body` gave for this request; None when nobody asked for it."""
    return g.get("json_body")


def _check_type(types: Collection[str]) -> None:
    sent = request.mimetype
    if sent and sent not in types:
        raise UnsupportedMediaType(
            f"the body must be JSON, not {sent[:100]!r}; "
            "send the header Content-Type: application/json"
        )
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaType("JSON must be UTF-8")


def _text(max_bytes: int) -> str:
    # One more: of a body whose length is not told, werkzeug reads as much and says nothing.
    request.max_content_length = max_bytes + 1
    try:
        raw = request.get_data()
    except RequestEntityTooLarge:
        raise BodyTooLarge(max_bytes) from None
    if len(raw) > max_bytes:
        raise BodyTooLarge(max_bytes)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise InvalidJson("the body is not UTF-8") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has the same member twice")
    return found


def _shown(error: ValueError) -> str:
    text = str(error)
    return "a number has too many digits" if "integer string conversion" in text else text


def _check_size(found: object, max_values: int) -> None:
    level, values = [found], 0
    for _ in range(MAX_DEPTH):
        values += sum(len(each) for each in level if isinstance(each, dict | list))
        if values > max_values:
            raise InvalidJson(f"the JSON holds more than {max_values:,} values")
        level = [inner for outer in level for inner in _containers(outer)]
        if not level:
            return
    raise InvalidJson(f"the JSON is nested more than {MAX_DEPTH} levels deep")


def _containers(outer: object) -> list[object]:
    if isinstance(outer, dict):
        return [inner for inner in outer.values() if isinstance(inner, dict | list)]
    if isinstance(outer, list):
        return [inner for inner in outer if isinstance(inner, dict | list)]
    return []
