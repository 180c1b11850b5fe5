"""API keys: made, shown once, and ended."""

from __future__ import annotations

from flask import Response, request

from klink.admin import gate
from klink.admin.forms import Form
from klink.admin.rendering import page, redirect_to
from klink.admin.screens import Screens
from klink.admin.settings import curl
from klink.core import key_ring
from klink.core.keys import FORMATS
from klink.core.principal import SCOPES
from klink.web.parts import context
from klink.web.principal import principal

screens = Screens()

DIALECTS = {
    "klink": "klink: all that this server can do",
    "klinky": "Klinky's API",
    "qklnk": "QKLNK's API",
    "kliqs": "Kliqs' API",
    "klookup": "Klook Up's API",
}
SCOPE_WORDS = {
    "read": "read: links and statistics",
    "create": "create: links and events",
    "update": "update: links",
    "delete": "delete: links",
}

_PAGE = 50


@screens.at("/settings/keys", needs="read")
def keys() -> Response:
    """The workspace's keys for owners and admins; one's own for others."""
    return _page(_fresh())


@screens.at("/settings/keys", "POST", needs="read")
def create_key() -> Response:
    """Make a key of one's own; the answer shows it, this once."""
    form, ctx = Form.sent(), context()
    if not form.texts("scopes"):
        form.refuse("scopes", "tick at least one")
    with form.catching():
        if not form.errors:
            made, token = key_ring.make(
                ctx,
                principal(),
                name=form.text("name"),
                dialect=form.text("dialect"),
                scopes=form.texts("scopes"),
                plan=form.text("plan") or None,
            )
    if form.errors:
        return _page(form)
    return page(
        "settings/key_made",
        title="Your new key",
        at="settings",
        tab="keys",
        made=made,
        token=token,
        curl=curl.line(ctx, made.key.dialect, made.key.scopes, token),
    )


@screens.at("/settings/keys/<uid>/revoke", "POST", needs="read")
def revoke_key(uid: str) -> Response:
    """End a key for good."""
    ended = key_ring.revoke(context(), principal(), uid)
    return redirect_to("admin.keys", told=f"{ended.key.name} is revoked.")


def _fresh() -> Form:
    """The form with what most want: klink's own API, and all that the person may do."""
    scopes = [scope for scope in SCOPES if scope in principal().scopes]
    return Form.of({"dialect": "klink", "scopes": scopes})


def _page(form: Form) -> Response:
    ctx, who = context(), principal()
    with_ended = bool(request.args.get("ended"))
    cursor = request.args.get("cursor")
    found = key_ring.search(ctx, who, cursor=cursor, limit=_PAGE, revoked=with_ended)
    return page(
        "settings/keys",
        title="API keys",
        at="settings",
        tab="keys",
        status=422 if form.errors else 200,
        form=form,
        keys=found.items,
        next_cursor=found.next_cursor,
        with_ended=with_ended,
        is_first=not cursor,
        sees_all=gate.may("manager"),
        dialects=[(name, DIALECTS[name]) for name in FORMATS],
        scopes=[(scope, SCOPE_WORDS[scope]) for scope in SCOPES if scope in who.scopes],
        plans=[("", "The API's own"), *((name, name) for name in sorted(ctx.settings.plans))],
        most=ctx.settings.max_active_keys,
    )
