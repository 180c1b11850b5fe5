"""Signing in and out, and looking at another workspace."""

from __future__ import annotations

from flask import Response, current_app, redirect, request
from itsdangerous import BadData, URLSafeTimedSerializer

from klink.admin import gate, ways
from klink.admin.door import CODES, GUESSES
from klink.admin.forms import TOP, Form
from klink.admin.rendering import page, redirect_to
from klink.admin.screens import Screens
from klink.core import second_factor, secrets, sessions, set_up, users
from klink.core.guesses import CodeGuesses, SignInGuesses
from klink.core.sign_in import WrongPassword
from klink.core.sign_in import sign_in as check_password
from klink.core.users import UserView
from klink.web.client import client
from klink.web.parts import context, parts

screens = Screens()

_TICKET_S = 300


@screens.at("/sign-in", needs="anybody")
def sign_in() -> Response:
    """The form; who is signed in goes on."""
    if gate.here() is not None:
        return redirect_to(ways.safe(request.args.get("next", "")) or "admin.overview")
    return _form(Form.of())


@screens.at("/sign-in", "POST", needs="anybody")
def sign_in_with_password() -> Response:
    """E-mail and password; then the second factor, where there is one."""
    form = Form.sent()
    user = None
    with form.catching():
        try:
            user = check_password(
                context(),
                _guesses(),
                email=form.text("email"),
                password=form.raw("password"),
                address=client().address,
                browser=gate.known_browser(),
            )
        except WrongPassword as error:
            form.refuse("password", f"{error}")
    if user is None:
        return _form(form, status=429 if TOP in form.errors else 422)
    if second_factor.is_on(user):
        return _code_form(Form.of({"ticket": _ticket(user)}))
    return _welcome(user)


@screens.at("/sign-in/code", "POST", needs="anybody")
def sign_in_with_code() -> Response:
    """The code of the second factor, or a recovery code, within five minutes."""
    form = Form.sent()
    try:
        user_id, mark = _signer().loads(form.raw("ticket"), max_age=_TICKET_S)
    except BadData:
        return _too_late()
    if mark != users.password_mark(user_id):  # it has been changed since it was known
        return _too_late()
    fits = False
    with form.catching():
        user = users.get(user_id)
        wait_s = _codes().ask(user.uid, client().address, context().now)
        if wait_s > 0:
            form.refuse("code", f"too many tries; try again in {wait_s} s")
            return _code_form(form, status=429)
        fits = second_factor.check(context(), user_id, form.text("code"))
    if not fits:
        form.refuse("code", "this code does not fit; take the one that is shown now")
        return _code_form(form, status=422)
    _codes().forgive(user.uid, client().address)
    return _welcome_id(user_id)


@screens.at("/sign-out", "POST", needs="person")
def sign_out() -> Response:
    """End this session, or all of the person's."""
    me = gate.who()
    if request.form.get("everywhere"):
        sessions.end_all(context(), me.user.id)
    else:
        sessions.end(context(), me.user.id, me.session.id)
    gate.forget()
    response = redirect("/admin/sign-in", 303)
    assert isinstance(response, Response)
    return response


@screens.at("/workspace", "POST", needs="person")
def switch_workspace() -> Response:
    """Look at another workspace."""
    chosen = Form.sent().number("workspace") or 0
    sessions.switch(context(), gate.who(), chosen)
    return redirect_to("admin.overview")


def _too_late() -> Response:
    form = Form.of()
    form.refuse(TOP, "That took too long. Sign in again.")
    return _form(form, status=422)


def _welcome(user: UserView) -> Response:
    return _welcome_id(user.id)


def _welcome_id(user_id: int) -> Response:
    gate.sign_in(user_id)
    return redirect_to(ways.safe(request.values.get("next", "")) or "admin.overview")


def _form(form: Form, status: int = 200) -> Response:
    return page(
        "sign_in",
        title="Sign in",
        status=status,
        form=form,
        next=ways.safe(request.values.get("next", "")),
        is_fresh=set_up.is_needed(),
    )


def _code_form(form: Form, status: int = 200) -> Response:
    return page(
        "sign_in_code",
        title="Second factor",
        status=status,
        form=form,
        next=ways.safe(request.values.get("next", "")),
    )


def _ticket(user: UserView) -> str:
    """Says, for five minutes, that somebody knew this user's password as it is now."""
    return str(_signer().dumps([user.id, users.password_mark(user.id)]))


def _signer() -> URLSafeTimedSerializer:
    key = secrets.derive(parts().settings.secret, "admin second factor")
    return URLSafeTimedSerializer(key, salt="ticket")


def _guesses() -> SignInGuesses:
    found: SignInGuesses = current_app.extensions[GUESSES]
    return found


def _codes() -> CodeGuesses:
    found: CodeGuesses = current_app.extensions[CODES]
    return found
