"""How values read on a page: numbers, times, money, differences."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.numbers import format_currency, format_decimal
from markupsafe import Markup

__all__ = ["DOORS", "ago", "change", "count", "money", "percent", "when"]

DOORS = {
    "admin": "on the admin page",
    "klink": "over the API",
    "cli": "at the command line",
    "klinky": "over Klinky's API",
    "qklnk": "over qklnk's API",
    "kliqs": "over Kliqs' API",
    "klookup": "over Klook Up's API",
}
"""By which way something was made or changed."""

_LOCALE = "en"
_NOUGHTS = re.compile(r"\.0+(?!\d)")
_STEPS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


def count(number: int | None) -> str:
    """A whole number with separators: ``12,840``; a dash for None."""
    return "–" if number is None else f"{number:,}"


def percent(share: float | None, digits: int = 0) -> str:
    """A share of 1 in percent: ``34 %``."""
    return "–" if share is None else f"{share * 100:.{digits}f} %"


def money(amount: Decimal, currency: str, *, whole: bool = False) -> str:
    """An amount with its currency: ``€38,112.00``; ``€38,112`` when ``whole`` is enough."""
    try:
        if not whole:
            return str(format_currency(amount, currency, locale=_LOCALE))
        shown = format_currency(amount.quantize(Decimal(1)), currency, locale=_LOCALE)
        return _NOUGHTS.sub("", str(shown))
    except ValueError:
        return f"{format_decimal(amount, locale=_LOCALE)} {currency}"


def change(now: float | Decimal, before: float | Decimal) -> tuple[str, str]:
    """By how much a figure differs from the one before, and whether that is up or down.

    :return: such as ``("+12.4 %", "up")``; the second is ``up``, ``down`` or ``same``.
    """
    if before == now:
        return "±0 %", "same"
    if not before:
        return "new", "up"
    share = (float(now) - float(before)) / float(before) * 100
    sign = "+" if share > 0 else "−"
    size = abs(share)
    text = f"{size:,.0f}" if size >= 100 else f"{size:.1f}"
    return f"{sign}{text} %", "up" if share > 0 else "down"


def when(at: datetime | None, zone: ZoneInfo | None = None) -> Markup:
    """A moment in the reader's zone, with the exact UTC on hover; a dash for None."""
    if at is None:
        return Markup("–")
    local = at.astimezone(zone or UTC)
    exact = at.astimezone(UTC)
    return Markup('<time datetime="%s" title="%s">%s</time>') % (
        exact.isoformat(timespec="seconds"),
        exact.strftime("%Y-%m-%d %H:%M:%S UTC"),
        local.strftime("%-d %b %Y, %H:%M"),
    )


def ago(at: datetime | None, now: datetime) -> Markup:
    """How long ago, or in how long: ``3 hours ago``, with the exact UTC on hover."""
    if at is None:
        return Markup("never")
    seconds = int((now - at) / timedelta(seconds=1))
    size = abs(seconds)
    for name, step in _STEPS:
        if size >= step:
            many = size // step
            text = f"{many} {name}{'' if many == 1 else 's'}"
            break
    else:
        text = ""
    if not text:
        text = "just now" if seconds >= 0 else "in a moment"
    else:
        text = f"{text} ago" if seconds >= 0 else f"in {text}"
    exact = at.astimezone(UTC)
    return Markup('<time datetime="%s" title="%s" data-ago>%s</time>') % (
        exact.isoformat(timespec="seconds"),
        exact.strftime("%Y-%m-%d %H:%M:%S UTC"),
        text,
    )
