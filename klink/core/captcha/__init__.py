"""Captchas: what a form asks of its sender before anything is done (klookup U10)."""

from __future__ import annotations

from klink.core.captcha.altcha import MAX_COUNTER, Altcha
from klink.core.captcha.model import Captcha, Challenge, Provider, Verdict
from klink.core.captcha.nothing import Nothing
from klink.core.captcha.turnstile import Turnstile

__all__ = [
    "MAX_COUNTER",
    "Altcha",
    "Captcha",
    "Challenge",
    "Nothing",
    "Provider",
    "Turnstile",
    "Verdict",
]
