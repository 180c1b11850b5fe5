"""Bio pages: the workspace's, and one with its words, its picture and its links."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Response, abort, jsonify, request

from klink.admin.forms import TOP, Form
from klink.admin.rendering import page, redirect_to
from klink.admin.screens import Screens
from klink.core import bio
from klink.core.bio import BioPageView, BioPatch, ChosenLink, NewBioPage
from klink.core.errors import PreconditionFailed
from klink.core.links import LinkView
from klink.stats.counts import with_counts
from klink.web.hooks import wait_for_clicks
from klink.web.parts import context
from klink.web.principal import principal

__all__ = ["screens"]

screens = Screens()

_MAX_UPLOAD = 3 << 20  # more than a picture may have, so that it is refused at its field
_WORDS = {
    "trashed": "in the trash",
    "quarantined": "in quarantine",
    "inactive": "switched off",
    "not_started": "not started yet",
    "expired": "expired",
    "used_up": "used up",
}
"""Why visitors do not see a link."""

_CHANGED = "The page has changed since you opened it. Save again to keep what stands here."


@screens.at("/bio", needs="read")
def bio_pages() -> Response:
    """The workspace's pages."""
    return _all(Form.of())


@screens.at("/bio", "POST", needs="create")
def create_bio_page() -> Response:
    """Make one."""
    form = Form.sent()
    with form.catching(name_taken="name"):
        new = NewBioPage(name=form.text("name"), title=form.text("title"))
        made = bio.create(context(), principal(), new)
    if form.errors:
        return _all(form, status=422)
    return redirect_to(
        "admin.bio_page", told="The page is made. Nobody sees it yet.", name=made.name
    )


def _all(form: Form, status: int = 200) -> Response:
    return page(
        "bio/pages",
        title="Bio pages",
        at="bio",
        status=status,
        pages=bio.find_all(context(), principal()),
        limits=bio,
        form=form,
    )


@screens.at("/bio-name", needs="read")
def bio_name() -> Response:
    """Whether a name can be had, for scripts."""
    name = request.args.get("name", "")
    return jsonify(problem=bio.name_problem(principal(), name))


@dataclass(frozen=True, slots=True)
class _Row:
    """A link on the page with its clicks, and why visitors do not see it."""

    place: ChosenLink
    clicks: int
    hidden: str


@screens.at("/bio/<name>", needs="read")
def bio_page(name: str) -> Response:
    """One page, with all that can be done with it."""
    wait_for_clicks()
    return _one(name)


def _one(name: str, forms: dict[str, Form] | None = None, status: int = 200) -> Response:
    """The screen of a page.

    :param forms: those that were sent and refused: ``words``, ``address``, ``picture``, ``label``
        (with the link's UUID behind a dot), ``add``.
    """
    view = bio.get(context(), principal(), name)
    refused = forms or {}
    rows = _rows(view)
    query = Form.asked()
    found: list[LinkView] = []
    with query.catching():
        found = bio.candidates(context(), principal(), view.name, query.text("q"))
    words = Form.of({"title": view.title, "text": view.text})
    return page(
        "bio/page",
        title=view.title or f"@{view.name}",
        at="bio",
        status=status,
        view=view,
        rows=rows,
        shown=[row.place.shown_label for row in rows if not row.hidden],
        labels={
            row.place.link.uid: refused.get(f"label.{row.place.link.uid}")
            or Form.of({"label": row.place.label})
            for row in rows
        },
        query=query,
        found=found,
        limits=bio,
        words=refused.get("words", words),
        address=refused.get("address", Form.of({"name": view.name})),
        picture=refused.get("picture", Form.of()),
        add=refused.get("add", Form.of()),
    )


def _rows(view: BioPageView) -> list[_Row]:
    chosen = bio.chosen(context(), principal(), view.name)
    counts = with_counts([each.link for each in chosen])
    return [
        _Row(each, count.clicks, _WORDS.get(each.state, ""))
        for each, count in zip(chosen, counts, strict=True)
    ]


