"""Browsers in which somebody has signed in before.

Strangers who guess a user's password from many addresses make everybody wait who tries to sign in
as that user, but for browsers that this knows: each of those has tries of its own, like an address.
(OWASP calls what they keep "device cookies".)
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from itsdangerous import BadData, URLSafeTimedSerializer

from klink.core.secrets import derive
from klink.core.users import password_mark

__all__ = ["KNOWN_FOR", "name", "remember"]

KNOWN_FOR = timedelta(days=180)


def remember(secret: bytes, user_id: int) -> str:
    """What the browser keeps of a user who has just signed in with it.

    It opens nothing, and is worthless once the password is another.

    :param secret: the server's.
    :raises NotFound: no such user.
    """
    return str(_signer(secret).dumps([user_id, password_mark(user_id), secrets.token_hex(8)]))


def name(secret: bytes, kept: str, user_id: int) -> str:
    """By which a browser's tries as this user are counted; '' when it is not known as theirs.

    :param kept: what the browser sends; anything.
    :raises NotFound: no such user.
    """
    if not kept.isascii():
        return ""
    try:
        whose, mark, browser = _signer(secret).loads(kept, max_age=int(KNOWN_FOR.total_seconds()))
    except BadData:
        return ""
    return str(browser) if (whose, mark) == (user_id, password_mark(user_id)) else ""


def _signer(secret: bytes) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(derive(secret, "known browsers"), salt="known browsers")
