"""Own domains: claim a host, prove it, say where it sends visitors, and let go of it."""

from __future__ import annotations

from flask import Response, request, url_for

from klink.admin.forms import Form
from klink.admin.gate import may
from klink.admin.rendering import page, redirect_to
from klink.admin.screens import Screens
from klink.core import domains as core
from klink.core.domains import DomainPatch, DomainView
from klink.web.parts import context
from klink.web.principal import principal

screens = Screens()

_PAGE = 50


@screens.at("/settings/domains", needs="read")
def domains() -> Response:
    """The workspace's domains, the server's own host first."""
    return _listed(Form.of())


@screens.at("/settings/domains", "POST", needs="manager")
def claim_domain() -> Response:
    """Claim a host."""
    form = Form.sent()
    host = ""
    with form.catching(domain_taken="host", conflict="host"):
        host = core.claim(context(), principal(), form.text("host")).host
    if form.errors:
        return _listed(form, status=422)
    told = f"{host} is claimed. Prove that it is yours in one of these two ways."
    return redirect_to("admin.domain", told=told, host=host)


@screens.at("/settings/domains/<host>", needs="read")
def domain(host: str) -> Response:
    """One domain: its proof, and what is set of it."""
    view = core.get(context(), principal(), host)
    return _shown(view, _form_of(view))


@screens.at("/settings/domains/<host>", "POST", needs="manager")
def change_domain(host: str) -> Response:
    """Set where a domain sends visitors, and whether it is the default."""
    view = core.get(context(), principal(), host)
    form = Form.sent()
    patch = DomainPatch(is_default=form.flag("is_default"))
    if not view.is_base:  # where that one sends visitors is the command line's to say
        patch = DomainPatch(
            root_url=form.text("root_url") or None,
            not_found_url=form.text("not_found_url") or None,
            is_default=form.flag("is_default"),
        )
    with form.catching():
        core.change(context(), principal(), host, patch)
    if form.errors:
        return _shown(view, form, status=422)
    return redirect_to("admin.domain", told=f"{view.host} is changed.", host=view.host)


@screens.at("/settings/domains/<host>/verify", "POST", needs="manager")
def verify_domain(host: str) -> Response:
    """Look for the proof now."""
    view = core.get(context(), principal(), host)
    form = _form_of(view)
    with form.catching():
        view = core.verify(context(), principal(), host)
    if form.errors:
        return _shown(view, form, status=422)
    told = {
        "verified": f"The proof is there: {view.host} serves this workspace's links.",
        "pending": "The proof is not there yet. What was found stands below.",
        "failing": "The proof is gone. What was found stands below.",
    }
    return redirect_to("admin.domain", told=told[view.state], host=view.host)


@screens.at("/settings/domains/<host>/remove", "POST", needs="manager")
def remove_domain(host: str) -> Response:
    """Let go of a host."""
    view = core.get(context(), principal(), host)
    form = _form_of(view)
    with form.catching():
        core.remove(context(), principal(), host)
    if form.errors:
        return _shown(view, form, status=422)
    return redirect_to("admin.domains", told=f"{view.host} is removed.")


def _form_of(view: DomainView) -> Form:
    return Form.of(
        {
            "root_url": view.root_url,
            "not_found_url": view.not_found_url,
            "is_default": view.is_default,
        }
    )


def _listed(form: Form, *, status: int = 200) -> Response:
    cursor = request.args.get("cursor")
    found = core.find_all(context(), principal(), cursor=cursor, limit=_PAGE)
    following = found.next_cursor
    return page(
        "settings/domains",
        title="Domains",
        at="settings",
        tab="domains",
        status=status,
        form=form,
        domains=found.items,
        next_href=url_for("admin.domains", cursor=following) if following else "",
        first_href=url_for("admin.domains") if cursor else "",
    )


def _shown(view: DomainView, form: Form, *, status: int = 200) -> Response:
    needs_proof = view.token is not None and may("manager")
    wanted = core.instructions(view.host, view.token) if view.token and needs_proof else None
    return page(
        "settings/domain",
        title=view.host,
        at="settings",
        tab="domains",
        status=status,
        form=form,
        domain=view,
        wanted=wanted,
        now=context().now,
    )
