"""Events: what visitors did after a link brought them, as servers and browsers tell it.

An event is attributed to its visitor's last click in the workspace within the attribution
window; one of an unknown visitor is accepted and stays unattributed (qklnk Q10, Q16).
"""

from __future__ import annotations

from klink.core.events.finding import EventPage, EventQuery, search
from klink.core.events.model import (
    EARLIEST,
    MAX_METADATA_BYTES,
    MAX_TEXT,
    Attribution,
    EventView,
    NewEvent,
)
from klink.core.events.public import MOST_A_DAY, convert, record_public, way_on
from klink.core.events.recording import record

__all__ = [
    "EARLIEST",
    "MAX_METADATA_BYTES",
    "MAX_TEXT",
    "MOST_A_DAY",
    "Attribution",
    "EventPage",
    "EventQuery",
    "EventView",
    "NewEvent",
    "convert",
    "record",
    "record_public",
    "search",
    "way_on",
]
