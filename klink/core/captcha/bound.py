"""Passes that bind a captcha to a form, what the form is about, and five minutes."""

from __future__ import annotations

from datetime import datetime

from klink.core.captcha.model import Verdict
from klink.core.passes import BadPass, Passes

__all__ = ["BoundPasses"]

_VERDICTS = {"forged": Verdict.WRONG, "expired": Verdict.EXPIRED, "used": Verdict.USED}


class BoundPasses:
    """The passes in challenges.

    :param secret: the server's.
    """

    def __init__(self, secret: bytes) -> None:
        self._passes = Passes(secret, "captcha")

    def issue(self, purpose: str, subject: str, now: datetime) -> str:
        """A fresh one."""
        return self._passes.issue(_about(purpose, subject), now)

    def check(self, token: str, purpose: str, subject: str, now: datetime) -> Verdict:
        """Whether a pass counts; it stays as it is."""
        try:
            self._passes.check(token, _about(purpose, subject), now)
        except BadPass as error:
            return _VERDICTS[error.reason]
        return Verdict.PASSED

    def take(self, token: str, purpose: str, subject: str, now: datetime) -> Verdict:
        """Whether a pass counts; if so it does not any more."""
        try:
            self._passes.take(token, _about(purpose, subject), now)
        except BadPass as error:
            return _VERDICTS[error.reason]
        return Verdict.PASSED


def _about(purpose: str, subject: str) -> str:
    """One text for both, which no other two give: a purpose has no space."""
    return f"{purpose} {subject}"
