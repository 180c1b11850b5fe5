"""Times as the contract writes them, and as the database keeps them.

Inside the core a time is an aware UTC ``datetime``; in the database, the journal and
compiled links it is milliseconds since 1970 UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

__all__ = ["format_rfc3339", "from_ms", "parse_lenient", "parse_rfc3339", "share", "to_ms"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_GOLDEN = 0x9E3779B1  # spreads numbers that follow one another

_DATE_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,32}))?"
    r"(?:([Zz])|([+-])(\d\d):(\d\d))?",
    re.ASCII,
)
_BARE_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LENIENT = re.compile(
    r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d)(:\d\d(?:\.\d{1,32})?)?([Zz]|[+-]\d\d:?\d\d)?",
    re.ASCII,
)


def parse_rfc3339(text: str) -> datetime:
    """Read a full RFC 3339 date-time; without an offset it is UTC (contract: Times).

    Strict: no bare date, no missing seconds, no ``+0000``, no leap second. Fractions
    finer than a microsecond are cut off.

    :raises ValueError: with a reason in words that can be shown to a person.
    """
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise ValueError("not a date-time like 2026-01-31T09:30:00Z")
    *numbers, fraction, zulu, sign, hours, minutes = match.groups()
    year, month, day, hour, minute, second = map(int, numbers)
    if second == 60:
        raise ValueError("leap seconds are not accepted")
    microsecond = int((fraction or "0")[:6].ljust(6, "0"))
    offset = timedelta()
    if sign and not zulu:
        if int(hours) > 23 or int(minutes) > 59:
            raise ValueError("the offset must be between -23:59 and +23:59")
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        offset = -offset if sign == "-" else offset
    try:
        local = datetime(
            year, month, day, hour, minute, second, microsecond, tzinfo=timezone(offset)
        )
    except ValueError as error:
        raise ValueError(f"no such date or time: {error}") from None
    try:
        return local.astimezone(UTC)
    except OverflowError:
        raise ValueError("the time must lie in the years 0001 to 9999 UTC") from None


def parse_lenient(text: str, *, bare_date: Literal["start", "end"]) -> datetime:
    """Read what the four dialects take (contract: Times).

    That is RFC 3339 as :func:`parse_rfc3339` takes it, ``+0000``, missing seconds, and a bare
    date.

    :param bare_date: whether ``2026-01-31`` is the start of that UTC day or its last second.
    :raises ValueError: with a reason in words that can be shown to a person.
    """
    if _BARE_DATE.fullmatch(text):
        return parse_rfc3339(f"{text}T{'00:00:00' if bare_date == 'start' else '23:59:59'}Z")
    match = _LENIENT.fullmatch(text)
    if match is None:
        raise ValueError("not a date or date-time like 2026-01-31 or 2026-01-31T09:30:00Z")
    to_minutes, seconds, offset = match.groups(default="")
    if len(offset) == 5:
        offset = f"{offset[:3]}:{offset[3:]}"
    return parse_rfc3339(f"{to_minutes}{seconds or ':00'}{offset}")


def format_rfc3339(time: datetime) -> str:
    """Write an aware time as ``YYYY-MM-DDTHH:MM:SSZ``, fractions cut off.

    :raises ValueError: for a naive time; guessing its zone would be wrong somewhere.
    """
    if time.tzinfo is None:
        raise ValueError("a naive time cannot be formatted")
    utc = time if time.tzinfo is UTC else time.astimezone(UTC)
    return utc.isoformat(timespec="seconds")[:19] + "Z"


def to_ms(time: datetime) -> int:
    """Return milliseconds since 1970 UTC of an aware time, rounded down."""
    return (time - _EPOCH) // _MILLISECOND


def from_ms(ms: int) -> datetime:
    """Return the aware UTC time of milliseconds since 1970 UTC."""
    return _EPOCH + timedelta(milliseconds=ms)


def share(number: int) -> float:
    """0 to 1: where in an interval a thing has its place, so that not all are due at once.

    :param number: the thing's own; numbers that follow one another lie far apart.
    """
    return (number * _GOLDEN % 2**32) / 2**32
