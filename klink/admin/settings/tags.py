"""The tags of the workspace's links: counted, renamed, deleted."""

from __future__ import annotations

from flask import Response, request, url_for

from klink.admin import words
from klink.admin.forms import Form
from klink.admin.rendering import page, redirect_to
from klink.admin.screens import Screens
from klink.core import links as core
from klink.core.links.fields import MAX_TAG
from klink.web.parts import context
from klink.web.principal import principal

__all__ = ["screens"]

screens = Screens()

_AT_ONCE = 100


@screens.at("/settings/tags", needs="read")
def tags() -> Response:
    """The tags, a page at a time."""
    return _page(Form.of(), cursor=request.args.get("cursor"))


@screens.at("/settings/tags/rename", "POST", needs="update")
def rename_tag() -> Response:
    """Another name for a tag, on all links."""
    form = Form.sent()
    tag, name = form.raw("tag"), form.text("name")
    changed = 0
    with form.catching():
        changed = core.rename_tag(context(), principal(), tag, name)
    if form.errors:
        return _page(form, wrong=tag, cursor=form.text("cursor") or None, status=422)
    told = f"“{tag}” is “{name}” now, on {_links(changed)}." if changed else ""
    return redirect_to("admin.tags", told=told, cursor=form.text("cursor") or None)


@screens.at("/settings/tags/delete", "POST", needs="update")
def delete_tag() -> Response:
    """Take a tag off all links."""
    form = Form.sent()
    tag = form.raw("tag")
    changed = core.delete_tag(context(), principal(), tag)
    return redirect_to("admin.tags", told=f"“{tag}” is off {_links(changed)}.")


def _page(
    form: Form, *, wrong: str | None = None, cursor: str | None = None, status: int = 200
) -> Response:
    """The page.

    :param wrong: the tag whose form has errors.
    """
    found = core.tags(principal(), cursor=cursor, limit=_AT_ONCE)
    more = found.next_cursor
    return page(
        "settings/tags",
        title="Tags",
        at="settings",
        tab="tags",
        status=status,
        cursor=cursor or "",
        items=[
            (each, form if each.tag == wrong else Form.of({"name": each.tag}))
            for each in found.items
        ],
        longest=MAX_TAG,
        next_href=url_for("admin.tags", cursor=more) if more else "",
        first_href=url_for("admin.tags") if cursor else "",
    )


def _links(many: int) -> str:
    return f"{words.count(many)} link{'' if many == 1 else 's'}"
