"""Making a link and changing one: one form that grows with need.

Each button of the form sends all of it. Those that change rows, or ask who would get what, show
it again and save nothing; so it works without a script, which only spares loading the page.
"""

from __future__ import annotations

from typing import NamedTuple

from flask import Response, jsonify, request, url_for

from klink.admin.forms import Form
from klink.admin.link_form.conflict import merged
from klink.admin.link_form.fields import baseline, baseline_of, blank, copied, fields_of
from klink.admin.link_form.page import Shown, preview, show, slug_check
from klink.admin.link_form.reading import change, new_link, zone_of
from klink.admin.link_form.rows import Rows
from klink.admin.rendering import fragment, reader_zone, redirect_to
from klink.admin.screens import Screens
from klink.core import links
from klink.core.errors import Gone, PreconditionFailed, ValidationFailed
from klink.core.explain_draft import explain_draft
from klink.core.links import LinkPatch, LinkView, NewLink
from klink.web.parts import context
from klink.web.principal import principal

screens = Screens()

_TAKES = 480 * 1024  # a hundred rules
_SAVES = ("save", "save-another", "")  # '': Enter in a browser that names no button
_ANOTHER = "save-another"
_TYPE_AGAIN = "was not sent back to the browser; type it again, or save once more without it"
_GIVEN = ("url", "slug", "title", "domain", "tags")
"""Fields that a link to the form may fill in."""


@screens.at("/links/new", needs="create")
def link_form_new() -> Response:
    """The form for a new link; ``?url=`` and a few others fill it in, ``?like=`` another link."""
    uid = request.args.get("like", "")
    like = links.get(context(), principal(), uid) if uid else None
    given = {name: request.args[name] for name in _GIVEN if name in request.args}
    fields = copied(like, reader_zone()) | given if like else blank(reader_zone(), **given)
    return show(Form.of(fields), Shown(focus="slug" if like else "url", like=like))


@screens.at("/links/new", "POST", needs="create", takes=_TAKES)
def link_form_create() -> Response:
    """Make the link, or do what the form's button says."""
    sent = _sent()
    form = sent.form
    if not sent.saves:
        return show(form, Shown(focus=sent.focus))
    made = None
    with form.catching(slug_taken="slug", link_limit_reached="is_active"):
        new = new_link(form)
        if form.errors:
            _find_the_rest(form, new)
        else:
            made = links.create(context(), principal(), new)
    if made is None:
        return show(form, Shown(), status=422)
    if made.existing:
        return _to_page(made.link, "There was a link for this page already: this one.")
    if sent.button == _ANOTHER:
        told = f"Link created: {made.link.short_url}"
        return redirect_to("admin.link_form_new", told=told)
    return _to_page(made.link, "Link created.", "#copy")


@screens.at("/links/<uid>/edit", needs="update")
def link_form_edit(uid: str) -> Response:
    """The form for a link that is there."""
    link = _living(uid)
    form = Form.of(fields_of(link, reader_zone()))
    return show(form, Shown(link, link.version, baseline(form)))


@screens.at("/links/<uid>/edit", "POST", needs="update", takes=_TAKES)
def link_form_change(uid: str) -> Response:
    """Save what the form changes, or do what its button says."""
    link, sent = _living(uid), _sent()
    form, was = sent.form, sent.form.raw("was")
    version = form.number("version") or 0
    if not sent.saves:
        return show(form, Shown(link, version, was, sent.focus))
    saved = None
    with form.catching(slug_taken="slug", link_limit_reached="is_active"):
        patch = change(form, baseline_of(was))
        if form.errors:
            _find_the_rest(form, patch, uid)
        else:
            try:
                saved = links.update(context(), principal(), uid, patch, if_version=version)
            except PreconditionFailed:
                return _conflict(form, link)
    if saved is None:
        return show(form, Shown(link, version, was), status=422)
    return _to_page(saved, "Link saved." if saved.version != version else "Nothing was changed.")


@screens.at("/links/explain-draft", "POST", needs="create", takes=_TAKES)
def link_form_explain() -> Response:
    """Who would get what, as a piece of the page."""
    form = _sent().form
    uid = form.text("of")
    link = _living(uid) if uid else None
    table, lacking = preview(form, link, form.raw("was"))
    return fragment("links/form/preview", form=form, preview=table, lacking=lacking)


@screens.at("/slug-check", needs="create")
def link_form_slug() -> Response:
    """Whether a slug could be had, while it is typed: ``?slug=&domain=&of=``."""
    form = Form.asked()
    uid = form.text("of")
    found = slug_check(form, _living(uid) if uid else None)
    return jsonify(
        state=found.state,
        text=found.text,
        suggestion=found.suggestion,
        href=_page_of(found.uid) if found.uid else "",
    )


class _Sent(NamedTuple):
    """What was sent; ``focus`` is the field to go on with after a button that saves nothing."""

    form: Form
    button: str
    focus: str = ""

    @property
    def saves(self) -> bool:
        return self.button in _SAVES


def _sent() -> _Sent:
    """The form with what its button does to its rows."""
    form = Form.sent()
    button = form.text("do")
    rows = Rows.of(form)
    focus = "" if button in _SAVES else rows.act(button, zone_of(form).key) or "preview"
    rows.rest.pop("do", None)
    was_typed = bool(rows.rest.pop("password_typed", None))
    has_password = any(rows.rest.get("password", []))
    if has_password or (was_typed and button not in _SAVES):
        rows.rest["password_typed"] = ["1"]
    form = rows.form()
    if was_typed and not has_password and button in _SAVES and not form.flag("password_off"):
        form.refuse("password", _TYPE_AGAIN)
    return _Sent(form, button, focus)


def _find_the_rest(form: Form, wanted: NewLink | LinkPatch, uid: str = "") -> None:
    """Note what the core would refuse as well, so that all of it can be mended in one go."""
    try:
        explain_draft(context(), principal(), wanted, uid=uid)
    except ValidationFailed as error:
        known = tuple(form.errors)
        for name, texts in error.errors.items():
            if not any(each.startswith(name) for each in known):  # it may follow from that one
                form.errors[name] = list(texts)


def _conflict(form: Form, before: LinkView) -> Response:
    """Show what somebody else has changed meanwhile; saving again keeps both."""
    link = links.get(context(), principal(), before.uid)
    now = Form.of(fields_of(link, zone_of(form)))
    both, theirs = merged(form, baseline_of(form.raw("was")), now)
    return show(both, Shown(link, link.version, baseline(now), theirs=theirs), status=409)


def _living(uid: str) -> LinkView:
    """The link that is changed.

    :raises Gone: it is in the trash.
    """
    link = links.get(context(), principal(), uid)
    if link.deleted_at is not None:
        raise Gone
    return link


def _to_page(link: LinkView, told: str, place: str = "") -> Response:
    return redirect_to(_page_of(link.uid) + place, told=told)


def _page_of(uid: str) -> str:
    return url_for("admin.link_page", uid=uid)
