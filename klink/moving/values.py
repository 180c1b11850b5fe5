"""What stands in exports as text, read as what it means."""

from __future__ import annotations

import hashlib
import re
import string
from datetime import UTC, datetime
from typing import Literal

from klink.core.links.arrivals import MAX_CLICKS
from klink.core.times import from_ms, parse_lenient

_FLAGS = {"true": True, "1": True, "yes": True, "t": True, "y": True} | {
    "false": False,
    "0": False,
    "no": False,
    "f": False,
    "n": False,
}
_MYSQL = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d(?::\d\d(?:\.\d+)?)?)( ?UTC|Z|[+-]\d\d:?\d\d)?")
_PLAIN_LENGTH = len("2026-01-31 09:30:00")
_SECONDS = re.compile(r"\d{9,10}", re.ASCII)
_MILLISECONDS = re.compile(r"\d{12,13}", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,18}(?:\.0+)?", re.ASCII)
_BASE62 = string.digits + string.ascii_letters
_SLUG_LENGTH = 10
_SHOWN = 40


class BadValue(ValueError):
    """A value that cannot be read; the text says which field and why."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")


def short(value: object) -> str:
    """A value as a reason shows it."""
    text = str(value)
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


def flag(name: str, value: object) -> bool:
    """Yes or no.

    :raises BadValue: when it is neither.
    """
    if isinstance(value, bool):
        return value
    found = _FLAGS.get(str(value).strip().lower())
    if found is None:
        raise BadValue(name, f"{short(value)} is neither true nor false")
    return found


def whole(name: str, value: object) -> int:
    """A whole number.

    :raises BadValue: when it is none.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = str(value).strip()
    if not _WHOLE.fullmatch(text):
        raise BadValue(name, f"{short(value)} is no whole number")
    return int(text.partition(".")[0])


def clicks(name: str, value: object) -> int:
    """A number of clicks.

    :raises BadValue: when it is none that can be.
    """
    found = whole(name, value)
    if not 0 <= found <= MAX_CLICKS:
        raise BadValue(name, f"{found} clicks cannot be")
    return found


def moment(
    name: str, value: object, *, bare_date: Literal["start", "end"] = "start"
) -> datetime | None:
    """A time; without an offset it is UTC. None for MySQL's time of zeros.

    Also seconds or milliseconds since 1970.

    :raises BadValue: when it is no time.
    """
    text = str(value).strip()
    if text.startswith("0000-00-00"):
        return None
    if _SECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(text), UTC)
    if _MILLISECONDS.fullmatch(text):
        return from_ms(int(text))
    if (found := _MYSQL.fullmatch(text)) is not None:
        if len(text) == _PLAIN_LENGTH:  # what nearly all dumps have, the quick way
            try:
                return datetime.fromisoformat(text).replace(tzinfo=UTC)
            except ValueError as error:
                raise BadValue(name, f"{short(value)} is no such date or time: {error}") from None
        offset = (found[3] or "Z").strip().replace("UTC", "Z")
        text = f"{found[1]}T{found[2]}{offset}"
    try:
        return parse_lenient(text, bare_date=bare_date)
    except ValueError as error:
        raise BadValue(name, f"{short(value)} is {error}") from None


def tags(value: str) -> tuple[str, ...]:
    """Tags that are separated by commas, or by bars (Shlink)."""
    by = "|" if "|" in value and "," not in value else ","
    return tuple(tag for part in value.split(by) if (tag := part.strip()))


def slug_for(url: str, domain: str | None) -> str:
    """The slug of a link that brings none: the same for the same URL at every run."""
    digest = hashlib.sha256(f"{domain or ''} {url}".encode("utf-8", "replace")).digest()
    number, slug = int.from_bytes(digest[:16], "big"), ""
    for _ in range(_SLUG_LENGTH):
        number, digit = divmod(number, len(_BASE62))
        slug += _BASE62[digit]
    return slug
