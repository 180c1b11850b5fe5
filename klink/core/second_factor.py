"""The second factor: six digits that an authenticator app shows (TOTP, RFC 6238).

No secret is stored. It is derived from the server's secret, the user and a random nonce, and the
nonce is kept: whoever reads the database cannot make codes. A code counts once, and so do the
recovery codes, of which keyed hashes are kept. How often somebody may try is the door's to limit,
by ``guesses.CodeGuesses``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets as random
from dataclasses import dataclass
from datetime import datetime

import pyotp

from klink.core import audit, secrets
from klink.core.context import Context
from klink.core.errors import Conflict, NotFound, ValidationFailed
from klink.core.times import to_ms
from klink.core.users import UserView
from klink.db.connection import lock, read, write
from klink.db.models import User

__all__ = [
    "RECOVERY_CODES", "Enrolment", "begin", "check", "confirm", "is_on", "recovery_codes_left",
    "reset", "switch_off",
]  # fmt: skip

RECOVERY_CODES = 10

_STEP_MS = 30_000
_SECRET_BYTES = 20  # of SHA-1's blocks, as RFC 4226 recommends
_NONCE = re.compile(r"[0-9a-f]{32}", re.ASCII)
_CODE = re.compile(r"[0-9]{6}", re.ASCII)
_RECOVERY = re.compile(r"[a-z2-7]{12}", re.ASCII)
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_MAX_TYPED = 64


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app is given; nothing is stored before a code confirms it.

    :param secret: in base32, to be typed.
    :param uri: ``otpauth://…``, to be shown as a QR code.
    :param nonce: to be handed to :func:`confirm`, with a code.
    """

    secret: str
    uri: str
    nonce: str


def is_on(user: UserView) -> bool:
    """Whether this user signs in with a code, too."""
    return user.second_factor_since is not None


def begin(ctx: Context, user_id: int, nonce: str | None = None) -> Enrolment:
    """A fresh secret for the user's app.

    :param nonce: one that :func:`begin` gave, so that a form shows the same secret again.
    """
    row = _row(user_id)
    if nonce is None or not _NONCE.fullmatch(nonce):
        nonce = random.token_hex(16)
    totp = _totp(ctx, row.uid, nonce)
    host = ctx.settings.base_host
    uri = totp.provisioning_uri(name=row.email, issuer_name=f"klink {host}".replace(":", " "))
    return Enrolment(totp.secret, uri, nonce)


def confirm(ctx: Context, user_id: int, nonce: str, code: str) -> list[str]:
    """Switch the second factor on; give the recovery codes, which nobody can see again.

    :raises ValidationFailed: it is not the code of now.
    :raises Conflict: it is on already.
    """
    fresh = [_random_code() for _ in range(RECOVERY_CODES)]
    with write():
        lock(_lock_of(user_id))
        row = _row(user_id)
        if row.totp_since is not None:
            raise Conflict("the second factor is on already; switch it off first")
        step = None
        if _NONCE.fullmatch(nonce):
            step = _step_of(_totp(ctx, row.uid, nonce), _tidy(code), ctx.now)
        if step is None:
            text = "is not the code that your app shows now; is the clock of your phone right?"
            raise ValidationFailed({"code": [text]})
        User.update(
            totp_nonce=nonce,
            totp_since=ctx.now,
            totp_step=step,
            recovery=json.dumps([_keyed(ctx, row.uid, each) for each in fresh]),
        ).where(User.id == user_id).execute()
        audit.record(ctx, None, "user.second_factor_on", f"user:{row.uid}", user_id=user_id)
    return [_shown(each) for each in fresh]


def check(ctx: Context, user_id: int, code: str) -> bool:
    """Whether this is a code of the user's, which is used up by that.

    Codes of the 30 s before and after count too, since clocks differ; a recovery code may stand
    in for one. False for who has no second factor.
    """
    typed = _tidy(code)
    with write():
        lock(_lock_of(user_id))
        row = _row(user_id)
        if row.totp_since is None:
            return False
        if _CODE.fullmatch(typed):
            return _use_step(ctx, row, typed)
        return _RECOVERY.fullmatch(typed) is not None and _use_recovery(ctx, row, typed)


