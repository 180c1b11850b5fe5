"""Signed passes: what somebody may do once, soon, with one thing.

A pass is bound to a purpose and a subject, which stand in its signature and not in itself, and
lives five minutes. Taking it writes its id down, in one transaction, so nobody takes it twice:
not another thread, nor another process, nor after a restart. Issuing one writes nothing.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets as random
from datetime import datetime, timedelta

from klink.core import secrets
from klink.core.errors import KlinkError
from klink.core.times import from_ms, to_ms
from klink.db import rows
from klink.db.connection import read, write
from klink.db.models import UsedPass

__all__ = ["LIVES", "BadPass", "Passes", "prune"]

LIVES = timedelta(minutes=5)
"""How long a pass may be taken."""

KEPT = timedelta(hours=1)
"""How long the id of a used pass is kept after its end: a clock that is set back by less than
that lets nobody use a pass again."""

_AHEAD = timedelta(seconds=30)  # another node's clock may be
_ID_BYTES, _TIME_BYTES, _MAC_BYTES = 12, 6, 32
_LENGTH = -(-(_ID_BYTES + _TIME_BYTES + _MAC_BYTES) * 4 // 3)  # as base64 without its padding


class BadPass(KlinkError):
    """The pass does not count here and now.

    :ivar reason: ``forged`` (or another purpose's, or another subject's), ``expired`` or
        ``used``.
    """

    code = "bad_pass"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the pass is {reason}")
        self.reason = reason


class Passes:
    """Issues and takes the passes of one purpose; has no state but its secret.

    :param secret: the server's.
    :param purpose: what they are for, such as ``password``; no other purpose's count.
    """

    def __init__(self, secret: bytes, purpose: str) -> None:
        self._key = secrets.derive(secret, f"passes for {purpose}")

    def issue(self, subject: str, now: datetime) -> str:
        """A fresh pass for one subject; 67 characters of ``[A-Za-z0-9_-]``."""
        body = random.token_bytes(_ID_BYTES) + to_ms(now).to_bytes(_TIME_BYTES, "big")
        return base64.urlsafe_b64encode(body + self._mac(body, subject)).rstrip(b"=").decode()

    def check(self, token: str, subject: str, now: datetime) -> None:
        """Refuse a pass that does not count now; it is not taken by that.

        :raises BadPass: it does not count.
        :raises DatabaseBusy: whether it was used cannot be found out now.
        """
        pass_id, _ = self._verified(token, subject, now)
        _refuse_used(pass_id)

    def take(self, token: str, subject: str, now: datetime) -> None:
        """Use a pass up. Inside a unit of work it is used if that commits.

        :raises BadPass: it does not count.
        :raises DatabaseBusy: it cannot be written down now; then it is not used.
        """
        pass_id, expires_at = self._verified(token, subject, now)
        _refuse_used(pass_id)  # so that who sends one again and again keeps no writer waiting
        with write():
            taken = rows.run(
                "INSERT INTO used_passes (id, expires_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
                pass_id,
                to_ms(expires_at),
            )
        if not taken:
            raise BadPass("used")

    def _verified(self, token: str, subject: str, now: datetime) -> tuple[str, datetime]:
        """The id and end of a pass whose signature and time are right."""
        raw = _decoded(token)
        body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        if not raw or not hmac.compare_digest(mac, self._mac(body, subject)):
            raise BadPass("forged")
        issued_at = from_ms(int.from_bytes(body[_ID_BYTES:], "big"))
        # One from the future was made before the clock was set back: its five minutes are over.
        if not issued_at - _AHEAD <= now < issued_at + LIVES:
            raise BadPass("expired")
        return body[:_ID_BYTES].hex(), issued_at + LIVES

    def _mac(self, body: bytes, subject: str) -> bytes:
        return hmac.digest(self._key, body + subject.encode(), "sha256")


def prune(now: datetime, *, limit: int = 1_000) -> int:
    """Forget used passes that cannot be tried again, at most ``limit``; return how many."""
    old = (
        UsedPass.select(UsedPass.id)
        .where(UsedPass.expires_at <= now - KEPT)
        .order_by(UsedPass.expires_at)
        .limit(limit)
    )
    with write():
        return int(UsedPass.delete().where(UsedPass.id.in_(old)).execute())


def _refuse_used(pass_id: str) -> None:
    with read():
        if rows.one("SELECT 1 FROM used_passes WHERE id = ?", pass_id) is not None:
            raise BadPass("used")


def _decoded(token: str) -> bytes:
    """The bytes of a pass, none when it has not the form of one."""
    if len(token) != _LENGTH or not token.isascii():
        return b""
    try:
        raw = base64.b64decode(token + "=" * (-_LENGTH % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        return b""
    # Two texts may have the same bytes; only the one that was issued counts.
    return raw if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == token else b""
