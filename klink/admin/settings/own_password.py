"""How often somebody who is signed in may guess the account's own password."""

from __future__ import annotations

from flask import current_app

from klink.admin import gate
from klink.admin.door import GUESSES
from klink.admin.forms import Form
from klink.core import users
from klink.core.guesses import SignInGuesses
from klink.web.client import client
from klink.web.parts import context

__all__ = ["is_proved", "knew_it", "may_try"]


def may_try(form: Form, field: str) -> bool:
    """Count a try, or say at the field how long the next one has to wait."""
    wait_s = _guesses().ask(gate.who().user.email, client().address, context().now)
    if wait_s > 0:
        form.refuse(field, f"too many tries; try again in {wait_s} s")
    return wait_s == 0


def knew_it() -> None:
    """Forget the tries of somebody who knew it."""
    _guesses().forgive(gate.who().user.email, client().address)


def is_proved(form: Form, field: str) -> bool:
    """Whether a field holds the password of whoever is signed in; else it says so there."""
    if not may_try(form, field):
        return False
    with form.catching():
        if users.knows_password(gate.who().user.id, form.raw(field)):
            knew_it()
            return True
        form.refuse(field, "is not your password")
    return False


def _guesses() -> SignInGuesses:
    found: SignInGuesses = current_app.extensions[GUESSES]
    return found