def recovery_codes_left(user_id: int) -> int:
    """How many recovery codes have not been used."""
    return len(json.loads(_row(user_id).recovery or "[]"))


def switch_off(ctx: Context, user_id: int) -> None:
    """Sign in by password alone again, as the user wishes; nothing changes when it is so."""
    _switch_off(ctx, user_id, by_user_id=user_id)


def reset(ctx: Context, email: str) -> None:
    """Switch it off for somebody who has lost phone and codes; for whoever runs the server.

    :raises NotFound: no user with this e-mail.
    :raises Conflict: it is not on.
    """
    with read():
        row = User.get_or_none(User.email == email.strip().lower())
    if row is None:
        raise NotFound(f"user {email!r}")
    if row.totp_since is None:
        raise Conflict(f"{row.email} has no second factor")
    _switch_off(ctx, row.id, by_user_id=None)


def _switch_off(ctx: Context, user_id: int, *, by_user_id: int | None) -> None:
    with write():
        lock(_lock_of(user_id))
        row = _row(user_id)
        if row.totp_since is not None:
            nothing = dict.fromkeys(("totp_nonce", "totp_since", "totp_step", "recovery"))
            User.update(**nothing).where(User.id == user_id).execute()
            subject = f"user:{row.uid}"
            audit.record(ctx, None, "user.second_factor_off", subject, user_id=by_user_id)


def _use_step(ctx: Context, row: User, typed: str) -> bool:
    step = _step_of(_totp(ctx, row.uid, row.totp_nonce or ""), typed, ctx.now)
    if step is None or step <= (row.totp_step or 0):
        return False
    User.update(totp_step=step).where(User.id == row.id).execute()
    return True


def _use_recovery(ctx: Context, row: User, typed: str) -> bool:
    hashed, kept = _keyed(ctx, row.uid, typed), json.loads(row.recovery or "[]")
    left = [each for each in kept if not hmac.compare_digest(each, hashed)]
    if len(left) == len(kept):
        return False
    User.update(recovery=json.dumps(left)).where(User.id == row.id).execute()
    details: dict[str, object] = {"left": len(left)}
    audit.record(ctx, None, "user.recovery_code", f"user:{row.uid}", details, user_id=row.id)
    return True


def _step_of(totp: pyotp.TOTP, typed: str, now: datetime) -> int | None:
    """The number of the 30 s whose code this is: now's, those before, those after."""
    if not _CODE.fullmatch(typed):
        return None
    current = to_ms(now) // _STEP_MS
    for step in (current, current - 1, current + 1):
        if hmac.compare_digest(totp.generate_otp(step), typed):
            return step
    return None


def _totp(ctx: Context, uid: str, nonce: str) -> pyotp.TOTP:
    derived = secrets.derive(ctx.settings.secret, f"second factor of {uid} {nonce}")
    return pyotp.TOTP(base64.b32encode(derived[:_SECRET_BYTES]).decode())


def _keyed(ctx: Context, uid: str, code: str) -> str:
    key = secrets.derive(ctx.settings.secret, f"recovery codes of {uid}")
    return hashlib.blake2b(code.encode(), key=key, digest_size=16).hexdigest()


def _random_code() -> str:
    return "".join(random.choice(_ALPHABET) for _ in range(12))


def _shown(code: str) -> str:
    """In groups of four, as people type them."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


def _tidy(code: str) -> str:
    """A code as it was meant: without blanks and hyphens."""
    return re.sub(r"[\s-]", "", code[:_MAX_TYPED]).lower()


def _row(user_id: int) -> User:
    with read():
        row: User | None = User.get_or_none(User.id == user_id)
    if row is None:
        raise NotFound("user")
    return row


def _lock_of(user_id: int) -> str:
    return f"klink:second-factor:{user_id}"