@screens.at("/bio/<name>", "POST", needs="update")
def change_bio_page(name: str) -> Response:
    """Change its title and text."""
    form = Form.sent()
    patch = BioPatch(title=form.text("title"), text=form.raw("text"))
    with form.catching():
        try:
            bio.change(context(), principal(), name, patch, if_version=form.number("version"))
        except PreconditionFailed:
            form.refuse(TOP, _CHANGED)
    return _done(name, form, "words", "Saved.")


@screens.at("/bio/<name>/name", "POST", needs="update")
def rename_bio_page(name: str) -> Response:
    """Give it another name."""
    form = Form.sent()
    with form.catching(name_taken="name"):
        view = bio.change(context(), principal(), name, BioPatch(name=form.text("name")))
        name = view.name
    return _done(name, form, "address", "The page has its new address.")


@screens.at("/bio/<name>/publish", "POST", needs="update")
def publish_bio_page(name: str) -> Response:
    """Publish it, or take it back."""
    is_published = request.form.get("published") == "1"
    bio.change(context(), principal(), name, BioPatch(is_published=is_published))
    told = "Everybody can see the page now." if is_published else "Nobody can see the page now."
    return redirect_to("admin.bio_page", told=told, name=name)


@screens.at("/bio/<name>/delete", "POST", needs="delete")
def delete_bio_page(name: str) -> Response:
    """Delete it; its links stay."""
    bio.delete(context(), principal(), name)
    return redirect_to("admin.bio_pages", told=f"@{name} is deleted. Its links are still there.")


@screens.at("/bio/<name>/picture", needs="read")
def bio_picture(name: str) -> Response:
    """Its picture, published or not."""
    found = bio.picture(principal(), name)
    if found is None:
        abort(404)
    response = Response(found.data, content_type=found.type)
    response.headers["Cache-Control"] = "private, max-age=3600"  # its address has its hash
    return response


@screens.at("/bio/<name>/picture", "POST", needs="update", takes=_MAX_UPLOAD)
def set_bio_picture(name: str) -> Response:
    """Give it a picture."""
    form = Form.sent()
    data = b""
    if sent := request.files.get("picture"):
        data = sent.read()
        sent.close()  # a large one lies in a file
    with form.catching():
        bio.set_picture(context(), principal(), name, data)
    return _done(name, form, "picture", "The page has its picture.")


@screens.at("/bio/<name>/picture/remove", "POST", needs="update")
def remove_bio_picture(name: str) -> Response:
    """Take its picture away."""
    bio.remove_picture(context(), principal(), name)
    return redirect_to("admin.bio_page", told="The picture is gone.", name=name)


@screens.at("/bio/<name>/links", "POST", needs="update")
def add_bio_link(name: str) -> Response:
    """Put a link at its end."""
    form = Form.sent()
    with form.catching(link=TOP):
        bio.add(context(), principal(), name, form.text("link"))
    return _done(name, form, "add", "", place="links")


@screens.at("/bio/<name>/links/<uid>", "POST", needs="update")
def label_bio_link(name: str, uid: str) -> Response:
    """Say what is read in place of a link's title."""
    form = Form.sent()
    with form.catching():
        bio.label(context(), principal(), name, uid, form.text("label") or None)
    return _done(name, form, f"label.{uid}", "", place="links")


@screens.at("/bio/<name>/links/<uid>/move", "POST", needs="update")
def move_bio_link(name: str, uid: str) -> Response:
    """Move a link up or down."""
    by = -1 if request.form.get("way") == "up" else 1
    return _moved(name, lambda: bio.move(context(), principal(), name, uid, by))


@screens.at("/bio/<name>/links/<uid>/remove", "POST", needs="update")
def remove_bio_link(name: str, uid: str) -> Response:
    """Take a link off it."""
    return _moved(name, lambda: bio.remove(context(), principal(), name, uid))


def _moved(name: str, change: Callable[[], BioPageView]) -> Response:
    change()
    return redirect_to("admin.bio_page", name=name, _anchor="links")


def _done(name: str, form: Form, what: str, told: str, place: str | None = None) -> Response:
    """Back to the screen of the page, or there again with what was wrong."""
    if form.errors:
        return _one(name, {what: form}, status=422)
    return redirect_to("admin.bio_page", told=told, name=name, _anchor=place)
