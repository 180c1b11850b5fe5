"""Amounts of money: exact decimals outside, scaled integers in the database."""

from __future__ import annotations

from decimal import Decimal

REVENUE_PLACES = 4
"""Decimal places of an integer amount in the database."""

MAX_REVENUE = Decimal(10**12)
"""The most that one event may bring."""

HALF = 10**8
"""Amounts are summed in two halves: SQLite's sum would overflow on a thousand of the largest."""

_CENT = Decimal("0.01")
_SURE_DIGITS = 15  # of a float; what lies beyond is noise of its binary sums
_LEAST = Decimal(1).scaleb(-REVENUE_PLACES)


def money(amount: int) -> Decimal:
    """An amount as the database keeps it, in units of the currency: two to four places."""
    value = Decimal(amount).scaleb(-REVENUE_PLACES)
    cents = value.quantize(_CENT)
    return cents if cents == value else value.normalize()


def exact(number: int | float) -> Decimal:
    """A JSON number as it was meant: 0.1 + 0.2 comes as 0.30000000000000004."""
    return Decimal(f"{number:.{_SURE_DIGITS}g}" if isinstance(number, float) else number)


def stored(revenue: Decimal) -> int:
    """An amount that :func:`revenue_problem` finds right, as the database keeps it."""
    return int(revenue.quantize(_LEAST).scaleb(REVENUE_PLACES))


def revenue_problem(revenue: Decimal) -> str | None:
    """What is wrong with an amount that somebody sent, or None."""
    if not revenue.is_finite() or not 0 <= revenue <= MAX_REVENUE:
        return f"must be a number from 0 to {MAX_REVENUE:,}"
    if revenue != revenue.quantize(_LEAST):
        return f"must have at most {REVENUE_PLACES} decimal places"
    return None
