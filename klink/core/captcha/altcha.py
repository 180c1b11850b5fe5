"""Proof of work: the visitor's browser searches for a number, and nobody else hears of it.

The challenge is ALTCHA's (version 2, deterministic): of a counter only the first half of
SHA-256(salt + nonce + counter) is told, and whoever sends the counter has tried them one by
one. Checking it takes one hash. A pass stands in the signed part of the challenge, so that an
answer counts once, for one form and one link, and five minutes.
"""

from __future__ import annotations

import secrets as random
from collections.abc import Mapping
from datetime import datetime

import altcha

from klink.core import secrets
from klink.core.captcha.bound import BoundPasses
from klink.core.captcha.model import Challenge, Verdict

__all__ = ["MAX_COUNTER", "Altcha"]

MAX_COUNTER = 300_000
"""The highest counter; on average half of them are tried. Our own script tries three million a
second on a desk and two hundred thousand on an old phone: a twentieth of a second, or one."""

FIELD = "altcha"
_MAX_ANSWER = 2_048  # characters; a right one has about 700


class Altcha:
    """Challenges of this server's own, and their answers.

    :param secret: the server's.
    """

    def __init__(self, secret: bytes) -> None:
        self._key = secrets.derive(secret, "altcha")
        self._passes = BoundPasses(secret)

    def challenge(self, purpose: str, subject: str, now: datetime) -> Challenge:
        """A challenge that nobody had before."""
        made = altcha.create_challenge(
            algorithm="SHA-256",
            cost=1,
            counter=random.randbelow(MAX_COUNTER + 1),
            data={"pass": self._passes.issue(purpose, subject, now)},
            hmac_secret=self._key,
        )
        details = {"challenge": made.to_dict(), "max_counter": MAX_COUNTER}
        return Challenge("altcha", FIELD, details=details)

    def check(
        self,
        purpose: str,
        subject: str,
        form: Mapping[str, str],
        now: datetime,
        address: str,  # noqa: ARG002 - whoever has done the work has done it
    ) -> Verdict:
        """Whether the work was done for this, and now; the work first, which costs no write."""
        answer = form.get(FIELD, "")
        if not answer:
            return Verdict.MISSING
        if len(answer) > _MAX_ANSWER or not answer.isascii():
            return Verdict.WRONG
        if not altcha.verify_solution(answer, self._key).verified:
            return Verdict.WRONG
        data = altcha.Payload.from_base64(answer).challenge.parameters.data
        assert data is not None  # it is signed, so it is ours
        return self._passes.take(data["pass"], purpose, subject, now)
