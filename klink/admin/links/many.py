"""Changing the selected links: what needs to be asked first, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import Response, url_for

from klink.admin.forms import Form
from klink.admin.gate import may
from klink.admin.links.listing import Asked
from klink.admin.rendering import page, reader_zone, redirect_to
from klink.admin.screens import Screens
from klink.core import links
from klink.core.errors import InsufficientRole, ValidationFailed
from klink.core.links import MAX_MANY, LinkView, ManyChange, Outcome
from klink.core.links.many import needed_scope
from klink.web.hooks import wait_for_clicks
from klink.web.parts import context
from klink.web.principal import principal

screens = Screens()

_ASKS = {
    "tag": ("Add tags", "Add"),
    "untag": ("Remove tags", "Remove"),
    "expire": ("Set when they expire", "Set the expiry"),
    "purge": ("Erase for good", "Erase for good"),
}
"""What is asked before it is done: the heading, and the button's word."""

_DONE = {
    "enable": "enabled",
    "disable": "disabled",
    "tag": "tagged",
    "untag": "changed",
    "expire": "changed",
    "trash": "moved to the trash",
    "restore": "restored",
    "purge": "erased",
}


@screens.at("/links/many", "POST", needs="read")
def change_links() -> Response:
    """Do something with the selected links, or ask first how.

    Each action needs a scope of its own, so the role is looked at here.
    """
    form = Form.sent()
    action, uids = form.text("action"), form.texts("ids")
    back = Asked.of_text(form.raw("back"))
    if not may("delete" if needed_scope(action) == "delete" else "update"):
        raise InsufficientRole(("owner", "admin", "editor"))
    if not uids:
        return redirect_to(_list(back), told="Select links first: tick their boxes.")
    if action in _ASKS and not form.flag("sure"):
        return _ask(form, action, uids, back)
    outcomes: list[Outcome] = []
    with form.catching():
        wanted = _wanted(form, action)
        wait_for_clicks()  # a purge takes the clicks so far
        outcomes = links.change_many(context(), principal(), uids, wanted)
    if outcomes:
        return _told(action, outcomes, back)
    if action in _ASKS:
        return _ask(form, action, uids, back, status=422)
    raise ValidationFailed(form.errors)


def _wanted(form: Form, action: str) -> ManyChange:
    """What the form asks for.

    :raises ValidationFailed: the time is none.
    """
    if action in ("tag", "untag"):
        tags = tuple(tag for tag in map(str.strip, form.raw("tags").split(",")) if tag)
        return ManyChange(action=action, tags=tags)
    if action == "expire":
        return ManyChange(action=action, expires_at=_moment(form.text("expires_at")))
    return ManyChange(action=action)


def _moment(text: str) -> datetime | None:
    """The moment that a field for local times means; None when it is empty."""
    if not text:
        return None
    zone: ZoneInfo = reader_zone()
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValidationFailed({"expires_at": ["must be a date and time"]}) from None


def _ask(form: Form, action: str, uids: Sequence[str], back: Asked, status: int = 200) -> Response:
    chosen: list[LinkView] = []
    with form.catching():
        chosen = links.chosen(context(), principal(), uids[: MAX_MANY + 1])
    heading, button = _ASKS[action]
    return page(
        "links/many",
        title=heading,
        at="links",
        status=422 if form.errors else status,
        form=form,
        action=action,
        button=button,
        chosen=chosen,
        tags=sorted({tag for link in chosen for tag in link.tags}),
        zone=str(reader_zone()),
        back=back,
        back_href=_list(back),
    )


def _told(action: str, outcomes: Sequence[Outcome], back: Asked) -> Response:
    """What came of it: a sentence above the list, or a page when something was refused."""
    changed = sum(each.is_changed for each in outcomes)
    refused = [each for each in outcomes if each.refused is not None]
    same = len(outcomes) - changed - len(refused)
    sentence = f"{_many(changed)} {_DONE[action]}."
    if same:
        sentence += f" {_many(same)} {'was' if same == 1 else 'were'} like that already."
    if not refused:
        return redirect_to(_list(back), told=sentence)
    return page(
        "links/done",
        title="Not all of it was done" if changed else "Nothing was done",
        at="links",
        sentence=sentence,
        refused=[(each, _sentence(str(each.refused))) for each in refused],
        back_href=_list(back),
    )


def _sentence(text: str) -> str:
    """A reason of the core's as a sentence."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _many(number: int) -> str:
    return f"{number} {'link' if number == 1 else 'links'}"


def _list(back: Asked) -> str:
    """The list that somebody came from."""
    query = back.text()
    return url_for("admin.links_table") + (f"?{query}" if query else "")
