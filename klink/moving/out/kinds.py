"""What can be exported: kinds of records, each by its name, and where they are read."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from klink.core import bio, domains, events, links
from klink.core.context import Context
from klink.core.links.export import every, password_hashes
from klink.core.principal import Principal
from klink.core.times import format_rfc3339
from klink.core.workspaces import WorkspaceView
from klink.stats import exporting, link_records

__all__ = ["KINDS", "Kind", "Place", "Record"]

Record = dict[str, Any]
"""Values by their names. Any: JSON of every type."""

_AT_ONCE = 200
_MANY_TAGS = 1_000


@dataclass(frozen=True, slots=True)
class Place:
    """A workspace that is exported."""

    ctx: Context
    workspace: WorkspaceView

    @property
    def who(self) -> Principal:
        """The command line, which may read all that is there."""
        return Principal(self.workspace.id, None, None, "cli", role="owner")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of records.

    :ivar name: what ``--kind`` calls it.
    :ivar record: the ``type`` of its lines of JSON.
    :ivar columns: of a table of them, without the workspace.
    :ivar cells: of a record, for the columns.
    :ivar is_heavy: only exported when it is asked for.
    """

    name: str
    record: str
    columns: Sequence[str]
    read: Callable[[Place], Iterator[Record]]
    cells: Callable[[Record], Sequence[object]]
    is_heavy: bool = False


def _by_columns(columns: Sequence[str]) -> Callable[[Record], Sequence[object]]:
    """Cells by their columns; what has parts as JSON."""

    def cells(record: Record) -> Sequence[object]:
        values = [record[name] for name in columns]
        return [
            json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
            for value in values
        ]

    return cells


def _workspaces(place: Place) -> Iterator[Record]:
    found = place.workspace
    names = found.conversion_names
    yield {
        "id": found.uid,
        "name": found.name,
        "plan": found.plan,
        "currency": found.currency,
        "conversion_names": None if names is None else list(names),
        "created_at": format_rfc3339(found.created_at),
    }


def _domains(place: Place) -> Iterator[Record]:
    cursor = None
    while True:
        page = domains.find_all(place.ctx, place.who, cursor=cursor)
        for each in page.items:
            yield {
                "host": each.host,
                "is_base": each.is_base,
                "state": each.state,
                "is_default": each.is_default,
                "root_url": each.root_url,
                "not_found_url": each.not_found_url,
                "verified_by": each.verified_by,
                "verified_at": _time(each.verified_at),
                "created_at": _time(each.created_at),
            }
        if page.next_cursor is None:
            return
        cursor = page.next_cursor


def _links(place: Place) -> Iterator[Record]:
    """Links as the native API shows them, and what it does not: hashes, and those in the trash.

    Each is an object of its own in its line, since a link has a ``type``, too.
    """
    for in_trash in (False, True):
        for page in every(place.ctx, place.workspace.id, in_trash=in_trash):
            hashes = password_hashes(page)
            for view, flat in zip(page, link_records.records([page]), strict=True):
                yield {"link": _nested(flat) | {"password_hash": hashes.get(view.id)}}


_ROUTING = ("mode", "variants", "rules", "default")
_EXPERIMENT = ("auto_winner", "threshold", "winner", "decided_at")


def _nested(flat: link_records.Record) -> Record:
    """A flat record in the API's shape: what routes, and the experiment, are objects."""
    found = {
        name: value
        for name, value in flat.items()
        if name not in _ROUTING and name not in _EXPERIMENT
    }
    found["routing"] = {name: flat[name] for name in _ROUTING}
    found["experiment"] = {name: flat[name] for name in _EXPERIMENT}
    return found


def _flat(record: Record) -> Sequence[object]:
    """The cells of a nested record, for the columns that every table of links has."""
    link = record["link"]
    nested = link | link["routing"] | link["experiment"]
    return link_records.row({name: nested[name] for name in link_records.names()})


