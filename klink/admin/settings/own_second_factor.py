"""Switching one's own second factor on and off."""

from __future__ import annotations

import segno
from flask import Response
from markupsafe import Markup

from klink.admin import gate
from klink.admin.forms import Form
from klink.admin.rendering import page, redirect_to
from klink.admin.screens import Screens
from klink.admin.settings import own_password
from klink.core import second_factor as core
from klink.web.parts import context

screens = Screens()


@screens.at("/settings/account/second-factor", needs="person")
def second_factor() -> Response:
    """The secret for an app, to be confirmed by a code; or how to switch it off."""
    return _page(Form.of())


@screens.at("/settings/account/second-factor", "POST", needs="person")
def switch_second_factor_on() -> Response:
    """Confirm the secret; the answer shows the recovery codes, this once."""
    form = Form.sent()
    codes: list[str] = []
    with form.catching():
        codes = core.confirm(context(), gate.who().user.id, form.text("nonce"), form.text("code"))
    if form.errors:
        return _page(form)
    return page(
        "settings/recovery_codes",
        title="Recovery codes",
        at="settings",
        tab="account",
        codes=codes,
    )


@screens.at("/settings/account/second-factor/off", "POST", needs="person")
def switch_second_factor_off() -> Response:
    """Sign in by password alone again; it takes the password."""
    form = Form.sent()
    if not own_password.is_proved(form, "password"):
        return _page(form)
    core.switch_off(context(), gate.who().user.id)
    return redirect_to("admin.account", told="The second factor is off.")


def _page(form: Form) -> Response:
    me = gate.who()
    is_on = core.is_on(me.user)
    enrolment = None if is_on else core.begin(context(), me.user.id, form.text("nonce") or None)
    return page(
        "settings/second_factor",
        title="Second factor",
        at="settings",
        tab="account",
        status=422 if form.errors else 200,
        form=form,
        enrolment=enrolment,
        qr=_qr(enrolment.uri) if enrolment else "",
    )


def _qr(text: str) -> Markup:
    """A QR code, dark on white in dark mode too, as cameras want it."""
    # What segno draws of it holds digits and letters of paths alone.
    svg = segno.make(text, error="m").svg_inline(
        scale=4, dark="#000", light="#fff", svgclass=None, lineclass=None
    )
    return Markup(svg)  # noqa: S704 - as just said
