"""Trying a key out: what it is, and what it may do. It is never shown again, nor logged."""

from __future__ import annotations

from flask import Response

from klink.admin.forms import Form
from klink.admin.rendering import page
from klink.admin.screens import Screens
from klink.admin.settings import curl
from klink.core import allowances, key_ring, workspaces
from klink.core.key_ring import Tried
from klink.core.principal import SCOPES
from klink.web.parts import context, parts

screens = Screens()

_REFUSED = {
    "no_key": "does not look like a key of this server; look at how it begins",
    "unknown": "is no key of this server; perhaps some of it is missing",
}


@screens.at("/settings/try-key", needs="read")
def try_key() -> Response:
    """A field for the key."""
    return _page(Form.of())


@screens.at("/settings/try-key", "POST", needs="read")
def try_key_out() -> Response:
    """What the key is good for."""
    form = Form.sent()
    tried = key_ring.try_out(context(), form.raw("key"))
    if not form.text("key"):
        form.refuse("key", "paste a key")
    elif tried.state in _REFUSED:
        form.refuse("key", _REFUSED[tried.state])
    return _page(form, None if form.errors else tried)


def _page(form: Form, tried: Tried | None = None) -> Response:
    ctx = context()
    values: dict[str, object] = {}
    if tried is not None and tried.key is not None and tried.dialect is not None:
        scopes = tried.principal.scopes if tried.principal else frozenset()
        values = {
            "workspace": workspaces.get(tried.key.key.workspace_id),
            "scopes": [(scope, scope in scopes) for scope in SCOPES],
            "allowance": allowances.of_tried(ctx, parts().meter, tried),
            "curl": curl.line(ctx, tried.dialect, scopes),
        }
    return page(
        "settings/try_key",
        title="Try a key",
        at="settings",
        tab="try",
        status=422 if form.errors else 200,
        form=form,
        tried=tried,
        **values,
    )
