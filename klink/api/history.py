"""The history of a link, and the way back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response
from marshmallow import Schema, fields

from klink.api import render
from klink.api.answer_fields import count, flag, moment, part, text
from klink.api.answers import Link
from klink.api.etags import if_match
from klink.api.resource import Resource
from klink.core import links as core
from klink.core import paging
from klink.core.errors import LinkLimitReached, SlugTaken
from klink.core.links import HistoryEntry
from klink.web.fields import QueryWhole, Strict, Text
from klink.web.hooks import wait_for_clicks
from klink.web.parts import context
from klink.web.principal import principal
from klink.web.resource import header

# Any: what a schema has read, by names and types that it knows.
Read = dict[str, Any]

blueprint = Resource("history", "Who changed a link, and how it was before.")

_NAMES = {
    "mode": "routing.mode",
    "variants": "routing.variants",
    "rules": "routing.rules",
    "default": "routing.default",
    "auto_winner": "experiment.auto_winner",
    "winner_threshold": "experiment.threshold",
    "winner": "experiment.winner",
}
"""Where the fields stand in this door's links, when they are called otherwise there."""


class HistoryQuery(Strict):
    """Which part of the history."""

    cursor = Text(metadata={"description": "`next_cursor` of the page before."})
    limit = QueryWhole(metadata={"minimum": 1, "maximum": paging.MAX_LIMIT, "default": 50})


class Changer(Schema):
    """Whose change it was."""

    user = text("Email; null when it was klink itself, or is not known.", null=True)
    key = text("Name of the API key; null without one.", null=True)
    door = text(
        "`klink`, `admin`, `cli`, the name of another API, or `jobs` for klink itself; empty "
        "when it is not known."
    )


class Version(Schema):
    """What a link was from a change on."""

    version = count("Of the link: its `ETag` since the change.")
    at = moment(null=False)
    by = part(Changer)
    action = text(example="link.update")
    words = text("The action for people.", example="changed")
    restored = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "The version that it went back to; null for other changes."},
    )
    changes = fields.Dict(
        required=True,
        keys=fields.String(),
        metadata={
            "description": "The old and the new value of each field that changed, by its path in "
            "the link. `password` is `set`, `changed` or null, and never told; `trashed` is true "
            "in the trash.",
            "additionalProperties": {"type": "array", "minItems": 2, "maxItems": 2},
            "example": {"title": ["Spring", "Late spring"]},
        },
    )
    is_current = flag("Whether it is the last one.")
    is_kept = flag("Whether it can be restored.")


class VersionList(Schema):
    """One page of a link's history."""

    items = part(Version, many=True)
    next_cursor = text("Null on the last page.", null=True)


@blueprint.at("/links/<link_id>/history")
@blueprint.query(HistoryQuery)
@blueprint.answers(200, VersionList, "One page, newest first.")
def read_history(query: Read, link_id: str) -> Response:
    """Read who changed a link, what and when.

    Of links in the trash too. A link that was changed before klink kept versions begins with
    how it was made, which cannot be restored, and how it was found.
    """
    page = core.history(context(), principal(), link_id, **query)
    items = [_rendered(each) for each in page.items]
    return render.answer({"items": items, "next_cursor": page.next_cursor})


@blueprint.at("/links/<link_id>/history/<version>/restore", "POST")
@blueprint.answers(
    200, Link, "The link as it is now.", headers={"ETag": header("The link's version.")}
)
@blueprint.takes("If-Match")
@blueprint.refuses(SlugTaken, LinkLimitReached)
def restore_version(link_id: str, version: str) -> Response:
    """Restore a version of a link.

    A change like any other: what differs from that version is changed back, and is refused if
    it may not be by now (a taken slug, a blocked destination, an expiry that has passed). The
    password, the quarantine and the winner of the experiment stay as they are.
    """
    wait_for_clicks()
    ctx, who = context(), principal()
    number = render.number(version)
    return render.link_answer(
        if_match(lambda wanted: core.restore_version(ctx, who, link_id, number, wanted))
    )


def _rendered(entry: HistoryEntry) -> dict[str, Any]:
    return {
        "version": entry.version,
        "at": render.time(entry.at),
        "by": {"user": entry.email, "key": entry.key, "door": entry.door},
        "action": entry.action,
        "words": entry.words,
        "restored": entry.restored,
        "changes": {
            _NAMES.get(name, name): [_value(value) for value in both]
            for name, both in entry.changes.items()
        },
        "is_current": entry.is_current,
        "is_kept": entry.is_kept,
    }


def _value(value: Any) -> Any:
    return render.time(value) if isinstance(value, datetime) else value