def _tags(place: Place) -> Iterator[Record]:
    cursor = None
    while True:
        page = links.tags(place.who, cursor=cursor, limit=_MANY_TAGS)
        for each in page.items:
            yield {"tag": each.tag, "links": each.links, "trashed": each.trashed}
        if page.next_cursor is None:
            return
        cursor = page.next_cursor


def _bio_pages(place: Place) -> Iterator[Record]:
    for page in bio.find_all(place.ctx, place.who):
        picture = bio.picture(place.who, page.name)
        yield {
            "id": page.uid,
            "name": page.name,
            "title": page.title,
            "text": page.text,
            "is_published": page.is_published,
            "url": page.url,
            "links": [
                {"link": each.link.uid, "slug": each.link.slug, "label": each.label}
                for each in bio.chosen(place.ctx, place.who, page.name)
            ],
            "picture": picture
            and {"type": picture.type, "base64": base64.b64encode(picture.data).decode()},
            "created_at": _time(page.created_at),
            "updated_at": _time(page.updated_at),
        }


def _events(place: Place) -> Iterator[Record]:
    cursor = None
    while True:
        asked = events.EventQuery(cursor=cursor, limit=_AT_ONCE)
        page = events.search(place.ctx, place.who, asked)
        for each in page.items:
            went_to = each.attribution
            yield {
                "visitor_id": each.visitor_id,
                "event_name": each.event_name,
                "revenue": None if each.revenue is None else str(each.revenue),
                "currency": each.currency,
                "name": each.name,
                "metadata": each.metadata,
                "event_id": each.event_id,
                "is_conversion": each.is_conversion,
                "link": went_to and went_to.link_uid,
                "slug": went_to and went_to.slug,
                "variant": went_to and went_to.variant,
                "run": went_to and went_to.run,
                "click_at": _time(went_to.click_at) if went_to else None,
                "occurred_at": _time(each.occurred_at),
                "created_at": _time(each.created_at),
            }
        if page.next_cursor is None:
            return
        cursor = page.next_cursor


def _days(place: Place) -> Iterator[Record]:
    return exporting.days(place.workspace.id)


def _clicks(place: Place) -> Iterator[Record]:
    return exporting.clicks(place.workspace.id)


def _time(value: Any) -> str | None:  # Any: a datetime, or nothing
    return None if value is None else format_rfc3339(value)


def _kind(
    name: str,
    record: str,
    columns: Sequence[str],
    read: Callable[[Place], Iterator[Record]],
    *,
    is_heavy: bool = False,
) -> Kind:
    return Kind(name, record, columns, read, _by_columns(columns), is_heavy)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        _kind(
            "workspaces",
            "workspace",
            ("id", "name", "plan", "currency", "conversion_names", "created_at"),
            _workspaces,
        ),
        _kind(
            "domains",
            "domain",
            (
                *("host", "is_base", "state", "is_default", "root_url", "not_found_url"),
                *("verified_by", "verified_at", "created_at"),
            ),
            _domains,
        ),
        Kind("links", "link", link_records.header(), _links, _flat),
        _kind("tags", "tag", ("tag", "links", "trashed"), _tags),
        _kind(
            "bio-pages",
            "bio_page",
            (
                *("id", "name", "title", "text", "is_published", "url", "links", "picture"),
                *("created_at", "updated_at"),
            ),
            _bio_pages,
        ),
        _kind(
            "events",
            "event",
            (
                *("visitor_id", "event_name", "revenue", "currency", "name", "metadata"),
                *("event_id", "is_conversion", "link", "slug", "variant", "run", "click_at"),
                *("occurred_at", "created_at"),
            ),
            _events,
        ),
        _kind("days", "day", exporting.DAY_COLUMNS, _days),
        _kind("clicks", "click", exporting.CLICK_COLUMNS, _clicks, is_heavy=True),
    )
}
"""Every kind by its name, in the order in which they are written."""
