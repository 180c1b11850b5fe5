"""Signing in with e-mail and password.

Tries are limited before anything is hashed, and an address that nobody has costs as much as a
wrong password, so that nobody learns who has an account.
"""

from __future__ import annotations

import secrets
from functools import cache

from klink.core import known_browsers, users
from klink.core.context import Context
from klink.core.errors import KlinkError, NotAuthenticated, RateLimited, TooBusy
from klink.core.guesses import SignInGuesses
from klink.core.passwords import hash_password, matches
from klink.core.users import MAX_PASSWORD, UserView
from klink.db.connection import read
from klink.db.models import User

__all__ = ["WrongPassword", "sign_in"]


class WrongPassword(NotAuthenticated):
    """No user has this e-mail and this password."""

    code = "wrong_password"

    def __init__(self) -> None:
        KlinkError.__init__(self, "e-mail or password is wrong")
        self.reason = "unknown"


def sign_in(
    ctx: Context,
    guesses: SignInGuesses,
    *,
    email: str,
    password: str,
    address: str,
    browser: str = "",
) -> UserView:
    """Who has this e-mail and password.

    :param address: where the try comes from.
    :param browser: what :func:`known_browsers.remember` gave it when somebody signed in with it.
    :raises RateLimited: too many tries; this one was not looked at.
    :raises WrongPassword: there is no such user, or the password is another.
    :raises TooBusy: enough passwords are being checked.
    """
    email = email.strip().lower()[:320]
    with read():
        row = (
            User.get_or_none((User.email == email) & User.is_active) if "\0" not in email else None
        )
    known_as = known_browsers.name(ctx.settings.secret, browser, row.id) if row and browser else ""
    counter, whence = (guesses.known, known_as) if known_as else (guesses, address)
    wait_s = counter.ask(email, whence, ctx.now)
    if wait_s > 0:
        raise RateLimited(wait_s, "too many tries to sign in")
    known = row.password_hash if row is not None else None
    try:
        fits = matches(known or _nobodys(), password[: MAX_PASSWORD + 1])
    except TooBusy:
        counter.take_back(email, whence)  # nothing was compared
        raise
    if row is None or not known or not fits:
        raise WrongPassword
    counter.forgive(email, whence)
    return users.get(row.id)


@cache
def _nobodys() -> str:
    """The hash of a password that nobody knows, to be compared when there is no other."""
    return hash_password(secrets.token_urlsafe(32))
