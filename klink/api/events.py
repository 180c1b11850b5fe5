"""Conversion events: recorded by customers' servers, and read back."""

from __future__ import annotations

from typing import Any

from flask import Response

from klink.api import render
from klink.api.answers import Event, EventList
from klink.api.resource import Resource
from klink.api.schemas import EventInput, EventsQuery
from klink.core import events as core
from klink.core.errors import NotFound
from klink.core.events import EventQuery, NewEvent
from klink.web.hooks import wait_for_clicks
from klink.web.idempotency import idempotent
from klink.web.parts import context
from klink.web.principal import principal

blueprint = Resource("events", "What visitors did after a link brought them.")


@blueprint.at("/events", "POST")
@blueprint.body(EventInput)
@blueprint.answers(200, Event, "The first event with this `event_id`; nothing was recorded.")
@blueprint.answers(201, Event, "Recorded.")
@blueprint.takes("Idempotency-Key")
def record_event(read: dict[str, Any]) -> Response:
    """Record an event.

    It is attributed to the visitor's last click in the workspace, if there was one within the
    attribution window; one of an unknown visitor is accepted and stays unattributed.
    """
    wait_for_clicks()  # that click may not be counted yet
    return _record(NewEvent(**read))


@idempotent
def _record(new: NewEvent) -> Response:
    view = core.record(context(), principal(), new)
    return render.answer(render.event(view), 200 if view.repeated else 201)


@blueprint.at("/events")
@blueprint.query(EventsQuery)
@blueprint.answers(200, EventList, "One page, newest first.")
@blueprint.refuses(NotFound)  # of the link that is asked for
def list_events(query: dict[str, Any]) -> Response:
    """List events.

    Newest first, by when they occurred. Follow `next_cursor` until it is null.
    """
    page = core.search(context(), principal(), EventQuery(**query))
    items = [render.event(view) for view in page.items]
    return render.answer({"items": items, "next_cursor": page.next_cursor})
