"""The history of a link: who changed what, and the way back."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, request, url_for

from klink.admin import words
from klink.admin.forms import TOP, Form
from klink.admin.links.differences import LABELS, Difference, differences
from klink.admin.rendering import page, reader_zone, redirect_to
from klink.admin.screens import Screens
from klink.core import links as core
from klink.core.links import HistoryEntry
from klink.web.parts import context
from klink.web.principal import principal

__all__ = ["screens"]

screens = Screens()

_AT_ONCE = 25
_ROUTING = "routing."


@dataclass(frozen=True, slots=True)
class _Told:
    """An entry as the page shows it.

    :ivar by: who made the change; '' when nobody knows.
    :ivar way: how it came, in words.
    """

    entry: HistoryEntry
    by: str
    way: str
    differences: list[Difference]


@screens.at("/links/<uid>/history", needs="read")
def link_history(uid: str) -> Response:
    """All versions of a link, newest first."""
    return _page(uid, Form.of(), cursor=request.args.get("cursor"))


@screens.at("/links/<uid>/history/<version>", "POST", needs="update")
def restore_link_version(uid: str, version: str) -> Response:
    """Make the link what it was, if nobody has changed it since the page was read."""
    form = Form.sent()
    seen = form.number("seen")
    number = int(version) if version.isascii() and version.isdecimal() and len(version) < 10 else 0
    with form.catching():
        if not form.errors:
            core.restore_version(context(), principal(), uid, number, seen)
    if form.errors:
        return _page(uid, _at_the_top(form, number), status=422)
    told = f"Version {number} is restored."
    return redirect_to("admin.link_history", told=told, uid=uid)


def _page(uid: str, form: Form, *, cursor: str | None = None, status: int = 200) -> Response:
    ctx, who = context(), principal()
    link = core.get(ctx, who, uid)
    found = core.history(ctx, who, uid, cursor=cursor, limit=_AT_ONCE)
    more = found.next_cursor
    return page(
        "links/history",
        title=f"History of /{link.slug}",
        at="links",
        status=status,
        link=link,
        form=form,
        entries=[_told(each) for each in found.items],
        is_unchanged=cursor is None and len(found.items) == 1,
        next_href=url_for("admin.link_history", uid=uid, cursor=more) if more else "",
        first_href=url_for("admin.link_history", uid=uid) if cursor else "",
    )


def _told(entry: HistoryEntry) -> _Told:
    by, way = entry.email or "", words.DOORS.get(entry.door, "")
    if entry.door == "jobs":
        by = "klink"
    if entry.key is not None:
        way = f"{way}, with the key {entry.key}" if way else f"with the key {entry.key}"
    return _Told(entry, by, way, differences(entry.changes, reader_zone()))


def _at_the_top(form: Form, version: int) -> Form:
    """What forbids a version, in one place: the page has no fields that it could stand at."""
    told = []
    for name, texts in form.errors.items():
        field = name.removeprefix(_ROUTING).split(".")[0] if name.startswith(_ROUTING) else name
        label = LABELS.get(field, field)
        told.append(f"{label}: {'; '.join(texts)}" if name else "; ".join(texts))
    shown = Form.of()
    shown.refuse(TOP, f"Version {version} cannot be restored. {' '.join(_ended(told))}")
    return shown


def _ended(texts: list[str]) -> list[str]:
    return [text if text.endswith((".", "?")) else f"{text}." for text in texts]
