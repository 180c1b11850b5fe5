"""A rule's ``when``: from the JSON of the native API to a :class:`Condition`, and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar
from zoneinfo import ZoneInfo

from klink.core.compiled import Condition
from klink.core.countries import COUNTRIES
from klink.core.errors import ValidationFailed
from klink.core.times import format_rfc3339, from_ms, parse_rfc3339, to_ms

__all__ = ["DEVICES", "dump_condition", "parse_condition"]

FIELDS = (
    "country", "device", "os", "browser", "language", "query",
    "after", "before", "weekday", "hours", "timezone",
)  # fmt: skip
DEVICES = ("mobile", "tablet", "desktop")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_MAX_VALUES = 300  # all countries there are, and some
_MAX_TEXT = 100
_MAX_PARAMETERS = 20
_MAX_PARAMETER = 255

_COUNTRY = re.compile(r"[A-Z]{2}")
_LANGUAGE = re.compile(r"[a-z]{1,8}(?:-[a-z0-9]{1,8}){0,7}")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,3}")

_T = TypeVar("_T")


def parse_condition(raw: Mapping[str, object], *, is_stored: bool = False) -> Condition:
    """Read a rule's ``when`` (contract: native, "Link").

    Lists of values may be given as one string; countries in any case; weekdays as 1
    (Monday) to 7 or names; ``hours`` as ``[from, to]``, whole hours of 0 to 24, which may
    wrap midnight. Null is not asked, and neither is an empty list.

    :param is_stored: it was checked when it came; a country that is none any more stands.
    :raises ValidationFailed: one entry per wrong field (``country``, ``hours``, …).
    """
    errors: dict[str, list[str]] = {}
    for name in sorted(str(key) for key in raw if key not in FIELDS):
        errors[name[:_MAX_TEXT]] = [f"no such condition; known are {', '.join(FIELDS)}"]

    def read(name: str, reader: Callable[[object], _T], otherwise: _T) -> _T:
        value = raw.get(name)
        if value is None:
            return otherwise
        try:
            return reader(value)
        except ValueError as error:
            errors[name] = [str(error)]
            return otherwise

    condition = Condition(
        country=read("country", _codes if is_stored else _countries, ()),
        device=read("device", _devices, ()),
        os=read("os", _texts, ()),
        browser=read("browser", _texts, ()),
        language=read("language", _languages, ()),
        query=read("query", _query, ()),
        after_ms=read("after", _time, None),
        before_ms=read("before", _time, None),
        weekday=read("weekday", _weekdays, ()),
        hours=read("hours", _hours, None),
        timezone=read("timezone", _timezone, ""),
    )
    after_ms, before_ms = condition.after_ms, condition.before_ms
    if after_ms is not None and before_ms is not None and after_ms >= before_ms:
        errors["before"] = ["must be later than after"]
    if errors:
        raise ValidationFailed(errors)
    return condition


def dump_condition(condition: Condition) -> dict[str, object]:
    """Return the JSON form of a condition: only what is asked, lists as lists.

    Times come out with whole seconds, unless they were given with fractions.
    """
    lists: dict[str, object] = {
        name: list(getattr(condition, name))
        for name in ("country", "device", "os", "browser", "language")
        if getattr(condition, name)
    }
    if condition.query:
        lists["query"] = dict(condition.query)
    if condition.after_ms is not None:
        lists["after"] = _dump_time(condition.after_ms)
    if condition.before_ms is not None:
        lists["before"] = _dump_time(condition.before_ms)
    if condition.weekday:
        lists["weekday"] = list(condition.weekday)
    if condition.hours is not None:
        lists["hours"] = list(condition.hours)
    if condition.timezone:
        lists["timezone"] = condition.timezone
    return lists


def _texts(value: object) -> tuple[str, ...]:
    """Read a text or a list of texts; duplicates go, order stays."""
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list | tuple):
        raise ValueError("must be a text or a list of texts")
    if len(values) > _MAX_VALUES:
        raise ValueError(f"must be at most {_MAX_VALUES} values")
    texts: dict[str, None] = {}
    for item in values:
        if not isinstance(item, str):
            raise ValueError("must be a text or a list of texts")
        text = item.strip()
        if not 1 <= len(text) <= _MAX_TEXT or not text.isprintable():
            raise ValueError(f"each must be 1 to {_MAX_TEXT} printable characters long")
        texts[text] = None
    return tuple(texts)


def _countries(value: object) -> tuple[str, ...]:
    codes = _codes(value)
    for code in codes:
        if code not in COUNTRIES:
            raise ValueError(f"{code!r} is not the ISO 3166 code of any country")
    return codes


def _codes(value: object) -> tuple[str, ...]:
    codes = tuple(dict.fromkeys(text.upper() for text in _texts(value)))
    for code in codes:
        if _COUNTRY.fullmatch(code) is None:
            raise ValueError(f"{code!r} is not an ISO 3166 code of two letters")
    return codes


def _devices(value: object) -> tuple[str, ...]:
    devices = tuple(dict.fromkeys(text.lower() for text in _texts(value)))
    for device in devices:
        if device not in DEVICES:
            raise ValueError(f"{device!r} is not one of {', '.join(DEVICES)}")
    return devices


def _languages(value: object) -> tuple[str, ...]:
    tags = tuple(dict.fromkeys(text.lower().replace("_", "-") for text in _texts(value)))
    for tag in tags:
        if _LANGUAGE.fullmatch(tag) is None:
            raise ValueError(f"{tag!r} is not a language tag like en or pt-br")
    return tags


def _query(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, Mapping):
        raise ValueError("must be an object of parameter names and values")
    if len(value) > _MAX_PARAMETERS:
        raise ValueError(f"must be at most {_MAX_PARAMETERS} parameters")
    pairs = []
    for name, wanted in value.items():
        if not isinstance(name, str) or not isinstance(wanted, str):
            raise ValueError("names and values must be texts")
        if not 1 <= len(name) <= _MAX_PARAMETER or len(wanted) > _MAX_PARAMETER:
            raise ValueError(f"names and values must be at most {_MAX_PARAMETER} characters long")
        if not (name + wanted).isprintable():
            raise ValueError("names and values must hold printable characters only")
        pairs.append((name, wanted))
    return tuple(pairs)


def _time(value: object) -> int | None:
    if not isinstance(value, str):
        raise ValueError("must be a date-time like 2026-01-31T09:30:00Z")
    return to_ms(parse_rfc3339(value))


def _weekdays(value: object) -> tuple[int, ...]:
    days = set()
    for item in value if isinstance(value, list | tuple) else [value]:
        if isinstance(item, int) and not isinstance(item, bool) and 1 <= item <= 7:
            days.add(item)
        elif isinstance(item, str) and item.strip().lower() in WEEKDAYS:
            days.add(WEEKDAYS.index(item.strip().lower()) + 1)
        else:
            raise ValueError(f"must be 1 (Monday) to 7, or {', '.join(WEEKDAYS)}")
    return tuple(sorted(days))


def _hours(value: object) -> tuple[int, int] | None:
    if isinstance(value, list | tuple) and len(value) == 2:
        start, end = value
        if all(type(hour) is int and 0 <= hour <= 24 for hour in (start, end)) and start != end:
            return start, end
    raise ValueError("must be [from, to], two different whole hours of 0 to 24")


def _timezone(value: object) -> str:
    if isinstance(value, str) and len(value) <= _MAX_TEXT and _ZONE.fullmatch(value):
        try:
            ZoneInfo(value)
        except (ValueError, KeyError, OSError):  # OSError: the name of a folder, like "Europe"
            pass
        else:
            return value
    raise ValueError("is not an IANA time zone like Europe/Berlin")


def _dump_time(ms: int) -> str:
    text = format_rfc3339(from_ms(ms))
    return f"{text[:-1]}.{ms % 1000:03}Z" if ms % 1000 else text
