"""What every kind of captcha has: a challenge, and a verdict about what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Literal, Protocol

__all__ = ["Captcha", "Challenge", "Provider", "Verdict"]

Provider = Literal["altcha", "turnstile", "none"]


class Verdict(Enum):
    """What becomes of a form. All but ``PASSED`` mean that nothing may be done."""

    PASSED = "passed"
    MISSING = "missing"
    WRONG = "wrong"
    EXPIRED = "expired"
    USED = "used"
    UNREACHABLE = "unreachable"  # whoever would have to say cannot be asked now


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a form needs, so that its sender can show that it is worth an answer.

    :ivar answer_field: the field that the answer is expected in; '' when none is.
    :ivar hidden: fields that must come back as they are.
    :ivar details: what whoever answers has to know; ready for JSON.
    """

    provider: Provider
    answer_field: str = ""
    hidden: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, object] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """The same for programs."""
        return {
            "provider": self.provider,
            "answer_field": self.answer_field,
            "fields": dict(self.hidden),
            **self.details,
        }


class Captcha(Protocol):
    """A kind of captcha; shared by threads."""

    def challenge(self, purpose: str, subject: str, now: datetime) -> Challenge:
        """A challenge for one form; writes nothing.

        :param purpose: which form, in small letters: ``preview``, ``report``.
        :param subject: what it is about, such as a link's number; '' for nothing.
        """
        ...

    def check(
        self, purpose: str, subject: str, form: Mapping[str, str], now: datetime, address: str
    ) -> Verdict:
        """What becomes of a form that was sent; ``PASSED`` at most once for a challenge.

        :param form: its fields; only the challenge's own are looked at.
        :param address: the sender's, '' when it is not known; never kept.
        :raises DatabaseBusy: it cannot be written down now that the challenge is used.
        """
        ...
