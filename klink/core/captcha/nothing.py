"""No captcha: for those who have other guards, or none to keep out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from klink.core.captcha.model import Challenge, Verdict

__all__ = ["Nothing"]


class Nothing:
    """Asks nothing and lets every form pass."""

    def challenge(self, purpose: str, subject: str, now: datetime) -> Challenge:  # noqa: ARG002
        """Nothing to be answered."""
        return Challenge("none")

    def check(
        self,
        purpose: str,  # noqa: ARG002
        subject: str,  # noqa: ARG002
        form: Mapping[str, str],  # noqa: ARG002
        now: datetime,  # noqa: ARG002
        address: str,  # noqa: ARG002
    ) -> Verdict:
        """Always ``PASSED``."""
        return Verdict.PASSED
