"""The workspace's own blocklist."""

from __future__ import annotations

from typing import Any

from flask import Response

from klink.api import render
from klink.api.abuse_answers import BlockingEntry, BlockingList
from klink.api.resource import Resource
from klink.api.schemas import BlockingInput, BlockingQuery
from klink.core.blocking import entries as core
from klink.core.blocking.entries import EntryView
from klink.core.errors import ListFull
from klink.web.idempotency import idempotent
from klink.web.parts import context
from klink.web.principal import principal

blueprint = Resource("blocking", "Where the workspace's links may not lead.")


@blueprint.at("/blocking")
@blueprint.query(BlockingQuery)
@blueprint.answers(200, BlockingList, "One page, newest first.")
def list_entries(query: dict[str, Any]) -> Response:
    """List the entries of the workspace's blocklist.

    What the server's operator has entered for this workspace is among them; the server's own
    lists are not. For owners and admins.
    """
    page = core.search(context(), principal(), **query)
    items = [_rendered(view) for view in page.items]
    return render.answer({"items": items, "next_cursor": page.next_cursor})


@blueprint.at("/blocking", "POST")
@blueprint.body(BlockingInput, example={"kind": "host", "value": "rival.example"})
@blueprint.answers(200, BlockingEntry, "It was there already.")
@blueprint.answers(201, BlockingEntry, "Added.")
@blueprint.takes("Idempotency-Key")
@blueprint.refuses(ListFull)
def add_entry(read: dict[str, Any]) -> Response:
    """Block a host or a pattern in the workspace, or allow one that is.

    Links that lead there already go into quarantine within a minute or two, or come out of it.
    An `allow` wins over the workspace's own entries, not over the server's. For owners and
    admins.
    """
    return _add(read)


@idempotent
def _add(read: dict[str, Any]) -> Response:
    note = read.get("note") or ""
    view, is_new = core.add(context(), principal(), read["kind"], read["value"], note)
    return render.answer(_rendered(view), 201 if is_new else 200)


@blueprint.at("/blocking/<entry_id>", "DELETE")
@blueprint.answers(204, description="Gone.")
def remove_entry(entry_id: str) -> Response:
    """Take an entry off the workspace's blocklist.

    One that the server's operator made stays: 403 `only_operator`. For owners and admins.
    """
    core.remove(context(), principal(), render.number(entry_id))
    return Response(status=204)


def _rendered(view: EntryView) -> dict[str, Any]:
    return {
        "id": view.id,
        "kind": view.kind,
        "value": view.value,
        "note": view.note,
        "by_operator": view.by_operator,
        "created_at": render.time(view.created_at),
    }
